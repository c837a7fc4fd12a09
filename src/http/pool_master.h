#ifndef HTTP_POOL_MASTER_H
#define HTTP_POOL_MASTER_H

#include "http/pool.h"

/* pool_run, as http/pool.h says. */
int pool_master_run(const struct pool_options *options, struct settings *settings);

#endif

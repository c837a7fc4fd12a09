#ifndef HTTP_POOL_WORKER_H
#define HTTP_POOL_WORKER_H

#include <sys/types.h>

#include "http/pool.h"
#include "http/pool_job.h"
#include "http/pool_slot.h"

/* One worker's life. With a master it has a slot; without one it runs the job by itself. */
struct pool_life {
	const struct pool_options *options;
	const struct settings *settings;
	struct slot *slot;    /* NULL: without a master */
	struct pool_job *job; /* NULL: the master runs it */
	pid_t master;         /* the parent to live with; 0: whoever that is */
};

/* Answers requests until a signal, the end of the master or MaxRequests; the exit status. */
int pool_worker_run(const struct pool_life *life);

#endif

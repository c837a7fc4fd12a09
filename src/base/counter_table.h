#ifndef BASE_COUNTER_TABLE_H
#define BASE_COUNTER_TABLE_H

#include "base/counter.h"

/* The one table of what is counted, by enum counter_id. For base/counter.c alone. */
extern const struct counter_family counter_table[COUNTER_FAMILIES];

#endif

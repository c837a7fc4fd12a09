#ifndef API_STATUS_METRICS_COUNTERS_H
#define API_STATUS_METRICS_COUNTERS_H

#include "base/buf.h"

/* Appends all that base/counter counts, with zeros; nothing where this process does not count. */
void metrics_counters_write(struct buf *out);

#endif

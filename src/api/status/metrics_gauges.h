#ifndef API_STATUS_METRICS_GAUGES_H
#define API_STATUS_METRICS_GAUGES_H

#include "base/buf.h"
#include "base/error.h"

struct app;

/*
 * Appends what is true now: of this process and its pool, of the identity keys, and of the
 * database, or that it is away. What could not be read is left out; err then says why (-1), and
 * what was appended counts all the same.
 */
int metrics_gauges_write(struct app *app, struct buf *out, struct error *err);

#endif

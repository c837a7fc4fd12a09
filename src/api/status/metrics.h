#ifndef API_STATUS_METRICS_H
#define API_STATUS_METRICS_H

#include "base/settings.h"
#include "http/router.h"

/*
 * GET /metrics: the counters and gauges of this service in Prometheus' text format 0.0.4, for
 * whoever sends the token of [Metrics] TokenFile over TLS or comes from one of its Addresses. With
 * the database away all is there but what only the database knows.
 */
route_handler metrics_get;

/* Counts a request that was answered within so many microseconds. */
void metrics_count(const struct request *request, const struct response *response, int64_t took_us);

/* For start-up: whether TokenFile, where there is one, can be read and is not empty. ERR_CONFIG. */
int metrics_check(const struct settings *settings, struct error *err);

#endif

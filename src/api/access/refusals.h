#ifndef API_ACCESS_REFUSALS_H
#define API_ACCESS_REFUSALS_H

#include <stdint.h>

#include "base/error.h"
#include "http/request.h"

struct app;

enum { REFUSALS_SLOTS = 1024, REFUSALS_PER_MINUTE = 5 };

struct refusals_slot {
	uint64_t principal;
	int64_t minute; /* of 1970; another than that at hand: unused */
	uint32_t count;
};

/* How often each principal was refused in the minute at hand, in this worker. */
struct refusals {
	struct refusals_slot slots[REFUSALS_SLOTS];
};

/*
 * Writes the refusal of an authenticated principal to `audit`, at most
 * REFUSALS_PER_MINUTE a principal, minute and worker, and those of REFUSALS_SLOTS principals; more
 * are only counted in the log. A database that is away loses nothing but this row: the log line
 * stands.
 */
void refusals_audit(struct app *app, const struct request *request, const struct error *why);

#endif

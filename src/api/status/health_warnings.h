#ifndef API_STATUS_HEALTH_WARNINGS_H
#define API_STATUS_HEALTH_WARNINGS_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>

struct app;

/* What does not keep anybody from enrolling and should be looked at all the same. */
enum {
	HEALTH_WARNINGS_MAX = 32,
	HEALTH_WARNING_TEXT_MAX = 512,
	HEALTH_EXPIRING_MAX = 32,
	HEALTH_EXPIRING_NAME_MAX = 256
};

struct health_warnings {
	int64_t checked_ms; /* monotonic; 0: never */
	size_t count;
	char texts[HEALTH_WARNINGS_MAX][HEALTH_WARNING_TEXT_MAX];
	size_t expiring_count;
	struct {
		const char *kind;
		char name[HEALTH_EXPIRING_NAME_MAX];
		int64_t not_after;
	} expiring[HEALTH_EXPIRING_MAX];
};

/*
 * Adds the lists "expiring" and "warnings": certificates that end soon, CRLs that are missing or
 * have ended, OCSP responders that are missing, a journal that lacks lines, jobs that failed. What
 * is looked up is used again for HEALTH_REUSE_MS. Without the database they are empty.
 */
void health_warnings_add(struct app *app, struct json_object *details);

#endif

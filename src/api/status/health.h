#ifndef API_STATUS_HEALTH_H
#define API_STATUS_HEALTH_H

#include <stdint.h>

#include "api/status/health_warnings.h"
#include "http/router.h"

/* The parts that /probe looks at, and how each was found last. */
enum health_part {
	HEALTH_DATABASE,
	HEALTH_SCHEMA,
	HEALTH_CLOCK,
	HEALTH_CA_KEY,
	HEALTH_IDENTITY_KEYS,
	HEALTH_PARTS
};

enum { HEALTH_REUSE_MS = 10000, HEALTH_SIGNING_REUSE_MS = 60000, HEALTH_TEXT_MAX = 256 };

struct health {
	int64_t checked_ms; /* monotonic; 0: never */
	int64_t signed_ms;
	struct {
		bool failed;
		char text[HEALTH_TEXT_MAX];
	} parts[HEALTH_PARTS];
	bool not_durable;
	int64_t identity_keys_age;
	struct health_warnings warnings;
};

route_handler health_get_probe;

#endif

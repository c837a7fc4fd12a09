#ifndef REMOTE_IDENTITY_KEYS_REFRESH_H
#define REMOTE_IDENTITY_KEYS_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/settings.h"

enum {
	IDENTITY_KEY_LIFETIME_S = 24 * 3600, /* from when a key was last seen */
	IDENTITY_CLOCK_SKEW_S = 300
};

/* Where documents come from: the network, or a test. */
struct identity_source {
	int (*get)(void *data, const char *url, struct buf *out, struct error *err);
	void *data;
};

/* identity_keys_refresh with the documents of this source. */
int identity_keys_refresh_from(const struct identity_source *source,
    const struct settings *settings, int64_t min_interval_s, bool *fetched, struct error *err);

#endif

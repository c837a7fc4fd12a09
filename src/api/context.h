#ifndef API_CONTEXT_H
#define API_CONTEXT_H

#include "api/app.h"
#include "api/health.h"
#include "api/refusals.h"
#include "crypto/keyring.h"
#include "enroll/client_certificate.h"
#include "enroll/principal.h"
#include "enroll/profile_cache.h"
#include "remote/identity_keys.h"
#include "store/db.h"

/* What the handlers of one worker share. */
struct app {
	const struct settings *settings;
	struct db *db;
	struct profile_cache *profiles;
	struct identity_keys *identity_keys;
	struct keyring *keyring; /* NULL: [Keys] KeyringFile is not set */
	struct health health;
	struct refusals refusals;
	bool wants_maintain;
	/* Of the request at hand: kind NONE until verified, and the client certificate that did. */
	struct principal principal;
	char actor[PRINCIPAL_ACTOR_MAX];   /* filled by access_actor */
	struct client_certificate *client; /* NULL: none; belongs to app */
};

#endif

#ifndef API_CONTEXT_H
#define API_CONTEXT_H

#include "api/app.h"
#include "api/status/health.h"
#include "api/access/refusals.h"
#include "crypto/keyring.h"
#include "enroll/issuing/client_certificate.h"
#include "enroll/status/ocsp_reuse.h"
#include "enroll/status/ocsp_signers.h"
#include "enroll/issuing/principal.h"
#include "enroll/profiles/profile_cache.h"
#include "remote/identity_keys.h"
#include "store/db.h"

/* What the handlers of one worker share. */
struct app {
	const struct settings *settings;
	struct db *db;
	struct profile_cache *profiles;
	struct identity_keys *identity_keys;
	struct keyring *keyring; /* NULL: [Keys] KeyringFile is not set */
	struct ocsp_signers *ocsp_signers;
	struct ocsp_reuse *ocsp_reuse;
	struct health health;
	struct refusals refusals;
	unsigned wishes; /* of enum job_wish */
	/* Of the request at hand: kind NONE until verified, and the client certificate that did. */
	struct principal principal;
	char actor[PRINCIPAL_ACTOR_MAX];   /* filled by access_actor */
	struct client_certificate *client; /* NULL: none; belongs to app */
};

/* After a certificate was revoked, held or released: CRLs follow at once where that is asked for.
 */
void app_note_revocation(struct app *app);

#endif

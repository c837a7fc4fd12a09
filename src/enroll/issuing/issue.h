#ifndef ENROLL_ISSUING_ISSUE_H
#define ENROLL_ISSUING_ISSUE_H

#include <json-c/json.h>

#include "base/settings.h"
#include "crypto/csr.h"
#include "enroll/issuing/policy.h"
#include "enroll/issuing/principal.h"
#include "enroll/profiles/profile_cache.h"
#include "store/db.h"

/* What issuing works with, in one worker; borrowed. */
struct issue_context {
	struct db *db;
	const struct settings *settings;
	struct profile_cache *profiles;
};

/* Who asks for what, from where; borrowed. */
struct issue_request {
	const struct principal *principal;
	const struct client_certificate *client; /* what authenticated; NULL: a token did */
	enum policy_kind kind;                /* POLICY_RENEW: of client's certificate, or of old */
	const struct client_certificate *old; /* renewed for its holder; NULL: client's own */
	const char *label;                    /* the RA profile asked for by name; NULL: none */
	const struct uuid *profile_id;        /* the same by id; NULL: none */
	struct json_object
	    *attributes;      /* of issue_attributes_check: narrows the profile; or NULL */
	const char *protocol; /* "rest", "est" */
	const char *source;   /* "API" */
	const char *remote_address;
	struct uuid request_id;
};

enum { ISSUE_MAX_DER = 65535 };

/* Nothing is issued while the database's clock is more than a minute off ours; ERR_DATABASE. */
int issue_check_clocks(struct db *db, struct error *err);

/*
 * What must be true before a CSR is even parsed: a role or a client certificate, an RA profile open
 * to the caller (renewing: the recorded one, and it may renew), a CA that can sign, clocks that
 * agree, and the limits of [Limits] (for a certificate: an hour's issues in its lineage). *max_sans
 * is how many names a request may hold. ERR_ROLE, ERR_PROFILE, ERR_RENEWAL, ERR_LIMIT, ERR_CA_KEY,
 * ERR_DATABASE.
 */
int issue_admit(const struct issue_context *context, const struct issue_request *request,
    size_t *max_sans, struct error *err);

/*
 * The one path that issues: policy, template, signature, INSERT. Appends the certificate's DER only
 * after its row is committed. Within SameCsrMinutes the same request of the
 * same principal gets the earlier certificate. A public key that was revoked for keyCompromise is
 * ERR_KEY. Errors as policy_decide, ERR_CLIENT_CERT where the client's certificate was revoked
 * meanwhile, and ERR_DATABASE.
 */
int issue_certificate(const struct issue_context *context, const struct issue_request *request,
    const struct csr *csr, struct buf *der, struct error *err);

#endif

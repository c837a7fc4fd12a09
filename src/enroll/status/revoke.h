#ifndef ENROLL_STATUS_REVOKE_H
#define ENROLL_STATUS_REVOKE_H

#include "store/certificate_row.h"
#include "store/revocations.h"

enum { REVOKE_COMMENT_MAX = 1024, REVOKE_KEY_COMPROMISE = 1, REVOKE_CA_COMPROMISE = 2 };

/* Who asks for what; borrowed. */
struct revoke_request {
	enum revocation_action action;
	int reason;         /* of a revocation: 0 to 5, 9 or 10 (RFC 5280, 5.3.1); else ignored */
	bool whole_lineage; /* every certificate that was renewed from it or that it was renewed
			       from */
	const char *actor;
	const char *remote_address;
	const struct uuid *request_id; /* NULL: a command */
	const char *comment;           /* NULL: none */
};

struct revoke_outcome {
	size_t changed;
	size_t unchanged; /* of a lineage: those whose state did not allow it */
};

/*
 * The name of a reason, such as "keyCompromise", and back; NULL and -1: there is none.
 * "unspecified" is 0.
 */
const char *revoke_reason_name(int reason);
int revoke_reason_number(const char *name);

/*
 * Puts a certificate (or its whole lineage) on hold, releases it, or revokes it, in one transaction
 * with its events and an audit row. With keyCompromise its public key and its lineage never renew
 * again. ERR_NOT_FOUND; ERR_CONFLICT where the state of the certificate does not allow it (for a
 * lineage: of none); ERR_BAD_REQUEST for a reason that is none, or a comment that is no clean text
 * of at most REVOKE_COMMENT_MAX octets; ERR_DATABASE, after some seconds where others are in the
 * way.
 */
int revoke_certificate(struct db *db, const struct uuid *certificate_id,
    const struct revoke_request *request, struct revoke_outcome *out, struct error *err);

#endif

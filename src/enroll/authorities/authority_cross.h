#ifndef ENROLL_AUTHORITIES_AUTHORITY_CROSS_H
#define ENROLL_AUTHORITIES_AUTHORITY_CROSS_H

#include "crypto/cert.h"
#include "crypto/key.h"
#include "store/authorities.h"

/* One of the two generations; borrowed. */
struct authority_side {
	const struct generation *generation;
	const struct cert *cert;
	struct key *key;
};

/* Both cross-certificates, or none. */
struct authority_crosses {
	struct cert *certs[2];
	struct cross_certificate rows[2]; /* they point into certs */
	size_t count;
};

void authority_crosses_release(struct authority_crosses *crosses);

/*
 * Certifies each one's key by the other's, within the validity of both. None are
 * made where the keys are the same, the names differ or no common time is left. *out must be
 * empty; it is the caller's to release in any case.
 */
int authority_cross(const struct authority_side *a, const struct authority_side *b, int64_t now,
    struct authority_crosses *out, struct error *err);

#endif

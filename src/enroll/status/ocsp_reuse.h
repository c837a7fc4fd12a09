#ifndef ENROLL_STATUS_OCSP_REUSE_H
#define ENROLL_STATUS_OCSP_REUSE_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/ocsp.h"

/*
 * Signed answers of a worker that may be given again while nothing that they say has changed: a
 * table of fixed size, where a new answer takes the place of another. Certificates are still
 * looked up for each request; what is saved is the signature.
 */
enum { OCSP_REUSE_SLOTS = 1024, OCSP_REUSE_CERT_ID_MAX = 128, OCSP_REUSE_DER_MAX = 8192 };

struct ocsp_reuse;

void ocsp_reuse_free(struct ocsp_reuse *reuse);
DEFINE_CLEANUP(struct ocsp_reuse *, ocsp_reuse_free)

/* An empty table, NULL without memory. */
struct ocsp_reuse *ocsp_reuse_new(void) OWNED(ocsp_reuse_free);

/* What an answer says, and who signed it. */
struct ocsp_reuse_key {
	struct bytes cert_id;
	enum ocsp_status status;
	int64_t revoked_at;
	int reason;
	uint64_t stamp; /* the signer's */
};

struct ocsp_reuse_times {
	int64_t this_update;
	int64_t next_update;
};

struct ocsp_reuse_limits {
	int64_t now;
	int64_t max_age_s;
};

/*
 * Appends the answer that was kept under this very key, if it is younger than max_age_s and than
 * half its validity; false otherwise.
 */
bool ocsp_reuse_find(const struct ocsp_reuse *reuse, const struct ocsp_reuse_key *key,
    struct ocsp_reuse_limits limits, struct ocsp_reuse_times *times, struct buf *der);

/* Keeps one, unless it is larger than the limits above. */
void ocsp_reuse_keep(struct ocsp_reuse *reuse, const struct ocsp_reuse_key *key,
    struct ocsp_reuse_times times, struct bytes der);

#endif

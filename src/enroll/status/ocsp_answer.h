#ifndef ENROLL_STATUS_OCSP_ANSWER_H
#define ENROLL_STATUS_OCSP_ANSWER_H

#include "enroll/status/ocsp_reuse.h"
#include "enroll/status/ocsp_signers.h"

/* What answers OCSP requests in a worker; borrowed but for what ocsp_answer_ functions change. */
struct ocsp_context {
	const struct settings *settings;
	struct db *db;
	struct ocsp_signers *signers;
	struct ocsp_reuse *reuse;
};

/* More than the largest request allows to be said of it. */
enum { OCSP_ANSWER_MAX = 4 << 20 };

/* The times are those of the SingleResponses, the shortest where there are several. */
struct ocsp_answer {
	struct buf der; /* the OCSPResponse; the caller's */
	int64_t now;    /* the database's clock */
	int64_t this_update;
	int64_t next_update;
};

/*
 * Says what the database knows of each certificate now, signed. All times are by the database's
 * clock. ERR_NOT_FOUND: no certificate of a CA of ours is asked for, which is unauthorized;
 * ERR_DATABASE, ERR_CA_KEY, ERR_INTERNAL. On success answer->der is filled.
 */
int ocsp_answer_make(const struct ocsp_context *context, const struct ocsp_request *request,
    struct ocsp_answer *answer, struct error *err);

#endif

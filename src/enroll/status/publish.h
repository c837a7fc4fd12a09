#ifndef ENROLL_STATUS_PUBLISH_H
#define ENROLL_STATUS_PUBLISH_H

#include "enroll/jobs/job.h"
#include "store/crls.h"

/*
 * Publishing CRLs: reading what was revoked from the database, signing, and storing the result in
 * parts; the files are another job's (enroll/status/crl_files.h).
 */
extern const struct job publish_job;

struct publish_request {
	struct uuid generation_id;
	enum crl_kind kind;
};

/*
 * How many seconds thisUpdate lies before the time of signing, for relying parties whose clock is a
 * little behind: OpenSSL, for one, refuses a CRL of the next second. A tenth of the validity, at
 * most a minute.
 */
int64_t publish_backdating(int64_t validity_s);

/*
 * Publishes one CRL of a generation, due or not. *out (may be NULL) is its row. Without a lease in
 * the context the number alone keeps two publishers apart. ERR_CONFLICT: another one was faster, or
 * the lease was lost; ERR_NOT_FOUND: no such generation, or a delta CRL without a full one;
 * ERR_CA_KEY: its key cannot be used on this host.
 */
int publish_now(const struct job_context *context, const struct publish_request *request,
    struct crl_row *out, struct error *err);

#endif

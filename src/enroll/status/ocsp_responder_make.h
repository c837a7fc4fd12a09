#ifndef ENROLL_STATUS_OCSP_RESPONDER_MAKE_H
#define ENROLL_STATUS_OCSP_RESPONDER_MAKE_H

#include "enroll/jobs/job.h"

/*
 * Makes a delegated OCSP responder for a CA generation: a key of the CA's kind (RSA: of 2048 bits)
 * in memory, and a certificate by the CA that may sign OCSP answers and nothing else, valid as
 * [OCSP] AuthorizedResponderValidityHours says and never beyond the CA. Certificate, responder (its
 * key sealed) and audit row are recorded together, while the job's lease holds, or not at all.
 * ERR_CONFLICT: the lease was lost; ERR_CA_KEY: the generation or the keyring cannot be used;
 * ERR_DATABASE, ERR_NOT_FOUND.
 */
int ocsp_responder_make(
    const struct job_context *context, const struct uuid *generation_id, struct error *err);

#endif

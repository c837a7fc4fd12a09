#ifndef ENROLL_STATUS_OCSP_RESPONDER_JOB_H
#define ENROLL_STATUS_OCSP_RESPONDER_JOB_H

#include "enroll/jobs/job.h"

/*
 * Sees to it that each CA generation that signs OCSP answers has a delegated responder with more
 * than half of its time left, and deletes those that have ended.
 */
extern const struct job ocsp_responder_job;

#endif

#ifndef ENROLL_JOBS_EXPIRY_H
#define ENROLL_JOBS_EXPIRY_H

#include "enroll/jobs/job.h"

/*
 * The cluster job "expiry": warns of CA, RA and OCSP responder certificates that end soon, in the
 * log and by [Maintain] WarnCommand, and puts retired CA generations that have ended into the
 * state expired.
 */
extern const struct job expiry_job;

#endif

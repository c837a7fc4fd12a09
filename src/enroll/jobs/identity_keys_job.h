#ifndef ENROLL_JOBS_IDENTITY_KEYS_JOB_H
#define ENROLL_JOBS_IDENTITY_KEYS_JOB_H

#include "enroll/jobs/job.h"

/*
 * The host job "identity-keys": fetches the tenants' signing keys about hourly, soon again where
 * that failed, and when a token named an unknown key, at most every UnknownKidRefreshSeconds.
 */
extern const struct job identity_keys_job;

#endif

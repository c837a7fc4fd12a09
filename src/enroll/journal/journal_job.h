#ifndef ENROLL_JOURNAL_JOURNAL_JOB_H
#define ENROLL_JOURNAL_JOURNAL_JOB_H

#include "enroll/jobs/job.h"

/*
 * The cluster job "journal": writes the lines of events that the issuance journal lacks a minute
 * after their commit (store/journal_outbox.h), on a host that keeps one.
 */
extern const struct job journal_job;

#endif

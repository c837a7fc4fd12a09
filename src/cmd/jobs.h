#ifndef CMD_JOBS_H
#define CMD_JOBS_H

#include "enroll/jobs/job.h"
#include "http/pool.h"

/* The jobs of `certwright maintain` in the order in which they run; ends with NULL. */
extern const struct job *const jobs_all[];

/* NULL: there is no job of that name. */
const struct job *jobs_find(const char *name);

/* What becomes of a job that failed, besides its line in the log; NULL: nothing. */
typedef void jobs_failed(const struct error *err);

/* Runs one, due or not. */
int jobs_run_forced(const struct job *job, const struct settings *settings, struct error *err);

/*
 * For a command: runs each job that is due or eager, whatever becomes of those before it; the exit
 * status of the first that failed.
 */
int jobs_run_all(const struct settings *settings, jobs_failed *failed);

/* The same of those that why is about, for the pool; or one of enum pool_maintain_status. */
int jobs_run_due(const struct settings *settings, const struct pool_maintain *why);

#endif

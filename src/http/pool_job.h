#ifndef HTTP_POOL_JOB_H
#define HTTP_POOL_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#include "http/pool.h"

/* When the maintain child runs: at start, hourly, soon after a failure, and on demand. */
struct pool_job {
	const struct pool_options *options;
	pid_t pid;                /* 0: none is running */
	bool wanted;              /* somebody met an unknown key id */
	int64_t first_interval_s; /* the most that the first run's min_interval_s may be */
	int64_t started_ms;       /* the running child */
	int64_t ended_ms;         /* the one before it */
	int64_t due_ms;           /* the next run in any case */
};

/* Due at once. A long first_interval_s lets attempts of other processes count. */
void pool_job_init(
    struct pool_job *job, const struct pool_options *options, int64_t first_interval_s);

/* Starts the child when its time has come, ends one that hangs. */
void pool_job_tick(struct pool_job *job, const struct settings *settings);

/* Notes that the child ended, and plans the next run. */
void pool_job_ended(struct pool_job *job, const struct settings *settings, int wait_status);

/* Takes the child's status without waiting for it, where no master collects all children. */
void pool_job_reap(struct pool_job *job, const struct settings *settings);

#endif

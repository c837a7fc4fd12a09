#ifndef HTTP_POOL_JOB_H
#define HTTP_POOL_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#include "http/pool.h"

/* When the maintain child runs: at start, every IntervalSeconds, and soon for a wish. */
struct pool_job {
	const struct pool_options *options;
	pid_t pid;       /* 0: none is running */
	unsigned wishes; /* since the last run began */
	bool is_first;
	int64_t started_ms; /* the running child */
	int64_t ended_ms;   /* the one before it */
	int64_t due_ms;     /* the next regular run */
};

/* Due at once. is_first is passed on to the first run. */
void pool_job_init(struct pool_job *job, const struct pool_options *options, bool is_first);

/* Starts the child when its time has come, ends one that hangs. */
void pool_job_tick(struct pool_job *job, const struct settings *settings);

/* Notes that the child ended, and plans the next run. */
void pool_job_ended(struct pool_job *job, const struct settings *settings, int wait_status);

/* Takes the child's status without waiting for it, where no master collects all children. */
void pool_job_reap(struct pool_job *job, const struct settings *settings);

#endif

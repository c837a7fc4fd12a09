#ifndef HTTP_POOL_JOB_H
#define HTTP_POOL_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#include "http/pool.h"

/* One that runs jobs; the next of its kind starts when it has ended. */
struct pool_job_child {
	pid_t pid;          /* 0: none is running */
	unsigned wishes;    /* that the running one answers */
	unsigned wanted;    /* since it began */
	int64_t started_ms; /* the running one */
	int64_t from_ms;    /* no wish starts the next one before */
	int64_t pause_ms;   /* how long the next one waits that finds others at work */
};

/* The regular runs with the wishes that can wait for them, and the urgent wishes alone. */
enum pool_job_kind { POOL_JOB_REGULAR, POOL_JOB_URGENT, POOL_JOB_KINDS };

/* When jobs run: at start, every IntervalSeconds, and soon for a wish. */
struct pool_job {
	const struct pool_options *options;
	struct pool_job_child children[POOL_JOB_KINDS];
	bool is_first;
	bool has_served;          /* a run did all that was to do since one was in vain */
	int64_t due_ms;           /* the next regular run */
	int64_t anybodys_from_ms; /* options->anybodys do not count before */
};

/* Due at once. is_first is passed on to the first run. */
void pool_job_init(struct pool_job *job, const struct pool_options *options, bool is_first);

/* Remembers wishes until a run answers them. */
void pool_job_wish(struct pool_job *job, unsigned wishes);

/* Whether urgent wishes are still to be answered. */
bool pool_job_is_owing(const struct pool_job *job);

/* Starts the children whose time has come, ends one that hangs. */
void pool_job_tick(struct pool_job *job, const struct settings *settings);

/* Notes that a child ended, and plans what follows; one that is none of these is left alone. */
void pool_job_ended(
    struct pool_job *job, const struct settings *settings, pid_t pid, int wait_status);

/* The same where nothing follows. */
void pool_job_forget(struct pool_job *job, pid_t pid);

/* Sends the signal to the children that run; false: there are none. */
bool pool_job_signal(const struct pool_job *job, int signo);

/* Takes the children's status without waiting for it, where no master collects all children. */
void pool_job_reap(struct pool_job *job, const struct settings *settings);

#endif

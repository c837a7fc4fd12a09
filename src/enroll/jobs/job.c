/* Runs one job of `certwright maintain`: asks whether it is due, claims it, records what came of
 * it. */
#define _GNU_SOURCE
#include "enroll/jobs/job.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/fd.h"
#include "base/log.h"

enum { HOST_MAX = 64, PATH_SIZE = 4096 };

int64_t
job_surely_now(const struct job_context *context)
{
	int64_t now = clock_now();

	return now < context->now ? now : context->now;
}

int
job_progress(const struct job_context *context, struct error *err)
{
	if (context->lease == NULL)
		return 0;
	return jobs_extend(context->db, context->lease, context->lease_s, err);
}

static int
ask_due(const struct job *job, const struct job_context *context, bool *due, struct error *err)
{
	*due = true;
	if (context->is_forced || job->is_due == NULL)
		return 0;
	return job->is_due(context, due, err);
}

/* root's files there would be in the way of the account that the service runs as. */
static int
refuse_root(const char *state_dir, struct error *err)
{
	struct stat st;

	if (geteuid() != 0 || stat(state_dir, &st) < 0 || st.st_uid == 0)
		return 0;
	return error_set(err, ERR_CONFIG,
	    "%s belongs to another account, as which this job must run, not as root", state_dir);
}

/* *fd is -1 where another process of this host has it. It ends when *fd is closed. */
static int
lock_host(const struct job *job, const struct settings *settings, int *fd, struct error *err)
{
	char path[PATH_SIZE];
	int made;

	if (snprintf(path, sizeof(path), "%s/job-%s.lock", settings->server.state_dir, job->name) >=
	    (int)sizeof(path))
		return error_set(err, ERR_CONFIG, "[Server] StateDir is too long");
	if (refuse_root(settings->server.state_dir, err) < 0)
		return -1;
	made = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (made < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (flock(made, LOCK_EX | LOCK_NB) == 0) {
		*fd = made;
		return 0;
	}
	if (errno != EWOULDBLOCK)
		(void)error_set(err, ERR_INTERNAL, "%s: %s", path, strerror(errno));
	(void)close(made);
	return err->code == ERR_NONE ? 0 : -1;
}

static enum job_result
run_on_host(const struct job *job, struct job_context *context, struct error *err)
{
	cleanup(fd_close) int lock = -1;
	bool is_due = false;

	context->now = clock_now();
	if (ask_due(job, context, &is_due, err) < 0)
		return JOB_FAILED;
	if (!is_due)
		return JOB_NOT_DUE;
	if (lock_host(job, context->settings, &lock, err) < 0)
		return JOB_FAILED;
	if (lock < 0)
		return JOB_ELSEWHERE;
	return job->run(context, err) < 0 ? JOB_FAILED : JOB_DONE;
}

/* For people who look at the table. */
static void
name_holder(char out[static JOB_HOLDER_MAX + 1])
{
	char host[HOST_MAX + 1] = "";

	if (gethostname(host, HOST_MAX) < 0)
		host[0] = '\0';
	(void)snprintf(out, JOB_HOLDER_MAX + 1, "%s:%d:%" PRIx64, host, (int)getpid(),
	    (uint64_t)clock_monotonic_ms());
}

static int
claim(const struct job *job, const struct job_context *context, struct job_lease *lease,
    bool *claimed, struct error *err)
{
	char holder[JOB_HOLDER_MAX + 1];
	const struct job_claim wanted = {
		.name = job->name,
		.holder = holder,
		.lease_s = job->lease_s,
		.min_interval_s = context->is_forced ? 0 : job->interval_s,
	};

	name_holder(holder);
	return jobs_claim(context->db, &wanted, lease, claimed, err);
}

/* A lease that was lost while the job ran is the job's failure, if it had none of its own. */
static enum job_result
run_claimed(const struct job *job, struct job_context *context, struct error *err)
{
	bool is_done = job->run(context, err) == 0;
	struct error end = { .code = ERR_NONE };

	if (jobs_end(context->db, context->lease, is_done, is_done ? NULL : err->text, &end) < 0 &&
	    is_done)
		*err = end;
	return err->code == ERR_NONE ? JOB_DONE : JOB_FAILED;
}

static enum job_result
run_in_cluster(const struct job *job, struct job_context *context, struct error *err)
{
	struct job_lease lease;
	enum job_result result;
	bool is_due = false, is_claimed = false;

	if (jobs_now(context->db, &context->now, err) < 0 ||
	    ask_due(job, context, &is_due, err) < 0)
		return JOB_FAILED;
	if (!is_due)
		return JOB_NOT_DUE;
	if (claim(job, context, &lease, &is_claimed, err) < 0)
		return JOB_FAILED;
	if (!is_claimed)
		return JOB_ELSEWHERE;
	context->now = lease.now;
	context->lease = &lease;
	result = run_claimed(job, context, err);
	context->lease = NULL;
	return result;
}

static void
log_result(const struct job *job, enum job_result result, int64_t ms, const struct error *err)
{
	static const struct {
		const char *text;
		enum log_level level;
	} rows[] = {
		[JOB_NOT_DUE] = { "not due", LOG_LEVEL_DEBUG },
		[JOB_ELSEWHERE] = { "done or running elsewhere", LOG_LEVEL_DEBUG },
		[JOB_DONE] = { "done", LOG_LEVEL_INFO },
		[JOB_FAILED] = { "failed", LOG_LEVEL_ERROR },
	};

	log_event(rows[result].level, "job", log_text("job", job->name),
	    log_text("result", rows[result].text),
	    log_text("reason", result == JOB_FAILED ? err->text : NULL), log_number("ms", ms));
}

static void
count_result(const struct job *job, enum job_result result, int64_t ms)
{
	static const char *const names[] = {
		[JOB_NOT_DUE] = "not_due",
		[JOB_ELSEWHERE] = "elsewhere",
		[JOB_DONE] = "done",
		[JOB_FAILED] = "failed",
	};

	counter_add_text(COUNTER_JOBS, job->name, names[result], 1);
	counter_add_text(COUNTER_JOB_TIME, job->name, NULL, (uint64_t)ms * 1000);
}

enum job_result
job_run(const struct job *job, struct job_context *context, struct error *err)
{
	int64_t started_ms = clock_monotonic_ms(), took_ms;
	enum job_result result;

	context->lease = NULL;
	context->lease_s = job->lease_s;
	result =
	    job->lease_s > 0 ? run_in_cluster(job, context, err) : run_on_host(job, context, err);
	took_ms = clock_monotonic_ms() - started_ms;
	log_result(job, result, took_ms, err);
	count_result(job, result, took_ms);
	return result;
}

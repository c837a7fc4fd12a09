/* Runs the host jobs in a child, one at a time, not more often than the settings allow. */
#define _GNU_SOURCE
#include "http/pool_job.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "http/pool_child.h"

enum { CHILD_MAX_MS = 60 * 1000 /* for each tenant */, FORK_RETRY_MS = 5 * 1000 };

static const int64_t hour_ms = INT64_C(3600) * 1000;

/* About an hour, so that many hosts do not ask at the same moment. */
static int64_t
period_ms(void)
{
	uint32_t noise;

	random_bytes(&noise, sizeof(noise));
	return hour_ms - noise % (uint32_t)(hour_ms / 10);
}

void
pool_job_init(struct pool_job *job, const struct pool_options *options, int64_t first_interval_s)
{
	*job = (struct pool_job){
		.options = options,
		.first_interval_s = first_interval_s,
		.due_ms = clock_monotonic_ms(),
	};
}

static int64_t
min_interval_s(struct pool_job *job, const struct settings *settings)
{
	int64_t interval_s = settings->auth.unknown_kid_refresh_s;

	if (job->first_interval_s > 0 && job->first_interval_s < interval_s)
		interval_s = job->first_interval_s;
	job->first_interval_s = 0;
	return interval_s;
}

static void
start(struct pool_job *job, const struct settings *settings, int64_t now_ms)
{
	int64_t interval_s = min_interval_s(job, settings);
	pid_t pid = pool_child_fork_job("cw-job", job->options->listen_fd);

	if (pid == 0)
		_exit(job->options->maintain(settings, interval_s));
	if (pid < 0) {
		log_event(LOG_LEVEL_ERROR, "maintain_failed", log_text("reason", strerror(errno)));
		job->due_ms = now_ms + FORK_RETRY_MS;
		return;
	}
	job->pid = pid;
	job->started_ms = now_ms;
	job->wanted = false;
}

/* By the present settings, which may have been reloaded since the last run. */
static bool
is_called_for(const struct pool_job *job, const struct settings *settings, int64_t now_ms)
{
	int64_t pause_ms = (int64_t)settings->auth.unknown_kid_refresh_s * 1000;

	return job->wanted && now_ms - job->ended_ms >= pause_ms;
}

/* The tenants are asked one after the other. */
static int64_t
child_limit_ms(const struct settings *settings)
{
	size_t tenants = settings->auth.tenant_ids.count;

	return CHILD_MAX_MS * (int64_t)(tenants > 1 ? tenants : 1);
}

void
pool_job_tick(struct pool_job *job, const struct settings *settings)
{
	int64_t now_ms = clock_monotonic_ms();

	if (job->pid > 0) {
		if (now_ms - job->started_ms > child_limit_ms(settings))
			(void)kill(job->pid, SIGKILL);
		return;
	}
	if (now_ms >= job->due_ms || is_called_for(job, settings, now_ms))
		start(job, settings, now_ms);
}

/* Counted from the end, so that the job's own record of its last attempt is older for sure. */
void
pool_job_ended(struct pool_job *job, const struct settings *settings, int wait_status)
{
	int64_t now_ms = clock_monotonic_ms();
	int64_t pause_ms = (int64_t)settings->auth.unknown_kid_refresh_s * 1000;
	int status = pool_child_status(wait_status);

	job->pid = 0;
	job->ended_ms = now_ms;
	job->due_ms = now_ms + (status == 0 ? period_ms() : pause_ms);
	if (status != 0)
		log_event(LOG_LEVEL_WARNING, "maintain_failed", log_number("exit", status),
		    log_number("retry_s", pause_ms / 1000));
}

void
pool_job_reap(struct pool_job *job, const struct settings *settings)
{
	int status;

	if (job->pid > 0 && waitpid(job->pid, &status, WNOHANG) == job->pid)
		pool_job_ended(job, settings, status);
}

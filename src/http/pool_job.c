/* Runs the jobs that are due in a child, one child at a time. */
#define _GNU_SOURCE
#include "http/pool_job.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/random.h"
#include "http/pool_child.h"

enum {
	CHILD_MAX_MS = 15 * 60 * 1000, /* a CRL of millions, or many tenants that do not answer */
	WISH_PAUSE_MS = 1000,          /* however many wishes come */
	FORK_RETRY_MS = 5 * 1000
};

/* Up to a tenth less, so that many hosts do not look at the same moment. */
static int64_t
period_ms(const struct settings *settings)
{
	uint32_t interval_ms = settings->maintain.interval_s * 1000;
	uint32_t noise;

	random_bytes(&noise, sizeof(noise));
	return interval_ms - noise % (interval_ms / 10);
}

void
pool_job_init(struct pool_job *job, const struct pool_options *options, bool is_first)
{
	*job = (struct pool_job){
		.options = options,
		.is_first = is_first,
		.due_ms = clock_monotonic_ms(),
	};
}

static void
start(struct pool_job *job, const struct settings *settings, int64_t now_ms)
{
	const struct pool_maintain why = {
		.is_regular = now_ms >= job->due_ms,
		.is_first = job->is_first,
		.wishes = job->wishes,
	};
	pid_t pid = pool_child_fork_job("cw-job", job->options->listen_fd);

	if (pid == 0) {
		counter_use_slot(COUNTER_SLOT_MAINTAIN);
		_exit(job->options->maintain(settings, &why));
	}
	if (pid < 0) {
		log_event(LOG_LEVEL_ERROR, "maintain_failed", log_text("reason", strerror(errno)));
		job->due_ms = now_ms + FORK_RETRY_MS;
		return;
	}
	job->pid = pid;
	job->started_ms = now_ms;
	job->wishes = 0;
	job->is_first = false;
	if (why.is_regular)
		job->due_ms = now_ms + period_ms(settings);
}

void
pool_job_tick(struct pool_job *job, const struct settings *settings)
{
	int64_t now_ms = clock_monotonic_ms();

	if (job->pid > 0) {
		if (now_ms - job->started_ms > CHILD_MAX_MS)
			(void)kill(job->pid, SIGKILL);
		return;
	}
	if (now_ms >= job->due_ms || (job->wishes != 0 && now_ms - job->ended_ms >= WISH_PAUSE_MS))
		start(job, settings, now_ms);
}

/* A child that ran for long has not used up the pause before the next one. */
void
pool_job_ended(struct pool_job *job, const struct settings *settings, int wait_status)
{
	int64_t now_ms = clock_monotonic_ms();
	int status = pool_child_status(wait_status);

	job->pid = 0;
	job->ended_ms = now_ms;
	if (job->due_ms < now_ms)
		job->due_ms = now_ms + period_ms(settings);
	if (status != 0)
		log_event(LOG_LEVEL_WARNING, "maintain_failed", log_number("exit", status));
}

void
pool_job_reap(struct pool_job *job, const struct settings *settings)
{
	int status;

	if (job->pid > 0 && waitpid(job->pid, &status, WNOHANG) == job->pid)
		pool_job_ended(job, settings, status);
}

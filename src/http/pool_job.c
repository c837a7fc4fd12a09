/* Runs the jobs that are due in one child at a time, and those of urgent wishes in another. */
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
	AGAIN_MAX_MS = 4000,           /* the pause doubles up to this while others are at work */
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

void
pool_job_wish(struct pool_job *job, unsigned wishes)
{
	unsigned urgent;

	if (wishes == 0)
		return;
	if (clock_monotonic_ms() < job->anybodys_from_ms)
		wishes &= ~job->options->anybodys;
	urgent = wishes & job->options->urgent;
	job->children[POOL_JOB_URGENT].wanted |= urgent;
	job->children[POOL_JOB_REGULAR].wanted |= wishes & ~urgent;
}

bool
pool_job_is_owing(const struct pool_job *job)
{
	const struct pool_job_child *urgent = &job->children[POOL_JOB_URGENT];

	return urgent->pid > 0 || urgent->wanted != 0;
}

/* A fork that failed is tried again, but not in every tick. */
static void
start(struct pool_job *job, struct pool_job_child *child, const struct pool_maintain *why,
    const struct settings *settings)
{
	pid_t pid = pool_child_fork_job("cw-job", job->options->listen_fd);
	int64_t now_ms = clock_monotonic_ms();

	if (pid == 0) {
		counter_use_slot(COUNTER_SLOT_MAINTAIN);
		_exit(job->options->maintain(settings, why));
	}
	if (pid < 0) {
		log_event(LOG_LEVEL_ERROR, "maintain_failed", log_text("reason", strerror(errno)));
		child->from_ms = now_ms + FORK_RETRY_MS;
		return;
	}
	child->pid = pid;
	child->started_ms = now_ms;
	child->wishes = why->wishes;
	child->wanted = why->is_regular ? 0 : child->wanted & ~why->wishes;
}

/*
 * A regular run does what anybody can wish for in any case. Otherwise that has a run of its own, so
 * that it is not held against it how another wish ended.
 */
static void
tick_regular(struct pool_job *job, const struct settings *settings, int64_t now_ms)
{
	struct pool_job_child *child = &job->children[POOL_JOB_REGULAR];
	bool is_regular = now_ms >= job->due_ms;
	unsigned others = child->wanted & ~job->options->anybodys;
	const struct pool_maintain why = {
		.is_regular = is_regular,
		.is_first = is_regular && job->is_first,
		.wishes = is_regular || others != 0 ? others : child->wanted,
	};

	if (!is_regular && (child->wanted == 0 || now_ms < child->from_ms))
		return;
	start(job, child, &why, settings);
	if (!is_regular)
		return;
	if (child->pid > 0)
		job->is_first = false;
	job->due_ms = now_ms + (child->pid > 0 ? period_ms(settings) : FORK_RETRY_MS);
}

static void
tick_urgent(struct pool_job *job, const struct settings *settings, int64_t now_ms)
{
	struct pool_job_child *child = &job->children[POOL_JOB_URGENT];
	const struct pool_maintain why = { .wishes = child->wanted };

	if (child->wanted != 0 && now_ms >= child->from_ms)
		start(job, child, &why, settings);
}

void
pool_job_tick(struct pool_job *job, const struct settings *settings)
{
	static void (*const ticks[])(struct pool_job *, const struct settings *, int64_t) = {
		[POOL_JOB_REGULAR] = tick_regular,
		[POOL_JOB_URGENT] = tick_urgent,
	};
	int64_t now_ms = clock_monotonic_ms();

	for (size_t i = 0; i < POOL_JOB_KINDS; i++) {
		const struct pool_job_child *child = &job->children[i];

		if (child->pid == 0)
			ticks[i](job, settings, now_ms);
		else if (now_ms - child->started_ms > CHILD_MAX_MS)
			(void)kill(child->pid, SIGKILL);
	}
}

/* What others were at when it was wished for may have left out what the wish was about. */
static void
wish_again(struct pool_job_child *child, int64_t now_ms)
{
	child->wanted |= child->wishes;
	child->from_ms = now_ms + child->pause_ms;
	child->pause_ms = 2 * child->pause_ms < AGAIN_MAX_MS ? 2 * child->pause_ms : AGAIN_MAX_MS;
}

/*
 * Whoever asks for what cannot be had must not make us try it all the time. Who asked while a run
 * was at work that served him is not such a one.
 */
static void
ignore_anybody(struct pool_job *job, const struct settings *settings, int status, int64_t now_ms)
{
	bool is_late = status == POOL_MAINTAIN_VAIN && job->has_served;

	job->has_served = false;
	if (is_late)
		return;
	job->anybodys_from_ms = now_ms + (int64_t)settings->maintain.interval_s * 1000;
	for (size_t i = 0; i < POOL_JOB_KINDS; i++)
		job->children[i].wanted &= ~job->options->anybodys;
}

static void
plan(
    struct pool_job *job, struct pool_job_child *child, const struct settings *settings, int status)
{
	int64_t now_ms = clock_monotonic_ms();

	if (child->pause_ms == 0 || status != POOL_MAINTAIN_AGAIN)
		child->pause_ms = WISH_PAUSE_MS;
	child->from_ms = now_ms + WISH_PAUSE_MS;
	if (status == POOL_MAINTAIN_AGAIN)
		wish_again(child, now_ms);
	else if (status != 0 && (child->wishes & job->options->anybodys) != 0)
		ignore_anybody(job, settings, status, now_ms);
	else if (status == 0)
		job->has_served = true;
	/* One that ran for long has not used up the pause before the next one. */
	if (child == &job->children[POOL_JOB_REGULAR] && job->due_ms < now_ms)
		job->due_ms = now_ms + period_ms(settings);
	if (status != 0 && status != POOL_MAINTAIN_AGAIN && status != POOL_MAINTAIN_VAIN)
		log_event(LOG_LEVEL_WARNING, "maintain_failed", log_number("exit", status));
}

void
pool_job_ended(struct pool_job *job, const struct settings *settings, pid_t pid, int wait_status)
{
	for (size_t i = 0; i < POOL_JOB_KINDS; i++) {
		struct pool_job_child *child = &job->children[i];

		if (child->pid != pid)
			continue;
		child->pid = 0;
		plan(job, child, settings, pool_child_status(wait_status));
	}
}

void
pool_job_forget(struct pool_job *job, pid_t pid)
{
	for (size_t i = 0; i < POOL_JOB_KINDS; i++)
		if (job->children[i].pid == pid)
			job->children[i].pid = 0;
}

bool
pool_job_signal(const struct pool_job *job, int signo)
{
	bool is_any = false;

	for (size_t i = 0; i < POOL_JOB_KINDS; i++)
		if (job->children[i].pid > 0) {
			is_any = true;
			(void)kill(job->children[i].pid, signo);
		}
	return is_any;
}

void
pool_job_reap(struct pool_job *job, const struct settings *settings)
{
	for (size_t i = 0; i < POOL_JOB_KINDS; i++) {
		pid_t pid = job->children[i].pid;
		int status;

		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
			pool_job_ended(job, settings, pid, status);
	}
}

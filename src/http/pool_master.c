/* The master: keeps the wanted number of workers alive, ends what hangs, reloads and stops. */
#define _GNU_SOURCE
#include "http/pool_master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "http/pool_child.h"
#include "http/pool_job.h"
#include "http/pool_slot.h"
#include "http/pool_worker.h"

enum {
	TICK_MS = 250,
	SLOTS = 512,     /* room for two generations of the most workers that the settings allow */
	YOUNG_MS = 1000, /* a worker that dies so young slows the next ones down */
	BACKOFF_FIRST_MS = 100, /* doubling */
	BACKOFF_MAX_MS = 5000,
	CHECK_MAX_MS = 60 * 1000
};

/* What the master alone knows of the worker in a slot. */
struct member {
	pid_t pid; /* 0: none */
	unsigned generation;
	int64_t started_ms;
	bool is_killed;
};

struct master {
	const struct pool_options *options;
	struct settings *settings;
	struct slot *slots;
	struct member members[SLOTS];
	unsigned generation; /* of the settings; workers of an older one are to end */
	int signal_fd;
	bool is_serving; /* the check at start went well */
	bool wants_reload;
	pid_t check_pid;
	int64_t check_started_ms;
	struct pool_job job;
	int64_t backoff_ms;
	int64_t spawn_from_ms;
	bool is_stopping;
	int64_t stop_until_ms;
	int exit_status;
	struct stat socket; /* the file of our own socket, st_ino 0 when it is not ours */
	char socket_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

static void
note_socket(struct master *m)
{
	const char *path = m->settings->server.listen;
	size_t len = strlen(path);

	m->socket.st_ino = 0;
	if (m->options->listen_fd == STDIN_FILENO || len == 0 || len >= sizeof(m->socket_path))
		return;
	/* a reload may change Listen, but not where our socket is */
	memcpy(m->socket_path, path, len + 1);
	if (stat(path, &m->socket) < 0)
		m->socket.st_ino = 0;
}

/* Early in a stop: the web server fails at once then, and a successor can bind its own. */
static void
remove_socket(struct master *m)
{
	struct stat now;

	if (m->socket.st_ino != 0 && stat(m->socket_path, &now) == 0 &&
	    now.st_ino == m->socket.st_ino && now.st_dev == m->socket.st_dev)
		(void)unlink(m->socket_path);
	m->socket.st_ino = 0;
}

static void
begin_stop(struct master *m, int64_t now_ms)
{
	if (m->is_stopping)
		return;
	m->is_stopping = true;
	m->stop_until_ms = now_ms + (int64_t)m->settings->server.request_timeout_s * 1000;
	remove_socket(m);
}

static void
begin_check(struct master *m, int (*check)(const struct master *m))
{
	m->check_pid = pool_child_fork_job("cw-check", m->options->listen_fd);
	if (m->check_pid == 0)
		_exit(check(m));
	m->check_started_ms = clock_monotonic_ms();
	if (m->check_pid < 0)
		log_event(LOG_LEVEL_ERROR, "check_failed", log_text("reason", strerror(errno)));
}

static int
check_at_start(const struct master *m)
{
	return m->options->check(m->settings);
}

/* In a child, so that not even a crash over the new file can end the service. */
static int
check_at_reload(const struct master *m)
{
	cleanup(settings_freep) struct settings *settings = NULL;
	struct error err = { .code = ERR_NONE };

	if (settings_load(m->options->config_path, &settings, &err) < 0) {
		log_event(LOG_LEVEL_ERROR, "settings_refused", log_text("reason", err.text));
		return EX_CONFIG;
	}
	return m->options->check(settings);
}

static void
signal_members(const struct master *m, int signo, bool (*which)(const struct master *m, size_t i))
{
	for (size_t i = 0; i < SLOTS; i++)
		if (m->members[i].pid > 0 && which(m, i))
			(void)kill(m->members[i].pid, signo);
}

static bool
is_any(const struct master *m, size_t i)
{
	(void)m;
	(void)i;
	return true;
}

static bool
is_outdated(const struct master *m, size_t i)
{
	return m->members[i].generation != m->generation;
}

static void
reload(struct master *m)
{
	log_reopen();
	signal_members(m, SIGHUP, is_any);
	m->wants_reload = true;
}

static void
read_signals(struct master *m)
{
	struct pollfd ready = { .fd = m->signal_fd, .events = POLLIN };
	struct signalfd_siginfo info;

	if (poll(&ready, 1, TICK_MS) <= 0)
		return;
	while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(m);
		else if (info.ssi_signo != SIGCHLD)
			begin_stop(m, clock_monotonic_ms());
	}
}

/* The new settings; workers with the old ones are replaced from now on. */
static void
adopt_settings(struct master *m)
{
	struct settings *settings = NULL;
	struct error err = { .code = ERR_NONE };

	if (settings_load(m->options->config_path, &settings, &err) < 0 ||
	    log_open(settings->log.target, settings->log.level, &err) < 0) {
		log_event(LOG_LEVEL_ERROR, "reload_failed", log_text("reason", err.text));
		if (settings != NULL)
			settings_free(settings);
		return;
	}
	if (strcmp(settings->server.listen, m->settings->server.listen) != 0)
		log_event(LOG_LEVEL_WARNING, "reload",
		    log_text("reason", "Listen changes at the next start only"));
	settings_free(m->settings);
	m->settings = settings;
	m->generation++;
	log_event(LOG_LEVEL_INFO, "reloaded", log_number("workers", settings->server.workers));
}

static void
check_ended(struct master *m, int wait_status)
{
	int status = pool_child_status(wait_status);

	m->check_pid = 0;
	if (m->is_stopping)
		return;
	if (status == 0 && !m->is_serving) {
		m->is_serving = true;
		pool_job_init(&m->job, m->options, true);
	} else if (status == 0)
		adopt_settings(m);
	else if (m->is_serving)
		log_event(LOG_LEVEL_ERROR, "reload_failed", log_number("exit", status));
	else {
		m->exit_status = WIFEXITED(wait_status) ? status : EX_SOFTWARE;
		begin_stop(m, clock_monotonic_ms());
	}
}

/*
 * Only workers that die young and not in order make the next ones wait; those that die during the
 * wait fell with the first and do not prolong it.
 */
static void
plan_respawn(struct master *m, int64_t lived_ms, bool in_order)
{
	int64_t now_ms = clock_monotonic_ms();

	if (in_order || lived_ms >= YOUNG_MS) {
		m->backoff_ms = 0;
		m->spawn_from_ms = 0;
		return;
	}
	if (now_ms < m->spawn_from_ms)
		return;
	m->backoff_ms = m->backoff_ms == 0 ? BACKOFF_FIRST_MS : 2 * m->backoff_ms;
	if (m->backoff_ms > BACKOFF_MAX_MS)
		m->backoff_ms = BACKOFF_MAX_MS;
	m->spawn_from_ms = now_ms + m->backoff_ms;
}

static void
take_wishes(struct master *m, size_t i)
{
	pool_job_wish(&m->job, atomic_exchange(&m->slots[i].wishes, 0));
}

static void
worker_ended(struct master *m, struct member *member, int wait_status)
{
	size_t slot = (size_t)(member - m->members);
	bool in_order = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;

	if (!in_order)
		log_event(LOG_LEVEL_WARNING, "worker_died", log_number("pid", member->pid),
		    log_number("exit", pool_child_status(wait_status)));
	counter_add(COUNTER_WORKERS, in_order ? COUNTER_WORKER_ENDED : COUNTER_WORKER_DIED, 0, 1);
	take_wishes(m, slot);
	slot_end(&m->slots[slot]);
	plan_respawn(m, clock_monotonic_ms() - member->started_ms, in_order);
	*member = (struct member){ .pid = 0 };
}

static void
reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->check_pid)
			check_ended(m, status);
		else if (m->is_stopping)
			pool_job_forget(&m->job, pid);
		else
			pool_job_ended(&m->job, m->settings, pid, status);
		for (size_t i = 0; i < SLOTS; i++)
			if (m->members[i].pid == pid)
				worker_ended(m, &m->members[i], status);
	}
}

static void
watch_workers(struct master *m, int64_t now_ms)
{
	int64_t limit_ms = (int64_t)m->settings->server.request_timeout_s * 1000;

	for (size_t i = 0; i < SLOTS; i++) {
		struct member *member = &m->members[i];
		int64_t busy_ms;

		if (member->pid == 0)
			continue;
		busy_ms = slot_busy_ms(&m->slots[i], now_ms);
		if (busy_ms > limit_ms && !member->is_killed) {
			log_event(LOG_LEVEL_ERROR, "worker_hung", log_number("pid", member->pid),
			    log_text("state", slot_state_name(&m->slots[i])),
			    log_number("ms", busy_ms));
			member->is_killed = true;
			counter_add(COUNTER_WORKERS, COUNTER_WORKER_KILLED, 0, 1);
			(void)kill(member->pid, SIGKILL);
		}
		take_wishes(m, i);
	}
}

/* The worker's whole life, in the child. */
static void __attribute__((noreturn)) live(const struct master *m, size_t i)
{
	const struct pool_life life = {
		.options = m->options,
		.settings = m->settings,
		.slot = &m->slots[i],
		.master = getppid(),
	};

	counter_use_worker_slot(i);
	slot_own(life.slot);
	(void)close(m->signal_fd);
	_exit(pool_worker_run(&life));
}

/* false when no worker can be started now. */
static bool
spawn(struct master *m, size_t i)
{
	pid_t pid;

	slot_reset(&m->slots[i]);
	pid = pool_child_fork("cw-worker");
	if (pid == 0)
		live(m, i);
	if (pid < 0) {
		log_event(LOG_LEVEL_ERROR, "fork_failed", log_text("reason", strerror(errno)));
		slot_end(&m->slots[i]);
		m->spawn_from_ms = clock_monotonic_ms() + YOUNG_MS;
		return false;
	}
	counter_add(COUNTER_WORKERS, COUNTER_WORKER_STARTED, 0, 1);
	m->members[i] = (struct member){
		.pid = pid,
		.generation = m->generation,
		.started_ms = clock_monotonic_ms(),
	};
	return true;
}

/* How many workers of the present settings are missing. */
static size_t
missing(const struct master *m)
{
	size_t current = 0;

	for (size_t i = 0; i < SLOTS; i++)
		if (m->members[i].pid > 0 && !is_outdated(m, i))
			current++;
	return current < m->settings->server.workers ? m->settings->server.workers - current : 0;
}

/* The old ones are told to end only when the new ones are there, again and again until they did. */
static void
fill(struct master *m, int64_t now_ms)
{
	size_t wanted = missing(m);

	for (size_t i = 0; i < SLOTS && wanted > 0 && now_ms >= m->spawn_from_ms; i++) {
		if (m->members[i].pid != 0)
			continue;
		if (!spawn(m, i))
			return;
		wanted--;
	}
	if (wanted == 0)
		signal_members(m, SIGTERM, is_outdated);
}

/* SIGTERM in every tick, for a worker may have missed one; SIGKILL when the time is over. */
static bool
drain(struct master *m, int64_t now_ms)
{
	int signo = now_ms > m->stop_until_ms ? SIGKILL : SIGTERM;
	size_t left = 0;

	for (size_t i = 0; i < SLOTS; i++)
		left += m->members[i].pid > 0 ? 1 : 0;
	signal_members(m, signo, is_any);
	if (m->check_pid > 0)
		(void)kill(m->check_pid, signo);
	return !pool_job_signal(&m->job, signo) && left == 0 && m->check_pid <= 0;
}

/* A fork that failed is tried again, but not in every tick. */
static bool
may_check(const struct master *m, int64_t now_ms)
{
	return m->check_pid == 0 || (m->check_pid < 0 && now_ms - m->check_started_ms >= YOUNG_MS);
}

static void
tick(struct master *m, int64_t now_ms)
{
	if (m->check_pid > 0 && now_ms - m->check_started_ms > CHECK_MAX_MS)
		(void)kill(m->check_pid, SIGKILL);
	if (!m->is_serving)
		return;
	if (m->wants_reload && may_check(m, now_ms)) {
		begin_check(m, check_at_reload);
		m->wants_reload = m->check_pid < 0;
	}
	fill(m, now_ms);
	pool_job_tick(&m->job, m->settings);
}

static void
run(struct master *m)
{
	for (;;) {
		int64_t now_ms;

		read_signals(m);
		reap(m);
		now_ms = clock_monotonic_ms();
		watch_workers(m, now_ms);
		if (!m->is_stopping)
			tick(m, now_ms);
		else if (drain(m, now_ms))
			return;
	}
}

static int
start(struct master *m)
{
	struct error err = { .code = ERR_NONE };

	if (slot_map(SLOTS, &m->slots, &err) < 0 || pool_child_signal_fd(&m->signal_fd, &err) < 0) {
		log_event(LOG_LEVEL_ERROR, "start_failed", log_text("reason", err.text));
		return -1;
	}
	note_socket(m);
	begin_check(m, check_at_start);
	return m->check_pid < 0 ? -1 : 0;
}

int
pool_master_run(const struct pool_options *options, struct settings *settings)
{
	struct master m = { .options = options, .settings = settings, .signal_fd = -1 };

	if (start(&m) < 0)
		m.exit_status = EX_OSERR;
	else
		run(&m);
	settings_free(m.settings);
	if (m.signal_fd >= 0)
		(void)close(m.signal_fd);
	return m.exit_status;
}

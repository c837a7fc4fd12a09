/* Runs the administrator's own program for a warning. */
#define _GNU_SOURCE
#include "enroll/jobs/warn_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "enroll/jobs/command_path.h"

enum { VARIABLES_MAX = 16, POLL_MS = 10 };

static const char SEARCH_PATH[] =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* posix_spawn answers an errno, and its parts do. */
struct spawning {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
};

static void
release(struct spawning *spawning)
{
	(void)posix_spawn_file_actions_destroy(&spawning->actions);
	(void)posix_spawnattr_destroy(&spawning->attributes);
}

/* No file of ours, no signal mask or handler of ours, and a process group of its own. */
static int
set_attributes(struct spawning *spawning)
{
	sigset_t none, all;
	int failed = 0;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && failed == 0; fd++)
		failed = posix_spawn_file_actions_addopen(&spawning->actions, fd, "/dev/null",
		    fd == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
	if (failed == 0)
		failed =
		    posix_spawn_file_actions_addclosefrom_np(&spawning->actions, STDERR_FILENO + 1);
	if (failed == 0)
		failed = posix_spawn_file_actions_addchdir_np(&spawning->actions, "/");
	if (failed == 0)
		failed = posix_spawnattr_setsigmask(&spawning->attributes, &none);
	if (failed == 0)
		failed = posix_spawnattr_setsigdefault(&spawning->attributes, &all);
	if (failed == 0)
		failed = posix_spawnattr_setflags(&spawning->attributes,
		    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return failed;
}

static int
start(const char *path, const char *const *environment, pid_t *pid)
{
	cleanup(release) struct spawning spawning;
	/* What these lead to is only read. */
	char *arguments[] = { (char *)(uintptr_t)path, NULL };
	char *variables[VARIABLES_MAX + 2] = { (char *)(uintptr_t)SEARCH_PATH };
	int failed;

	for (size_t i = 0; i < VARIABLES_MAX && environment[i] != NULL; i++)
		variables[i + 1] = (char *)(uintptr_t)environment[i];
	(void)posix_spawn_file_actions_init(&spawning.actions);
	(void)posix_spawnattr_init(&spawning.attributes);
	failed = set_attributes(&spawning);
	if (failed == 0)
		failed = posix_spawn(
		    pid, path, &spawning.actions, &spawning.attributes, arguments, variables);
	return failed;
}

/* 1: it has ended; 0: the time is up. */
static int
wait_for(pid_t pid, unsigned limit_ms, int *status, struct error *err)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	int64_t end = clock_monotonic_ms() + limit_ms;
	pid_t ended;

	while ((ended = waitpid(pid, status, WNOHANG)) != pid) {
		if (ended < 0 && errno != EINTR)
			return error_set(err, ERR_INTERNAL, "waitpid: %s", strerror(errno));
		if (clock_monotonic_ms() >= end)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return 1;
}

static int
report(const char *path, int status, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(
		    err, ERR_INTERNAL, "%s was ended by signal %d", path, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(
		    err, ERR_INTERNAL, "%s ended with status %d", path, WEXITSTATUS(status));
	return 0;
}

int
warn_command_run(
    const char *path, const char *const *environment, unsigned limit_ms, struct error *err)
{
	int status = 0, failed, ended;
	pid_t pid = -1;

	if (command_path_check(path, err) < 0)
		return -1;
	failed = start(path, environment, &pid);
	if (failed != 0)
		return error_set(err, ERR_INTERNAL, "%s: %s", path, strerror(failed));
	ended = wait_for(pid, limit_ms, &status, err);
	if (ended == 1)
		return report(path, status, err);
	(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return ended < 0
		   ? -1
		   : error_set(err, ERR_INTERNAL, "%s was killed after %u ms", path, limit_ms);
}

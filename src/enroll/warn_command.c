/* Runs the administrator's own program for a warning. */
#define _GNU_SOURCE
#include "enroll/warn_command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum { VARIABLES_MAX = 16, POLL_MS = 10 };

static const char SEARCH_PATH[] =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* Who can change it can run what he likes as us. */
static int
check_writers(const char *path, const struct stat *seen, mode_t allowed, struct error *err)
{
	if (seen->st_uid != geteuid() && seen->st_uid != 0)
		return error_set(err, ERR_CONFIG, "%s belongs to uid %u, neither to us nor to root",
		    path, (unsigned)seen->st_uid);
	if ((seen->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (seen->st_mode & allowed) == 0)
		return error_set(err, ERR_CONFIG, "%s has mode %04o: others may write it", path,
		    (unsigned)(seen->st_mode & 07777));
	return 0;
}

/* A folder's sticky bit keeps others from replacing the file. */
static int
check_folder(const char *path, struct error *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat seen;

	if (slash == NULL || snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path) >=
				 (int)sizeof(folder))
		return error_set(err, ERR_CONFIG, "%s: not the path of a program", path);
	if (stat(folder, &seen) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", folder, strerror(errno));
	return check_writers(folder, &seen, S_ISVTX, err);
}

static int
check_program(const char *path, struct error *err)
{
	struct stat seen;

	if (path[0] != '/')
		return error_set(err, ERR_CONFIG, "%s: not an absolute path", path);
	if (stat(path, &seen) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (!S_ISREG(seen.st_mode) || (seen.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		return error_set(err, ERR_CONFIG, "%s is not a program", path);
	if (check_writers(path, &seen, 0, err) < 0)
		return -1;
	return check_folder(path, err);
}

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

	if (check_program(path, err) < 0)
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

/* The pool's entrances: the listening socket, and a life with or without a master. */
#define _GNU_SOURCE
#include "http/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "http/pool_child.h"
#include "http/pool_job.h"
#include "http/pool_master.h"
#include "http/pool_worker.h"

enum { BACKLOG = 1024 };

/* Workers that were woken for the same connection must not wait in accept(2) for the next one. */
static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int
refuse_start(const char *reason)
{
	log_event(LOG_LEVEL_ERROR, "start_failed", log_text("reason", reason));
	return EX_OSERR;
}

int
pool_run(const struct pool_options *options, struct settings *settings)
{
	cleanup(settings_freep) struct settings *owned = settings;

	if (set_nonblocking(options->listen_fd) < 0)
		return refuse_start(strerror(errno));
	return pool_master_run(options, take(owned));
}

static int
check_in_child(const struct pool_options *options, const struct settings *settings)
{
	int status = EX_OSERR;
	pid_t pid = pool_child_fork_job("cw-check", options->listen_fd);

	if (pid == 0)
		_exit(options->check(settings));
	if (pid < 0)
		return refuse_start(strerror(errno));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return refuse_start(strerror(errno));
	return pool_child_status(status);
}

/* What started us may have left the alarm blocked, ignored or handled. */
static int
arm_alarm(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	if (sigaction(SIGALRM, &standard, NULL) < 0)
		return -1;
	return sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int
pool_run_single(const struct pool_options *options, struct settings *settings)
{
	cleanup(settings_freep) struct settings *owned = settings;
	struct pool_job job;
	const struct pool_life life = { .options = options, .settings = owned, .job = &job };
	int status;

	if (set_nonblocking(options->listen_fd) < 0 || arm_alarm() < 0)
		return refuse_start(strerror(errno));
	status = check_in_child(options, owned);
	if (status != 0)
		return status;
	/* many processes of this kind come and go: what one of them did counts for all */
	pool_job_init(&job, options, false);
	return pool_worker_run(&life);
}

static bool
is_listening(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &len) == 0 && value != 0;
}

/* Whoever may connect can claim any identity: file permissions must guard the socket. */
static int
check_family(int fd, struct error *err)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return error_set(err, ERR_CONFIG, "descriptor 0: %s", strerror(errno));
	if (address.ss_family != AF_UNIX)
		return error_set(err, ERR_CONFIG,
		    "descriptor 0 is not a Unix socket, which FastCGI must come by");
	return 0;
}

/* Whether the file there may be replaced: a socket on which nobody answers. */
static int
remove_stale(const struct sockaddr_un *address, struct error *err)
{
	cleanup(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return error_set(err, ERR_CONFIG, "socket: %s", strerror(errno));
	if (lstat(address->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return error_set(
		    err, ERR_CONFIG, "Listen: %s is there and no socket", address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    errno != ECONNREFUSED)
		return error_set(err, ERR_CONFIG, "Listen: %s is in use", address->sun_path);
	if (unlink(address->sun_path) < 0)
		return error_set(err, ERR_CONFIG, "Listen: cannot replace %s: %s",
		    address->sun_path, strerror(errno));
	return 0;
}

static int
bind_private(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0177);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	(void)umask(before);
	return rc < 0 ? -1 : listen(fd, BACKLOG);
}

/*
 * From the look at the old socket until ours listens, lest another starter take ours for stale.
 * The file stays: whoever removed it could let two starters lock two files.
 */
static int
lock_start(const char *path, int *out, struct error *err)
{
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + sizeof(".lock")];
	int fd;

	(void)snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		(void)error_set(err, ERR_CONFIG, "Listen: %s: %s", name, strerror(errno));
		fd_close(&fd);
		return -1;
	}
	*out = fd;
	return 0;
}

static int
listen_at(const char *path, int *out, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup(fd_close) int lock = -1;
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERR_CONFIG, "Listen: longer than %zu octets",
		    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lock_start(path, &lock, err) < 0 || remove_stale(&address, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && bind_private(fd, &address) == 0) {
		*out = fd;
		return 0;
	}
	(void)error_set(err, ERR_CONFIG, "Listen: %s: %s", path, strerror(errno));
	fd_close(&fd);
	return -1;
}

int
pool_inherit(int *fd, struct error *err)
{
	if (!is_listening(STDIN_FILENO))
		return error_set(err, ERR_CONFIG, "file descriptor 0 is no listening socket");
	if (check_family(STDIN_FILENO, err) < 0)
		return -1;
	*fd = STDIN_FILENO;
	return 0;
}

int
pool_listen(const struct settings *settings, int *fd, struct error *err)
{
	if (is_listening(STDIN_FILENO))
		return pool_inherit(fd, err);
	if (settings->server.listen[0] == '\0')
		return error_set(err, ERR_CONFIG,
		    "file descriptor 0 is no listening socket and [Server] Listen is not set");
	return listen_at(settings->server.listen, fd, err);
}

/* Children of the pool: how they start, and what they inherit. */
#define _GNU_SOURCE
#include "http/pool_child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD };

void
pool_child_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		(void)sigaddset(set, handled[i]);
}

/*
 * No handler runs anywhere and no call is ever interrupted: libfcgi takes EINTR for the end of a
 * body. SIGCHLD must not be ignored, or children would vanish without a status.
 */
int
pool_child_signal_fd(int *fd, struct error *err)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t set;
	int made;

	pool_child_signals(&set);
	if (sigaction(SIGCHLD, &standard, NULL) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return error_set(err, ERR_INTERNAL, "sigprocmask: %s", strerror(errno));
	made = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (made < 0)
		return error_set(err, ERR_INTERNAL, "signalfd: %s", strerror(errno));
	*fd = made;
	return 0;
}

pid_t
pool_child_fork(const char *name)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	/* the parent may have ended before the kernel was told */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
		_exit(EX_OSERR);
	(void)prctl(PR_SET_NAME, name);
	return 0;
}

static void
close_socket(int listen_fd)
{
	int null_fd;

	if (listen_fd > STDERR_FILENO) {
		(void)close(listen_fd);
		return;
	}
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return;
	(void)dup2(null_fd, listen_fd);
	(void)close(null_fd);
}

pid_t
pool_child_fork_job(const char *name, int listen_fd)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;
	pid_t pid = pool_child_fork(name);

	if (pid != 0)
		return pid;
	close_socket(listen_fd);
	for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		(void)sigaction(handled[i], &standard, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

int
pool_child_status(int wait_status)
{
	if (WIFEXITED(wait_status))
		return WEXITSTATUS(wait_status);
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : EX_SOFTWARE;
}

/* File descriptors: closed by scope, written whole, locked. */
#define _GNU_SOURCE
#include "base/fd.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { LOCK_PAUSE_MS = 10 };

void
fd_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

int
fd_write_all(int fd, struct bytes octets)
{
	while (octets.len > 0) {
		ssize_t len = write(fd, octets.ptr, octets.len);

		if (len < 0 && errno != EINTR)
			return -1;
		if (len > 0)
			octets = bytes_of(octets.ptr + len, octets.len - (size_t)len);
	}
	return 0;
}

int
fd_lock(int fd)
{
	int rc;

	do
		rc = flock(fd, LOCK_EX);
	while (rc < 0 && errno == EINTR);
	return rc;
}

int
fd_lock_within(int fd, int64_t limit_ms)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_MS * 1000000L };
	int64_t end_ms = clock_monotonic_ms() + limit_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || clock_monotonic_ms() > end_ms)
			return -1;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* The file of counters that outlives processes: trusted only where it is ours and whole. */
#define _GNU_SOURCE
#include "base/counter_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"

enum { FILE_MODE = 0600, LOCK_WAIT_MS = 2000 };

static const char FILE_NAME[] = "counters";
static const char TEMP_NAME[] = "counters.new";
static const char LOCK_NAME[] = "counters.lock";

static int
make_path(const char *folder, const char *name, char out[static PATH_MAX], struct error *err)
{
	int len = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	if (len < 0 || len >= PATH_MAX)
		return error_set(err, ERR_CONFIG, "StateDir is too long");
	return 0;
}

static int
refuse(const char *path, const char *reason, struct error *err)
{
	return error_set(err, ERR_CONFIG, "%s %s", path, reason);
}

/* Another account's file tells what that account likes, and a FIFO or device tells nothing. */
static int
check_owner(int fd, const char *path, struct stat *st, struct error *err)
{
	if (fstat(fd, st) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st->st_mode))
		return refuse(path, "is not a regular file", err);
	if (st->st_uid != geteuid())
		return refuse(path, "belongs to another account", err);
	return 0;
}

/* Held for moments. */
static int
wait_for_lock(int fd, const char *path, struct error *err)
{
	if (fd_lock_within(fd, LOCK_WAIT_MS) == 0)
		return 0;
	if (errno == EWOULDBLOCK || errno == EINTR)
		return refuse(path, "is locked by another process", err);
	return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
}

static int
take_lock(const char *folder, int *out, struct error *err)
{
	char path[PATH_MAX];
	struct stat st;

	if (make_path(folder, LOCK_NAME, path, err) < 0)
		return -1;
	*out = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, FILE_MODE);
	if (*out < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	return check_owner(*out, path, &st, err) < 0 ? -1 : wait_for_lock(*out, path, err);
}

/* Why a file of ours is not used; NULL: it is as wanted. */
static const char *
find_fault(int fd, const struct stat *st, const struct counter_file_want *want)
{
	struct counter_file_head head = { .magic = 0 };

	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "it was open to group or others";
	if (st->st_nlink != 1)
		return "it had more than one name";
	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    head.magic != want->head.magic)
		return "it was damaged";
	if (head.layout != want->head.layout)
		return "it was of another version";
	return st->st_size != (off_t)want->size || head.since <= 0 ? "it was damaged" : NULL;
}

/*
 * Space for all of it is taken now: a page that the disk has no room for later would end the
 * process that counts on it.
 */
static int
fill(int fd, const struct counter_file_want *want)
{
	errno = posix_fallocate(fd, 0, (off_t)want->size);
	if (errno != 0)
		return -1;
	if (pwrite(fd, &want->head, sizeof(want->head), 0) != (ssize_t)sizeof(want->head))
		return -1;
	return fsync(fd);
}

/* Never by changing a file that others may have mapped: what they add to goes on being whole. */
static int
make(const char *folder, const char *path, const struct counter_file_want *want, int *out,
    struct error *err)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	char temp[PATH_MAX];

	if (make_path(folder, TEMP_NAME, temp, err) < 0)
		return -1;
	if (unlink(temp) < 0 && errno != ENOENT)
		return error_set(err, ERR_CONFIG, "%s: %s", temp, strerror(errno));
	*out = open(temp, flags, FILE_MODE);
	if (*out >= 0 && fill(*out, want) == 0 && rename(temp, path) == 0)
		return 0;
	(void)error_set(err, ERR_CONFIG, "%s: %s", temp, strerror(errno));
	(void)unlink(temp);
	return -1;
}

/* The file that is there, when it may be used; *out stays -1 where a new one is to be made. */
static int
use(const char *path, const struct counter_file_want *want, int *out, struct error *err)
{
	cleanup(fd_close) int fd =
	    open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	const char *fault;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path,
		    errno == ELOOP ? "is a symbolic link" : strerror(errno));
	if (check_owner(fd, path, &st, err) < 0)
		return -1;
	fault = find_fault(fd, &st, want);
	if (fault == NULL) {
		*out = fd;
		fd = -1;
	} else
		log_event(LOG_LEVEL_WARNING, "counters_replaced", log_text("path", path),
		    log_text("reason", fault));
	return 0;
}

int
counter_file_map(
    const char *folder, const struct counter_file_want *want, void **out, struct error *err)
{
	cleanup(fd_close) int lock = -1;
	cleanup(fd_close) int fd = -1;
	char path[PATH_MAX];
	void *memory;

	if (make_path(folder, FILE_NAME, path, err) < 0 || take_lock(folder, &lock, err) < 0 ||
	    use(path, want, &fd, err) < 0)
		return -1;
	if (fd < 0 && make(folder, path, want, &fd, err) < 0)
		return -1;
	memory = mmap(NULL, want->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	*out = memory;
	return 0;
}

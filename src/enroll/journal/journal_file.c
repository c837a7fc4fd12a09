/* The file of the issuance journal: opened with care, appended line by line, read again. */
#define _GNU_SOURCE
#include "enroll/journal/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"

enum { PATH_OCTETS_MAX = 4096, CHUNK_MAX = 64 * 1024, ROOT = 0 };

/* The file that this process has open; one path is all that settings know. */
static struct {
	int fd;
	dev_t device;
	ino_t inode;
	bool has_lost; /* what was appended before it was moved away may not be on the disk */
	char path[PATH_OCTETS_MAX];
} current = { .fd = -1 };

static int
take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Root, as whom commands may run, takes what belongs to the account of the service. */
static int
check_file(const struct stat *st, struct error *err)
{
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERR_CONFIG, "must be a regular file");
	if (st->st_uid != geteuid() && st->st_uid != ROOT && geteuid() != ROOT)
		return error_set(err, ERR_CONFIG, "must belong to user %u or root, belongs to %u",
		    geteuid(), st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, ERR_CONFIG,
		    "mode %03o lets others write it, must be 600 or 640", st->st_mode & 0777U);
	return 0;
}

static int
open_folder(const char *path, struct error *err)
{
	cleanup(buf_release) struct buf folder = BUF_INIT(PATH_OCTETS_MAX);
	const char *slash = strrchr(path, '/');
	int fd;

	buf_add(
	    &folder, slash != NULL ? bytes_of(path, (size_t)(slash - path) + 1) : bytes_text("."));
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : error_set(err, ERR_CONFIG, "its folder: %s", strerror(errno));
}

/* A new file must still be there after a power failure, and the service's where root made it. */
static int
settle_new(const char *path, int fd, struct error *err)
{
	cleanup(fd_close) int folder = open_folder(path, err);
	struct stat st;

	if (folder < 0)
		return -1;
	if (geteuid() == ROOT && (fstat(folder, &st) < 0 || fchown(fd, st.st_uid, (gid_t)-1) < 0))
		return error_set(err, ERR_CONFIG, "chown: %s", strerror(errno));
	if (fsync(fd) < 0 || fsync(folder) < 0)
		return error_set(err, ERR_CONFIG, "fsync: %s", strerror(errno));
	return 0;
}

/* O_NONBLOCK: opening a FIFO must not wait for its reader. */
static int
open_append(const char *path, bool *is_new, struct error *err)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	int fd = open(path, flags);

	*is_new = false;
	if (fd < 0 && errno == ENOENT) {
		fd = open(path, flags | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
		*is_new = fd >= 0;
		if (fd < 0 && errno == EEXIST) /* another process was faster */
			fd = open(path, flags);
	}
	if (fd >= 0)
		return fd;
	return error_set(err, ERR_CONFIG, "%s",
	    errno == ELOOP ? "must not be a symbolic link" : strerror(errno));
}

static int
open_current(const char *path, struct error *err)
{
	bool is_new = false;
	cleanup(fd_close) int fd = open_append(path, &is_new, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (strlen(path) >= sizeof(current.path))
		return error_set(err, ERR_CONFIG, "its name is too long");
	if (is_new && settle_new(path, fd, err) < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return error_set(err, ERR_CONFIG, "fstat: %s", strerror(errno));
	if (check_file(&st, err) < 0)
		return -1;
	current.device = st.st_dev;
	current.inode = st.st_ino;
	memcpy(current.path, path, strlen(path) + 1);
	current.fd = take_fd(&fd);
	return 0;
}

static bool
is_current(const char *path)
{
	struct stat st;

	return current.fd >= 0 && strcmp(current.path, path) == 0 && lstat(path, &st) == 0 &&
	       st.st_dev == current.device && st.st_ino == current.inode;
}

/* A disk tells of its fault but once. */
static int
sync_current(struct error *err)
{
	if (current.fd < 0 || fdatasync(current.fd) == 0)
		return 0;
	return error_set(
	    err, ERR_DATABASE, "journal %s: fdatasync: %s", current.path, strerror(errno));
}

/* What went into a file that was moved away meanwhile counts as well. */
static int
ready(const char *path, struct error *err)
{
	if (is_current(path))
		return 0;
	if (sync_current(err) < 0) {
		current.has_lost = true;
		return -1;
	}
	if (current.fd >= 0)
		(void)close(current.fd);
	current.fd = -1;
	return open_current(path, err) < 0 ? error_prefix(err, "journal %s", path) : 0;
}

int
journal_file_append(const char *path, struct bytes line, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(JOURNAL_FILE_LINE_MAX + 2);
	ssize_t put;

	if (ready(path, err) < 0)
		return -1;
	buf_add_byte(&text, '\n');
	buf_add(&text, line);
	buf_add_byte(&text, '\n');
	if (buf_failed(&text))
		return error_set(err, ERR_INTERNAL, "journal %s: a line of %zu octets is too long",
		    path, line.len);
	do
		put = write(current.fd, text.data, text.len);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return error_set(err, ERR_DATABASE, "journal %s: write: %s", path, strerror(errno));
	if ((size_t)put < text.len)
		return error_set(err, ERR_DATABASE,
		    "journal %s: only %zd of %zu octets were written", path, put, text.len);
	return 0;
}

int
journal_file_sync(struct error *err)
{
	bool has_lost = current.has_lost;

	current.has_lost = false;
	if (sync_current(err) < 0)
		return -1;
	return has_lost
		   ? error_set(err, ERR_DATABASE,
			 "journal %s: lines before it was moved away may be lost", current.path)
		   : 0;
}

int
journal_file_check(const char *path, struct error *err)
{
	return ready(path, err);
}

/* A file on its way through the reader. */
struct reading {
	const struct journal_file_visit *visit;
	struct journal_file_line line;
	struct buf text; /* of the line at hand, as far as it was read */
	struct error *err;
};

static int
end_line(struct reading *reading)
{
	reading->line.number++;
	reading->line.is_too_long = buf_failed(&reading->text);
	reading->line.text = buf_bytes(&reading->text);
	if ((reading->line.text.len > 0 || reading->line.is_too_long) &&
	    reading->visit->each(&reading->line, reading->visit->arg, reading->err) < 0)
		return -1;
	buf_reset(&reading->text);
	return 0;
}

static int
read_chunk(struct reading *reading, struct bytes chunk)
{
	while (chunk.len > 0) {
		const uint8_t *newline = memchr(chunk.ptr, '\n', chunk.len);
		size_t len = newline != NULL ? (size_t)(newline - chunk.ptr) : chunk.len;

		buf_add(&reading->text, bytes_of(chunk.ptr, len));
		if (newline == NULL)
			return 0;
		if (end_line(reading) < 0)
			return -1;
		chunk = bytes_of(newline + 1, chunk.len - len - 1);
	}
	return 0;
}

static int
read_all(int fd, struct reading *reading)
{
	cleanup(buf_release) struct buf chunk = BUF_INIT(CHUNK_MAX);
	ssize_t got;

	for (size_t i = 0; i < CHUNK_MAX; i++)
		buf_add_byte(&chunk, 0);
	if (buf_failed(&chunk))
		return error_set(reading->err, ERR_INTERNAL, "out of memory");
	do {
		got = read(fd, chunk.data, CHUNK_MAX);
		if (got > 0 && read_chunk(reading, bytes_of(chunk.data, (size_t)got)) < 0)
			return -1;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		return error_set(reading->err, ERR_CONFIG, "journal %s: read: %s",
		    reading->line.path, strerror(errno));
	return reading->text.len > 0 ? end_line(reading) : 0;
}

static int
open_read(const char *path, struct error *err)
{
	cleanup(fd_close) int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return error_set(err, ERR_CONFIG, "%s",
		    errno == ELOOP ? "must not be a symbolic link" : strerror(errno));
	if (fstat(fd, &st) < 0)
		return error_set(err, ERR_CONFIG, "fstat: %s", strerror(errno));
	return check_file(&st, err) < 0 ? -1 : take_fd(&fd);
}

int
journal_file_each(const char *path, const struct journal_file_visit *visit, struct error *err)
{
	cleanup(fd_close) int fd = open_read(path, err);
	struct reading reading = {
		.visit = visit,
		.line.path = path,
		.text = BUF_INIT(JOURNAL_FILE_LINE_MAX),
		.err = err,
	};
	int result;

	if (fd < 0)
		return error_prefix(err, "journal %s", path);
	result = read_all(fd, &reading);
	buf_release(&reading.text);
	return result;
}

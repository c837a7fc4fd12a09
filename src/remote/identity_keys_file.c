/* The identity-key file: a trust root, so its owner and mode are checked before its content. */
#define _GNU_SOURCE
#include "remote/identity_keys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/json.h"
#include "remote/identity_documents.h"

enum { FILE_MAX_BYTES = 16 * 1024 * 1024, FILE_VERSION = 1, FILE_MODE = 0644, LOCK_MODE = 0600 };

static const char FILE_NAME[] = "identity-keys.json";
static const char TEMP_NAME[] = "identity-keys.json.new";
static const char LOCK_NAME[] = "identity-keys.lock";

static const struct json_limits FILE_LIMITS = {
	.max_bytes = FILE_MAX_BYTES,
	.max_depth = 8,
	.max_members = 2 * IDENTITY_MAX_KEYS + 1000,
};

static int
make_path(const char *dir, const char *name, char out[static PATH_MAX], struct error *err)
{
	int len = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	if (len < 0 || len >= PATH_MAX)
		return error_set(err, ERR_IDENTITY_KEYS, "StateDir is too long");
	return 0;
}

bool
identity_keys_file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_uid == b->st_uid && a->st_mode == b->st_mode &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

struct stat
identity_keys_file_look(const char *dir)
{
	struct error unused = { .code = ERR_NONE };
	struct stat none = { 0 };
	struct stat seen = { 0 };
	char path[PATH_MAX];

	if (make_path(dir, FILE_NAME, path, &unused) < 0 || lstat(path, &seen) < 0)
		return none;
	return seen;
}

/* Who can write the file can make us believe any token. */
static int
check_trust(const char *path, const struct stat *seen, struct error *err)
{
	if (!S_ISREG(seen->st_mode))
		return error_set(err, ERR_IDENTITY_KEYS, "%s is not a regular file", path);
	if (seen->st_uid != geteuid() && seen->st_uid != 0)
		return error_set(err, ERR_IDENTITY_KEYS, "%s belongs to uid %u, not to us", path,
		    (unsigned)seen->st_uid);
	if ((seen->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, ERR_IDENTITY_KEYS,
		    "%s has mode %04o: others may write it, at most 0644 is accepted", path,
		    (unsigned)(seen->st_mode & 07777));
	if (seen->st_size > FILE_MAX_BYTES)
		return error_set(
		    err, ERR_IDENTITY_KEYS, "%s is larger than %d bytes", path, FILE_MAX_BYTES);
	return 0;
}

/* Reads to the end of fd. */
static int
read_all(int fd, const char *path, struct buf *out, struct error *err)
{
	uint8_t piece[8192];
	ssize_t len;

	do {
		len = read(fd, piece, sizeof(piece));
		if (len < 0 && errno != EINTR)
			return error_set(err, ERR_IDENTITY_KEYS, "%s: %s", path, strerror(errno));
		if (len > 0)
			buf_add(out, bytes_of(piece, (size_t)len));
	} while (len != 0 && !buf_failed(out));
	if (buf_failed(out))
		return error_set(
		    err, ERR_IDENTITY_KEYS, "%s is larger than %d bytes", path, FILE_MAX_BYTES);
	return 0;
}

static int
parse(const char *path, struct bytes text, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *root = NULL;
	struct error wrong = { .code = ERR_NONE };
	struct json_object *issuers = NULL;
	int64_t version = 0;

	if (json_parse(text, &FILE_LIMITS, &root, &wrong) < 0)
		return error_set(err, ERR_IDENTITY_KEYS, "%s: %s", path, wrong.text);
	if (!json_get_int(root, "version", &version) || version != FILE_VERSION ||
	    !json_get_object(root, "issuers", &issuers))
		return error_set(
		    err, ERR_IDENTITY_KEYS, "%s is not of version %d", path, FILE_VERSION);
	*out = json_object_get(issuers);
	return 0;
}

int
identity_keys_file_read(
    const char *dir, struct json_object **out, struct stat *seen, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(FILE_MAX_BYTES);
	cleanup(fd_close) int fd = -1;
	char path[PATH_MAX];
	struct stat found = { 0 };

	if (make_path(dir, FILE_NAME, path, err) < 0)
		return -1;
	/* Never through a symbolic link, never waiting for the writer of a FIFO. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return error_set(err, ERR_IDENTITY_KEYS,
		    "%s does not exist: identity keys were not fetched yet", path);
	if (fd < 0 || fstat(fd, &found) < 0)
		return error_set(err, ERR_IDENTITY_KEYS, "%s: %s", path,
		    errno == ELOOP ? "is a symbolic link" : strerror(errno));
	if (check_trust(path, &found, err) < 0 || read_all(fd, path, &text, err) < 0 ||
	    parse(path, buf_bytes(&text), out, err) < 0)
		return -1;
	*seen = found;
	return 0;
}

/* The rename itself must survive a power failure too. */
static int
sync_dir(const char *dir)
{
	cleanup(fd_close) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}

static int
write_temp(const char *path, const char *text)
{
	cleanup(fd_close) int fd = -1;

	/* What is left of a writer that died is made anew, so that its mode is ours. */
	if (unlink(path) < 0 && errno != ENOENT)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0 || fd_write_all(fd, bytes_text(text)) < 0)
		return -1;
	return fsync(fd);
}

/* The text belongs to *root. */
static const char *
format_root(struct json_object *root, struct json_object *issuers)
{
	if (root == NULL ||
	    json_object_object_add(root, "version", json_object_new_int(FILE_VERSION)) < 0 ||
	    json_object_object_add(root, "issuers", json_object_get(issuers)) < 0)
		return NULL;
	return json_object_to_json_string_ext(root,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_PRETTY_TAB | JSON_C_TO_STRING_NOSLASHESCAPE);
}

int
identity_keys_file_write(const char *dir, struct json_object *issuers, struct error *err)
{
	cleanup(json_object_putp) struct json_object *root = json_object_new_object();
	const char *text = format_root(root, issuers);
	char path[PATH_MAX];
	char temp[PATH_MAX];

	if (make_path(dir, FILE_NAME, path, err) < 0 || make_path(dir, TEMP_NAME, temp, err) < 0)
		return -1;
	if (text == NULL || strlen(text) > FILE_MAX_BYTES)
		return error_set(err, ERR_IDENTITY_KEYS, "%s would be larger than %d bytes", path,
		    FILE_MAX_BYTES);
	if (write_temp(temp, text) < 0 || rename(temp, path) < 0 || sync_dir(dir) < 0)
		return error_set(
		    err, ERR_IDENTITY_KEYS, "%s cannot be written: %s", path, strerror(errno));
	return 0;
}

int
identity_keys_file_lock(const char *dir, int *fd, struct error *err)
{
	char path[PATH_MAX];
	int lock;

	if (make_path(dir, LOCK_NAME, path, err) < 0)
		return -1;
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);
	if (lock < 0 || fd_lock(lock) < 0) {
		(void)error_set(err, ERR_IDENTITY_KEYS, "%s: %s", path, strerror(errno));
		fd_close(&lock);
		return -1;
	}
	*fd = lock;
	return 0;
}

int64_t
identity_keys_file_attempted_at(int fd)
{
	char text[32] = "";
	char *end = text;
	long long when;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return 0;
	errno = 0;
	when = strtoll(text, &end, 10);
	return errno == 0 && *end == '\n' && when > 0 ? when : 0;
}

int
identity_keys_file_set_attempted_at(int fd, int64_t when, struct error *err)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%lld\n", (long long)when);

	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len)
		return error_set(
		    err, ERR_IDENTITY_KEYS, "%s cannot be written: %s", LOCK_NAME, strerror(errno));
	return 0;
}

/* Reading and writing the files that commands are given: certificates, requests. */
#define _GNU_SOURCE
#include "cmd/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What was written is flushed and checked before; closing can lose nothing then. */
static void
close_file(FILE *const *file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

int
files_read(const char *path, struct buf *out, struct error *err)
{
	cleanup(close_file) FILE *file = fopen(path, "rbe");
	uint8_t chunk[4096];
	size_t got;

	if (file == NULL)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0 && !buf_failed(out))
		buf_add(out, bytes_of(chunk, got));
	if (ferror(file))
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (buf_failed(out))
		return error_set(err, ERR_CONFIG, "%s: larger than %zu bytes", path, out->max);
	return 0;
}

static int
write_stream(FILE *file, struct bytes bytes)
{
	if (bytes.len > 0 && fwrite(bytes.ptr, 1, bytes.len, file) != bytes.len)
		return -1;
	return fflush(file) == 0 ? 0 : -1;
}

static int
write_stdout(struct bytes bytes, struct error *err)
{
	if (write_stream(stdout, bytes) < 0)
		return error_set(err, ERR_CONFIG, "standard output: %s", strerror(errno));
	return 0;
}

/* Devices, FIFOs and the like are written to: renamed over, /dev/null would be gone. */
static int
write_in_place(const char *path, struct bytes bytes, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	cleanup(close_file) FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");

	if (file == NULL) {
		(void)error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	if (write_stream(file, bytes) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	return 0;
}

/* A reader sees the old file or the new one, never a part. */
static int
replace_file(const char *path, struct bytes bytes, struct error *err)
{
	cleanup(buf_release) struct buf name = BUF_INIT(4096 + 8);
	cleanup(close_file) FILE *file = NULL;
	int fd;

	buf_printf(&name, "%s.XXXXXX", path);
	if (buf_failed(&name))
		return error_set(err, ERR_CONFIG, "the path %.60s... is too long", path);
	fd = mkostemp((char *)name.data, O_CLOEXEC);
	if (fd < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	file = fdopen(fd, "wb");
	if (file == NULL) {
		(void)error_set(err, ERR_INTERNAL, "%s: %s", path, strerror(errno));
		(void)close(fd);
		(void)unlink(buf_text(&name));
		return -1;
	}
	if (write_stream(file, bytes) < 0 || fchmod(fd, 0644) < 0 || fsync(fd) < 0 ||
	    rename(buf_text(&name), path) < 0) {
		(void)error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
		(void)unlink(buf_text(&name));
		return -1;
	}
	return 0;
}

/* A symbolic link stays, and the file that it names is replaced. */
static int
replace_target(const char *path, struct bytes bytes, struct error *err)
{
	char target[PATH_MAX];

	if (realpath(path, target) == NULL)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	return replace_file(target, bytes, err);
}

/* /dev/stdout and its other names: replacing the file would lose what else is printed there. */
static bool
is_stdout(const struct stat *st)
{
	struct stat out;

	return fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == st->st_dev &&
	       out.st_ino == st->st_ino;
}

int
files_write(const char *path, struct bytes bytes, struct error *err)
{
	struct stat st;

	if (path == NULL)
		return write_stdout(bytes, err);
	if (stat(path, &st) < 0)
		return replace_file(path, bytes, err);
	if (is_stdout(&st))
		return write_stdout(bytes, err);
	return S_ISREG(st.st_mode) ? replace_target(path, bytes, err)
				   : write_in_place(path, bytes, err);
}

int
files_flush(struct error *err)
{
	return fflush(stdout) == 0 ? 0 : error_set(err, ERR_INTERNAL, "cannot write the report");
}

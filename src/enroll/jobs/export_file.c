/* Files of what is going to be deleted: new ones only, and on disk before anybody relies on them.
 */
#define _GNU_SOURCE
#include "enroll/jobs/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600 };

struct export_file {
	int folder;
	int fd;
	off_t written;
	off_t synced; /* so much of it is on disk */
	char name[NAME_MAX + 1];
	char path[PATH_MAX]; /* for people */
};

struct export_file *
export_file_new(void)
{
	struct export_file *file = calloc(1, sizeof(*file));

	if (file != NULL)
		file->folder = file->fd = -1;
	return file;
}

void
export_file_free(struct export_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0 && file->written != file->synced)
		(void)!ftruncate(file->fd, file->synced);
	if (file->fd >= 0 && file->synced == 0)
		(void)unlinkat(file->folder, file->name, 0);
	fd_close(&file->fd);
	fd_close(&file->folder);
	free(file);
}

/* What it says must fit: a cut path would be another one. */
static int
set_names(struct export_file *file, const char *folder, const char *name, struct error *err)
{
	if (snprintf(file->name, sizeof(file->name), "%s", name) >= (int)sizeof(file->name) ||
	    snprintf(file->path, sizeof(file->path), "%s/%s", folder, name) >=
		(int)sizeof(file->path))
		return error_set(err, ERR_CONFIG, "the path of an export is too long: %s", folder);
	return 0;
}

/* The folder's own name must be on disk too. */
static int
sync_parent(const char *folder, struct error *err)
{
	cleanup(fd_close) int parent = -1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/..", folder) >= (int)sizeof(path))
		return error_set(err, ERR_CONFIG, "the path of an export is too long: %s", folder);
	parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || fsync(parent) < 0)
		return error_set(err, ERR_INTERNAL, "%s: %s", path, strerror(errno));
	return 0;
}

static int
check_folder(const char *folder, const struct stat *seen, struct error *err)
{
	if (seen->st_uid != geteuid())
		return error_set(err, ERR_CONFIG, "%s belongs to uid %u, not to us", folder,
		    (unsigned)seen->st_uid);
	if ((seen->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return error_set(err, ERR_CONFIG,
		    "%s has mode %04o: others may write in it, 0700 is what it needs", folder,
		    (unsigned)(seen->st_mode & 07777));
	return 0;
}

static int
open_folder(const char *folder, int *out, struct error *err)
{
	cleanup(fd_close) int fd = -1;
	struct stat seen;
	bool is_new = mkdir(folder, FOLDER_MODE) == 0;

	if (!is_new && errno != EEXIST)
		return error_set(err, ERR_INTERNAL, "%s: %s", folder, strerror(errno));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &seen) < 0)
		return error_set(err, ERR_INTERNAL, "%s: %s", folder, strerror(errno));
	if (check_folder(folder, &seen, err) < 0 || (is_new && sync_parent(folder, err) < 0))
		return -1;
	*out = fd;
	fd = -1;
	return 0;
}

int
export_file_open(struct export_file *file, const char *folder, const char *name, struct error *err)
{
	if (set_names(file, folder, name, err) < 0 || open_folder(folder, &file->folder, err) < 0)
		return -1;
	file->fd = openat(
	    file->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (file->fd < 0 || fsync(file->folder) < 0)
		return error_set(err, ERR_INTERNAL, "%s: %s", file->path, strerror(errno));
	return 0;
}

bool
export_file_is_open(const struct export_file *file)
{
	return file->fd >= 0;
}

int
export_file_add(struct export_file *file, struct bytes bytes, struct error *err)
{
	/* also a part of it: whoever ends without a sync cuts it off */
	file->written += (off_t)bytes.len;
	return fd_write_all(file->fd, bytes) < 0
		   ? error_set(err, ERR_INTERNAL, "%s: %s", file->path, strerror(errno))
		   : 0;
}

int
export_file_sync(struct export_file *file, struct error *err)
{
	if (fsync(file->fd) < 0)
		return error_set(err, ERR_INTERNAL, "%s: %s", file->path, strerror(errno));
	file->synced = file->written;
	return 0;
}

/* Whether others could change the program that a path leads to. */
#define _GNU_SOURCE
#include "enroll/jobs/command_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { LINKS_MAX = 40 }; /* as the kernel's */

/*
 * The way as the kernel goes it, one name after the other: realpath would say nothing of the links
 * between, nor of the folders that they are in.
 */
struct way {
	int folder;          /* where it has come to */
	unsigned links;      /* that were followed */
	char at[PATH_MAX];   /* what is looked at, for the errors */
	size_t folder_len;   /* of that, the folder's, without / at its end */
	char rest[PATH_MAX]; /* what is left of the path */
};

static void
way_release(const struct way *way)
{
	fd_close(&way->folder);
}

static int
check_owner(const char *path, const struct stat *seen, struct error *err)
{
	if (seen->st_uid != geteuid() && seen->st_uid != 0)
		return error_set(err, ERR_CONFIG, "%s belongs to uid %u, neither to us nor to root",
		    path, (unsigned)seen->st_uid);
	return 0;
}

/* Who can change it can run what he likes as us. */
static int
check_writers(const char *path, const struct stat *seen, mode_t allowed, struct error *err)
{
	if (check_owner(path, seen, err) < 0)
		return -1;
	if ((seen->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (seen->st_mode & allowed) == 0)
		return error_set(err, ERR_CONFIG, "%s has mode %04o: others may write it", path,
		    (unsigned)(seen->st_mode & 07777));
	return 0;
}

static int
check_program(const char *path, const struct stat *seen, struct error *err)
{
	if (!S_ISREG(seen->st_mode) || (seen->st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		return error_set(err, ERR_CONFIG, "%s is not a program", path);
	return check_writers(path, seen, 0, err);
}

/* Takes over *fd. A folder's sticky bit keeps others from replacing what is in it. */
static int
enter(struct way *way, int *fd, struct error *err)
{
	const char *name = way->at[0] != '\0' ? way->at : "/";
	struct stat seen;

	fd_close(&way->folder);
	way->folder = *fd;
	*fd = -1;
	if (fstat(way->folder, &seen) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", name, strerror(errno));
	return check_writers(name, &seen, S_ISVTX, err);
}

static int
enter_root(struct way *way, struct error *err)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	way->at[0] = '\0';
	if (fd < 0)
		return error_set(err, ERR_CONFIG, "/: %s", strerror(errno));
	return enter(way, &fd, err);
}

/* Puts what a link says before what is left. */
static int
follow(struct way *way, int link, const char *left, struct error *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(link, "", target, sizeof(target));
	size_t left_len = strlen(left);

	if (len < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", way->at, strerror(errno));
	if (++way->links > LINKS_MAX)
		return error_set(err, ERR_CONFIG, "%s: %s", way->at, strerror(ELOOP));
	if ((size_t)len + 1 + left_len >= sizeof(way->rest))
		return error_set(err, ERR_CONFIG, "%s: %s", way->at, strerror(ENAMETOOLONG));
	memmove(way->rest + len + 1, left, left_len + 1);
	memcpy(way->rest, target, (size_t)len);
	way->rest[len] = '/';
	way->at[way->folder_len] = '\0';
	return way->rest[0] == '/' ? enter_root(way, err) : 0;
}

/* What is at way->at, by a descriptor of its own that is taken over from *fd where it is entered.
 */
static int
look(struct way *way, int *fd, const char *left, bool *arrived, struct error *err)
{
	struct stat seen;

	if (fstat(*fd, &seen) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", way->at, strerror(errno));
	if (S_ISLNK(seen.st_mode))
		return check_owner(way->at, &seen, err) < 0 ? -1 : follow(way, *fd, left, err);
	memmove(way->rest, left, strlen(left) + 1);
	if (S_ISDIR(seen.st_mode))
		return enter(way, fd, err);
	if (strspn(way->rest, "/") != strlen(way->rest))
		return error_set(err, ERR_CONFIG, "%s: %s", way->at, strerror(ENOTDIR));
	*arrived = true;
	return check_program(way->at, &seen, err);
}

/* By one name. */
static int
step(struct way *way, bool *arrived, struct error *err)
{
	char *name = way->rest + strspn(way->rest, "/");
	char *left = name + strcspn(name, "/");
	cleanup(fd_close) int fd = -1;
	size_t space;

	if (*name == '\0')
		return error_set(err, ERR_CONFIG, "%s/ is not a program", way->at);
	if (*left != '\0')
		*left++ = '\0';
	way->folder_len = strlen(way->at);
	space = sizeof(way->at) - way->folder_len;
	if (snprintf(way->at + way->folder_len, space, "/%s", name) >= (int)space)
		return error_set(err, ERR_CONFIG, "%s: %s", way->at, strerror(ENAMETOOLONG));
	fd = openat(way->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", way->at, strerror(errno));
	return look(way, &fd, left, arrived, err);
}

int
command_path_check(const char *path, struct error *err)
{
	cleanup(way_release) struct way way = { .folder = -1 };
	bool arrived = false;

	if (path[0] != '/')
		return error_set(err, ERR_CONFIG, "%s: not an absolute path", path);
	if (snprintf(way.rest, sizeof(way.rest), "%s", path) >= (int)sizeof(way.rest))
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(ENAMETOOLONG));
	if (enter_root(&way, err) < 0)
		return -1;
	while (!arrived)
		if (step(&way, &arrived, err) < 0)
			return -1;
	return 0;
}

/* The job that keeps this host's CRL files as new as the database's CRLs. */
#define _GNU_SOURCE
#include "enroll/status/crl_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "enroll/status/crl_file.h"

enum { FOLDER_MODE = 0755, LOCK_WAIT_MS = 10000 };

static const char lock_name[] = ".lock";

int
crl_files_directory(
    const struct settings *settings, char out[static CRL_FILES_PATH_MAX], struct error *err)
{
	bool is_set = settings->crl.directory[0] != '\0';
	int len = snprintf(out, CRL_FILES_PATH_MAX, "%s%s",
	    is_set ? settings->crl.directory : settings->server.state_dir, is_set ? "" : "/crl");

	if (len < 0 || len >= CRL_FILES_PATH_MAX)
		return error_set(err, ERR_CONFIG, "[CRL] Directory is too long");
	return 0;
}

/* One that is there keeps its mode. */
static int
make_folder(const char *path, struct error *err)
{
	mode_t before = umask(0);
	int rc = mkdir(path, FOLDER_MODE);
	int why = errno;

	(void)umask(before);
	if (rc < 0 && why != EEXIST)
		return error_set(err, ERR_CONFIG, "%s cannot be made: %s", path, strerror(why));
	return 0;
}

static int
open_folder(const char *path, int *fd, struct error *err)
{
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT) {
		if (make_folder(path, err) < 0)
			return -1;
		*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return *fd < 0 ? error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno)) : 0;
}

/* Where several hosts or services share the folder it is the one lock that they share. */
static int
lock_folder(const struct crl_folder *folder, int *lock, struct error *err)
{
	*lock = openat(folder->fd, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0 || fd_lock_within(*lock, LOCK_WAIT_MS) < 0)
		return error_set(
		    err, ERR_CONFIG, "%s/%s: %s", folder->path, lock_name, strerror(errno));
	return 0;
}

/* What a run that was killed left behind; under the lock nobody is writing. */
static void
remove_temporaries(const struct crl_folder *folder)
{
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (crl_file_is_temporary(entry->d_name))
			(void)unlinkat(folder->fd, entry->d_name, 0);
	(void)closedir(dir);
}

/* A walk over the CRLs; each is on its own, and the first failure is the walk's. */
struct walk {
	struct db *db;
	const struct crl_folder *folder;
	bool is_due;
	struct error first;
};

static const char *
kind_of(const struct published_crl *crl)
{
	return crl->row.has_base ? "delta" : "full";
}

/* A database that was restored from an older backup; `certwright recover` raises its numbers. */
static void
tell_newer(const struct published_crl *crl, const struct crl_file_state *state)
{
	log_event(LOG_LEVEL_WARNING, "crl_file_newer", log_text("generation", crl->label),
	    log_text("kind", kind_of(crl)), log_number("file", (int64_t)state->number),
	    log_number("database", (int64_t)crl->row.number));
}

/* Replaced and deleted while it was read: the next look finds the one that came after it. */
static int
tell_gone(const struct published_crl *crl, struct error *err)
{
	log_event(LOG_LEVEL_INFO, "crl_file_gone", log_text("generation", crl->label),
	    log_text("kind", kind_of(crl)), log_text("reason", err->text));
	return error_forgive(err, ERR_NOT_FOUND);
}

static int
renew(struct walk *walk, const struct published_crl *crl, struct error *err)
{
	struct crl_file_state state;

	if (crl_file_look(walk->db, walk->folder, crl, &state, err) < 0)
		return -1;
	if (state.is_newer)
		tell_newer(crl, &state);
	if (!state.is_stale)
		return 0;
	if (crl_file_write(walk->db, walk->folder, crl, err) < 0)
		return error_is(err, ERR_NOT_FOUND) ? tell_gone(crl, err) : -1;
	log_event(LOG_LEVEL_INFO, "crl_file", log_text("generation", crl->label),
	    log_text("kind", kind_of(crl)), log_number("number", (int64_t)crl->row.number),
	    log_number("octets", crl->row.size));
	return 0;
}

static int
renew_each(const struct published_crl *crl, void *arg, struct error *err)
{
	struct walk *walk = arg;
	struct error own = { .code = ERR_NONE };

	(void)err;
	if (renew(walk, crl, &own) < 0) {
		(void)error_prefix(&own, "CRL of %s", crl->label);
		if (walk->first.code == ERR_NONE)
			walk->first = own;
	}
	return 0;
}

int
crl_files_write(struct db *db, const struct settings *settings, struct error *err)
{
	char path[CRL_FILES_PATH_MAX];
	cleanup(fd_close) int fd = -1;
	cleanup(fd_close) int lock = -1;
	struct crl_folder folder = { .path = path };
	struct walk walk = { .db = db, .folder = &folder };

	if (crl_files_directory(settings, path, err) < 0 || open_folder(path, &fd, err) < 0)
		return -1;
	folder.fd = fd;
	if (lock_folder(&folder, &lock, err) < 0)
		return -1;
	remove_temporaries(&folder);
	if (published_crls_each(db, renew_each, &walk, err) < 0)
		return -1;
	if (walk.first.code == ERR_NONE)
		return 0;
	*err = walk.first;
	return -1;
}

static int
look_each(const struct published_crl *crl, void *arg, struct error *err)
{
	struct walk *walk = arg;
	struct crl_file_state state;

	if (crl_file_look(walk->db, walk->folder, crl, &state, err) < 0)
		return -1;
	if (state.is_newer)
		tell_newer(crl, &state);
	walk->is_due = walk->is_due || state.is_stale;
	return 0;
}

static int
is_due(const struct job_context *context, bool *due, struct error *err)
{
	char path[CRL_FILES_PATH_MAX];
	cleanup(fd_close) int fd = -1;
	struct crl_folder folder = { .path = path };
	struct walk walk = { .db = context->db, .folder = &folder };

	if (crl_files_directory(context->settings, path, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder.fd = fd;
	if (published_crls_each(context->db, look_each, &walk, err) < 0)
		return -1;
	*due = walk.is_due;
	return 0;
}

static int
run(const struct job_context *context, struct error *err)
{
	return crl_files_write(context->db, context->settings, err);
}

const struct job crl_files_job = {
	.name = "crl-files",
	.help = "write the published CRLs to this host's files",
	.is_eager = true,
	.wishes = JOB_WISH_PUBLISH | JOB_WISH_READER,
	.is_due = is_due,
	.run = run,
};

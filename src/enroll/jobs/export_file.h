#ifndef ENROLL_JOBS_EXPORT_FILE_H
#define ENROLL_JOBS_EXPORT_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

/* A file that what is going to be deleted is written to first. */
struct export_file;

/* Closes it. What was added since the last sync is cut off again, and a file without any is
 * removed. */
void export_file_free(struct export_file *file);
DEFINE_CLEANUP(struct export_file *, export_file_free)
struct export_file *export_file_new(void) OWNED(export_file_free);

/*
 * Makes the file, mode 0600, in the folder, which is made with mode 0700 where it does not exist;
 * its name is on disk then. The folder must be ours and not writable by others. ERR_CONFIG says
 * what is wrong with it, ERR_INTERNAL what failed. A file that is there already is never touched.
 */
int export_file_open(
    struct export_file *file, const char *folder, const char *name, struct error *err);
bool export_file_is_open(const struct export_file *file);

int export_file_add(struct export_file *file, struct bytes bytes, struct error *err);

/* Everything that was added is on disk behind this. */
int export_file_sync(struct export_file *file, struct error *err);

#endif

#ifndef CMD_FILES_H
#define CMD_FILES_H

#include "base/buf.h"
#include "base/error.h"

/* Appends a whole file, at most out->max bytes. ERR_CONFIG names the file. */
int files_read(const char *path, struct buf *out, struct error *err);

/*
 * Writes a file whole (mode 0644, over an existing one), or stdout where path is NULL. What exists
 * and is no regular file, such as /dev/null, is written to and stays.
 */
int files_write(const char *path, struct bytes bytes, struct error *err);

/* Sees to it that what was printed to stdout is there. */
int files_flush(struct error *err);

#endif

#ifndef ENROLL_JOURNAL_JOURNAL_FILE_H
#define ENROLL_JOURNAL_JOURNAL_FILE_H

#include "base/bytes.h"
#include "base/error.h"

/*
 * An append-only file of lines that several processes write at once, each line by one write(2). It
 * is ours alone to write: a regular file, no symbolic link, made with mode 0600. A process opens it
 * once, and again when the name leads to another file: it may be moved away at any time.
 */

/* The longest line: the largest certificate with its names fits. */
enum { JOURNAL_FILE_LINE_MAX = 384 * 1024 };

/*
 * Appends a line. It starts with a newline of its own, so that one that another process left torn
 * (a crash, a full disk) spoils nothing but itself. ERR_CONFIG names the file that cannot be
 * opened, ERR_DATABASE the one that cannot be written. Until journal_file_sync it may be lost.
 */
int journal_file_append(const char *path, struct bytes line, struct error *err);

/* Waits until all that this process has appended is on the disk; ERR_DATABASE where any line since
 * the last time may be lost. */
int journal_file_sync(struct error *err);

/* Opens it as journal_file_append would, making it. ERR_CONFIG. */
int journal_file_check(const char *path, struct error *err);

/* A line as it was read. */
struct journal_file_line {
	const char *path;
	unsigned long number; /* from 1, empty ones counted */
	struct bytes text;    /* without its newline; cut where it is too long; borrowed */
	bool is_too_long;
};

struct journal_file_visit {
	int (*each)(const struct journal_file_line *line, void *arg, struct error *err);
	void *arg;
};

/*
 * Reads a journal, the lines in its order and the empty ones left out; each() ends it by -1.
 * ERR_CONFIG where it cannot be read, or others than its owner may write it.
 */
int journal_file_each(const char *path, const struct journal_file_visit *visit, struct error *err);

#endif

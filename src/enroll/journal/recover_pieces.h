#ifndef ENROLL_JOURNAL_RECOVER_PIECES_H
#define ENROLL_JOURNAL_RECOVER_PIECES_H

#include "enroll/journal/recover_piece.h"

/* What is done with the lines of one kind. */
struct recover_pieces {
	enum journal_kind kind;
	/* Settles a piece, whose lines are wanted but those that could not be read. */
	int (*settle)(struct recover_piece *piece, void *arg, struct error *err);
	void *arg;
	const uint64_t *done; /* for the operator who waits: how many came back, and of what */
	const char *what;
};

/*
 * Reads a journal in pieces, and tells how far it has come. What is torn or cannot be read is told
 * with the certificates, which are read first. Errors as journal_file_each, and settle's.
 */
int recover_pieces_each(struct recover *recover, const char *path,
    const struct recover_pieces *visit, struct error *err);

#endif

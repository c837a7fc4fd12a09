#ifndef ENROLL_JOURNAL_RECOVER_PIECE_H
#define ENROLL_JOURNAL_RECOVER_PIECE_H

#include "enroll/journal/journal_file.h"
#include "enroll/journal/journal_record.h"
#include "enroll/journal/recover_internal.h"

/*
 * Journals are read in pieces, each of which is looked up at once and written in one transaction.
 * Its size bounds memory, and what a Galera cluster has to agree on at one time.
 */
enum { RECOVER_PIECE_LINES = 200, RECOVER_PIECE_OCTETS = 4 * 1024 * 1024 };

enum recover_line_state {
	RECOVER_LINE_TORN,
	RECOVER_LINE_REFUSED,
	RECOVER_LINE_PASSED, /* nothing is to be done for it */
	RECOVER_LINE_WANTED, /* to be written */
	RECOVER_LINE_WRITTEN
};

/* What writing a line came to. */
enum recover_line_effect {
	RECOVER_LINE_NOTHING,
	RECOVER_LINE_CHANGED, /* a certificate or an event came back */
	RECOVER_LINE_SERIAL,  /* a bare serial number was revoked */
	RECOVER_LINE_WAITS    /* for an event that comes before it */
};

struct recover_line {
	enum recover_line_state state;
	enum recover_line_effect effect;
	unsigned long number;
	size_t octets;
	struct journal_record record;
	struct error refusal; /* set: it is refused */
};

struct recover_piece {
	struct recover *recover;
	const char *path;
	size_t count;
	size_t octets;
	struct recover_line lines[RECOVER_PIECE_LINES];
};

void recover_piece_free(struct recover_piece *piece);
DEFINE_CLEANUP(struct recover_piece *, recover_piece_free)
struct recover_piece *recover_piece_new(struct recover *recover, const char *path)
    OWNED(recover_piece_free);

/* Forgets its last line, and all of them. */
void recover_piece_drop(struct recover_piece *piece);
void recover_piece_reset(struct recover_piece *piece);

/* Takes a line in and reads it; where there is nothing to read, it is torn or refused. */
struct recover_line *recover_piece_add(
    struct recover_piece *piece, const struct journal_file_line *line);

bool recover_piece_is_full(const struct recover_piece *piece);

/* How the lines of a piece become rows. */
struct recover_writing {
	/* Which of the wanted lines are on record: those become passed. */
	int (*look_up)(struct recover_piece *piece, struct error *err);
	/* Writes a line and sets its effect, in the transaction at hand; nothing in a dry run. One
	 * that is refused without having written anything has its refusal set, and that is 0. */
	int (*write)(
	    struct recover_piece *piece, struct recover_line *line, void *arg, struct error *err);
	/* Ends the transaction that has written some of them. */
	int (*finish)(struct recover_piece *piece, size_t from, size_t to, struct error *err);
	void *arg;
};

/*
 * Writes the wanted lines, all in one transaction; where that fails each in its own, so that the
 * one at fault is found: it is refused where another record is in its way, and otherwise named by
 * the error that ends it all, with those before it written. What was committed although the
 * database said no more (db_outcome_unknown) counts as written.
 */
int recover_piece_write(
    struct recover_piece *piece, const struct recover_writing *writing, struct error *err);

/* Tells of what was torn or refused. */
void recover_piece_tell(struct recover_piece *piece);

#endif

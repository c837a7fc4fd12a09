#ifndef STORE_PURGE_H
#define STORE_PURGE_H

#include "base/buf.h"
#include "store/db.h"

/*
 * Rows that have outlived their use: finding them, reading them whole, deleting them. A piece is so
 * many rows as one transaction deletes. Nothing here decides that a row was exported.
 */
enum purge_table {
	PURGE_CERTIFICATE, /* with its revocation_event, certificate_group_member, certificate_owner
			      and revoked_certificate rows */
	PURGE_AUDIT
};

/* "certificate", "audit" */
const char *purge_table_name(enum purge_table table);

enum { PURGE_PIECE_ROWS = 512, PURGE_PIECE_BYTES = 8 << 20, PURGE_LINES_MAX = 256 << 20 };

/* Which rows, and how far the search for them has come. */
struct purge_piece {
	enum purge_table table;
	int64_t before; /* that ended, or were written, before this */
	int64_t at;     /* how far; zero at first, as is the next */
	struct uuid last;
	bool is_last; /* there are none behind it */
	size_t count;
	struct uuid ids[PURGE_PIECE_ROWS];
};

/*
 * The next piece, which may be empty while it is not the last: at most PURGE_PIECE_ROWS rows, and
 * no more than PURGE_PIECE_BYTES where that is not a single row. A certificate that
 * compromised_key, ra_certificate or scep_profile names is left out.
 */
int purge_find(struct db *db, struct purge_piece *piece, struct error *err);

/*
 * Appends the piece's rows, all columns, as one JSON object a line, "table" being its first member;
 * with PURGE_LOCKED, inside a transaction, nobody changes them until it ends.
 */
enum purge_read { PURGE_UNLOCKED, PURGE_LOCKED };
int purge_read(struct db *db, const struct purge_piece *piece, enum purge_read how,
    struct buf *lines, struct error *err);

/* Deletes them, inside a transaction that has read them locked. ERR_CONFLICT: one was not there. */
int purge_delete(struct db *db, const struct purge_piece *piece, struct error *err);

#endif

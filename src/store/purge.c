/* Rows that have outlived their use: which they are, and how they are deleted. */
#include "store/purge.h"

#include <string.h>

#include "store/db_rows.h"
#include "store/purge_sql.h"

/*
 * By the key on the time whatever the statistics say. What is kept is walked over, so that the cost
 * of a piece does not depend on how much of it there is. The sizes are what LENGTH sees, base64
 * not.
 */
static const char SQL_FIND_CERTIFICATE[] =
    "SELECT c.id, c.not_after, LENGTH(c.der) + LENGTH(c.subject) + LENGTH(c.sans)"
    " + IFNULL(LENGTH(c.attributes), 0),"
    " EXISTS (SELECT 1 FROM compromised_key k WHERE k.certificate_id = c.id)"
    " OR EXISTS (SELECT 1 FROM ra_certificate r WHERE r.certificate_id = c.id)"
    " OR EXISTS (SELECT 1 FROM scep_profile s WHERE s.ca_certificate_id = c.id)"
    " FROM certificate c FORCE INDEX (certificate_not_after)"
    " WHERE c.not_after >= ? AND c.not_after < ? AND (c.not_after > ? OR c.id > ?)"
    " ORDER BY c.not_after, c.id LIMIT ?";
/* No row is kept, so each piece begins where the last one ended: in the same second. */
static const char SQL_FIND_AUDIT[] =
    "SELECT id, at, LENGTH(detail) + IFNULL(LENGTH(changes), 0), FALSE"
    " FROM audit FORCE INDEX (audit_at) WHERE at >= ? AND at < ? ORDER BY at, id LIMIT ?";

static const char SQL_DELETE_EVENTS[] = "DELETE FROM revocation_event"
					" WHERE certificate_id IN " PURGE_SQL_BATCH;
static const char SQL_DELETE_MEMBERS[] = "DELETE FROM certificate_group_member"
					 " WHERE certificate_id IN " PURGE_SQL_BATCH;
static const char SQL_DELETE_OWNERS[] = "DELETE FROM certificate_owner"
					" WHERE certificate_id IN " PURGE_SQL_BATCH;
static const char SQL_DELETE_LISTED[] =
    "DELETE r FROM certificate c FORCE INDEX (PRIMARY)"
    " STRAIGHT_JOIN revoked_certificate r FORCE INDEX (PRIMARY)"
    " ON r.generation_id = c.generation_id AND r.serial = c.serial"
    " WHERE c.id IN " PURGE_SQL_BATCH;
static const char SQL_DELETE_CERTIFICATES[] =
    "DELETE FROM certificate WHERE id IN " PURGE_SQL_BATCH;
static const char SQL_DELETE_AUDIT[] = "DELETE FROM audit WHERE id IN " PURGE_SQL_BATCH;

/* In the order in which they are deleted; the last is the table itself. */
static const char *const CERTIFICATE_DELETES[] = { SQL_DELETE_EVENTS, SQL_DELETE_MEMBERS,
	SQL_DELETE_OWNERS, SQL_DELETE_LISTED, SQL_DELETE_CERTIFICATES, NULL };
static const char *const AUDIT_DELETES[] = { SQL_DELETE_AUDIT, NULL };

const char *
purge_table_name(enum purge_table table)
{
	return table == PURGE_CERTIFICATE ? "certificate" : "audit";
}

static int
find_rows(struct db *db, const struct purge_piece *piece, struct db_rows **out, struct error *err)
{
	struct db_arg at = db_time(piece->at);

	if (piece->table == PURGE_AUDIT)
		return db_query(db, SQL_FIND_AUDIT,
		    db_args(at, db_time(piece->before), db_int(PURGE_PIECE_ROWS)), out, err);
	return db_query(db, SQL_FIND_CERTIFICATE,
	    db_args(
		at, db_time(piece->before), at, db_uuid(&piece->last), db_int(PURGE_PIECE_ROWS)),
	    out, err);
}

int
purge_find(struct db *db, struct purge_piece *piece, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	int64_t bytes = 0;

	piece->count = 0;
	if (find_rows(db, piece, &rows, err) < 0)
		return -1;
	piece->is_last = db_rows_count(rows) < PURGE_PIECE_ROWS;
	while (db_rows_next(rows)) {
		struct uuid id = db_rows_uuid(rows, 0);
		bool is_kept = db_rows_int(rows, 3) != 0;

		bytes += is_kept ? 0 : db_rows_int(rows, 2);
		if (piece->count > 0 && bytes > PURGE_PIECE_BYTES) {
			piece->is_last = false;
			return 0;
		}
		piece->at = db_rows_time(rows, 1);
		piece->last = id;
		if (!is_kept)
			piece->ids[piece->count++] = id;
	}
	return 0;
}

size_t
purge_sql_batch(const struct purge_piece *piece, size_t from, struct db_arg *args)
{
	size_t count = piece->count - from < PURGE_SQL_IDS ? piece->count - from : PURGE_SQL_IDS;

	/* The last one fills the places that are left. */
	for (size_t i = 0; i < PURGE_SQL_IDS; i++)
		args[i] = db_uuid(&piece->ids[from + (i < count ? i : count - 1)]);
	return count;
}

static int
delete_batch(
    struct db *db, const struct purge_piece *piece, size_t from, size_t *done, struct error *err)
{
	const char *const *deletes =
	    piece->table == PURGE_AUDIT ? AUDIT_DELETES : CERTIFICATE_DELETES;
	struct db_arg args[PURGE_SQL_IDS];
	uint64_t rows = 0;

	*done = purge_sql_batch(piece, from, args);
	for (; *deletes != NULL; deletes++)
		if (db_exec(db, *deletes, (struct db_args){ args, PURGE_SQL_IDS }, &rows, err) < 0)
			return -1;
	return rows == *done
		   ? 0
		   : error_set(err, ERR_CONFLICT, "rows of %s went while they were being deleted",
			 purge_table_name(piece->table));
}

int
purge_delete(struct db *db, const struct purge_piece *piece, struct error *err)
{
	size_t done = 0;

	for (size_t from = 0; from < piece->count; from += done)
		if (delete_batch(db, piece, from, &done, err) < 0)
			return -1;
	return 0;
}

/* Reads the audit table, newest rows first. */
#include "store/audit_find.h"

#include "store/db_rows.h"

enum { PAGE_ROWS = 500 };

#define HEAD \
	"SELECT id, CAST(UNIX_TIMESTAMP(at) * 1000 AS SIGNED), actor, remote_address, action," \
	" object_type, object_name, outcome FROM audit "

enum {
	COLUMN_ID,
	COLUMN_AT,
	COLUMN_ACTOR,
	COLUMN_ADDRESS,
	COLUMN_ACTION,
	COLUMN_OBJECT_TYPE,
	COLUMN_OBJECT_NAME,
	COLUMN_OUTCOME
};

/* By the primary key whatever the statistics say, so that a page costs the same wherever it is. */
static const char SQL_WALK[] =
    HEAD "FORCE INDEX (PRIMARY) WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?";
/* The key of an object ends in the id, as every key of InnoDB does. */
static const char SQL_WALK_OBJECT[] =
    HEAD "FORCE INDEX (audit_object) WHERE object_type = CONVERT(? USING ascii)"
	 " AND object_name = ? AND id < ? AND id >= ? ORDER BY id DESC LIMIT ?";
static const char SQL_MORE[] = "SELECT detail, changes, request_id FROM audit WHERE id = ?";

static int
read_page(struct db *db, const struct audit_walk *walk, const struct uuid *below,
    struct db_rows **out, struct error *err)
{
	if (walk->object_type == NULL)
		return db_query(db, SQL_WALK,
		    db_args(db_uuid(below), db_uuid(&walk->from), db_int(PAGE_ROWS)), out, err);
	return db_query(db, SQL_WALK_OBJECT,
	    db_args(db_text(walk->object_type), db_text(walk->object_name), db_uuid(below),
		db_uuid(&walk->from), db_int(PAGE_ROWS)),
	    out, err);
}

static struct audit_head
read_head(const struct db_rows *rows)
{
	return (struct audit_head){
		.id = db_rows_uuid(rows, COLUMN_ID),
		.at_ms = db_rows_int(rows, COLUMN_AT),
		.actor = db_rows_bytes(rows, COLUMN_ACTOR),
		.remote_address = db_rows_bytes(rows, COLUMN_ADDRESS),
		.action = db_rows_bytes(rows, COLUMN_ACTION),
		.object_type = db_rows_bytes(rows, COLUMN_OBJECT_TYPE),
		.object_name = db_rows_bytes(rows, COLUMN_OBJECT_NAME),
		.outcome = db_rows_bytes(rows, COLUMN_OUTCOME),
	};
}

/* 1: the page was full and the walk goes on. */
static int
walk_page(struct db *db, struct audit_walk *walk, size_t *left, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (read_page(db, walk, &walk->last, &rows, err) < 0)
		return -1;
	while (*left > 0 && db_rows_next(rows)) {
		const struct audit_head head = read_head(rows);
		int result = walk->each(&head, walk->arg, err);

		walk->last = head.id;
		(*left)--;
		if (result <= 0)
			return result;
	}
	return db_rows_count(rows) == PAGE_ROWS;
}

int
audit_find_walk(struct db *db, struct audit_walk *walk, struct error *err)
{
	size_t left = AUDIT_WALK_MAX;
	int result = 1;

	walk->last = walk->below;
	while (result == 1 && left > 0)
		result = walk_page(db, walk, &left, err);
	walk->is_cut = result == 1;
	return result < 0 ? -1 : 0;
}

struct uuid
audit_find_id_at(int64_t ms)
{
	struct uuid id = { { 0 } };

	for (unsigned i = 0; ms > 0 && i < 6; i++)
		id.octets[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
	return id;
}

void
audit_more_release(struct audit_more *more)
{
	buf_release(&more->detail);
	buf_release(&more->changes);
}

int
audit_find_more(struct db *db, const struct uuid *id, struct audit_more *more, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	*more = (struct audit_more){ .detail = BUF_INIT(AUDIT_DETAIL_MAX),
		.changes = BUF_INIT(AUDIT_CHANGES_MAX) };
	if (db_query(db, SQL_MORE, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such audit row");
	more->has_request_id = !db_rows_is_null(rows, 2);
	if (more->has_request_id)
		more->request_id = db_rows_uuid(rows, 2);
	if (db_rows_append(rows, 0, &more->detail, err) < 0)
		return -1;
	return db_rows_append(rows, 1, &more->changes, err);
}

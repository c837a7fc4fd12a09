/* The table of events whose line the issuance journal lacks. */
#include "store/journal_outbox.h"

#include "store/certificate_row.h"
#include "store/db_rows.h"

/* Every character of utf8mb4 has 4 octets at most. */
enum { ACTOR_MAX = 128 * 4, ADDRESS_MAX = 45, COMMENT_MAX = 1024 * 4 };

/* A clock that was put back must not keep a row waiting for ever. */
#define IS_OLDER \
	"(o.added_at <= UTC_TIMESTAMP(3) - INTERVAL ? SECOND" \
	" OR o.added_at > UTC_TIMESTAMP(3) + INTERVAL 1 DAY)"

static const char SQL_ADD[] = "INSERT INTO journal_outbox (event_id, sequence, whole_lineage,"
			      " added_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3))";
static const char SQL_REMOVE[] = "DELETE FROM journal_outbox WHERE event_id = ?";
/* Ids of events have about the order of their times, so the oldest are found first. */
static const char SQL_EACH[] =
    "SELECT STRAIGHT_JOIN o.event_id, e.certificate_id, e.action, e.reason, e.at, e.actor,"
    " e.remote_address, e.request_id, e.comment, c.generation_id, c.serial, c.not_after,"
    " o.sequence, o.whole_lineage FROM journal_outbox o"
    " JOIN revocation_event e ON e.id = o.event_id JOIN certificate c ON c.id = e.certificate_id"
    " WHERE " IS_OLDER " ORDER BY o.event_id LIMIT ?";
static const char SQL_ANY[] = "SELECT EXISTS (SELECT 1 FROM journal_outbox o WHERE " IS_OLDER ")";
static const char SQL_BACKLOG[] =
    "SELECT COUNT(*), MIN(o.added_at) FROM journal_outbox o WHERE " IS_OLDER;

int
journal_outbox_add(struct db *db, const struct uuid *event_id, uint32_t sequence,
    bool whole_lineage, struct error *err)
{
	return db_exec(db, SQL_ADD,
	    db_args(db_uuid(event_id), db_int(sequence), db_int(whole_lineage)), NULL, err);
}

int
journal_outbox_remove(struct db *db, const struct uuid *event_id, struct error *err)
{
	return db_exec(db, SQL_REMOVE, db_args(db_uuid(event_id)), NULL, err);
}

/* The row at hand, its texts for the call alone. */
static int
tell(const struct db_rows *rows, const struct journal_outbox_visit *visit, struct error *err)
{
	char actor[ACTOR_MAX + 1], address[ADDRESS_MAX + 1], comment[COMMENT_MAX + 1];
	struct uuid request_id = db_rows_uuid(rows, 7);
	struct journal_outbox_row row = {
		.event = {
		    .id = db_rows_uuid(rows, 0),
		    .certificate_id = db_rows_uuid(rows, 1),
		    .reason = (int)db_rows_int(rows, 3),
		    .at = db_rows_time(rows, 4),
		    .actor = actor,
		    .remote_address = address,
		    .request_id = db_rows_is_null(rows, 7) ? NULL : &request_id,
		    .comment = db_rows_is_null(rows, 8) ? NULL : comment,
		},
		.generation_id = db_rows_uuid(rows, 9),
		.serial = db_rows_bytes(rows, 10),
		.not_after = db_rows_time(rows, 11),
		.sequence = (uint32_t)db_rows_int(rows, 12),
		.whole_lineage = db_rows_int(rows, 13) != 0,
	};

	if (!revocation_action_find(db_rows_bytes(rows, 2), &row.event.action))
		return error_set(err, ERR_DATABASE, "unknown action on a certificate");
	if (db_rows_text(rows, 5, actor, sizeof(actor), err) < 0 ||
	    db_rows_text(rows, 6, address, sizeof(address), err) < 0 ||
	    db_rows_text(rows, 8, comment, sizeof(comment), err) < 0)
		return error_prefix(err, "revocation_event");
	return visit->each(&row, visit->arg, err);
}

int
journal_outbox_each(struct db *db, uint32_t age_s, const struct journal_outbox_visit *visit,
    size_t *count, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(
		db, SQL_EACH, db_args(db_int(age_s), db_int(JOURNAL_OUTBOX_PAGE)), &rows, err) < 0)
		return -1;
	*count = db_rows_count(rows);
	while (db_rows_next(rows))
		if (tell(rows, visit, err) < 0)
			return -1;
	return 0;
}

static int
ask(struct db *db, const char *sql, uint32_t age_s, struct db_rows **out, struct error *err)
{
	if (db_query(db, sql, db_args(db_int(age_s)), out, err) < 0)
		return -1;
	return db_rows_next(*out)
		   ? 0
		   : error_set(err, ERR_DATABASE, "no answer to a question of one row");
}

int
journal_outbox_any(struct db *db, uint32_t age_s, bool *any, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (ask(db, SQL_ANY, age_s, &rows, err) < 0)
		return -1;
	*any = db_rows_int(rows, 0) != 0;
	return 0;
}

int
journal_outbox_backlog(
    struct db *db, uint32_t age_s, struct journal_outbox_backlog *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (ask(db, SQL_BACKLOG, age_s, &rows, err) < 0)
		return -1;
	out->count = db_rows_int(rows, 0);
	out->since = db_rows_is_null(rows, 1) ? 0 : db_rows_time(rows, 1);
	return 0;
}

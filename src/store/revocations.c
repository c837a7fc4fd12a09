/* What happens to a certificate after it was issued, and the keys that must not come back. */
#include "store/revocations.h"

#include <mysqld_error.h>

#include "store/db_rows.h"
#include "store/revoked_certificates.h"

enum { REASON_HOLD = 6, REASON_RELEASE = 8, PASSES_MAX = 10, PAGE_ROWS = 1000 };

/* Every character of utf8mb4 has 4 octets at most. */
enum { ACTOR_MAX = 128 * 4, ADDRESS_MAX = 45, COMMENT_MAX = 1024 * 4 };

static const char SQL_HOLD[] =
    "UPDATE certificate SET status = 'hold', revoked_at = ?, revocation_reason = ?"
    " WHERE id = ? AND status = 'good'";
static const char SQL_RELEASE[] =
    "UPDATE certificate SET status = 'good', revoked_at = NULL, revocation_reason = NULL"
    " WHERE id = ? AND status = 'hold'";
static const char SQL_REVOKE[] =
    "UPDATE certificate SET status = 'revoked', revoked_at = ?, revocation_reason = ?"
    " WHERE id = ? AND status IN ('good', 'hold')";
static const char SQL_ADD_EVENT[] =
    "INSERT INTO revocation_event (id, certificate_id, generation_id, action, reason, at, actor,"
    " remote_address, request_id, comment)"
    " SELECT ?, id, generation_id, ?, ?, ?, ?, ?, ?, ? FROM certificate WHERE id = ?";
static const char SQL_EVENTS[] =
    "SELECT id, certificate_id, action, reason, at, actor, remote_address, request_id, comment"
    " FROM revocation_event WHERE certificate_id = ? ORDER BY at, id";
static const char SQL_MARK_LINEAGE[] = "UPDATE certificate SET lineage_compromised = TRUE"
				       " WHERE lineage = ? AND NOT lineage_compromised";
static const char SQL_CLOSE_GATE[] =
    "INSERT INTO lineage_gate (lineage, closed, closed_at) VALUES (?, TRUE, UTC_TIMESTAMP())"
    " ON DUPLICATE KEY UPDATE closed = TRUE, closed_at = VALUES(closed_at)";
static const char SQL_OPEN_GATE[] = "UPDATE lineage_gate SET closed = FALSE WHERE lineage = ?";
/* By its index whatever the statistics say: a scan would wait for everybody else's rows. */
static const char SQL_LOCK_LINEAGE[] =
    "SELECT id, issued_at FROM certificate FORCE INDEX (certificate_lineage) WHERE lineage = ?"
    " AND (? IS NULL OR issued_at > ? OR (issued_at = ? AND id > ?))"
    " ORDER BY issued_at, id LIMIT ? FOR UPDATE";
static const char SQL_ADD_KEY[] = "INSERT INTO compromised_key (spki_hash, certificate_id, at)"
				  " SELECT spki_hash, id, ? FROM certificate WHERE id = ?";
static const char SQL_ANY_COMPROMISED[] = "SELECT EXISTS (SELECT 1 FROM compromised_key)";
static const char SQL_IS_COMPROMISED[] = "SELECT COUNT(*) FROM compromised_key WHERE spki_hash = ?";

static const char *const ACTIONS[] = {
	[REVOCATION_HOLD] = "hold",
	[REVOCATION_RELEASE] = "release",
	[REVOCATION_REVOKE] = "revoke",
};

const char *
revocation_action_name(enum revocation_action action)
{
	return ACTIONS[action];
}

bool
revocation_action_find(struct bytes name, enum revocation_action *out)
{
	for (enum revocation_action action = REVOCATION_HOLD; action <= REVOCATION_REVOKE; action++)
		if (bytes_equal_text(name, revocation_action_name(action))) {
			*out = action;
			return true;
		}
	return false;
}

/* RFC 5280, 5.3.1: certificateHold and removeFromCRL go with their actions. */
static int
reason_of(const struct revocation_event *event)
{
	switch (event->action) {
	case REVOCATION_HOLD:
		return REASON_HOLD;
	case REVOCATION_RELEASE:
		return REASON_RELEASE;
	case REVOCATION_REVOKE:
		break;
	}
	return event->reason;
}

static int
change_state(struct db *db, const struct revocation_event *event, uint64_t *rows, struct error *err)
{
	struct db_arg id = db_uuid(&event->certificate_id), at = db_time(event->at);
	struct db_arg reason = db_int(reason_of(event));

	switch (event->action) {
	case REVOCATION_HOLD:
		return db_exec(db, SQL_HOLD, db_args(at, reason, id), rows, err);
	case REVOCATION_RELEASE:
		return db_exec(db, SQL_RELEASE, db_args(id), rows, err);
	case REVOCATION_REVOKE:
		return db_exec(db, SQL_REVOKE, db_args(at, reason, id), rows, err);
	}
	return error_set(err, ERR_INTERNAL, "unknown action on a certificate");
}

int
revocations_apply(
    struct db *db, const struct revocation_event *event, bool *changed, struct error *err)
{
	uint64_t rows = 0;

	if (change_state(db, event, &rows, err) < 0)
		return -1;
	*changed = rows == 1;
	if (!*changed)
		return 0;
	if (db_exec(db, SQL_ADD_EVENT,
		db_args(db_uuid(&event->id), db_text(revocation_action_name(event->action)),
		    db_int(reason_of(event)), db_time(event->at), db_text(event->actor),
		    db_text(event->remote_address), db_uuid(event->request_id),
		    db_text(event->comment), db_uuid(&event->certificate_id)),
		NULL, err) < 0)
		return -1;
	return revoked_certificates_follow(db, &event->certificate_id, err);
}

/*
 * A pass over a lineage waits for each issue under way, as that has claimed a row, and does not see
 * what it adds behind the pass's back, for instance where another host's clock is slow. Once a pass
 * finds nothing new, every row was locked before it began, and there was none left to claim.
 */
static int
report_growth(struct error *err)
{
	return error_set(err, ERR_DATABASE,
	    "the lineage has grown %d times while it was being locked", PASSES_MAX);
}

int
revocations_close_gate(struct db *db, const struct uuid *lineage, struct error *err)
{
	return db_exec(db, SQL_CLOSE_GATE, db_args(db_uuid(lineage)), NULL, err);
}

int
revocations_open_gate(struct db *db, const struct uuid *lineage, struct error *err)
{
	return db_exec(db, SQL_OPEN_GATE, db_args(db_uuid(lineage)), NULL, err);
}

int
revocations_mark_lineage(struct db *db, const struct uuid *lineage, struct error *err)
{
	for (unsigned pass = 0; pass < PASSES_MAX; pass++) {
		uint64_t rows = 0;

		if (db_exec(db, SQL_MARK_LINEAGE, db_args(db_uuid(lineage)), &rows, err) < 0)
			return -1;
		if (rows == 0)
			return 0;
	}
	return report_growth(err);
}

/* One pass over a lineage, however long it is, a page of rows at a time. */
struct pass {
	int (*each)(const struct uuid *certificate_id, void *arg, struct error *err); /* or NULL */
	void *arg;
	size_t count;
	const struct uuid *after; /* how far it has come; NULL: at its beginning */
	struct uuid last;
	int64_t last_issued_at;
};

static int
lock_page(struct db *db, const struct uuid *lineage, const struct pass *pass, struct db_rows **out,
    struct error *err)
{
	struct db_arg id = db_uuid(pass->after);
	struct db_arg at = pass->after != NULL ? db_time(pass->last_issued_at) : db_null();

	return db_query(db, SQL_LOCK_LINEAGE,
	    db_args(db_uuid(lineage), id, at, at, id, db_int(PAGE_ROWS)), out, err);
}

static int
tell_page(struct db_rows *rows, struct pass *pass, struct error *err)
{
	while (db_rows_next(rows)) {
		pass->last = db_rows_uuid(rows, 0);
		pass->last_issued_at = db_rows_time(rows, 1);
		pass->after = &pass->last;
		pass->count++;
		if (pass->each != NULL && pass->each(&pass->last, pass->arg, err) < 0)
			return -1;
	}
	return 0;
}

static int
pass_over(struct db *db, const struct uuid *lineage, struct pass *pass, struct error *err)
{
	size_t got = PAGE_ROWS;

	while (got == PAGE_ROWS) {
		cleanup(db_rows_freep) struct db_rows *rows = NULL;

		if (lock_page(db, lineage, pass, &rows, err) < 0)
			return -1;
		got = db_rows_count(rows);
		if (tell_page(rows, pass, err) < 0)
			return -1;
	}
	return 0;
}

int
revocations_lock_lineage(struct db *db, const struct uuid *lineage,
    int (*each)(const struct uuid *certificate_id, void *arg, struct error *err), void *arg,
    struct error *err)
{
	size_t before = 0;

	for (unsigned i = 0; i < PASSES_MAX; i++) {
		struct pass counting = { .each = NULL };
		struct pass telling = { .each = each, .arg = arg };

		if (pass_over(db, lineage, &counting, err) < 0)
			return -1;
		if (counting.count == before)
			return pass_over(db, lineage, &telling, err);
		before = counting.count;
	}
	return report_growth(err);
}

int
revocations_add_compromised_key(
    struct db *db, const struct uuid *certificate_id, int64_t at, struct error *err)
{
	uint64_t rows = 0;

	/* No ON DUPLICATE KEY UPDATE: the accounts may add to this table, not change it. */
	if (db_exec(db, SQL_ADD_KEY, db_args(db_time(at), db_uuid(certificate_id)), &rows, err) <
	    0) {
		if (err->code != ERR_CONFLICT || err->number != ER_DUP_ENTRY)
			return -1;
		error_clear(err);
		return 0;
	}
	return rows == 1 ? 0 : error_set(err, ERR_NOT_FOUND, "no such certificate");
}

static int
ask_whether(struct db *db, const char *sql, struct db_args args, bool *answer, struct error *err)
{
	int64_t number = 0;

	if (db_rows_ask(db, sql, args, &number, err) < 0)
		return -1;
	*answer = number > 0;
	return 0;
}

int
revocations_any_compromised(struct db *db, bool *any, struct error *err)
{
	return ask_whether(db, SQL_ANY_COMPROMISED, db_no_args, any, err);
}

int
revocations_is_compromised(
    struct db *db, struct bytes spki_hash, bool *compromised, struct error *err)
{
	return ask_whether(db, SQL_IS_COMPROMISED, db_args(db_blob(spki_hash)), compromised, err);
}

/* The row at hand, its texts for the call alone. */
static int
tell_event(const struct db_rows *rows,
    int (*each)(const struct revocation_event *event, void *arg, struct error *err), void *arg,
    struct error *err)
{
	char actor[ACTOR_MAX + 1], address[ADDRESS_MAX + 1], comment[COMMENT_MAX + 1];
	struct uuid request_id = db_rows_uuid(rows, 7);
	struct revocation_event event = {
		.id = db_rows_uuid(rows, 0),
		.certificate_id = db_rows_uuid(rows, 1),
		.reason = (int)db_rows_int(rows, 3),
		.at = db_rows_time(rows, 4),
		.actor = actor,
		.remote_address = address,
		.request_id = db_rows_is_null(rows, 7) ? NULL : &request_id,
		.comment = db_rows_is_null(rows, 8) ? NULL : comment,
	};

	if (!revocation_action_find(db_rows_bytes(rows, 2), &event.action))
		return error_set(err, ERR_DATABASE, "unknown action on a certificate");
	if (db_rows_text(rows, 5, actor, sizeof(actor), err) < 0 ||
	    db_rows_text(rows, 6, address, sizeof(address), err) < 0 ||
	    db_rows_text(rows, 8, comment, sizeof(comment), err) < 0)
		return error_prefix(err, "revocation_event");
	return each(&event, arg, err);
}

int
revocations_each(struct db *db, const struct uuid *certificate_id,
    int (*each)(const struct revocation_event *event, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EVENTS, db_args(db_uuid(certificate_id)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows))
		if (tell_event(rows, each, arg, err) < 0)
			return -1;
	return 0;
}

/* Leases of cluster jobs: one conditional UPDATE claims, and every later step asks for its token.
 */
#include "store/jobs.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "store/db_rows.h"

static const char SQL_ADD[] =
    "INSERT INTO job (name, holder, token, checks) SELECT ?, '', 0, 0 FROM DUAL"
    " WHERE NOT EXISTS (SELECT 1 FROM job WHERE name = ?)";
/* A lease that lasts longer than any does was given by a clock gone wrong. */
static const char SQL_CLAIM[] =
    "UPDATE job SET holder = ?, token = token + 1, started_at = UTC_TIMESTAMP(3),"
    " lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND"
    " WHERE name = ? AND (lease_until IS NULL OR lease_until <= UTC_TIMESTAMP(3)"
    " OR lease_until > UTC_TIMESTAMP(3) + INTERVAL 1 DAY)"
    " AND (succeeded_at IS NULL OR ? = 0"
    " OR succeeded_at <= UTC_TIMESTAMP(3) - INTERVAL ? SECOND"
    " OR succeeded_at > UTC_TIMESTAMP(3) + INTERVAL ? SECOND)";
static const char SQL_CLAIMED[] =
    "SELECT token, UTC_TIMESTAMP() FROM job WHERE name = ? AND holder = ?";
static const char SQL_CHECK[] = "UPDATE job SET checks = checks + 1 WHERE name = ? AND token = ?"
				" AND lease_until > UTC_TIMESTAMP(3)";
static const char SQL_EXTEND[] =
    "UPDATE job SET checks = checks + 1, lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND"
    " WHERE name = ? AND token = ? AND lease_until > UTC_TIMESTAMP(3)";
static const char SQL_END[] =
    "UPDATE job SET lease_until = NULL, ended_at = UTC_TIMESTAMP(3), result = ?, detail = ?,"
    " succeeded_at = IF(? = 'done', UTC_TIMESTAMP(3), succeeded_at)"
    " WHERE name = ? AND token = ? AND lease_until > UTC_TIMESTAMP(3)";
static const char SQL_ALL[] =
    "SELECT name, holder, lease_until > UTC_TIMESTAMP(3), started_at, ended_at, succeeded_at,"
    " result = 'failed', detail FROM job ORDER BY name";
static const char SQL_NOW[] = "SELECT UTC_TIMESTAMP()";

/* A claim in the making; filled anew when its transaction is tried again. */
struct claiming {
	const struct job_claim *claim;
	struct job_lease *lease;
	bool claimed;
};

static int
read_claimed(struct db *db, const struct claiming *claiming, struct error *err)
{
	const struct job_claim *claim = claiming->claim;
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_CLAIMED, db_args(db_text(claim->name), db_text(claim->holder)), &rows,
		err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "job %s: its claim has gone", claim->name);
	claiming->lease->token = (uint64_t)db_rows_int(rows, 0);
	claiming->lease->now = db_rows_time(rows, 1);
	return 0;
}

static int
try_claim(struct db *db, void *arg, struct error *err)
{
	struct claiming *claiming = arg;
	const struct job_claim *claim = claiming->claim;
	struct db_arg interval = db_int(claim->min_interval_s);
	uint64_t rows = 0;

	claiming->claimed = false;
	if (db_exec(db, SQL_CLAIM,
		db_args(db_text(claim->holder), db_int(claim->lease_s), db_text(claim->name),
		    interval, interval, interval),
		&rows, err) < 0)
		return -1;
	if (rows == 0)
		return 0;
	claiming->claimed = true;
	return read_claimed(db, claiming, err);
}

/* Another process may add it at the same moment. */
static int
add_row(struct db *db, const char *name, struct error *err)
{
	struct db_arg text = db_text(name);

	if (db_exec(db, SQL_ADD, db_args(text, text), NULL, err) == 0)
		return 0;
	return error_forgive(err, ERR_CONFLICT);
}

int
jobs_claim(struct db *db, const struct job_claim *claim, struct job_lease *out, bool *claimed,
    struct error *err)
{
	struct claiming claiming = { .claim = claim, .lease = out };

	if (snprintf(out->name, sizeof(out->name), "%s", claim->name) >= (int)sizeof(out->name))
		return error_set(err, ERR_INTERNAL, "a job's name is too long");
	if (add_row(db, claim->name, err) < 0 || db_transaction(db, try_claim, &claiming, err) < 0)
		return -1;
	*claimed = claiming.claimed;
	return 0;
}

static int
must_hold(const struct job_lease *lease, uint64_t rows, struct error *err)
{
	return rows == 1 ? 0
			 : error_set(err, ERR_CONFLICT,
			       "job %s: its lease has ended, or another process has taken it over",
			       lease->name);
}

int
jobs_check_lease(struct db *db, const struct job_lease *lease, struct error *err)
{
	uint64_t rows = 0;

	/* A write, not a read: on a Galera cluster it conflicts with a claim on another node. */
	if (db_exec(db, SQL_CHECK, db_args(db_text(lease->name), db_int((int64_t)lease->token)),
		&rows, err) < 0)
		return -1;
	return must_hold(lease, rows, err);
}

int
jobs_extend(struct db *db, const struct job_lease *lease, uint32_t lease_s, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_EXTEND,
		db_args(db_int(lease_s), db_text(lease->name), db_int((int64_t)lease->token)),
		&rows, err) < 0)
		return -1;
	return must_hold(lease, rows, err);
}

int
jobs_end(struct db *db, const struct job_lease *lease, bool succeeded, const char *detail,
    struct error *err)
{
	struct db_arg result = db_text(succeeded ? "done" : "failed");
	struct db_arg text = db_null();
	uint64_t rows = 0;

	if (detail != NULL) {
		text = db_blob(utf8_cut_octets(bytes_text(detail), JOB_DETAIL_MAX));
		text.type = DB_TEXT;
	}
	if (db_exec(db, SQL_END,
		db_args(result, text, result, db_text(lease->name), db_int((int64_t)lease->token)),
		&rows, err) < 0)
		return -1;
	return must_hold(lease, rows, err);
}

static int64_t
time_or_never(const struct db_rows *rows, unsigned column)
{
	return db_rows_is_null(rows, column) ? 0 : db_rows_time(rows, column);
}

static bool
is_true(const struct db_rows *rows, unsigned column)
{
	return !db_rows_is_null(rows, column) && db_rows_int(rows, column) != 0;
}

int
jobs_each(struct db *db, int (*each)(const struct job_row *row, void *arg, struct error *err),
    void *arg, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_ALL, db_no_args, &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct job_row row = {
			.is_running = is_true(rows, 2),
			.started_at = time_or_never(rows, 3),
			.ended_at = time_or_never(rows, 4),
			.succeeded_at = time_or_never(rows, 5),
			.has_failed = is_true(rows, 6),
		};

		if (db_rows_text(rows, 0, row.name, sizeof(row.name), err) < 0 ||
		    db_rows_text(rows, 1, row.holder, sizeof(row.holder), err) < 0 ||
		    db_rows_text(rows, 7, row.detail, sizeof(row.detail), err) < 0)
			return error_prefix(err, "job");
		if (each(&row, arg, err) < 0)
			return -1;
	}
	return 0;
}

int
jobs_now(struct db *db, int64_t *now, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_NOW, db_no_args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "the database does not tell the time");
	*now = db_rows_time(rows, 0);
	return 0;
}

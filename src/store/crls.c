/* Published CRLs: their numbers, their parts, and the row that makes them visible. */
#include "store/crls.h"

#include <inttypes.h>
#include <string.h>

#include "store/db_rows.h"
#include "store/same_ca_sql.h"

enum { DELETE_ROWS = 16 };

#define SELECT \
	"SELECT id, generation_id, number, base_number, this_update, next_update, entries, size," \
	" sha256 FROM crl WHERE generation_id = ? AND base_number IS "
#define NEWEST_FIRST " ORDER BY number DESC "

static const char SQL_FULL[] = SELECT "NULL" NEWEST_FIRST "LIMIT ?";
static const char SQL_DELTA[] = SELECT "NOT NULL" NEWEST_FIRST "LIMIT ?";
static const char SQL_OLD_FULL[] = SELECT "NULL" NEWEST_FIRST "LIMIT 1 OFFSET ?";
static const char SQL_OLD_DELTA[] = SELECT "NOT NULL" NEWEST_FIRST "LIMIT 1 OFFSET ?";
static const char SQL_PART[] = "SELECT data FROM crl_part WHERE crl_id = ? AND part = ?";
static const char SQL_ADD_PART[] = "INSERT INTO crl_part (crl_id, part, created_at, data)"
				   " VALUES (?, ?, UTC_TIMESTAMP(), ?)";
static const char SQL_COUNT_PARTS[] = "SELECT COUNT(*) FROM crl_part WHERE crl_id = ?";
static const char SQL_RESERVE[] =
    "UPDATE authority_generation SET crl_number = crl_number + 1 WHERE id = ?";
static const char SQL_HIGHEST[] = "SELECT crl_number FROM authority_generation WHERE id = ?";
static const char SQL_HIGHEST_OF_OTHERS[] =
    "SELECT CAST(COALESCE(MAX(o.crl_number), 0) AS UNSIGNED) FROM authority_generation o"
    " WHERE o.id <> ? AND o.id IN " SAME_CA_SQL;
static const char SQL_LOCK[] =
    "SELECT crl_number FROM authority_generation WHERE id = ? FOR UPDATE";
static const char SQL_RAISE[] =
    "UPDATE authority_generation SET crl_number = ? WHERE id = ? AND crl_number < ?";
/* A number that comes late must not stand above what is newer than it. */
static const char SQL_INSERT[] =
    "INSERT INTO crl (id, generation_id, number, base_number, this_update, next_update, entries,"
    " size, sha256, created_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP() FROM DUAL"
    " WHERE NOT EXISTS (SELECT 1 FROM crl WHERE generation_id = ? AND number >= ?)";
static const char SQL_SIGNERS[] =
    "SELECT id, label, crl_number FROM authority_generation"
    " WHERE state IN ('active', 'retired') AND not_after > ? ORDER BY label";
static const char SQL_DELETE[] = "DELETE FROM crl WHERE id = ?";
/* From the end, so that the first part is there as long as any is. */
static const char SQL_DELETE_PARTS[] =
    "DELETE FROM crl_part WHERE crl_id = ? ORDER BY part DESC LIMIT ?";
static const char SQL_ORPHAN[] =
    "SELECT p.crl_id FROM crl_part p WHERE p.part = 0"
    " AND p.created_at < UTC_TIMESTAMP() - INTERVAL 1 HOUR"
    " AND NOT EXISTS (SELECT 1 FROM crl c WHERE c.id = p.crl_id) LIMIT 1";

static int
read_row(const struct db_rows *rows, struct crl_row *out, struct error *err)
{
	struct bytes sha256 = db_rows_bytes(rows, 8);

	if (sha256.len != sizeof(out->sha256))
		return error_set(err, ERR_DATABASE, "crl: a hash of %zu octets", sha256.len);
	*out = (struct crl_row){
		.id = db_rows_uuid(rows, 0),
		.generation_id = db_rows_uuid(rows, 1),
		.number = (uint64_t)db_rows_int(rows, 2),
		.has_base = !db_rows_is_null(rows, 3),
		.this_update = db_rows_time(rows, 4),
		.next_update = db_rows_time(rows, 5),
		.entries = (uint32_t)db_rows_int(rows, 6),
		.size = (uint32_t)db_rows_int(rows, 7),
	};
	if (out->has_base)
		out->base_number = (uint64_t)db_rows_int(rows, 3);
	memcpy(out->sha256, sha256.ptr, sizeof(out->sha256));
	return 0;
}

int
crls_latest(struct db *db, const struct uuid *generation_id, enum crl_kind kind,
    struct crl_row *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, kind == CRL_FULL ? SQL_FULL : SQL_DELTA,
		db_args(db_uuid(generation_id), db_int(1)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such CRL has been published yet");
	return read_row(rows, out, err);
}

int
crls_latest_full(
    struct db *db, const struct uuid *generation_id, struct crl_list *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_FULL, db_args(db_uuid(generation_id), db_int(CRLS_KEPT)), &rows, err) <
	    0)
		return -1;
	for (out->count = 0; db_rows_next(rows); out->count++)
		if (read_row(rows, &out->rows[out->count], err) < 0)
			return -1;
	return 0;
}

int
crls_each_part(
    struct db *db, const struct crl_row *row, const struct crl_part_visit *visit, struct error *err)
{
	size_t left = row->size;

	for (unsigned part = 0; left > 0; part++) {
		cleanup(db_rows_freep) struct db_rows *rows = NULL;
		struct bytes data;

		if (db_query(db, SQL_PART, db_args(db_uuid(&row->id), db_int(part)), &rows, err) <
		    0)
			return -1;
		if (!db_rows_next(rows))
			return error_set(err, ERR_NOT_FOUND, "part %u of CRL %" PRIu64 " has gone",
			    part, row->number);
		data = db_rows_bytes(rows, 0);
		if (data.len == 0 || data.len > left)
			return error_set(err, ERR_DATABASE,
			    "part %u of CRL %" PRIu64 " has %zu octets of %zu", part, row->number,
			    data.len, left);
		left -= data.len;
		if (visit->each(data, visit->arg, err) < 0)
			return -1;
	}
	return 0;
}

static int
ask_number(struct db *db, const char *sql, struct db_args args, uint64_t *number, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such CA generation");
	*number = (uint64_t)db_rows_int(rows, 0);
	return 0;
}

int
crls_highest_number(
    struct db *db, const struct uuid *generation_id, uint64_t *number, struct error *err)
{
	return ask_number(db, SQL_HIGHEST, db_args(db_uuid(generation_id)), number, err);
}

/* RFC 5280, 5.2.3: numbers are of a CA, and generations with one name and key are one. */
static int
ask_others(struct db *db, const struct uuid *generation_id, uint64_t *number, struct error *err)
{
	const struct db_arg id = db_uuid(generation_id);

	return ask_number(db, SQL_HIGHEST_OF_OTHERS, db_args(id, id), number, err);
}

int
crls_reserve_number(
    struct db *db, const struct uuid *generation_id, uint64_t *number, struct error *err)
{
	uint64_t others = 0;

	/* The UPDATE first: the row is ours from here on, or the transaction fails in the end. */
	if (db_exec(db, SQL_RESERVE, db_args(db_uuid(generation_id)), NULL, err) < 0 ||
	    crls_highest_number(db, generation_id, number, err) < 0 ||
	    ask_others(db, generation_id, &others, err) < 0)
		return -1;
	if (*number > others)
		return 0;
	*number = others + 1;
	return crls_raise_number(db, generation_id, *number, err);
}

int
crls_check_number(
    struct db *db, const struct uuid *generation_id, uint64_t number, struct error *err)
{
	uint64_t own = 0, others = 0;

	if (ask_number(db, SQL_LOCK, db_args(db_uuid(generation_id)), &own, err) < 0 ||
	    ask_others(db, generation_id, &others, err) < 0)
		return -1;
	return own == number && others < number
		   ? 0
		   : error_set(err, ERR_CONFLICT,
			 "CRL number %" PRIu64 " comes late: %" PRIu64 " is given", number,
			 own > others ? own : others);
}

int
crls_raise_number(
    struct db *db, const struct uuid *generation_id, uint64_t number, struct error *err)
{
	struct db_arg least = db_int((int64_t)number);

	if (number > INT64_MAX)
		return error_set(err, ERR_VALIDATION,
		    "the CRL number %" PRIu64 " leaves no room for greater ones", number);
	return db_exec(db, SQL_RAISE, db_args(least, db_uuid(generation_id), least), NULL, err);
}

int
crls_add_part(
    struct db *db, const struct uuid *crl_id, unsigned part, struct bytes data, struct error *err)
{
	if (data.len == 0 || data.len > CRL_PART_MAX)
		return error_set(err, ERR_INTERNAL, "a CRL part of %zu octets", data.len);
	return db_exec(
	    db, SQL_ADD_PART, db_args(db_uuid(crl_id), db_int(part), db_blob(data)), NULL, err);
}

/* All of them are there, whatever became of connections in between. */
static int
check_parts(struct db *db, const struct crl_row *row, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	int64_t wanted = ((int64_t)row->size + CRL_PART_MAX - 1) / CRL_PART_MAX;

	if (db_query(db, SQL_COUNT_PARTS, db_args(db_uuid(&row->id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows) || db_rows_int(rows, 0) != wanted)
		return error_set(
		    err, ERR_DATABASE, "CRL %" PRIu64 ": not all its parts are there", row->number);
	return 0;
}

static int
refuse_number(const struct crl_row *row, const char *why, struct error *err)
{
	return error_set(err, ERR_CONFLICT, "CRL number %" PRIu64 " %s", row->number, why);
}

int
crls_insert(struct db *db, const struct crl_row *row, struct error *err)
{
	struct db_arg number = db_int((int64_t)row->number);
	struct db_arg generation = db_uuid(&row->generation_id);
	uint64_t highest = 0, rows = 0;

	/*
	 * One at a time on this node, so that the next statement sees who came first; between nodes
	 * the lease does that, which the caller has asked for in this transaction.
	 */
	if (ask_number(db, SQL_LOCK, db_args(generation), &highest, err) < 0)
		return -1;
	if (row->number == 0 || row->number > highest)
		return refuse_number(row, "was never given", err);
	if (check_parts(db, row, err) < 0)
		return -1;
	if (db_exec(db, SQL_INSERT,
		db_args(db_uuid(&row->id), generation, number,
		    row->has_base ? db_int((int64_t)row->base_number) : db_null(),
		    db_time(row->this_update), db_time(row->next_update), db_int(row->entries),
		    db_int(row->size), db_blob(bytes_of(row->sha256, sizeof(row->sha256))),
		    generation, number),
		&rows, err) < 0)
		return -1;
	return rows == 1 ? 0 : refuse_number(row, "comes late: a greater one is published", err);
}

static int
read_signer(const struct db_rows *rows, struct crl_signer *out, struct error *err)
{
	out->generation_id = db_rows_uuid(rows, 0);
	out->highest_number = (uint64_t)db_rows_int(rows, 2);
	return db_rows_text(rows, 1, out->label, sizeof(out->label), err);
}

int
crls_each_signer(struct db *db, int64_t at,
    int (*each)(const struct crl_signer *signer, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_SIGNERS, db_args(db_time(at)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct crl_signer signer;

		if (read_signer(rows, &signer, err) < 0 || each(&signer, arg, err) < 0)
			return -1;
	}
	return 0;
}

/* What is to be deleted, and under whose lease. */
struct deletion {
	const struct job_lease *lease;
	struct uuid crl_id;
	bool is_found;
};

static int
delete_row(struct db *db, void *arg, struct error *err)
{
	const struct deletion *deletion = arg;

	if (deletion->lease != NULL && jobs_check_lease(db, deletion->lease, err) < 0)
		return -1;
	return db_exec(db, SQL_DELETE, db_args(db_uuid(&deletion->crl_id)), NULL, err);
}

/* The row first: what is there is there as a whole. */
static int
delete_crl(struct db *db, struct deletion *deletion, struct error *err)
{
	uint64_t rows = DELETE_ROWS;

	if (db_transaction(db, delete_row, deletion, err) < 0)
		return -1;
	while (rows == DELETE_ROWS)
		if (db_exec(db, SQL_DELETE_PARTS,
			db_args(db_uuid(&deletion->crl_id), db_int(DELETE_ROWS)), &rows, err) < 0)
			return -1;
	return 0;
}

/* Deletes the CRL that the query names, if it names one. */
static int
delete_one(struct db *db, const char *sql, struct db_args args, struct deletion *deletion,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	deletion->is_found = db_rows_next(rows);
	if (!deletion->is_found)
		return 0;
	deletion->crl_id = db_rows_uuid(rows, 0);
	return delete_crl(db, deletion, err);
}

int
crls_delete_old(struct db *db, const struct uuid *generation_id, const struct job_lease *lease,
    bool *more, struct error *err)
{
	struct db_args args = db_args(db_uuid(generation_id), db_int(CRLS_KEPT));
	struct deletion deletion = { .lease = lease };

	if (delete_one(db, SQL_OLD_FULL, args, &deletion, err) < 0 ||
	    (!deletion.is_found && delete_one(db, SQL_OLD_DELTA, args, &deletion, err) < 0))
		return -1;
	*more = deletion.is_found;
	return 0;
}

int
crls_delete_orphan(struct db *db, const struct job_lease *lease, bool *more, struct error *err)
{
	struct deletion deletion = { .lease = lease };

	if (delete_one(db, SQL_ORPHAN, db_no_args, &deletion, err) < 0)
		return -1;
	*more = deletion.is_found;
	return 0;
}

/* The table of delegated OCSP responders. */
#include "store/ocsp_responders.h"

#include "store/db_rows.h"

/* Times of making are in seconds; the order of ids, UUIDs of version 7, decides within one. */
#define NEWEST \
	" FROM ocsp_responder r JOIN certificate c ON c.id = r.id AND c.status = 'good'" \
	" WHERE r.generation_id = ? AND r.not_before <= ? AND r.not_after > ?" \
	" ORDER BY r.created_at DESC, r.id DESC LIMIT 1"

static const char SQL_INSERT[] =
    "INSERT INTO ocsp_responder (id, generation_id, certificate, private_key, not_before,"
    " not_after, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
static const char SQL_FIND_NEWEST[] =
    "SELECT r.id, r.generation_id, r.certificate, r.private_key, r.not_before, r.not_after,"
    " r.created_at" NEWEST;
static const char SQL_FIND_DATES[] = "SELECT r.id, r.not_before, r.not_after, r.created_at" NEWEST;
static const char SQL_EACH_GENERATION[] =
    "SELECT id, label, not_after FROM authority_generation WHERE state IN ('active', 'retired')"
    " AND certificate IS NOT NULL AND not_after > ? ORDER BY label";
static const char SQL_ANY_ENDED[] = "SELECT id FROM ocsp_responder WHERE not_after < ? LIMIT 1";
static const char SQL_DELETE_ENDED[] = "DELETE FROM ocsp_responder WHERE not_after < ?";

void
ocsp_responders_init(struct ocsp_responder_row *row)
{
	*row = (struct ocsp_responder_row){
		.certificate = BUF_INIT(OCSP_RESPONDERS_CERTIFICATE_MAX),
		.private_key = BUF_INIT(OCSP_RESPONDERS_KEY_MAX),
	};
}

void
ocsp_responders_release(struct ocsp_responder_row *row)
{
	buf_release(&row->certificate);
	buf_release(&row->private_key);
}

int
ocsp_responders_insert(struct db *db, const struct ocsp_responder_row *row, struct error *err)
{
	return db_exec(db, SQL_INSERT,
	    db_args(db_uuid(&row->id), db_uuid(&row->generation_id),
		db_blob(buf_bytes(&row->certificate)), db_blob(buf_bytes(&row->private_key)),
		db_time(row->not_before), db_time(row->not_after), db_time(row->created_at)),
	    NULL, err);
}

static int
find(struct db *db, const char *sql, struct db_args args, struct db_rows **rows, struct error *err)
{
	if (db_query(db, sql, args, rows, err) < 0)
		return -1;
	return db_rows_next(*rows)
		   ? 0
		   : error_set(err, ERR_NOT_FOUND, "the generation has no valid OCSP responder");
}

int
ocsp_responders_find_newest(struct db *db, const struct uuid *generation_id, int64_t at,
    struct ocsp_responder_row *row, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (find(db, SQL_FIND_NEWEST, db_args(db_uuid(generation_id), db_time(at), db_time(at)),
		&rows, err) < 0)
		return -1;
	row->id = db_rows_uuid(rows, 0);
	row->generation_id = db_rows_uuid(rows, 1);
	row->not_before = db_rows_time(rows, 4);
	row->not_after = db_rows_time(rows, 5);
	row->created_at = db_rows_time(rows, 6);
	buf_reset(&row->certificate);
	buf_reset(&row->private_key);
	if (db_rows_append(rows, 2, &row->certificate, err) < 0)
		return -1;
	return db_rows_append(rows, 3, &row->private_key, err);
}

int
ocsp_responders_find_dates(struct db *db, const struct uuid *generation_id, int64_t at,
    struct ocsp_responder_dates *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (find(db, SQL_FIND_DATES, db_args(db_uuid(generation_id), db_time(at), db_time(at)),
		&rows, err) < 0)
		return -1;
	*out = (struct ocsp_responder_dates){
		.id = db_rows_uuid(rows, 0),
		.not_before = db_rows_time(rows, 1),
		.not_after = db_rows_time(rows, 2),
		.created_at = db_rows_time(rows, 3),
	};
	return 0;
}

int
ocsp_responders_each_generation(struct db *db, int64_t at,
    int (*each)(const struct ocsp_responder_generation *generation, void *arg, struct error *err),
    void *arg, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH_GENERATION, db_args(db_time(at)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct ocsp_responder_generation generation = {
			.id = db_rows_uuid(rows, 0),
			.not_after = db_rows_time(rows, 2),
		};

		if (db_rows_text(rows, 1, generation.label, sizeof(generation.label), err) < 0 ||
		    each(&generation, arg, err) < 0)
			return -1;
	}
	return 0;
}

int
ocsp_responders_any_ended(struct db *db, int64_t before, bool *any, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_ANY_ENDED, db_args(db_time(before)), &rows, err) < 0)
		return -1;
	*any = db_rows_next(rows);
	return 0;
}

int
ocsp_responders_delete_ended(struct db *db, int64_t before, uint64_t *count, struct error *err)
{
	return db_exec(db, SQL_DELETE_ENDED, db_args(db_time(before)), count, err);
}

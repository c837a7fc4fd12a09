/* Which SCEP profile is active on an RA profile. */
#include "store/ra_profile_scep.h"

#include <mysqld_error.h>

#include "store/db_rows.h"

static const char SQL_FIND[] =
    "SELECT a.ra_profile_id, a.scep_profile_id, s.name, a.issue_attributes, a.activated_at"
    " FROM ra_profile_scep a JOIN scep_profile s ON s.id = a.scep_profile_id"
    " WHERE a.ra_profile_id = ?";
static const char SQL_ACTIVATE[] =
    "INSERT INTO ra_profile_scep (ra_profile_id, scep_profile_id, issue_attributes, activated_at)"
    " VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE scep_profile_id = VALUES(scep_profile_id),"
    " issue_attributes = VALUES(issue_attributes), activated_at = VALUES(activated_at)";
static const char SQL_DEACTIVATE[] = "DELETE FROM ra_profile_scep WHERE ra_profile_id = ?";
static const char SQL_EACH[] =
    "SELECT a.ra_profile_id, r.name FROM ra_profile_scep a"
    " JOIN ra_profile r ON r.id = a.ra_profile_id WHERE a.scep_profile_id = ? ORDER BY r.name";
static const char SQL_UNLINK[] = "DELETE FROM ra_profile_scep WHERE scep_profile_id = ?";

void
ra_profile_scep_release(struct ra_profile_scep *active)
{
	buf_release(&active->issue_attributes);
}

static int
read_row(const struct db_rows *rows, struct ra_profile_scep *out, struct error *err)
{
	out->ra_profile_id = db_rows_uuid(rows, 0);
	out->scep_profile_id = db_rows_uuid(rows, 1);
	out->activated_at = db_rows_time(rows, 4);
	if (db_rows_text(rows, 2, out->scep_profile, sizeof(out->scep_profile), err) < 0)
		return -1;
	return db_rows_append(rows, 3, &out->issue_attributes, err);
}

int
ra_profile_scep_find(
    struct db *db, const struct uuid *ra_profile_id, struct ra_profile_scep *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	struct ra_profile_scep found = { .issue_attributes =
					     BUF_INIT(RA_PROFILE_SCEP_ATTRIBUTES_MAX) };

	if (db_query(db, SQL_FIND, db_args(db_uuid(ra_profile_id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no SCEP profile is active there");
	if (read_row(rows, &found, err) < 0) {
		ra_profile_scep_release(&found);
		return -1;
	}
	*out = found;
	return 0;
}

int
ra_profile_scep_activate(struct db *db, const struct ra_profile_scep *active, struct error *err)
{
	struct bytes attributes = buf_bytes(&active->issue_attributes);
	struct db_arg text = db_blob(attributes);

	text.type = DB_TEXT;
	if (db_exec(db, SQL_ACTIVATE,
		db_args(db_uuid(&active->ra_profile_id), db_uuid(&active->scep_profile_id), text,
		    db_time(active->activated_at)),
		NULL, err) == 0)
		return 0;
	if (err->number != ER_NO_REFERENCED_ROW_2)
		return -1;
	error_clear(err);
	return error_set(err, ERR_CONFLICT, "the profile was deleted meanwhile");
}

int
ra_profile_scep_deactivate(
    struct db *db, const struct uuid *ra_profile_id, bool *was_active, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_DEACTIVATE, db_args(db_uuid(ra_profile_id)), &rows, err) < 0)
		return -1;
	*was_active = rows > 0;
	return 0;
}

int
ra_profile_scep_each(struct db *db, const struct uuid *scep_profile_id,
    int (*each)(const struct ra_profile_scep_use *use, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH, db_args(db_uuid(scep_profile_id)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct ra_profile_scep_use use = { .ra_profile_id = db_rows_uuid(rows, 0) };

		if (db_rows_text(rows, 1, use.ra_profile, sizeof(use.ra_profile), err) < 0 ||
		    each(&use, arg, err) < 0)
			return -1;
	}
	return 0;
}

int
ra_profile_scep_unlink(struct db *db, const struct uuid *scep_profile_id, struct error *err)
{
	return db_exec(db, SQL_UNLINK, db_args(db_uuid(scep_profile_id)), NULL, err);
}

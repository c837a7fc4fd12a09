/* RA profiles: what keeps a row from being deleted, and what hangs on it. */
#include <mysqld_error.h>

#include "store/db_rows.h"
#include "store/ra_profiles.h"

static const char SQL_ATTRIBUTES[] = "SELECT custom_attributes FROM ra_profile WHERE id = ?";
static const char SQL_SET_ATTRIBUTES[] = "UPDATE ra_profile SET custom_attributes = ? WHERE id = ?";
/* The row first: what is asked after that sees whatever was committed before the lock. */
static const char SQL_LOCK[] =
    "SELECT enabled OR (revision > 1 AND changed_at > UTC_TIMESTAMP(6) - INTERVAL ? SECOND)"
    " FROM ra_profile WHERE id = ? FOR UPDATE";
static const char SQL_USE[] = "SELECT EXISTS (SELECT 1 FROM certificate WHERE ra_profile_id = ?),"
			      " EXISTS (SELECT 1 FROM ra_profile_enroller"
			      " WHERE kind = 'ra_profile' AND value = ? AND ra_profile_id <> ?)";
static const char SQL_DELETE[] = "DELETE FROM ra_profile WHERE id = ? AND revision = ?";
static const char SQL_HOLD[] = "UPDATE ra_profile SET changed_at = UTC_TIMESTAMP(6)"
			       " WHERE name = CONVERT(? USING ascii) AND NOT archived";

int
ra_profiles_attributes(struct db *db, const struct uuid *id, struct buf *json, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_ATTRIBUTES, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	return db_rows_next(rows) ? db_rows_append(rows, 0, json, err) : 0;
}

int
ra_profiles_set_attributes(
    struct db *db, const struct uuid *id, const char *json, struct error *err)
{
	return db_exec(db, SQL_SET_ATTRIBUTES, db_args(db_text(json), db_uuid(id)), NULL, err);
}

int
ra_profiles_lock_use(
    struct db *db, const struct ra_profile *profile, struct ra_profile_use *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *lock = NULL;
	cleanup(db_rows_freep) struct db_rows *use = NULL;

	if (db_query(db, SQL_LOCK, db_args(db_int(RA_PROFILE_QUIET_S), db_uuid(&profile->id)),
		&lock, err) < 0)
		return -1;
	if (!db_rows_next(lock))
		return error_set(err, ERR_NOT_FOUND, "no such RA profile");
	if (db_query(db, SQL_USE,
		db_args(db_uuid(&profile->id), db_text(profile->name), db_uuid(&profile->id)), &use,
		err) < 0)
		return -1;
	if (!db_rows_next(use))
		return error_set(err, ERR_DATABASE, "no answer to EXISTS");
	*out = (struct ra_profile_use){
		.may_issue = db_rows_int(lock, 0) != 0,
		.has_certificates = db_rows_int(use, 0) != 0,
		.is_enroller = db_rows_int(use, 1) != 0,
	};
	return 0;
}

int
ra_profiles_delete(struct db *db, const struct ra_profile *profile, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_DELETE, db_args(db_uuid(&profile->id), db_int(profile->revision)),
		&rows, err) < 0 &&
	    err->number != ER_ROW_IS_REFERENCED_2)
		return -1;
	if (rows == 1)
		return 0;
	error_clear(err);
	return error_set(err, ERR_CONFLICT, "RA profile %s was changed in between", profile->name);
}

int
ra_profiles_hold(struct db *db, const char *name, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_HOLD, db_args(db_text(name)), &rows, err) < 0)
		return -1;
	return rows == 1 ? 0 : error_set(err, ERR_NOT_FOUND, "there is no RA profile %s", name);
}

/* The authority table: logical CAs. */
#include "store/authorities.h"

#include <string.h>

#include "store/db_rows.h"

static const char SQL_INSERT[] = "INSERT INTO authority (id, name, created_at) VALUES (?, ?, ?)";
/* Converted, since a text that is not ASCII cannot be compared with a column that is. */
static const char SQL_FIND[] =
    "SELECT id, name, created_at FROM authority WHERE name = CONVERT(? USING ascii)";
static const char SQL_FIND_ID[] = "SELECT id, name, created_at FROM authority WHERE id = ?";
static const char SQL_EACH[] = "SELECT id, name, created_at FROM authority ORDER BY name";
static const char SQL_LOCK[] = "SELECT id FROM authority WHERE id = ? FOR UPDATE";
static const char SQL_NEXT[] = "SELECT CAST(COALESCE(MAX(number), 0) + 1 AS UNSIGNED) FROM "
			       "authority_generation WHERE authority_id = ?";

int
authorities_insert(struct db *db, const struct authority *authority, struct error *err)
{
	return db_exec(db, SQL_INSERT,
	    db_args(
		db_uuid(&authority->id), db_text(authority->name), db_time(authority->created_at)),
	    NULL, err);
}

static int
read_row(const struct db_rows *rows, struct authority *authority, struct error *err)
{
	authority->id = db_rows_uuid(rows, 0);
	authority->created_at = db_rows_time(rows, 2);
	if (db_rows_text(rows, 1, authority->name, sizeof(authority->name), err) < 0)
		return error_prefix(err, "authority");
	return 0;
}

int
authorities_find(struct db *db, const char *name, struct authority *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	struct authority authority;

	if (db_query(db, SQL_FIND, db_args(db_text(name)), &rows, err) < 0)
		return -1;
	if (db_rows_next(rows) && read_row(rows, &authority, err) < 0)
		return -1;
	/* The collation takes "Demo" and "demo " for "demo"; a name is one exact text. */
	if (db_rows_count(rows) == 0 || strcmp(authority.name, name) != 0)
		return error_set(err, ERR_NOT_FOUND, "no authority '%s'", name);
	*out = authority;
	return 0;
}

int
authorities_find_id(struct db *db, const struct uuid *id, struct authority *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	struct authority authority;

	if (db_query(db, SQL_FIND_ID, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such authority");
	if (read_row(rows, &authority, err) < 0)
		return -1;
	*out = authority;
	return 0;
}

int
authorities_each(struct db *db,
    int (*each)(const struct authority *authority, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH, db_no_args, &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct authority authority;

		if (read_row(rows, &authority, err) < 0 || each(&authority, arg, err) < 0)
			return -1;
	}
	return 0;
}

int
authorities_next_number(
    struct db *db, const struct uuid *authority_id, unsigned *number, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *locked = NULL;
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_LOCK, db_args(db_uuid(authority_id)), &locked, err) < 0)
		return -1;
	if (!db_rows_next(locked))
		return error_set(err, ERR_NOT_FOUND, "no such authority");
	if (db_query(db, SQL_NEXT, db_args(db_uuid(authority_id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "no answer to MAX(number)");
	*number = (unsigned)db_rows_int(rows, 0);
	return 0;
}

/* Groups of certificates. */
#include "store/certificate_groups.h"

#include <mysqld_error.h>

#include "store/db_rows.h"

#define SELECT "SELECT g.id, g.name, g.description, g.email"
#define FIVE "?, ?, ?, ?, ?"

enum { COLUMN_ID, COLUMN_NAME, COLUMN_DESCRIPTION, COLUMN_EMAIL, COLUMN_CERTIFICATE };
enum { NAME_CHARACTERS = 255, DESCRIPTION_CHARACTERS = 1024, EMAIL_CHARACTERS = 320, BATCH = 25 };

static const char SQL_INSERT[] = "INSERT INTO certificate_group (id, name, description, email,"
				 " created_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP())";
static const char SQL_UPDATE[] =
    "UPDATE certificate_group SET name = ?, description = ?, email = ? WHERE id = ?";
static const char SQL_DELETE[] = "DELETE FROM certificate_group WHERE id = ?";
static const char SQL_EXISTS[] = "SELECT 1 FROM certificate_group WHERE id = ?";
static const char SQL_FIND[] = SELECT " FROM certificate_group g WHERE g.id = ?";
static const char SQL_EACH[] = SELECT " FROM certificate_group g ORDER BY g.name";
static const char SQL_EMPTY[] = "DELETE FROM certificate_group_member WHERE group_id = ?"
				" ORDER BY certificate_id LIMIT 1000";
static const char SQL_OF[] =
    SELECT ", m.certificate_id FROM certificate_group_member m FORCE INDEX"
	   " (certificate_group_member_of) JOIN certificate_group g ON g.id = m.group_id"
	   " WHERE m.certificate_id IN (" FIVE ", " FIVE ", " FIVE ", " FIVE ", " FIVE ")"
	   " ORDER BY m.certificate_id, g.name";
static const char SQL_HAS_CERTIFICATE[] = "SELECT 1 FROM certificate WHERE id = ?";
static const char SQL_LEAVE[] = "DELETE FROM certificate_group_member WHERE certificate_id = ?";
static const char SQL_JOIN[] =
    "INSERT INTO certificate_group_member (group_id, certificate_id) VALUES (?, ?)";

/* A fault of writing, in words of its own. */
static int
explain(const struct certificate_group *group, struct error *err)
{
	bool is_taken = error_is(err, ERR_CONFLICT);

	if (!is_taken && err->number != ER_DATA_TOO_LONG)
		return -1;
	error_clear(err);
	if (is_taken)
		return error_set(
		    err, ERR_CONFLICT, "there is a group \"%.300s\" already", group->name);
	return error_set(err, ERR_VALIDATION,
	    "a group's name has 1 to %d characters, its description at most %d, its email"
	    " address %d",
	    NAME_CHARACTERS, DESCRIPTION_CHARACTERS, EMAIL_CHARACTERS);
}

static int
check(const struct certificate_group *group, struct error *err)
{
	if (group->name[0] == '\0')
		return error_set(err, ERR_VALIDATION, "a group needs a name");
	return 0;
}

int
certificate_groups_insert(struct db *db, const struct certificate_group *group, struct error *err)
{
	if (check(group, err) < 0)
		return -1;
	if (db_exec(db, SQL_INSERT,
		db_args(db_uuid(&group->id), db_text(group->name), db_filled(group->description),
		    db_filled(group->email)),
		NULL, err) < 0)
		return explain(group, err);
	return 0;
}

static int
must_exist(
    struct db *db, const char *sql, const struct uuid *id, const char *what, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	return db_rows_next(rows) ? 0 : error_set(err, ERR_NOT_FOUND, "no such %s", what);
}

int
certificate_groups_update(struct db *db, const struct certificate_group *group, struct error *err)
{
	uint64_t rows = 0;

	if (check(group, err) < 0)
		return -1;
	if (db_exec(db, SQL_UPDATE,
		db_args(db_text(group->name), db_filled(group->description),
		    db_filled(group->email), db_uuid(&group->id)),
		&rows, err) < 0)
		return explain(group, err);
	/* What stays as it was counts as no row. */
	return rows > 0 ? 0 : must_exist(db, SQL_EXISTS, &group->id, "group", err);
}

/* In parts: a statement has a time limit. */
static int
remove_members(struct db *db, const struct uuid *id, struct error *err)
{
	uint64_t rows = 1;

	while (rows > 0)
		if (db_exec(db, SQL_EMPTY, db_args(db_uuid(id)), &rows, err) < 0)
			return -1;
	return 0;
}

int
certificate_groups_delete(struct db *db, const struct uuid *id, struct error *err)
{
	uint64_t rows = 0;

	if (remove_members(db, id, err) < 0 ||
	    db_exec(db, SQL_DELETE, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	return rows > 0 ? 0 : error_set(err, ERR_NOT_FOUND, "no such group");
}

static int
read_group(const struct db_rows *rows, struct certificate_group *out, struct error *err)
{
	out->id = db_rows_uuid(rows, COLUMN_ID);
	if (db_rows_text(rows, COLUMN_NAME, out->name, sizeof(out->name), err) < 0 ||
	    db_rows_text(
		rows, COLUMN_DESCRIPTION, out->description, sizeof(out->description), err) < 0 ||
	    db_rows_text(rows, COLUMN_EMAIL, out->email, sizeof(out->email), err) < 0)
		return error_prefix(err, "group");
	return 0;
}

int
certificate_groups_find(
    struct db *db, const struct uuid *id, struct certificate_group *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_FIND, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such group");
	return read_group(rows, out, err);
}

int
certificate_groups_each(struct db *db, struct certificate_group_visit visit, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH, db_no_args, &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct certificate_group group;

		if (read_group(rows, &group, err) < 0 || visit.each(&group, visit.arg, err) < 0)
			return -1;
	}
	return 0;
}

static int
visit_batch(struct db *db, const struct uuid *certificates, size_t count,
    struct certificate_membership_visit visit, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	struct db_arg args[BATCH];

	/* The last one again where there are fewer. */
	for (size_t i = 0; i < BATCH; i++)
		args[i] = db_uuid(&certificates[i < count ? i : count - 1]);
	if (db_query(db, SQL_OF, (struct db_args){ args, BATCH }, &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct certificate_group group;
		struct certificate_membership membership = { .group = &group };

		membership.certificate_id = db_rows_uuid(rows, COLUMN_CERTIFICATE);
		if (read_group(rows, &group, err) < 0 ||
		    visit.each(&membership, visit.arg, err) < 0)
			return -1;
	}
	return 0;
}

int
certificate_groups_of(struct db *db, const struct uuid *certificates, size_t count,
    struct certificate_membership_visit visit, struct error *err)
{
	for (size_t at = 0; at < count; at += BATCH)
		if (visit_batch(db, certificates + at, count - at < BATCH ? count - at : BATCH,
			visit, err) < 0)
			return -1;
	return 0;
}

/* That it is a member already, by another's doing or named twice, is no fault. */
static int
join(struct db *db, const struct uuid *certificate_id, const struct uuid *group, struct error *err)
{
	if (db_exec(db, SQL_JOIN, db_args(db_uuid(group), db_uuid(certificate_id)), NULL, err) == 0)
		return 0;
	if (error_is(err, ERR_CONFLICT)) {
		error_clear(err);
		return 0;
	}
	if (err->number != ER_NO_REFERENCED_ROW_2)
		return -1;
	error_clear(err);
	return error_set(err, ERR_NOT_FOUND, "no such group");
}

int
certificate_groups_set(struct db *db, const struct uuid *certificate_id, const struct uuid *groups,
    size_t count, struct error *err)
{
	if (count > CERTIFICATE_GROUPS_OF_ONE)
		return error_set(err, ERR_VALIDATION, "a certificate is in at most %d groups",
		    CERTIFICATE_GROUPS_OF_ONE);
	if (must_exist(db, SQL_HAS_CERTIFICATE, certificate_id, "certificate", err) < 0 ||
	    db_exec(db, SQL_LEAVE, db_args(db_uuid(certificate_id)), NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (join(db, certificate_id, &groups[i], err) < 0)
			return -1;
	return 0;
}

/* The table of SCEP profiles. */
#include "store/scep_profiles.h"

#include <mysqld_error.h>
#include <string.h>

#include "base/text.h"
#include "store/db_rows.h"

/* An archived RA profile is gone for everybody but its certificates. */
#define SELECT \
	"SELECT s.id, s.name, s.description, s.enabled, s.revision, r.id, r.name, r.enabled," \
	" r.authority_id, s.ca_certificate_id, s.renewal_threshold, s.include_ca_certificate," \
	" s.include_ca_chain, s.enable_intune, s.intune_tenant, s.intune_application_id," \
	" s.challenge_password, s.intune_application_key, s.issue_attributes," \
	" s.custom_attributes, s.created_at FROM scep_profile s" \
	" LEFT JOIN ra_profile r ON r.id = s.ra_profile_id AND NOT r.archived"

enum {
	COLUMN_ID,
	COLUMN_NAME,
	COLUMN_DESCRIPTION,
	COLUMN_ENABLED,
	COLUMN_REVISION,
	COLUMN_RA_ID,
	COLUMN_RA_NAME,
	COLUMN_RA_ENABLED,
	COLUMN_RA_AUTHORITY,
	COLUMN_CA_CERTIFICATE,
	COLUMN_RENEWAL_THRESHOLD,
	COLUMN_INCLUDE_CA_CERTIFICATE,
	COLUMN_INCLUDE_CA_CHAIN,
	COLUMN_ENABLE_INTUNE,
	COLUMN_INTUNE_TENANT,
	COLUMN_INTUNE_APPLICATION_ID,
	COLUMN_CHALLENGE_PASSWORD,
	COLUMN_INTUNE_APPLICATION_KEY,
	COLUMN_ISSUE_ATTRIBUTES,
	COLUMN_CUSTOM_ATTRIBUTES,
	COLUMN_CREATED_AT
};

enum { PAGE_ROWS = 100 };

static const char SQL_FIND_ID[] = SELECT " WHERE s.id = ?";
static const char SQL_FIND_NAME[] = SELECT " WHERE s.name = CONVERT(? USING ascii)";
static const char SQL_PAGE[] =
    SELECT " WHERE s.name > CONVERT(? USING ascii) ORDER BY s.name LIMIT ?";
static const char SQL_HAS_NAME[] =
    "SELECT id FROM scep_profile WHERE name = CONVERT(? USING ascii)";
static const char SQL_LOCK[] = "SELECT id FROM scep_profile WHERE id = ? FOR UPDATE";
static const char SQL_INSERT[] =
    "INSERT INTO scep_profile (description, enabled, ra_profile_id, ca_certificate_id,"
    " renewal_threshold, include_ca_certificate, include_ca_chain, enable_intune, intune_tenant,"
    " intune_application_id, challenge_password, intune_application_key, issue_attributes,"
    " custom_attributes, id, revision, name, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_UPDATE[] =
    "UPDATE scep_profile SET description = ?, enabled = ?, ra_profile_id = ?,"
    " ca_certificate_id = ?, renewal_threshold = ?, include_ca_certificate = ?,"
    " include_ca_chain = ?, enable_intune = ?, intune_tenant = ?, intune_application_id = ?,"
    " challenge_password = ?, intune_application_key = ?, issue_attributes = ?,"
    " custom_attributes = ?, revision = revision + 1 WHERE id = ? AND revision = ?";
static const char SQL_DELETE[] = "DELETE FROM scep_profile WHERE id = ? AND revision = ?";
static const char SQL_OF_RA[] =
    "SELECT name FROM scep_profile WHERE ra_profile_id = ? ORDER BY name";
static const char SQL_UNSET_RA[] = "UPDATE scep_profile SET ra_profile_id = NULL,"
				   " revision = revision + 1 WHERE ra_profile_id = ?";
static const char SQL_HOLD_RA[] =
    "SELECT id FROM ra_profile WHERE id = ? AND NOT archived LOCK IN SHARE MODE";

/* NULL where the column is. */
static int
read_text(const struct db_rows *rows, unsigned column, char **out, struct error *err)
{
	if (db_rows_is_null(rows, column))
		return 0;
	return text_set(out, db_rows_bytes(rows, column), err);
}

static int
read_texts(const struct db_rows *rows, struct scep_profile *profile, struct error *err)
{
	if (db_rows_text(rows, COLUMN_NAME, profile->name, sizeof(profile->name), err) < 0 ||
	    db_rows_text(
		rows, COLUMN_RA_NAME, profile->ra_profile, sizeof(profile->ra_profile), err) < 0 ||
	    read_text(rows, COLUMN_DESCRIPTION, &profile->description, err) < 0 ||
	    read_text(rows, COLUMN_INTUNE_TENANT, &profile->intune_tenant, err) < 0)
		return -1;
	return read_text(rows, COLUMN_INTUNE_APPLICATION_ID, &profile->intune_application_id, err);
}

static int
read_bufs(const struct db_rows *rows, struct scep_profile *profile, struct error *err)
{
	if (db_rows_append(rows, COLUMN_CHALLENGE_PASSWORD, &profile->challenge_password, err) <
		0 ||
	    db_rows_append(
		rows, COLUMN_INTUNE_APPLICATION_KEY, &profile->intune_application_key, err) < 0 ||
	    db_rows_append(rows, COLUMN_ISSUE_ATTRIBUTES, &profile->issue_attributes, err) < 0)
		return -1;
	return db_rows_append(rows, COLUMN_CUSTOM_ATTRIBUTES, &profile->custom_attributes, err);
}

static void
read_ra(const struct db_rows *rows, struct scep_profile *profile)
{
	profile->has_ra_profile = !db_rows_is_null(rows, COLUMN_RA_ID);
	if (!profile->has_ra_profile)
		return;
	profile->ra_profile_id = db_rows_uuid(rows, COLUMN_RA_ID);
	profile->ra_profile_enabled = db_rows_int(rows, COLUMN_RA_ENABLED) != 0;
	profile->ra_authority_id = db_rows_uuid(rows, COLUMN_RA_AUTHORITY);
}

static void
read_numbers(const struct db_rows *rows, struct scep_profile *profile)
{
	profile->id = db_rows_uuid(rows, COLUMN_ID);
	profile->enabled = db_rows_int(rows, COLUMN_ENABLED) != 0;
	profile->revision = (unsigned)db_rows_int(rows, COLUMN_REVISION);
	profile->ca_certificate_id = db_rows_uuid(rows, COLUMN_CA_CERTIFICATE);
	profile->has_renewal_threshold = !db_rows_is_null(rows, COLUMN_RENEWAL_THRESHOLD);
	if (profile->has_renewal_threshold)
		profile->renewal_threshold = (int32_t)db_rows_int(rows, COLUMN_RENEWAL_THRESHOLD);
	profile->include_ca_certificate = db_rows_int(rows, COLUMN_INCLUDE_CA_CERTIFICATE) != 0;
	profile->include_ca_chain = db_rows_int(rows, COLUMN_INCLUDE_CA_CHAIN) != 0;
	profile->enable_intune = db_rows_int(rows, COLUMN_ENABLE_INTUNE) != 0;
	profile->created_at = db_rows_time(rows, COLUMN_CREATED_AT);
}

static int
read_row(const struct db_rows *rows, struct scep_profile **out, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *profile = scep_profile_new();

	if (profile == NULL) {
		(void)error_set(err, ERR_INTERNAL, "out of memory for a SCEP profile");
		return -1;
	}
	read_numbers(rows, profile);
	read_ra(rows, profile);
	if (read_texts(rows, profile, err) < 0 || read_bufs(rows, profile, err) < 0) {
		(void)error_prefix(err, "scep_profile");
		return -1;
	}
	*out = take(profile);
	return 0;
}

static int
find(struct db *db, const char *sql, struct db_args args, struct scep_profile **out,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows)) {
		(void)error_set(err, ERR_NOT_FOUND, "no such SCEP profile");
		return -1;
	}
	return read_row(rows, out, err);
}

int
scep_profiles_find_id(
    struct db *db, const struct uuid *id, struct scep_profile **out, struct error *err)
{
	return find(db, SQL_FIND_ID, db_args(db_uuid(id)), out, err);
}

int
scep_profiles_find(struct db *db, const char *name, struct scep_profile **out, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;

	if (find(db, SQL_FIND_NAME, db_args(db_text(name)), &profile, err) < 0)
		return -1;
	/* The collation takes "x " for "x"; a name is one exact text. */
	if (strcmp(profile->name, name) != 0)
		return error_set(err, ERR_NOT_FOUND, "no such SCEP profile");
	*out = take(profile);
	return 0;
}

int
scep_profiles_lock(
    struct db *db, const struct uuid *id, struct scep_profile **out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	/* Alone, not with the join, which would lock the RA profile's row too. */
	if (db_query(db, SQL_LOCK, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	return scep_profiles_find_id(db, id, out, err);
}

struct visit {
	int (*each)(const struct scep_profile *profile, void *arg, struct error *err);
	void *arg;
};

/* Visits one page behind *name, which becomes that of the last one; *more: it was full. */
static int
visit_page(struct db *db, const struct visit *visit, char name[SCEP_PROFILE_NAME_MAX + 1],
    bool *more, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_PAGE, db_args(db_text(name), db_int(PAGE_ROWS)), &rows, err) < 0)
		return -1;
	*more = db_rows_count(rows) == PAGE_ROWS;
	while (db_rows_next(rows)) {
		cleanup(scep_profile_freep) struct scep_profile *profile = NULL;

		if (read_row(rows, &profile, err) < 0 || visit->each(profile, visit->arg, err) < 0)
			return -1;
		memcpy(name, profile->name, sizeof(profile->name));
	}
	return 0;
}

int
scep_profiles_each(struct db *db,
    int (*each)(const struct scep_profile *profile, void *arg, struct error *err), void *arg,
    struct error *err)
{
	const struct visit visit = { .each = each, .arg = arg };
	char name[SCEP_PROFILE_NAME_MAX + 1] = "";
	bool more = true;

	while (more)
		if (visit_page(db, &visit, name, &more, err) < 0)
			return -1;
	return 0;
}

int
scep_profiles_has_name(struct db *db, const char *name, bool *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_HAS_NAME, db_args(db_text(name)), &rows, err) < 0)
		return -1;
	*out = db_rows_count(rows) > 0;
	return 0;
}

static struct db_arg
sealed(const struct buf *blob)
{
	return blob->len > 0 ? db_blob(buf_bytes(blob)) : db_null();
}

static struct db_arg
json(const struct buf *text)
{
	struct db_arg arg = db_text("[]");

	if (text->len > 0)
		arg.bytes = buf_bytes(text);
	return arg;
}

/* The arguments that both statements start with. */
#define COLUMNS(p) \
	db_text((p)->description), db_int((p)->enabled), \
	    db_uuid((p)->has_ra_profile ? &(p)->ra_profile_id : NULL), \
	    db_uuid(&(p)->ca_certificate_id), \
	    (p)->has_renewal_threshold ? db_int((p)->renewal_threshold) : db_null(), \
	    db_int((p)->include_ca_certificate), db_int((p)->include_ca_chain), \
	    db_int((p)->enable_intune), db_text((p)->intune_tenant), \
	    db_text((p)->intune_application_id), sealed(&(p)->challenge_password), \
	    sealed(&(p)->intune_application_key), json(&(p)->issue_attributes), \
	    json(&(p)->custom_attributes)

/* The table's one foreign key is that of the RA profile. */
static int
explain(struct error *err)
{
	if (!error_is(err, ERR_DATABASE) || err->number != ER_NO_REFERENCED_ROW_2)
		return -1;
	error_clear(err);
	return error_set(err, ERR_NOT_FOUND, "no such RA profile");
}

int
scep_profiles_insert(struct db *db, const struct scep_profile *profile, struct error *err)
{
	if (db_exec(db, SQL_INSERT,
		db_args(COLUMNS(profile), db_uuid(&profile->id), db_int(profile->revision),
		    db_text(profile->name), db_time(profile->created_at)),
		NULL, err) < 0)
		return explain(err);
	return 0;
}

static int
check_one_row(uint64_t rows, const struct scep_profile *profile, struct error *err)
{
	if (rows == 1)
		return 0;
	return error_set(
	    err, ERR_CONFLICT, "SCEP profile %.200s was changed in between", profile->name);
}

int
scep_profiles_update(struct db *db, const struct scep_profile *profile, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_UPDATE,
		db_args(COLUMNS(profile), db_uuid(&profile->id), db_int(profile->revision)), &rows,
		err) < 0)
		return explain(err);
	return check_one_row(rows, profile, err);
}

int
scep_profiles_delete(struct db *db, const struct scep_profile *profile, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_DELETE, db_args(db_uuid(&profile->id), db_int(profile->revision)),
		&rows, err) < 0) {
		if (!error_is(err, ERR_DATABASE) || err->number != ER_ROW_IS_REFERENCED_2)
			return -1;
		error_clear(err);
		return error_set(err, ERR_CONFLICT,
		    "SCEP profile %.200s was activated on an RA profile in between", profile->name);
	}
	return check_one_row(rows, profile, err);
}

int
scep_profiles_each_of_ra(struct db *db, const struct uuid *ra_profile_id,
    int (*each)(const char *name, void *arg, struct error *err), void *arg, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	char name[SCEP_PROFILE_NAME_MAX + 1];

	if (db_query(db, SQL_OF_RA, db_args(db_uuid(ra_profile_id)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows))
		if (db_rows_text(rows, 0, name, sizeof(name), err) < 0 || each(name, arg, err) < 0)
			return -1;
	return 0;
}

int
scep_profiles_unset_ra(struct db *db, const struct uuid *ra_profile_id, struct error *err)
{
	return db_exec(db, SQL_UNSET_RA, db_args(db_uuid(ra_profile_id)), NULL, err);
}

int
scep_profiles_hold_ra(struct db *db, const struct uuid *ra_profile_id, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_HOLD_RA, db_args(db_uuid(ra_profile_id)), &rows, err) < 0)
		return -1;
	return db_rows_next(rows) ? 0 : error_set(err, ERR_NOT_FOUND, "no such RA profile");
}

/* The tables of RA profiles and of who may enroll through them. */
#include "store/ra_profiles.h"

#include <string.h>

#include "store/db_rows.h"

#define TEXTS \
	"description, key_types, key_usages, allowed_ekus, default_ekus, san_types, subject_rule," \
	" protocols, renewable_types"
#define NUMBERS \
	"enabled, archived, min_rsa_bits, max_rsa_bits, validity_days, min_remaining_days," \
	" max_sans, add_cdp"

/*
 * One statement reads profiles and enrollers, a row an enroller, so that rules and
 * enrollers are of the same revision.
 */
#define SELECT \
	"SELECT id, authority_id, revision, created_at, name, " TEXTS ", " NUMBERS \
	", kind, value FROM ra_profile LEFT JOIN ra_profile_enroller ON ra_profile_id = id "
#define ORDER " ORDER BY name, kind, value"

enum {
	COLUMN_ID,
	COLUMN_AUTHORITY,
	COLUMN_REVISION,
	COLUMN_CREATED,
	COLUMN_NAME,
	COLUMN_TEXTS,
	COLUMN_NUMBERS = COLUMN_TEXTS + 9,
	COLUMN_KIND = COLUMN_NUMBERS + 8,
	COLUMN_VALUE
};

static const char SQL_FIND[] = SELECT "WHERE name = CONVERT(? USING ascii)" ORDER;
static const char SQL_FIND_ID[] = SELECT "WHERE id = ?" ORDER;
static const char SQL_FIND_ENABLED[] = SELECT "WHERE enabled AND NOT archived" ORDER;
static const char SQL_EACH[] = SELECT ORDER;
static const char SQL_INSERT[] =
    "INSERT INTO ra_profile (" TEXTS ", " NUMBERS ", authority_id, name, id, revision, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_UPDATE[] =
    "UPDATE ra_profile SET description = ?, key_types = ?, key_usages = ?, allowed_ekus = ?,"
    " default_ekus = ?, san_types = ?, subject_rule = ?, protocols = ?, renewable_types = ?,"
    " enabled = ?, archived = ?, min_rsa_bits = ?, max_rsa_bits = ?, validity_days = ?,"
    " min_remaining_days = ?, max_sans = ?, add_cdp = ?, authority_id = ?, name = ?,"
    " revision = revision + 1 WHERE id = ? AND revision = ?";
static const char SQL_CLEAR_ENROLLERS[] = "DELETE FROM ra_profile_enroller WHERE ra_profile_id = ?";
static const char SQL_ADD_ENROLLER[] =
    "INSERT INTO ra_profile_enroller (ra_profile_id, kind, value) VALUES (?, ?, ?)";

/* In the order of TEXTS. */
static const struct {
	size_t offset;
	size_t size;
} TEXT_FIELDS[] = {
#define TEXT_FIELD(name) \
	{ \
		offsetof(struct ra_profile, name), sizeof(((struct ra_profile *)0)->name) \
	}
	TEXT_FIELD(description),
	TEXT_FIELD(key_types),
	TEXT_FIELD(key_usages),
	TEXT_FIELD(allowed_ekus),
	TEXT_FIELD(default_ekus),
	TEXT_FIELD(san_types),
	TEXT_FIELD(subject_rule),
	TEXT_FIELD(protocols),
	TEXT_FIELD(renewable_types),
};

static int
read_texts(const struct db_rows *rows, struct ra_profile *profile, struct error *err)
{
	if (db_rows_text(rows, COLUMN_NAME, profile->name, sizeof(profile->name), err) < 0)
		return -1;
	for (unsigned i = 0; i < sizeof(TEXT_FIELDS) / sizeof(TEXT_FIELDS[0]); i++)
		if (db_rows_text(rows, COLUMN_TEXTS + i, (char *)profile + TEXT_FIELDS[i].offset,
			TEXT_FIELDS[i].size, err) < 0)
			return -1;
	return 0;
}

static void
read_numbers(const struct db_rows *rows, struct ra_profile *profile)
{
	unsigned column = COLUMN_NUMBERS;

	profile->enabled = db_rows_int(rows, column++) != 0;
	profile->archived = db_rows_int(rows, column++) != 0;
	profile->min_rsa_bits = (unsigned)db_rows_int(rows, column++);
	profile->max_rsa_bits = (unsigned)db_rows_int(rows, column++);
	profile->validity_days = (unsigned)db_rows_int(rows, column++);
	profile->min_remaining_days = (unsigned)db_rows_int(rows, column++);
	profile->max_sans = (unsigned)db_rows_int(rows, column++);
	profile->add_cdp = db_rows_int(rows, column) != 0;
}

static int
read_enroller(const struct db_rows *rows, struct ra_profile *profile, struct error *err)
{
	struct bytes name = db_rows_bytes(rows, COLUMN_KIND);
	char value[sizeof(profile->enrollers->value)];

	if (db_rows_is_null(rows, COLUMN_KIND))
		return 0;
	if (db_rows_text(rows, COLUMN_VALUE, value, sizeof(value), err) < 0)
		return -1;
	for (enum enroller_kind kind = ENROLLER_ROLE; kind <= ENROLLER_CERTIFICATE; kind++)
		if (bytes_equal_text(name, enroller_kind_name(kind)))
			return ra_profile_add_enroller(profile, kind, value, err);
	return error_set(err, ERR_DATABASE, "unknown kind of enroller");
}

static int
read_rules(const struct db_rows *rows, struct ra_profile *profile, struct error *err)
{
	profile->id = db_rows_uuid(rows, COLUMN_ID);
	profile->authority_id = db_rows_uuid(rows, COLUMN_AUTHORITY);
	profile->revision = (unsigned)db_rows_int(rows, COLUMN_REVISION);
	profile->created_at = db_rows_time(rows, COLUMN_CREATED);
	read_numbers(rows, profile);
	return read_texts(rows, profile, err);
}

static bool
is_next_profile(const struct db_rows *rows, const struct ra_profile *profile)
{
	struct uuid id = db_rows_uuid(rows, COLUMN_ID);

	return memcmp(&id, &profile->id, sizeof(id)) != 0;
}

/*
 * Reads the profile that starts at the row at hand, with all its enrollers; *more:
 * the row at hand is the next profile's then.
 */
static int
read_group(struct db_rows *rows, struct ra_profile **out, bool *more, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = ra_profile_new();

	if (profile == NULL) {
		(void)error_set(err, ERR_INTERNAL, "out of memory for an RA profile");
		return -1;
	}
	if (read_rules(rows, profile, err) < 0)
		return error_prefix(err, "ra_profile");
	do {
		if (read_enroller(rows, profile, err) < 0)
			return error_prefix(err, "ra_profile_enroller");
		*more = db_rows_next(rows);
	} while (*more && !is_next_profile(rows, profile));
	*out = take(profile);
	return 0;
}

/* The one that the query finds; ERR_CONFLICT when there is another. */
static int
find(
    struct db *db, const char *sql, struct db_args args, struct ra_profile **out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	bool several = false;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows)) {
		(void)error_set(err, ERR_NOT_FOUND, "no such RA profile");
		return -1;
	}
	if (read_group(rows, &profile, &several, err) < 0)
		return -1;
	if (several) {
		(void)error_set(err, ERR_CONFLICT, "several RA profiles are enabled");
		return -1;
	}
	*out = take(profile);
	return 0;
}

int
ra_profiles_find(struct db *db, const char *name, struct ra_profile **out, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	if (find(db, SQL_FIND, db_args(db_text(name)), &profile, err) < 0)
		return -1;
	/* The collation takes "Default" and "default " for "default"; a name is one exact text. */
	if (strcmp(profile->name, name) != 0)
		return error_set(err, ERR_NOT_FOUND, "no such RA profile");
	*out = take(profile);
	return 0;
}

int
ra_profiles_find_id(
    struct db *db, const struct uuid *id, struct ra_profile **out, struct error *err)
{
	return find(db, SQL_FIND_ID, db_args(db_uuid(id)), out, err);
}

int
ra_profiles_find_only(struct db *db, struct ra_profile **out, struct error *err)
{
	return find(db, SQL_FIND_ENABLED, db_no_args, out, err);
}

int
ra_profiles_each(struct db *db,
    int (*each)(const struct ra_profile *profile, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	bool more;

	if (db_query(db, SQL_EACH, db_no_args, &rows, err) < 0)
		return -1;
	more = db_rows_next(rows);
	while (more) {
		cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

		if (read_group(rows, &profile, &more, err) < 0 || each(profile, arg, err) < 0)
			return -1;
	}
	return 0;
}

/* The arguments that both statements start with: TEXTS, NUMBERS, authority and name. */
#define RULES(p) \
	db_text((p)->description), db_text((p)->key_types), db_text((p)->key_usages), \
	    db_text((p)->allowed_ekus), db_text((p)->default_ekus), db_text((p)->san_types), \
	    db_text((p)->subject_rule), db_text((p)->protocols), db_text((p)->renewable_types), \
	    db_int((p)->enabled), db_int((p)->archived), db_int((p)->min_rsa_bits), \
	    db_int((p)->max_rsa_bits), db_int((p)->validity_days), \
	    db_int((p)->min_remaining_days), db_int((p)->max_sans), db_int((p)->add_cdp), \
	    db_uuid(&(p)->authority_id), db_text((p)->name)

static int
insert_enrollers(struct db *db, const struct ra_profile *profile, struct error *err)
{
	for (size_t i = 0; i < profile->enroller_count; i++) {
		const struct enroller *enroller = &profile->enrollers[i];

		if (db_exec(db, SQL_ADD_ENROLLER,
			db_args(db_uuid(&profile->id), db_text(enroller_kind_name(enroller->kind)),
			    db_text(enroller->value)),
			NULL, err) < 0)
			return -1;
	}
	return 0;
}

int
ra_profiles_insert(struct db *db, const struct ra_profile *profile, struct error *err)
{
	if (db_exec(db, SQL_INSERT,
		db_args(RULES(profile), db_uuid(&profile->id), db_int(profile->revision),
		    db_time(profile->created_at)),
		NULL, err) < 0)
		return -1;
	return insert_enrollers(db, profile, err);
}

int
ra_profiles_update(struct db *db, const struct ra_profile *profile, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_UPDATE,
		db_args(RULES(profile), db_uuid(&profile->id), db_int(profile->revision)), &rows,
		err) < 0)
		return -1;
	if (rows != 1)
		return error_set(
		    err, ERR_CONFLICT, "RA profile %s was changed in between", profile->name);
	if (db_exec(db, SQL_CLEAR_ENROLLERS, db_args(db_uuid(&profile->id)), NULL, err) < 0)
		return -1;
	return insert_enrollers(db, profile, err);
}

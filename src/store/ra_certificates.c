/* The certificates of registration authorities, and who else has a key for SCEP. */
#include "store/ra_certificates.h"

#include "store/db_rows.h"

#define SELECT "SELECT certificate_id, authority_id, key_id, created_at FROM ra_certificate"

static const char SQL_INSERT[] =
    "INSERT INTO ra_certificate (certificate_id, authority_id, key_id, created_at)"
    " VALUES (?, ?, ?, ?)";
static const char SQL_FIND[] = SELECT " WHERE certificate_id = ?";
static const char SQL_COUNT[] = "SELECT COUNT(*) FROM ra_certificate WHERE authority_id = ?";
static const char SQL_COUNT_USERS[] =
    "SELECT COUNT(*) FROM scep_profile WHERE ca_certificate_id = ?";
/* Ids are UUIDs of version 7, so that their order is that of making. */
static const char SQL_EACH[] = SELECT " ORDER BY certificate_id DESC LIMIT ?";
static const char SQL_EACH_HOLDER[] =
    "SELECT id, is_generation FROM ("
    "SELECT r.certificate_id AS id, 0 AS is_generation FROM ra_certificate r"
    " JOIN managed_key k ON k.id = r.key_id WHERE FIND_IN_SET('scep', k.usages) > 0"
    " UNION ALL SELECT g.id, 1 FROM authority_generation g"
    " JOIN managed_key k ON k.id = g.key_id WHERE FIND_IN_SET('scep', k.usages) > 0"
    " AND g.certificate IS NOT NULL) holder ORDER BY id DESC LIMIT ?";

int
ra_certificates_insert(struct db *db, const struct ra_certificate *certificate, struct error *err)
{
	return db_exec(db, SQL_INSERT,
	    db_args(db_uuid(&certificate->certificate_id), db_uuid(&certificate->authority_id),
		db_uuid(&certificate->key_id), db_time(certificate->created_at)),
	    NULL, err);
}

static struct ra_certificate
read_row(const struct db_rows *rows)
{
	return (struct ra_certificate){
		.certificate_id = db_rows_uuid(rows, 0),
		.authority_id = db_rows_uuid(rows, 1),
		.key_id = db_rows_uuid(rows, 2),
		.created_at = db_rows_time(rows, 3),
	};
}

int
ra_certificates_find(
    struct db *db, const struct uuid *certificate_id, struct ra_certificate *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_FIND, db_args(db_uuid(certificate_id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no certificate of a registration authority");
	*out = read_row(rows);
	return 0;
}

static int
count(struct db *db, const char *sql, const struct uuid *id, int64_t *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "no answer to COUNT");
	*out = db_rows_int(rows, 0);
	return 0;
}

int
ra_certificates_count(
    struct db *db, const struct uuid *authority_id, int64_t *out, struct error *err)
{
	return count(db, SQL_COUNT, authority_id, out, err);
}

int
ra_certificates_count_users(
    struct db *db, const struct uuid *certificate_id, int64_t *out, struct error *err)
{
	return count(db, SQL_COUNT_USERS, certificate_id, out, err);
}

int
ra_certificates_each(struct db *db, unsigned limit,
    int (*each)(const struct ra_certificate *certificate, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH, db_args(db_int(limit)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		const struct ra_certificate certificate = read_row(rows);

		if (each(&certificate, arg, err) < 0)
			return -1;
	}
	return 0;
}

int
ra_certificates_each_holder(struct db *db, unsigned limit,
    int (*each)(const struct ra_certificates_holder *holder, void *arg, struct error *err),
    void *arg, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH_HOLDER, db_args(db_int(limit)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		const struct ra_certificates_holder holder = {
			.id = db_rows_uuid(rows, 0),
			.is_generation = db_rows_int(rows, 1) != 0,
		};

		if (each(&holder, arg, err) < 0)
			return -1;
	}
	return 0;
}

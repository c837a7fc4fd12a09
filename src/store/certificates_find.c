/* Reading one row of the certificate table by what is unique. */
#include "store/certificates_find.h"

#include "store/certificate_row_read.h"

static const char SQL_FIND_FINGERPRINT[] = CERTIFICATE_ROW_SELECT " WHERE c.fingerprint = ?";
static const char SQL_FIND_ID[] = CERTIFICATE_ROW_SELECT " WHERE c.id = ?";
static const char SQL_FIND_SERIAL[] = CERTIFICATE_ROW_SELECT " WHERE c.serial = ? LIMIT 2";

/* The one that the query finds; ERR_CONFLICT when there is another. */
static int
find(struct db *db, const char *sql, struct db_arg key, struct certificate_row **out,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, db_args(key), &rows, err) < 0)
		return -1;
	if (db_rows_count(rows) > 1)
		return error_set(err, ERR_CONFLICT,
		    "several issuers have a certificate with this serial number");
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such certificate");
	return certificate_row_read(rows, out, err);
}

int
certificates_find_fingerprint(
    struct db *db, struct bytes fingerprint, struct certificate_row **out, struct error *err)
{
	return find(db, SQL_FIND_FINGERPRINT, db_blob(fingerprint), out, err);
}

int
certificates_find_id(
    struct db *db, const struct uuid *id, struct certificate_row **out, struct error *err)
{
	return find(db, SQL_FIND_ID, db_uuid(id), out, err);
}

int
certificates_find_serial(
    struct db *db, struct bytes serial, struct certificate_row **out, struct error *err)
{
	return find(db, SQL_FIND_SERIAL, db_blob(serial), out, err);
}

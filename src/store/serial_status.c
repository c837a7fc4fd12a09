/* What the database knows of a serial number: the one read of an OCSP request. */
#include "store/serial_status.h"

#include <string.h>

#include "store/db_rows.h"

enum { REASON_HOLD = 6 };

/* The whole unique key: the server reads the one row without weighing ways to it. */
static const char SQL_ROW[] = "SELECT status, revoked_at, revocation_reason, UTC_TIMESTAMP()"
			      " FROM certificate WHERE serial = ? AND generation_id = ?";
static const char SQL_OTHER[] =
    "SELECT UTC_TIMESTAMP(), r.revoked_at, r.reason, EXISTS (SELECT 1"
    " FROM authority_cross_certificate c WHERE c.issuer_generation_id = g.id AND c.serial = ?)"
    " FROM authority_generation g LEFT JOIN revoked_certificate r"
    " ON r.generation_id = g.id AND r.serial = ? WHERE g.id = ?";

static int
read_status(
    const struct db_rows *rows, unsigned column, enum certificate_status *out, struct error *err)
{
	struct bytes name = db_rows_bytes(rows, column);

	for (int i = CERTIFICATE_GOOD; i <= CERTIFICATE_REVOKED; i++)
		if (bytes_equal_text(name, certificate_status_name((enum certificate_status)i))) {
			*out = (enum certificate_status)i;
			return 0;
		}
	return error_set(err, ERR_DATABASE, "certificate: unknown status");
}

static int
read_row(const struct db_rows *rows, struct serial_status *out, struct error *err)
{
	struct serial_status found = { .now = db_rows_time(rows, 3), .is_known = true };

	if (read_status(rows, 0, &found.status, err) < 0)
		return -1;
	found.revoked_at = db_rows_is_null(rows, 1) ? 0 : db_rows_time(rows, 1);
	found.reason = db_rows_is_null(rows, 2) ? 0 : (int)db_rows_int(rows, 2);
	*out = found;
	return 0;
}

/* The row of one of the generations, of which there is nearly always one; not known where there is
 * none. */
static int
find_row(
    struct db *db, const struct serial_query *query, struct serial_status *out, struct error *err)
{
	for (size_t i = 0; i < query->count && !out->is_known; i++) {
		cleanup(db_rows_freep) struct db_rows *rows = NULL;

		if (db_query(db, SQL_ROW,
			db_args(db_blob(query->serial), db_uuid(&query->generation_ids[i])), &rows,
			err) < 0)
			return -1;
		if (db_rows_next(rows) && read_row(rows, out, err) < 0)
			return -1;
	}
	return 0;
}

/* What one generation signed without a row in certificate, or is known by a CRL alone. */
static int
find_other(struct db *db, struct bytes serial, const struct uuid *generation_id,
    struct serial_status *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_OTHER,
		db_args(db_blob(serial), db_blob(serial), db_uuid(generation_id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "a CA generation has gone");
	out->now = db_rows_time(rows, 0);
	out->is_known = db_rows_int(rows, 3) != 0;
	if (db_rows_is_null(rows, 1))
		return 0;
	out->is_known = true;
	out->revoked_at = db_rows_time(rows, 1);
	out->reason = (int)db_rows_int(rows, 2);
	out->status = out->reason == REASON_HOLD ? CERTIFICATE_ON_HOLD : CERTIFICATE_REVOKED;
	return 0;
}

int
serial_status_find(
    struct db *db, const struct serial_query *query, struct serial_status *out, struct error *err)
{
	struct serial_status found = { .status = CERTIFICATE_GOOD };

	if (query->serial.len <= CERTIFICATE_ROW_SERIAL_MAX && find_row(db, query, &found, err) < 0)
		return -1;
	for (size_t i = 0; i < query->count && !found.is_known; i++)
		if (find_other(db, query->serial, &query->generation_ids[i], &found, err) < 0)
			return -1;
	*out = found;
	return 0;
}

/* What became of certificates: their states, and the last of their events. */
#include "store/certificate_history.h"

#include <string.h>

#include "store/db_rows.h"
#include "store/same_ca_sql.h"

#define COLUMNS \
	"c.id, c.generation_id, c.lineage, c.status, c.not_after, c.serial," \
	" (SELECT COUNT(*) FROM revocation_event e WHERE e.certificate_id = c.id)," \
	" (SELECT MAX(e.at) FROM revocation_event e WHERE e.certificate_id = c.id)," \
	" (SELECT e.crl_number FROM revocation_event e WHERE e.certificate_id = c.id" \
	" ORDER BY e.at DESC, e.id DESC LIMIT 1)"

static const char SQL_FIND[] = "SELECT " COLUMNS " FROM certificate c WHERE c.id = ?";
static const char SQL_FIND_SERIAL[] =
    "SELECT " COLUMNS " FROM certificate c WHERE c.serial = ? AND c.generation_id = ?";
static const char SQL_FIND_SERIAL_SAME[] =
    "SELECT " COLUMNS " FROM certificate c FORCE INDEX (certificate_serial) WHERE c.serial = ?"
    " AND c.generation_id IN " SAME_CA_SQL;
/* By the list, which is as short as what was revoked. */
static const char SQL_HELD[] =
    "SET STATEMENT max_statement_time=0 FOR SELECT " COLUMNS " FROM revoked_certificate r"
    " JOIN certificate c ON c.id = r.certificate_id"
    " WHERE r.generation_id = ? AND c.status = 'hold' ORDER BY r.serial";

static int
read_status(const struct db_rows *rows, enum certificate_status *out, struct error *err)
{
	struct bytes name = db_rows_bytes(rows, 3);

	for (enum certificate_status status = CERTIFICATE_GOOD; status <= CERTIFICATE_REVOKED;
	     status++)
		if (bytes_equal_text(name, certificate_status_name(status))) {
			*out = status;
			return 0;
		}
	return error_set(err, ERR_DATABASE, "unknown status of a certificate");
}

static int
read_history(const struct db_rows *rows, struct certificate_history *out, struct error *err)
{
	struct bytes serial = db_rows_bytes(rows, 5);

	*out = (struct certificate_history){
		.id = db_rows_uuid(rows, 0),
		.generation_id = db_rows_uuid(rows, 1),
		.lineage = db_rows_uuid(rows, 2),
		.not_after = db_rows_time(rows, 4),
		.events = (uint32_t)db_rows_int(rows, 6),
		.serial_len = serial.len,
	};
	if (serial.len > sizeof(out->serial))
		return error_set(err, ERR_DATABASE, "a serial number of %zu octets", serial.len);
	memcpy(out->serial, serial.ptr, serial.len);
	if (!db_rows_is_null(rows, 7))
		out->last_at = db_rows_time(rows, 7);
	if (!db_rows_is_null(rows, 8))
		out->crl_number = (uint64_t)db_rows_int(rows, 8);
	return read_status(rows, &out->status, err);
}

static int
find(struct db *db, const char *sql, struct db_args args, struct certificate_history *out,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such certificate");
	return read_history(rows, out, err);
}

int
certificate_history_find(
    struct db *db, const struct uuid *id, struct certificate_history *out, struct error *err)
{
	return find(db, SQL_FIND, db_args(db_uuid(id)), out, err);
}

int
certificate_history_find_serial(struct db *db, const struct uuid *generation_id,
    struct bytes serial, struct certificate_history *out, struct error *err)
{
	const struct db_args args = db_args(db_blob(serial), db_uuid(generation_id));

	if (find(db, SQL_FIND_SERIAL, args, out, err) == 0)
		return 0;
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	return find(db, SQL_FIND_SERIAL_SAME, args, out, err);
}

static int
tell(const struct db_rows *row, void *arg, struct error *err)
{
	const struct certificate_history_visit *visit = arg;
	struct certificate_history history;

	return read_history(row, &history, err) < 0 ? -1 : visit->each(&history, visit->arg, err);
}

int
certificate_history_each_held(struct db *db, const struct uuid *generation_id,
    const struct certificate_history_visit *visit, struct error *err)
{
	struct certificate_history_visit own = *visit;
	const struct db_visit rows = { tell, &own };

	return db_each(db, SQL_HELD, db_args(db_uuid(generation_id)), &rows, err);
}

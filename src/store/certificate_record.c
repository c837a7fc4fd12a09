/* What was written of a certificate when it was issued, read again. */
#include "store/certificate_record.h"

#include "store/certificate_row.h"
#include "store/db_rows.h"

static const char SQL_FIND[] =
    "SELECT id, generation_id, serial, fingerprint, type, source, subject,"
    " common_name, sans, not_before, not_after, key_type, key_bits, spki_hash, csr_hash, der,"
    " ra_profile_id, requester_kind, requester_tenant, requester_object, requester_application,"
    " requester_upn, token_id, requester_certificate, remote_address, request_id, dropped,"
    " renewed_from, lineage, issued_at FROM certificate WHERE fingerprint = ?";

/* Its columns, in the order above. */
enum column {
	ID,
	GENERATION_ID,
	SERIAL,
	FINGERPRINT,
	TYPE,
	SOURCE,
	SUBJECT,
	COMMON_NAME,
	SANS,
	NOT_BEFORE,
	NOT_AFTER,
	KEY_TYPE,
	KEY_BITS,
	SPKI_HASH,
	CSR_HASH,
	DER,
	RA_PROFILE_ID,
	REQUESTER_KIND,
	REQUESTER_TENANT,
	REQUESTER_OBJECT,
	REQUESTER_APPLICATION,
	REQUESTER_UPN,
	TOKEN_ID,
	REQUESTER_CERTIFICATE,
	REMOTE_ADDRESS,
	REQUEST_ID,
	DROPPED,
	RENEWED_FROM,
	LINEAGE,
	ISSUED_AT,
	COLUMNS
};

/* A row with its texts ended and its ids in place. */
struct reading {
	struct buf texts[COLUMNS];
	struct uuid ids[COLUMNS];
};

static void
reading_release(struct reading *reading)
{
	for (size_t i = 0; i < COLUMNS; i++)
		buf_release(&reading->texts[i]);
}

static const char *
text(struct reading *reading, const struct db_rows *rows, enum column column)
{
	struct buf *to = &reading->texts[column];

	if (db_rows_is_null(rows, column))
		return NULL;
	to->max = CERTIFICATE_ROW_SANS_MAX + 1;
	buf_add(to, db_rows_bytes(rows, column));
	return buf_text(to);
}

static const struct uuid *
id(struct reading *reading, const struct db_rows *rows, enum column column)
{
	if (db_rows_is_null(rows, column))
		return NULL;
	reading->ids[column] = db_rows_uuid(rows, column);
	return &reading->ids[column];
}

static void
read_requester(
    struct reading *reading, const struct db_rows *rows, struct certificate_record *record)
{
	record->requester_kind = text(reading, rows, REQUESTER_KIND);
	record->requester_tenant = id(reading, rows, REQUESTER_TENANT);
	record->requester_object = id(reading, rows, REQUESTER_OBJECT);
	record->requester_application = id(reading, rows, REQUESTER_APPLICATION);
	record->requester_upn = text(reading, rows, REQUESTER_UPN);
	record->token_id = text(reading, rows, TOKEN_ID);
	record->requester_certificate = id(reading, rows, REQUESTER_CERTIFICATE);
	record->remote_address = text(reading, rows, REMOTE_ADDRESS);
	record->request_id = db_rows_uuid(rows, REQUEST_ID);
}

static struct certificate_record
read_record(struct reading *reading, const struct db_rows *rows)
{
	struct certificate_record record = {
		.id = db_rows_uuid(rows, ID),
		.generation_id = db_rows_uuid(rows, GENERATION_ID),
		.serial = db_rows_bytes(rows, SERIAL),
		.fingerprint = db_rows_bytes(rows, FINGERPRINT),
		.type = text(reading, rows, TYPE),
		.source = text(reading, rows, SOURCE),
		.subject = text(reading, rows, SUBJECT),
		.common_name = text(reading, rows, COMMON_NAME),
		.sans = text(reading, rows, SANS),
		.not_before = db_rows_time(rows, NOT_BEFORE),
		.not_after = db_rows_time(rows, NOT_AFTER),
		.key_type = text(reading, rows, KEY_TYPE),
		.key_bits = (unsigned)db_rows_int(rows, KEY_BITS),
		.spki_hash = db_rows_bytes(rows, SPKI_HASH),
		.csr_hash = db_rows_bytes(rows, CSR_HASH),
		.der = db_rows_bytes(rows, DER),
		.ra_profile_id = db_rows_uuid(rows, RA_PROFILE_ID),
		.dropped = text(reading, rows, DROPPED),
		.renewed_from = id(reading, rows, RENEWED_FROM),
		.lineage = db_rows_uuid(rows, LINEAGE),
		.issued_at = db_rows_time(rows, ISSUED_AT),
	};

	read_requester(reading, rows, &record);
	return record;
}

int
certificate_record_find(struct db *db, struct bytes fingerprint,
    const struct certificate_record_visit *visit, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	cleanup(reading_release) struct reading reading = { .ids = { { { 0 } } } };
	struct certificate_record record;

	if (db_query(db, SQL_FIND, db_args(db_blob(fingerprint)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such certificate");
	record = read_record(&reading, rows);
	return visit->each(&record, visit->arg, err);
}

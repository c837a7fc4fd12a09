/* Reading the certificate table: one row by what is unique, or those that a filter lets pass. */
#include "store/certificates_find.h"

#include <string.h>

#include "store/db_rows.h"

/*
 * Left joins: whatever happened to profile or generation, a certificate is found and can be
 * revoked. They also make the server start from certificate, whose primary key gives the order.
 */
#define SELECT \
	"SELECT c.id, c.generation_id, g.label, g.state = 'expired', g.certificate," \
	" c.ra_profile_id, p.name, c.serial, c.fingerprint, c.spki_hash, c.type, c.source," \
	" c.subject, c.sans, c.not_before, c.not_after, c.key_type, c.key_bits, c.der," \
	" c.requester_kind, c.requester_tenant, c.requester_object, c.requester_application," \
	" c.requester_upn, c.requester_certificate, c.remote_address, c.dropped," \
	" c.renewed_from, c.lineage, c.renewals, c.lineage_compromised, c.issued_at," \
	" c.status, c.revoked_at, c.revocation_reason" \
	" FROM certificate c" \
	" LEFT JOIN authority_generation g ON g.id = c.generation_id" \
	" LEFT JOIN ra_profile p ON p.id = c.ra_profile_id"

enum {
	COLUMN_ID,
	COLUMN_GENERATION_ID,
	COLUMN_GENERATION,
	COLUMN_GENERATION_EXPIRED,
	COLUMN_GENERATION_DER,
	COLUMN_RA_PROFILE_ID,
	COLUMN_RA_PROFILE,
	COLUMN_SERIAL,
	COLUMN_FINGERPRINT,
	COLUMN_SPKI_HASH,
	COLUMN_TYPE,
	COLUMN_SOURCE,
	COLUMN_SUBJECT,
	COLUMN_SANS,
	COLUMN_NOT_BEFORE,
	COLUMN_NOT_AFTER,
	COLUMN_KEY_TYPE,
	COLUMN_KEY_BITS,
	COLUMN_DER,
	COLUMN_REQUESTER_KIND,
	COLUMN_REQUESTER_TENANT,
	COLUMN_REQUESTER_OBJECT,
	COLUMN_REQUESTER_APPLICATION,
	COLUMN_REQUESTER_UPN,
	COLUMN_REQUESTER_CERTIFICATE,
	COLUMN_REMOTE_ADDRESS,
	COLUMN_DROPPED,
	COLUMN_RENEWED_FROM,
	COLUMN_LINEAGE,
	COLUMN_RENEWALS,
	COLUMN_LINEAGE_COMPROMISED,
	COLUMN_ISSUED_AT,
	COLUMN_STATUS,
	COLUMN_REVOKED_AT,
	COLUMN_REVOCATION_REASON
};

/* Rows fetched at once: a hundred of the largest are 21 MB. */
enum { PAGE_ROWS = 100 };

static const char SQL_FIND_FINGERPRINT[] = SELECT " WHERE c.fingerprint = ?";
static const char SQL_FIND_ID[] = SELECT " WHERE c.id = ?";
static const char SQL_FIND_SERIAL[] = SELECT " WHERE c.serial = ? LIMIT 2";

/*
 * Ids are UUIDs of version 7, so that their order is that of issuing. INSTR knows no wildcard and
 * takes the columns' collation, which ignores case; BINARY, because names are exact texts.
 */
static const char SQL_EACH[] =
    SELECT " WHERE (? IS NULL OR c.id < ?)"
	   " AND (? IS NULL OR INSTR(c.subject, ?) > 0 OR INSTR(c.sans, ?) > 0)"
	   " AND (? IS NULL OR IF(? = 'expired', c.not_after < ?, BINARY c.status = ?))"
	   " AND (? IS NULL OR BINARY p.name = ?)"
	   " AND (? IS NULL OR"
	   "  g.authority_id = (SELECT a.id FROM authority a WHERE BINARY a.name = ?))"
	   " AND (? IS NULL OR BINARY c.type = ?)"
	   " AND (? IS NULL OR"
	   "  (c.status <> 'revoked' AND c.not_before <= ? AND c.not_after >= ?"
	   "   AND c.not_after < ?))"
	   " AND (? IS NULL OR c.lineage = ?)"
	   " ORDER BY c.id DESC LIMIT ?";

/* Columns that become text of a fixed size. */
static const struct {
	unsigned column;
	size_t offset;
	size_t size;
} TEXTS[] = {
#define TEXT(column, name) \
	{ \
		column, offsetof(struct certificate_row, name), \
		    sizeof(((struct certificate_row *)0)->name) \
	}
	TEXT(COLUMN_GENERATION, generation),
	TEXT(COLUMN_RA_PROFILE, ra_profile),
	TEXT(COLUMN_TYPE, type),
	TEXT(COLUMN_SOURCE, source),
	TEXT(COLUMN_KEY_TYPE, key_type),
	TEXT(COLUMN_REQUESTER_KIND, requester_kind),
	TEXT(COLUMN_REQUESTER_UPN, requester_upn),
	TEXT(COLUMN_REMOTE_ADDRESS, remote_address),
	TEXT(COLUMN_DROPPED, dropped),
};

static int
read_texts(const struct db_rows *rows, struct certificate_row *row, struct error *err)
{
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++)
		if (db_rows_text(rows, TEXTS[i].column, (char *)row + TEXTS[i].offset,
			TEXTS[i].size, err) < 0)
			return -1;
	return 0;
}

static int
read_octets(
    const struct db_rows *rows, unsigned column, uint8_t *out, size_t size, struct error *err)
{
	struct bytes bytes = db_rows_bytes(rows, column);

	if (bytes.len != size)
		return error_set(err, ERR_DATABASE, "column %u has %zu bytes, not %zu", column + 1,
		    bytes.len, size);
	memcpy(out, bytes.ptr, size);
	return 0;
}

static int
read_blobs(const struct db_rows *rows, struct certificate_row *row, struct error *err)
{
	struct bytes serial = db_rows_bytes(rows, COLUMN_SERIAL);

	if (serial.len == 0 || serial.len > sizeof(row->serial))
		return error_set(err, ERR_DATABASE, "a serial number of %zu octets", serial.len);
	memcpy(row->serial, serial.ptr, serial.len);
	row->serial_len = serial.len;
	if (read_octets(rows, COLUMN_FINGERPRINT, row->fingerprint, sizeof(row->fingerprint), err) <
		0 ||
	    read_octets(rows, COLUMN_SPKI_HASH, row->spki_hash, sizeof(row->spki_hash), err) < 0 ||
	    db_rows_append(rows, COLUMN_GENERATION_DER, &row->generation_der, err) < 0 ||
	    db_rows_append(rows, COLUMN_SUBJECT, &row->subject, err) < 0 ||
	    db_rows_append(rows, COLUMN_SANS, &row->sans, err) < 0 ||
	    db_rows_append(rows, COLUMN_DER, &row->der, err) < 0)
		return -1;
	return 0;
}

/* Whether it is there; zeros when it is not. */
static bool
read_uuid(const struct db_rows *rows, unsigned column, struct uuid *out)
{
	*out = db_rows_uuid(rows, column);
	return !db_rows_is_null(rows, column);
}

static void
read_ids(const struct db_rows *rows, struct certificate_row *row)
{
	row->id = db_rows_uuid(rows, COLUMN_ID);
	row->generation_id = db_rows_uuid(rows, COLUMN_GENERATION_ID);
	row->ra_profile_id = db_rows_uuid(rows, COLUMN_RA_PROFILE_ID);
	row->lineage = db_rows_uuid(rows, COLUMN_LINEAGE);
	row->has_requester = read_uuid(rows, COLUMN_REQUESTER_TENANT, &row->requester_tenant) &&
			     read_uuid(rows, COLUMN_REQUESTER_OBJECT, &row->requester_object);
	row->has_application =
	    read_uuid(rows, COLUMN_REQUESTER_APPLICATION, &row->requester_application);
	row->has_requester_certificate =
	    read_uuid(rows, COLUMN_REQUESTER_CERTIFICATE, &row->requester_certificate);
	row->has_renewed_from = read_uuid(rows, COLUMN_RENEWED_FROM, &row->renewed_from);
}

static void
read_numbers(const struct db_rows *rows, struct certificate_row *row)
{
	row->generation_expired = db_rows_int(rows, COLUMN_GENERATION_EXPIRED) != 0;
	row->not_before = db_rows_time(rows, COLUMN_NOT_BEFORE);
	row->not_after = db_rows_time(rows, COLUMN_NOT_AFTER);
	row->key_bits = (unsigned)db_rows_int(rows, COLUMN_KEY_BITS);
	row->renewals = (unsigned)db_rows_int(rows, COLUMN_RENEWALS);
	row->lineage_compromised = db_rows_int(rows, COLUMN_LINEAGE_COMPROMISED) != 0;
	row->issued_at = db_rows_time(rows, COLUMN_ISSUED_AT);
	row->revoked_at = db_rows_time(rows, COLUMN_REVOKED_AT);
	if (!db_rows_is_null(rows, COLUMN_REVOCATION_REASON))
		row->revocation_reason = (int)db_rows_int(rows, COLUMN_REVOCATION_REASON);
}

static int
read_status(const struct db_rows *rows, struct certificate_row *row, struct error *err)
{
	struct bytes name = db_rows_bytes(rows, COLUMN_STATUS);

	for (enum certificate_status status = CERTIFICATE_GOOD; status <= CERTIFICATE_REVOKED;
	     status++)
		if (bytes_equal_text(name, certificate_status_name(status))) {
			row->status = status;
			return 0;
		}
	return error_set(err, ERR_DATABASE, "unknown status of a certificate");
}

static int
read_row(const struct db_rows *rows, struct certificate_row **out, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = certificate_row_new();

	if (row == NULL) {
		(void)error_set(err, ERR_INTERNAL, "out of memory for a certificate");
		return -1;
	}
	read_ids(rows, row);
	read_numbers(rows, row);
	if (read_status(rows, row, err) < 0 || read_texts(rows, row, err) < 0 ||
	    read_blobs(rows, row, err) < 0)
		return error_prefix(err, "certificate");
	*out = take(row);
	return 0;
}

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
	return read_row(rows, out, err);
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

/* A page of those that match, behind the id `after` (NULL: from the newest). */
static int
query_page(struct db *db, const struct certificates_filter *f, const struct uuid *after,
    struct db_rows **out, struct error *err)
{
	struct db_arg text = db_text(f->text), status = db_text(f->status);
	struct db_arg profile = db_text(f->ra_profile), authority = db_text(f->authority);
	struct db_arg type = db_text(f->type), now = db_time(f->now), from = db_uuid(after);
	struct db_arg before = f->expires_before != 0 ? db_time(f->expires_before) : db_null();
	struct db_arg lineage = db_uuid(f->lineage);

	return db_query(db, SQL_EACH,
	    db_args(from, from, text, text, text, status, status, now, status, profile, profile,
		authority, authority, type, type, before, now, now, before, lineage, lineage,
		db_int(f->limit < PAGE_ROWS ? (int64_t)f->limit : PAGE_ROWS)),
	    out, err);
}

int
certificates_each(struct db *db, const struct certificates_filter *filter,
    int (*each)(const struct certificate_row *row, void *arg, struct error *err), void *arg,
    struct error *err)
{
	struct certificates_filter left = *filter;
	struct uuid last, *after = NULL;
	size_t count = PAGE_ROWS;

	while (left.limit > 0 && count == PAGE_ROWS) {
		cleanup(db_rows_freep) struct db_rows *rows = NULL;

		if (query_page(db, &left, after, &rows, err) < 0)
			return -1;
		count = db_rows_count(rows);
		left.limit -= count;
		while (db_rows_next(rows)) {
			cleanup(certificate_row_freep) struct certificate_row *row = NULL;

			if (read_row(rows, &row, err) < 0 || each(row, arg, err) < 0)
				return -1;
			last = db_rows_uuid(rows, COLUMN_ID);
			after = &last;
		}
	}
	return 0;
}

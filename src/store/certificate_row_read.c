/* Reading a row of the certificate table with what it refers to. */
#include "store/certificate_row_read.h"

#include <string.h>

#include "store/db_rows.h"

enum {
	COLUMN_ID,
	COLUMN_GENERATION_ID,
	COLUMN_GENERATION,
	COLUMN_GENERATION_EXPIRED,
	COLUMN_GENERATION_DER,
	COLUMN_AUTHORITY_ID,
	COLUMN_AUTHORITY,
	COLUMN_RA_PROFILE_ID,
	COLUMN_RA_PROFILE,
	COLUMN_RA_PROFILE_ENABLED,
	COLUMN_OWNER,
	COLUMN_ATTRIBUTES,
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
	TEXT(COLUMN_AUTHORITY, authority),
	TEXT(COLUMN_RA_PROFILE, ra_profile),
	TEXT(COLUMN_OWNER, owner),
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
	    db_rows_append(rows, COLUMN_DER, &row->der, err) < 0 ||
	    db_rows_append(rows, COLUMN_ATTRIBUTES, &row->attributes, err) < 0)
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
	row->authority_id = db_rows_uuid(rows, COLUMN_AUTHORITY_ID);
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
	row->has_ra_profile = !db_rows_is_null(rows, COLUMN_RA_PROFILE_ENABLED);
	row->ra_profile_enabled = db_rows_int(rows, COLUMN_RA_PROFILE_ENABLED) != 0;
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

int
certificate_row_read(const struct db_rows *rows, struct certificate_row **out, struct error *err)
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

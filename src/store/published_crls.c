/* The CRLs to be served: the newest of each CA generation. */
#include "store/published_crls.h"

#include <string.h>

#include "store/db_rows.h"

#define SIGNS " g.state IN ('active', 'retired')"
#define NEWEST_FULL \
	"(SELECT MAX(f.number) FROM crl f WHERE f.generation_id = g.id AND f.base_number IS NULL)"
#define NEWEST_DELTA \
	"(SELECT MAX(d.number) FROM crl d WHERE d.generation_id = g.id" \
	" AND d.base_number <= " NEWEST_FULL ")"

/*
 * A delta CRL goes with its base and with every later full CRL (RFC 5280, 5.2.4); it may have been
 * made before the newest of them, so its number does not say that it comes second.
 */
static const char SQL_EACH[] =
    "SELECT g.label, c.id, c.generation_id, c.number, c.base_number, c.this_update, c.next_update,"
    " c.entries, c.size, c.sha256 FROM authority_generation g JOIN crl c ON c.generation_id = g.id"
    " WHERE" SIGNS " AND (c.number = " NEWEST_FULL " OR c.number = " NEWEST_DELTA ")"
    " ORDER BY g.label, c.base_number IS NOT NULL";
static const char SQL_SIGNER[] =
    "SELECT g.label FROM authority_generation g WHERE g.label = CONVERT(? USING ascii) AND" SIGNS
    " AND g.not_after > UTC_TIMESTAMP()";

static int
read_row(const struct db_rows *rows, struct published_crl *out, struct error *err)
{
	struct bytes sha256 = db_rows_bytes(rows, 9);
	struct crl_row *row = &out->row;

	if (sha256.len != sizeof(row->sha256))
		return error_set(err, ERR_DATABASE, "crl: a hash of %zu octets", sha256.len);
	*row = (struct crl_row){
		.id = db_rows_uuid(rows, 1),
		.generation_id = db_rows_uuid(rows, 2),
		.number = (uint64_t)db_rows_int(rows, 3),
		.has_base = !db_rows_is_null(rows, 4),
		.base_number = db_rows_is_null(rows, 4) ? 0 : (uint64_t)db_rows_int(rows, 4),
		.this_update = db_rows_time(rows, 5),
		.next_update = db_rows_time(rows, 6),
		.entries = (uint32_t)db_rows_int(rows, 7),
		.size = (uint32_t)db_rows_int(rows, 8),
	};
	memcpy(row->sha256, sha256.ptr, sizeof(row->sha256));
	return db_rows_text(rows, 0, out->label, sizeof(out->label), err);
}

int
published_crls_each(struct db *db,
    int (*each)(const struct published_crl *crl, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	struct published_crl crl;

	if (db_query(db, SQL_EACH, db_no_args, &rows, err) < 0)
		return -1;
	while (db_rows_next(rows))
		if (read_row(rows, &crl, err) < 0 || each(&crl, arg, err) < 0)
			return -1;
	return 0;
}

int
published_crls_is_signer(struct db *db, const char *label, bool *is_one, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_SIGNER, db_args(db_text(label)), &rows, err) < 0)
		return -1;
	/* The collation takes other texts for the label too. */
	*is_one = db_rows_next(rows) && bytes_equal_text(db_rows_bytes(rows, 0), label);
	return 0;
}

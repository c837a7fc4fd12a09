/* Which CA generations sign CRLs and OCSP answers, and by which responder: read often, so little.
 */
#include "store/signing_generations.h"

#include <string.h>

#include "store/db_rows.h"

static const char SQL_EACH[] =
    "SELECT g.id, g.label, g.fingerprint,"
    " g.state IN ('active', 'retired') AND g.not_after > UTC_TIMESTAMP(),"
    " (SELECT r.id FROM ocsp_responder r JOIN certificate c ON c.id = r.id AND c.status = 'good'"
    " WHERE r.generation_id = g.id"
    " AND r.not_before <= UTC_TIMESTAMP() AND r.not_after > UTC_TIMESTAMP()"
    " ORDER BY r.created_at DESC, r.id DESC LIMIT 1)"
    " FROM authority_generation g WHERE g.fingerprint IS NOT NULL"
    " ORDER BY g.not_after DESC, g.id DESC LIMIT ?";

static int
read_row(const struct db_rows *rows, struct signing_generation *out, struct error *err)
{
	struct bytes fingerprint = db_rows_bytes(rows, 2);

	if (fingerprint.len != sizeof(out->fingerprint))
		return error_set(err, ERR_DATABASE, "a fingerprint of %zu bytes", fingerprint.len);
	memcpy(out->fingerprint, fingerprint.ptr, fingerprint.len);
	out->id = db_rows_uuid(rows, 0);
	out->signs = db_rows_int(rows, 3) != 0;
	out->has_responder = !db_rows_is_null(rows, 4);
	if (out->has_responder)
		out->responder_id = db_rows_uuid(rows, 4);
	return db_rows_text(rows, 1, out->label, sizeof(out->label), err);
}

int
signing_generations_each(struct db *db,
    int (*each)(const struct signing_generation *generation, void *arg, struct error *err),
    void *arg, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH, db_args(db_int(SIGNING_GENERATIONS_MAX)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		struct signing_generation generation = { .signs = false };

		if (read_row(rows, &generation, err) < 0 || each(&generation, arg, err) < 0)
			return -1;
	}
	return 0;
}

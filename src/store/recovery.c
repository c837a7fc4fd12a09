/* Statements of `certwright recover`: what is on record, and what came back. */
#include "store/recovery.h"

#include "store/db_rows.h"

static const char SQL_HAS_CERTIFICATE[] = "SELECT COUNT(*) FROM certificate WHERE fingerprint = ?";
static const char SQL_HAS_EVENT[] = "SELECT COUNT(*) FROM revocation_event WHERE id = ?";
static const char SQL_CLAIM[] = "UPDATE certificate SET renewals = renewals + 1 WHERE id = ?";
static const char SQL_FOLLOW_LINEAGE[] =
    "UPDATE certificate SET lineage_compromised = TRUE"
    " WHERE lineage = ? AND NOT lineage_compromised AND EXISTS (SELECT 1 FROM"
    " (SELECT 1 FROM certificate WHERE lineage = ? AND lineage_compromised LIMIT 1) marked)";
static const char SQL_RETURNS[] =
    "SELECT c.id, r.revoked_at, r.reason FROM revoked_certificate r"
    " JOIN certificate c ON c.serial = r.serial AND c.generation_id = r.generation_id"
    " WHERE r.certificate_id IS NULL AND"
    " (c.status = 'good' OR (c.status = 'hold' AND r.reason <> 6)) LIMIT ?";

static int
ask(struct db *db, const char *sql, struct db_arg arg, bool *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, db_args(arg), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "no answer to COUNT");
	*out = db_rows_int(rows, 0) > 0;
	return 0;
}

int
recovery_has_certificate(struct db *db, struct bytes fingerprint, bool *out, struct error *err)
{
	return ask(db, SQL_HAS_CERTIFICATE, db_blob(fingerprint), out, err);
}

int
recovery_has_event(struct db *db, const struct uuid *id, bool *out, struct error *err)
{
	return ask(db, SQL_HAS_EVENT, db_uuid(id), out, err);
}

int
recovery_follow_issue(
    struct db *db, const struct uuid *lineage, const struct uuid *claimed, struct error *err)
{
	if (claimed != NULL && db_exec(db, SQL_CLAIM, db_args(db_uuid(claimed)), NULL, err) < 0)
		return -1;
	return db_exec(
	    db, SQL_FOLLOW_LINEAGE, db_args(db_uuid(lineage), db_uuid(lineage)), NULL, err);
}

int
recovery_each_return(struct db *db,
    int (*each)(const struct recovery_return *found, void *arg, struct error *err), void *arg,
    size_t *count, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_RETURNS, db_args(db_int(RECOVERY_RETURNS_MAX)), &rows, err) < 0)
		return -1;
	*count = db_rows_count(rows);
	while (db_rows_next(rows)) {
		const struct recovery_return found = {
			.certificate_id = db_rows_uuid(rows, 0),
			.revoked_at = db_rows_time(rows, 1),
			.reason = (int)db_rows_int(rows, 2),
		};

		if (each(&found, arg, err) < 0)
			return -1;
	}
	return 0;
}

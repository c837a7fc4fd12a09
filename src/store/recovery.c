/* Statements of `certwright recover`: what is on record, and what came back. */
#include "store/recovery.h"

#include "store/audit.h"
#include "store/db_rows.h"

/* A shorter list is filled up with its first member. */
enum { KEYS_MAX = 48, AUDIT_ARGS = 5, AUDITS_ARGS = RECOVERY_AUDITS_MAX * AUDIT_ARGS };
#define EIGHT "?, ?, ?, ?, ?, ?, ?, ?"
#define KEYS "(" EIGHT ", " EIGHT ", " EIGHT ", " EIGHT ", " EIGHT ", " EIGHT ")"

/* By their keys whatever the statistics say: those of a table that was just restored say little. */
static const char SQL_FIND_CERTIFICATES[] =
    "SELECT fingerprint FROM certificate FORCE INDEX (certificate_fingerprint)"
    " WHERE fingerprint IN " KEYS;
static const char SQL_FIND_EVENTS[] =
    "SELECT id FROM revocation_event FORCE INDEX (PRIMARY) WHERE id IN " KEYS;
static const char SQL_FIND_COMPROMISED[] =
    "SELECT DISTINCT lineage FROM certificate FORCE INDEX (certificate_lineage)"
    " WHERE lineage IN " KEYS " AND lineage_compromised";
static const char SQL_CLAIM[] = "UPDATE certificate SET renewals = renewals + 1 WHERE id = ?";
static const char SQL_FOLLOW_LINEAGE[] =
    "UPDATE certificate SET lineage_compromised = TRUE"
    " WHERE lineage = ? AND NOT lineage_compromised AND EXISTS (SELECT 1 FROM"
    " (SELECT 1 FROM certificate WHERE lineage = ? AND lineage_compromised LIMIT 1) marked)";
#define AUDIT "(?, UTC_TIMESTAMP(3), ?, '', ?, 'certificate', ?, 'done', ?)"
#define SIX_AUDITS AUDIT ", " AUDIT ", " AUDIT ", " AUDIT ", " AUDIT ", " AUDIT
static const char SQL_ADD_AUDITS[] =
    "INSERT INTO audit (id, at, actor, remote_address, action, object_type, object_name, outcome,"
    " detail) VALUES " SIX_AUDITS ", " SIX_AUDITS ", " SIX_AUDITS;
/* Where the CA's certificate was renewed, the CRL that told of a serial may be the other one's. */
static const char SQL_RETURNS[] =
    "SELECT c.id, r.revoked_at, r.reason FROM revoked_certificate r"
    " JOIN certificate c ON c.serial = r.serial"
    " JOIN authority_generation g ON g.id = r.generation_id"
    " JOIN authority_generation own ON own.id = c.generation_id"
    " AND own.subject = g.subject COLLATE utf8mb4_bin"
    " JOIN managed_key k ON k.id = g.key_id"
    " JOIN managed_key own_key ON own_key.id = own.key_id AND own_key.public_key = k.public_key"
    " WHERE r.certificate_id IS NULL AND"
    " (c.status = 'good' OR (c.status = 'hold' AND r.reason <> 6)) LIMIT ?";

static void
mark(struct recovery_key *keys, size_t count, struct bytes found)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal(keys[i].octets, found))
			keys[i].is_there = true;
}

/* At most KEYS_MAX. */
static int
find_some(
    struct db *db, const char *sql, struct recovery_key *keys, size_t count, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	struct db_arg args[KEYS_MAX];

	for (size_t i = 0; i < KEYS_MAX; i++)
		args[i] = db_blob(keys[i < count ? i : 0].octets);
	if (db_query(db, sql, (struct db_args){ args, KEYS_MAX }, &rows, err) < 0)
		return -1;
	while (db_rows_next(rows))
		mark(keys, count, db_rows_bytes(rows, 0));
	return 0;
}

static int
find(struct db *db, const char *sql, struct recovery_key *keys, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		keys[i].is_there = false;
	for (size_t at = 0; at < count; at += KEYS_MAX)
		if (find_some(
			db, sql, keys + at, count - at < KEYS_MAX ? count - at : KEYS_MAX, err) < 0)
			return -1;
	return 0;
}

int
recovery_find_certificates(
    struct db *db, struct recovery_key *keys, size_t count, struct error *err)
{
	return find(db, SQL_FIND_CERTIFICATES, keys, count, err);
}

int
recovery_find_events(struct db *db, struct recovery_key *keys, size_t count, struct error *err)
{
	return find(db, SQL_FIND_EVENTS, keys, count, err);
}

int
recovery_claim(struct db *db, const struct uuid *claimed, struct error *err)
{
	return db_exec(db, SQL_CLAIM, db_args(db_uuid(claimed)), NULL, err);
}

/* At most KEYS_MAX. */
static int
follow_some(struct db *db, const struct uuid *const *lineages, size_t count, struct error *err)
{
	struct recovery_key keys[KEYS_MAX];

	for (size_t i = 0; i < count; i++)
		keys[i].octets = bytes_of(lineages[i], sizeof(*lineages[i]));
	if (find(db, SQL_FIND_COMPROMISED, keys, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (keys[i].is_there &&
		    db_exec(db, SQL_FOLLOW_LINEAGE,
			db_args(db_uuid(lineages[i]), db_uuid(lineages[i])), NULL, err) < 0)
			return -1;
	return 0;
}

int
recovery_follow_lineages(
    struct db *db, const struct uuid *const *lineages, size_t count, struct error *err)
{
	for (size_t at = 0; at < count; at += KEYS_MAX)
		if (follow_some(
			db, lineages + at, count - at < KEYS_MAX ? count - at : KEYS_MAX, err) < 0)
			return -1;
	return 0;
}

static int
add_audit(struct db *db, const struct recovery_audit *row, struct error *err)
{
	const struct audit_event event = {
		.actor = row->actor,
		.remote_address = "",
		.action = row->action,
		.object_type = "certificate",
		.object_name = row->serial,
		.outcome = "done",
		.detail = row->detail,
	};

	return audit_insert(db, &event, err);
}

static int
add_all_audits(struct db *db, const struct recovery_audit *rows, struct error *err)
{
	struct uuid ids[RECOVERY_AUDITS_MAX];
	struct db_arg args[AUDITS_ARGS], *arg = args;

	for (size_t i = 0; i < RECOVERY_AUDITS_MAX; i++) {
		ids[i] = uuid_new();
		*arg++ = db_uuid(&ids[i]);
		*arg++ = db_text(rows[i].actor);
		*arg++ = db_text(rows[i].action);
		*arg++ = db_text(rows[i].serial);
		*arg++ = db_text(rows[i].detail);
	}
	return db_exec(db, SQL_ADD_AUDITS, (struct db_args){ args, AUDITS_ARGS }, NULL, err);
}

int
recovery_add_audits(
    struct db *db, const struct recovery_audit *rows, size_t count, struct error *err)
{
	if (count == RECOVERY_AUDITS_MAX)
		return add_all_audits(db, rows, err);
	for (size_t i = 0; i < count; i++)
		if (add_audit(db, &rows[i], err) < 0)
			return -1;
	return 0;
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

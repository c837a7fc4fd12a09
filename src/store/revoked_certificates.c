/* What CRLs list, kept beside the certificates' own rows, and which events are new since a CRL. */
#include "store/revoked_certificates.h"

#include "store/db_rows.h"
#include "store/same_ca_sql.h"

enum { STAMPED_MAX = 10000, SAME_CA_MAX = 32 };

static const char SQL_LIST[] =
    "SET STATEMENT max_statement_time=0 FOR SELECT serial, revoked_at, reason"
    " FROM revoked_certificate WHERE generation_id = ? AND not_after >= ? ORDER BY serial";
/* The certificates of events, each once, as they are now. */
static const char SQL_LIST_SINCE[] =
    "SET STATEMENT max_statement_time=0 FOR SELECT DISTINCT c.serial, r.revoked_at, r.reason"
    " FROM revocation_event e JOIN certificate c ON c.id = e.certificate_id"
    " LEFT JOIN revoked_certificate r"
    " ON r.generation_id = c.generation_id AND r.serial = c.serial"
    " WHERE e.generation_id = ? AND (e.crl_number > ? OR e.crl_number IS NULL)"
    " AND c.not_after >= ? ORDER BY c.serial";
static const char SQL_SAME[] = "SELECT s.id FROM " SAME_CA_SQL " s ORDER BY s.id";
/* None that its own list or another's has. Without an order, so that the first rows come at once.
 */
static const char SQL_LIST_OTHERS[] =
    "SET STATEMENT max_statement_time=0 FOR SELECT r.serial, r.revoked_at, r.reason"
    " FROM revoked_certificate r WHERE r.generation_id IN " SAME_CA_SQL
    " AND r.generation_id <> ? AND r.not_after >= ?"
    " AND NOT EXISTS (SELECT 1 FROM revoked_certificate d WHERE d.generation_id IN " SAME_CA_SQL
    " AND d.serial = r.serial AND (d.generation_id = ? OR d.generation_id < r.generation_id))";
/* Serials that only a published CRL told of have no events that could say since when. */
static const char SQL_LIST_BARE[] =
    "SET STATEMENT max_statement_time=0 FOR SELECT r.serial, r.revoked_at, r.reason"
    " FROM revoked_certificate r WHERE r.generation_id = ? AND r.certificate_id IS NULL"
    " AND r.not_after >= ? AND NOT EXISTS (SELECT 1 FROM certificate c JOIN revocation_event e"
    " ON e.certificate_id = c.id WHERE c.serial = r.serial AND c.generation_id IN " SAME_CA_SQL ")";
static const char SQL_FIND[] = "SELECT serial, revoked_at, reason FROM revoked_certificate"
			       " WHERE generation_id = ? AND serial = ?";
/* One that is revoked for good is not on hold, whatever another row says. */
static const char SQL_FIND_SAME[] =
    "SELECT serial, revoked_at, reason FROM revoked_certificate WHERE generation_id IN " SAME_CA_SQL
    " AND serial = ? ORDER BY reason = 6 LIMIT 1";
static const char SQL_ADD[] =
    "INSERT INTO revoked_certificate"
    " (generation_id, serial, certificate_id, not_after, revoked_at, reason)"
    " SELECT generation_id, serial, id, not_after, revoked_at, revocation_reason"
    " FROM certificate WHERE id = ? AND status <> 'good'"
    " ON DUPLICATE KEY UPDATE certificate_id = VALUES(certificate_id),"
    " not_after = VALUES(not_after), revoked_at = VALUES(revoked_at), reason = VALUES(reason)";
static const char SQL_REMOVE[] = "DELETE r FROM revoked_certificate r JOIN certificate c"
				 " ON c.generation_id = r.generation_id AND c.serial = r.serial"
				 " WHERE c.id = ? AND c.status = 'good'";
/* It is listed as long as its CA lives: nobody knows when it ends. */
static const char SQL_ADD_SERIAL[] =
    "INSERT INTO revoked_certificate"
    " (generation_id, serial, certificate_id, not_after, revoked_at, reason)"
    " SELECT id, ?, NULL, not_after, ?, ? FROM authority_generation g WHERE id = ?"
    " AND NOT EXISTS (SELECT 1 FROM revoked_certificate r"
    " WHERE r.generation_id = g.id AND r.serial = ?)";
static const char SQL_END_HOLD[] =
    "UPDATE revoked_certificate SET revoked_at = ?, reason = ?"
    " WHERE generation_id = ? AND serial = ? AND certificate_id IS NULL AND reason = 6";
static const char SQL_DROP_BARE[] =
    "DELETE FROM revoked_certificate"
    " WHERE generation_id = ? AND serial = ? AND certificate_id IS NULL AND (reason = 6 OR ?)";
/*
 * Events of workers of an older version, which knew neither generation_id nor the list: a number of
 * them is marked by a CRL number that none has, the list follows those, and they become as the
 * others are. One that is written meanwhile waits for its turn.
 */
#define MARKED "generation_id IS NULL AND crl_number = 0"
static const char SQL_MARK[] = "UPDATE revocation_event SET crl_number = 0"
			       " WHERE generation_id IS NULL AND crl_number IS NULL LIMIT ?";
static const char SQL_ADD_MARKED[] =
    "INSERT INTO revoked_certificate"
    " (generation_id, serial, certificate_id, not_after, revoked_at, reason)"
    " SELECT c.generation_id, c.serial, c.id, c.not_after, c.revoked_at, c.revocation_reason"
    " FROM certificate c WHERE c.status <> 'good' AND c.id IN"
    " (SELECT e.certificate_id FROM revocation_event e WHERE e." MARKED ")"
    " LOCK IN SHARE MODE"
    " ON DUPLICATE KEY UPDATE certificate_id = VALUES(certificate_id),"
    " not_after = VALUES(not_after), revoked_at = VALUES(revoked_at), reason = VALUES(reason)";
static const char SQL_REMOVE_MARKED[] =
    "DELETE r FROM revocation_event e JOIN certificate c ON c.id = e.certificate_id"
    " JOIN revoked_certificate r ON r.generation_id = c.generation_id AND r.serial = c.serial"
    " WHERE e.generation_id IS NULL AND e.crl_number = 0 AND c.status = 'good'";
static const char SQL_FILL[] =
    "UPDATE revocation_event SET crl_number = NULL, generation_id ="
    " (SELECT c.generation_id FROM certificate c WHERE c.id = certificate_id)"
    " WHERE " MARKED;
/* In pieces: a million at once would take longer than a statement may. */
static const char SQL_STAMP[] = "UPDATE revocation_event SET crl_number = ?"
				" WHERE generation_id = ? AND crl_number IS NULL LIMIT ?";
static const char SQL_ANY_OLDER[] =
    "SELECT EXISTS (SELECT 1 FROM revocation_event WHERE generation_id IS NULL)";
static const char SQL_ANY_SINCE[] =
    "SELECT EXISTS (SELECT 1 FROM revocation_event WHERE generation_id = ? AND crl_number IS NULL)"
    " OR EXISTS (SELECT 1 FROM revocation_event WHERE generation_id = ? AND crl_number > ?)";

static struct revoked_certificate
read_entry(const struct db_rows *row)
{
	struct revoked_certificate entry = {
		.serial = db_rows_bytes(row, 0),
		.is_removed = db_rows_is_null(row, 1),
	};

	if (!entry.is_removed) {
		entry.revoked_at = db_rows_time(row, 1);
		entry.reason = (int)db_rows_int(row, 2);
	}
	return entry;
}

static int
tell(const struct db_rows *row, void *arg, struct error *err)
{
	const struct revoked_visit *visit = arg;
	const struct revoked_certificate entry = read_entry(row);

	return visit->each(&entry, visit->arg, err);
}

/*
 * A generation and those with its name and key, mostly itself alone. They share the sequence of CRL
 * numbers, so that the number of an event tells of each of them whose CRL has it.
 */
struct same_ca {
	struct uuid ids[SAME_CA_MAX];
	size_t count;
};

static int
find_same(struct db *db, const struct uuid *generation_id, struct same_ca *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_SAME, db_args(db_uuid(generation_id)), &rows, err) < 0)
		return -1;
	for (out->count = 0; db_rows_next(rows); out->count++) {
		if (out->count == SAME_CA_MAX)
			return error_set(err, ERR_DATABASE,
			    "more than %d CA generations have one name and key", SAME_CA_MAX);
		out->ids[out->count] = db_rows_uuid(rows, 0);
	}
	return 0;
}

static int
list_others(struct db *db, const struct revoked_query *query, const struct db_visit *rows,
    struct error *err)
{
	const struct db_arg id = db_uuid(query->generation_id);

	return db_each(
	    db, SQL_LIST_OTHERS, db_args(id, id, db_time(query->ends_from), id, id), rows, err);
}

int
revoked_certificates_each(struct db *db, const struct revoked_query *query,
    const struct revoked_visit *visit, struct error *err)
{
	struct revoked_visit own = *visit;
	const struct db_visit rows = { tell, &own };
	struct same_ca same = { .count = 0 };

	if (find_same(db, query->generation_id, &same, err) < 0 ||
	    db_each(db, SQL_LIST, db_args(db_uuid(query->generation_id), db_time(query->ends_from)),
		&rows, err) < 0)
		return -1;
	return same.count <= 1 ? 0 : list_others(db, query, &rows, err);
}

int
revoked_certificates_each_since(struct db *db, const struct revoked_query *query,
    uint64_t base_number, const struct revoked_visit *visit, struct error *err)
{
	struct revoked_visit own = *visit;
	const struct db_visit rows = { tell, &own };
	const struct db_arg base = db_int((int64_t)base_number), from = db_time(query->ends_from);
	struct same_ca same = { .count = 0 };

	if (find_same(db, query->generation_id, &same, err) < 0)
		return -1;
	for (size_t i = 0; i < same.count; i++) {
		const struct db_arg id = db_uuid(&same.ids[i]);

		if (db_each(db, SQL_LIST_SINCE, db_args(id, base, from), &rows, err) < 0 ||
		    db_each(db, SQL_LIST_BARE, db_args(id, from, id), &rows, err) < 0)
			return -1;
	}
	return 0;
}

static int
find(struct db *db, const char *sql, struct db_args args, struct revoked_certificate *out,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no revoked certificate has this serial");
	*out = read_entry(rows);
	return 0;
}

int
revoked_certificates_find(struct db *db, const struct uuid *generation_id, struct bytes serial,
    struct revoked_certificate *out, struct error *err)
{
	const struct db_args args = db_args(db_uuid(generation_id), db_blob(serial));

	if (find(db, SQL_FIND, args, out, err) < 0 &&
	    (error_forgive(err, ERR_NOT_FOUND) < 0 || find(db, SQL_FIND_SAME, args, out, err) < 0))
		return -1;
	out->serial = serial;
	return 0;
}

int
revoked_certificates_add_serial(struct db *db, const struct uuid *generation_id,
    const struct revoked_certificate *entry, bool *added, struct error *err)
{
	struct db_arg serial = db_blob(entry->serial);
	uint64_t rows = 0;

	if (db_exec(db, SQL_ADD_SERIAL,
		db_args(serial, db_time(entry->revoked_at), db_int(entry->reason),
		    db_uuid(generation_id), serial),
		&rows, err) < 0)
		return -1;
	*added = rows == 1;
	return 0;
}

int
revoked_certificates_follow(struct db *db, const struct uuid *certificate_id, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_ADD, db_args(db_uuid(certificate_id)), &rows, err) < 0)
		return -1;
	/* where it was added, there is nothing to remove */
	return rows > 0 ? 0 : db_exec(db, SQL_REMOVE, db_args(db_uuid(certificate_id)), NULL, err);
}

static int
follow_older(struct db *db, uint64_t *count, struct error *err)
{
	if (db_exec(db, SQL_MARK, db_args(db_int(STAMPED_MAX)), count, err) < 0)
		return -1;
	if (*count == 0)
		return 0;
	if (db_exec(db, SQL_ADD_MARKED, db_no_args, NULL, err) < 0 ||
	    db_exec(db, SQL_REMOVE_MARKED, db_no_args, NULL, err) < 0)
		return -1;
	return db_exec(db, SQL_FILL, db_no_args, NULL, err);
}

int
revocations_stamp(struct db *db, const struct uuid *generation_id, uint64_t crl_number, bool *more,
    struct error *err)
{
	const struct db_arg number = db_int((int64_t)crl_number), limit = db_int(STAMPED_MAX);
	struct same_ca same = { .count = 0 };
	uint64_t followed = 0;

	if (follow_older(db, &followed, err) < 0 || find_same(db, generation_id, &same, err) < 0)
		return -1;
	*more = followed == STAMPED_MAX;
	for (size_t i = 0; i < same.count; i++) {
		uint64_t stamped = 0;

		if (db_exec(db, SQL_STAMP, db_args(number, db_uuid(&same.ids[i]), limit), &stamped,
			err) < 0)
			return -1;
		*more = *more || stamped == STAMPED_MAX;
	}
	return 0;
}

int
revocations_any_since(struct db *db, const struct uuid *generation_id, uint64_t crl_number,
    bool *any, struct error *err)
{
	const struct db_arg number = db_int((int64_t)crl_number);
	struct same_ca same = { .count = 0 };
	int64_t answer = 0;

	if (db_rows_ask(db, SQL_ANY_OLDER, db_no_args, &answer, err) < 0 ||
	    find_same(db, generation_id, &same, err) < 0)
		return -1;
	for (size_t i = 0; i < same.count && answer == 0; i++) {
		const struct db_arg id = db_uuid(&same.ids[i]);

		if (db_rows_ask(db, SQL_ANY_SINCE, db_args(id, id, number), &answer, err) < 0)
			return -1;
	}
	*any = answer != 0;
	return 0;
}

int
revoked_certificates_end_hold(struct db *db, const struct uuid *generation_id,
    const struct revoked_certificate *entry, bool *changed, struct error *err)
{
	struct same_ca same = { .count = 0 };

	if (find_same(db, generation_id, &same, err) < 0)
		return -1;
	*changed = false;
	for (size_t i = 0; i < same.count; i++) {
		uint64_t rows = 0;

		if (db_exec(db, SQL_END_HOLD,
			db_args(db_time(entry->revoked_at), db_int(entry->reason),
			    db_uuid(&same.ids[i]), db_blob(entry->serial)),
			&rows, err) < 0)
			return -1;
		*changed = *changed || rows > 0;
	}
	return 0;
}

int
revoked_certificates_drop_bare(struct db *db, const struct uuid *generation_id, struct bytes serial,
    bool is_revoked, struct error *err)
{
	struct same_ca same = { .count = 0 };

	if (find_same(db, generation_id, &same, err) < 0)
		return -1;
	/* alone it had one row, which has followed its certificate */
	for (size_t i = 0; same.count > 1 && i < same.count; i++)
		if (db_exec(db, SQL_DROP_BARE,
			db_args(db_uuid(&same.ids[i]), db_blob(serial), db_int(is_revoked)), NULL,
			err) < 0)
			return -1;
	return 0;
}

/* Certificates that something else hangs on, and that end soon. */
#include "store/expiring.h"

#include "base/utf8.h"
#include "store/db_rows.h"

enum { DAY_S = 86400, LEAVES_LOOKED_AT = 1000 };

static const char SQL_CAS[] =
    "SELECT id, label, not_after, state = 'retired' FROM authority_generation"
    " WHERE state IN ('active', 'retired') AND not_after < ?"
    " AND (state = 'active' OR not_after > ?) ORDER BY not_after, label LIMIT ?";
/*
 * Leaves end no later than their CA, and most with it: so the last to end are looked at, a bounded
 * number of them. Responders are no leaves; their job makes them for retired generations too.
 */
static const char SQL_LEAVES[] =
    "SELECT COUNT(*), COUNT(IF(generation_id = ?, 1, NULL)) FROM ("
    "SELECT c.generation_id FROM certificate c FORCE INDEX (certificate_not_after)"
    " WHERE c.not_after > ? AND c.not_after <= ? AND c.status <> 'revoked'"
    " AND NOT EXISTS (SELECT 1 FROM ocsp_responder r WHERE r.id = c.id)"
    " ORDER BY c.not_after DESC LIMIT ?) last";
static const char SQL_RAS[] =
    "SELECT c.id, c.subject, c.not_after, FALSE FROM ra_certificate r"
    " JOIN managed_key k ON k.id = r.key_id AND k.state = 'active'"
    " JOIN certificate c ON c.id = r.certificate_id AND c.status = 'good'"
    " WHERE c.not_after < ? AND (c.not_after > ?"
    " OR EXISTS (SELECT 1 FROM scep_profile s WHERE s.ca_certificate_id = c.id))"
    " ORDER BY c.not_after, c.id LIMIT ?";
/* One that ends together with its CA cannot be replaced by a better one. */
static const char SQL_RESPONDERS[] =
    "SELECT g.id, g.label, r.not_after, FALSE FROM authority_generation g"
    " JOIN ocsp_responder r ON r.id = (SELECT o.id FROM ocsp_responder o"
    " WHERE o.generation_id = g.id ORDER BY o.not_after DESC, o.id DESC LIMIT 1)"
    " WHERE g.state IN ('active', 'retired') AND g.not_after > ? AND r.not_after < g.not_after"
    " AND TIMESTAMPDIFF(SECOND, ?, r.not_after) * 10"
    " < TIMESTAMPDIFF(SECOND, r.not_before, r.not_after)"
    " ORDER BY r.not_after, g.label LIMIT ?";
static const char SQL_ENDED[] = "SELECT id, label, not_after, FALSE FROM authority_generation"
				" WHERE state = 'retired' AND not_after <= ? AND not_after <= ?"
				" ORDER BY not_after, label LIMIT ?";

static const char *const KINDS[] = {
	[EXPIRING_CA] = "ca",
	[EXPIRING_RA] = "ra",
	[EXPIRING_OCSP_RESPONDER] = "ocsp-responder",
};

const char *
expiring_kind_name(enum expiring_kind kind)
{
	return KINDS[kind];
}

/* A search under way. */
struct search {
	struct db *db;
	int64_t now;
	enum expiring_kind kind;
	int (*each)(const struct expiring *expiring, void *arg, struct error *err);
	void *arg;
};

/* More certificates than are looked at count as some of its own: to warn in vain does no harm. */
static int
has_leaves(const struct search *search, const struct expiring *ca, bool *has, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(search->db, SQL_LEAVES,
		db_args(db_uuid(&ca->id), db_time(search->now), db_time(ca->not_after),
		    db_int(LEAVES_LOOKED_AT)),
		&rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "no answer to COUNT");
	*has = db_rows_int(rows, 0) == LEAVES_LOOKED_AT || db_rows_int(rows, 1) > 0;
	return 0;
}

static void
read_name(const struct db_rows *rows, struct expiring *out)
{
	struct bytes name = utf8_cut_octets(db_rows_bytes(rows, 1), EXPIRING_NAME_MAX);

	for (size_t i = 0; i < name.len; i++)
		out->name[i] = (char)name.ptr[i];
	out->name[name.len] = '\0';
}

static int
tell_row(const struct search *search, const struct db_rows *rows, struct error *err)
{
	struct expiring found = {
		.kind = search->kind,
		.id = db_rows_uuid(rows, 0),
		.not_after = db_rows_time(rows, 2),
	};
	bool counts = true;

	read_name(rows, &found);
	if (db_rows_int(rows, 3) != 0 && has_leaves(search, &found, &counts, err) < 0)
		return -1;
	return counts ? search->each(&found, search->arg, err) : 0;
}

/* Each of the statements takes two times and a limit, and gives the same columns. */
static int
run(const struct search *search, const char *sql, int64_t first, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(search->db, sql,
		db_args(db_time(first), db_time(search->now), db_int(EXPIRING_MAX)), &rows,
		err) < 0)
		return -1;
	while (db_rows_next(rows))
		if (tell_row(search, rows, err) < 0)
			return -1;
	return 0;
}

int
expiring_each(struct db *db, const struct expiring_query *query,
    int (*each)(const struct expiring *expiring, void *arg, struct error *err), void *arg,
    struct error *err)
{
	struct search search = { db, query->now, EXPIRING_CA, each, arg };
	int64_t until = query->now + (int64_t)query->warn_days * DAY_S;

	if (query->warn_days == 0)
		return 0;
	if (run(&search, SQL_CAS, until, err) < 0)
		return -1;
	search.kind = EXPIRING_RA;
	if (run(&search, SQL_RAS, until, err) < 0)
		return -1;
	search.kind = EXPIRING_OCSP_RESPONDER;
	return query->asks_responders ? run(&search, SQL_RESPONDERS, query->now, err) : 0;
}

int
expiring_each_ended(struct db *db, int64_t now,
    int (*each)(const struct expiring *ended, void *arg, struct error *err), void *arg,
    struct error *err)
{
	const struct search search = { db, now, EXPIRING_CA, each, arg };

	return run(&search, SQL_ENDED, now, err);
}

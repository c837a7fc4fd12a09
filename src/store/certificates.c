/* The certificate table: the INSERT of issuing, alone or with a claim, and what the limits ask. */
#include "store/certificates.h"

#include <mysqld_error.h>
#include <string.h>

#include "store/db_rows.h"

enum { INSERT_TRIES = 3 };
enum { INSERT_ARGS = 30, ROWS_AT_ONCE = 3, ARGS_AT_ONCE = ROWS_AT_ONCE * INSERT_ARGS };

/* Plain VALUES: a claim on the profile's row in the same statement (INSERT ... SELECT) was measured
 * to cost 45 us of the server's 160 (tests/bench/enroll). */
#define INSERT_INTO \
	"INSERT INTO certificate (id, generation_id, serial, fingerprint, type, source, subject," \
	" common_name, sans, not_before, not_after, key_type, key_bits, spki_hash, csr_hash, der," \
	" ra_profile_id, requester_kind, requester_tenant, requester_object," \
	" requester_application, requester_upn, token_id, requester_certificate, remote_address," \
	" request_id, dropped, renewed_from, lineage, issued_at) VALUES "
#define ROW \
	"(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?," \
	" ?, ?)"
static const char SQL_INSERT[] = INSERT_INTO ROW;
/* As many as a statement takes arguments. */
static const char SQL_INSERT_THREE[] = INSERT_INTO ROW ", " ROW ", " ROW;
static const char SQL_CLAIM[] = "UPDATE certificate SET renewals = renewals + 1"
				" WHERE id = ? AND status = 'good' AND NOT lineage_compromised"
				" AND NOT EXISTS (SELECT 1 FROM lineage_gate g"
				" WHERE g.lineage = certificate.lineage AND g.closed"
				" AND g.closed_at > UTC_TIMESTAMP() - INTERVAL 10 MINUTE)";
static const char SQL_IS_RECORDED[] =
    "SELECT COUNT(*) FROM certificate WHERE fingerprint = ? AND generation_id = ? AND serial = ?";
static const char SQL_COUNT_LINEAGE_SINCE[] =
    "SELECT COUNT(*) FROM certificate WHERE lineage = ? AND issued_at >= ?";
static const char SQL_COUNT_SINCE[] =
    "SELECT COUNT(*) FROM certificate"
    " WHERE requester_tenant = ? AND requester_object = ? AND issued_at >= ?"
    " AND requester_certificate IS NULL";
static const char SQL_COUNT_UNEXPIRED[] =
    "SELECT COUNT(DISTINCT lineage) FROM certificate"
    " WHERE requester_tenant = ? AND requester_object = ? AND not_after > ?"
    " AND status <> 'revoked'";
static const char SQL_FIND_SAME[] =
    "SELECT der FROM certificate"
    " WHERE requester_tenant = ? AND requester_object = ? AND issued_at >= ?"
    " AND ra_profile_id = ? AND generation_id = ? AND csr_hash = ? AND status = 'good'"
    " AND not_after > ? AND requester_certificate IS NULL"
    " ORDER BY issued_at DESC, id DESC LIMIT 1";

static void
set_args(const struct certificate_record *r, struct db_arg out[static INSERT_ARGS])
{
	const struct db_arg args[INSERT_ARGS] = { db_uuid(&r->id), db_uuid(&r->generation_id),
		db_blob(r->serial), db_blob(r->fingerprint), db_text(r->type), db_text(r->source),
		db_text(r->subject), db_text(r->common_name), db_text(r->sans),
		db_time(r->not_before), db_time(r->not_after), db_text(r->key_type),
		db_int(r->key_bits), db_blob(r->spki_hash), db_blob(r->csr_hash), db_blob(r->der),
		db_uuid(&r->ra_profile_id), db_text(r->requester_kind),
		db_uuid(r->requester_tenant), db_uuid(r->requester_object),
		db_uuid(r->requester_application), db_text(r->requester_upn), db_text(r->token_id),
		db_uuid(r->requester_certificate), db_text(r->remote_address),
		db_uuid(&r->request_id), db_text(r->dropped), db_uuid(r->renewed_from),
		db_uuid(&r->lineage), db_time(r->issued_at) };

	memcpy(out, args, sizeof(args));
}

static int
insert(struct db *db, const struct certificate_record *record, struct error *err)
{
	struct db_arg args[INSERT_ARGS];

	set_args(record, args);
	return db_exec(db, SQL_INSERT, (struct db_args){ args, INSERT_ARGS }, NULL, err);
}

/* What is recorded, and whose claim goes with it. */
struct insertion {
	const struct certificate_record *record;
	const struct uuid *claimed;                     /* NULL: none */
	const struct certificates_companion *companion; /* NULL: none */
};

static int
claim_and_insert(struct db *db, void *arg, struct error *err)
{
	const struct insertion *insertion = arg;
	uint64_t rows = 0;

	if (db_exec(db, SQL_CLAIM, db_args(db_uuid(insertion->claimed)), &rows, err) < 0)
		return -1;
	if (rows != 1)
		return error_set(
		    err, ERR_CLIENT_CERT, "the client certificate was revoked meanwhile");
	return insert(db, insertion->record, err);
}

static int
insert_both(struct db *db, void *arg, struct error *err)
{
	const struct insertion *insertion = arg;

	if (insert(db, insertion->record, err) < 0)
		return -1;
	return insertion->companion->insert(db, insertion->companion->arg, err);
}

static int
attempt(struct db *db, struct insertion *insertion, struct error *err)
{
	if (insertion->claimed != NULL)
		return db_transaction(db, claim_and_insert, insertion, err);
	if (insertion->companion != NULL)
		return db_transaction(db, insert_both, insertion, err);
	return insert(db, insertion->record, err);
}

static int
count_rows(struct db *db, const char *sql, struct db_args args, int64_t *count, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "no answer to COUNT");
	*count = db_rows_int(rows, 0);
	return 0;
}

static int
is_recorded(struct db *db, const struct certificate_record *r, bool *out, struct error *err)
{
	int64_t count = 0;

	if (count_rows(db, SQL_IS_RECORDED,
		db_args(db_blob(r->fingerprint), db_uuid(&r->generation_id), db_blob(r->serial)),
		&count, err) < 0)
		return -1;
	*out = count == 1;
	return 0;
}

/*
 * What another attempt answered, after the outcome of an earlier one stayed unknown: a duplicate
 * may be because the earlier one was committed; and a claim may fail because the claimed
 * one was revoked after that.
 */
static int
settle(struct db *db, const struct certificate_record *record, struct error *err)
{
	struct error mine = { .code = ERR_NONE };
	bool recorded = false;

	if (is_recorded(db, record, &recorded, &mine) < 0) {
		*err = mine;
		return -1;
	}
	if (!recorded)
		return -1;
	error_clear(err);
	return 0;
}

/* Rolled back, a Galera node's commit among the reasons. */
static bool
is_rolled_back(const struct error *err)
{
	return err->number == ER_LOCK_DEADLOCK || err->number == ER_LOCK_WAIT_TIMEOUT;
}

/* Whether the same may be sent once more. */
static bool
may_repeat(const struct insertion *insertion, const struct error *err, bool unknown)
{
	/* A transaction was repeated already. */
	if (is_rolled_back(err))
		return insertion->claimed == NULL && insertion->companion == NULL;
	/* Once only: two losses in a row are an outage. */
	return !unknown && (db_outcome_unknown(err) || err->number == ER_UNKNOWN_COM_ERROR);
}

/* *lost is the number of the fault that left the outcome of an attempt unknown. */
static int
insert_repeatedly(struct db *db, struct insertion *insertion, int *lost, struct error *err)
{
	for (unsigned tries = 1;; tries++) {
		if (attempt(db, insertion, err) == 0)
			return 0;
		if (err->code == ERR_CONFLICT || err->code == ERR_CLIENT_CERT)
			return *lost != 0 ? settle(db, insertion->record, err) : -1;
		if (err->code != ERR_DATABASE || tries == INSERT_TRIES ||
		    !may_repeat(insertion, err, *lost != 0))
			return -1;
		if (*lost == 0 && db_outcome_unknown(err))
			*lost = err->number;
		error_clear(err);
	}
}

static int
insert_and_settle(struct db *db, struct insertion *insertion, struct error *err)
{
	int lost = 0;

	if (insert_repeatedly(db, insertion, &lost, err) == 0)
		return 0;
	/* Whatever came after, such as a server that is away: the outcome stays unknown. */
	if (lost != 0 && err->code == ERR_DATABASE)
		err->number = lost;
	return -1;
}

int
certificates_insert(struct db *db, const struct certificate_record *record, struct error *err)
{
	struct insertion insertion = { .record = record, .claimed = NULL };

	return insert_and_settle(db, &insertion, err);
}

int
certificates_insert_many(
    struct db *db, const struct certificate_record *const *records, size_t count, struct error *err)
{
	struct db_arg args[ARGS_AT_ONCE];

	for (; count >= ROWS_AT_ONCE; count -= ROWS_AT_ONCE) {
		for (size_t row = 0; row < ROWS_AT_ONCE; row++)
			set_args(*records++, args + row * INSERT_ARGS);
		if (db_exec(db, SQL_INSERT_THREE, (struct db_args){ args, ARGS_AT_ONCE }, NULL,
			err) < 0)
			return -1;
	}
	for (; count > 0; count--)
		if (insert(db, *records++, err) < 0)
			return -1;
	return 0;
}

int
certificates_insert_claimed(struct db *db, const struct certificate_record *record,
    const struct uuid *claimed, struct error *err)
{
	struct insertion insertion = { .record = record, .claimed = claimed };

	return insert_and_settle(db, &insertion, err);
}

int
certificates_insert_with(struct db *db, const struct certificate_record *record,
    const struct certificates_companion *companion, struct error *err)
{
	struct insertion insertion = { .record = record, .companion = companion };

	return insert_and_settle(db, &insertion, err);
}

int
certificates_count_lineage_since(
    struct db *db, const struct uuid *lineage, int64_t since, int64_t *count, struct error *err)
{
	return count_rows(
	    db, SQL_COUNT_LINEAGE_SINCE, db_args(db_uuid(lineage), db_time(since)), count, err);
}

int // NOLINTNEXTLINE(readability-function-size): a principal is tenant and object
certificates_count_since(struct db *db, const struct uuid *tenant, const struct uuid *object,
    int64_t since, int64_t *count, struct error *err)
{
	return count_rows(db, SQL_COUNT_SINCE,
	    db_args(db_uuid(tenant), db_uuid(object), db_time(since)), count, err);
}

int // NOLINTNEXTLINE(readability-function-size): a principal is tenant and object
certificates_count_unexpired(struct db *db, const struct uuid *tenant, const struct uuid *object,
    int64_t at, int64_t *count, struct error *err)
{
	return count_rows(db, SQL_COUNT_UNEXPIRED,
	    db_args(db_uuid(tenant), db_uuid(object), db_time(at)), count, err);
}

int
certificates_find_same(struct db *db, const struct certificate_same *same, struct buf *der,
    bool *found, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_FIND_SAME,
		db_args(db_uuid(same->tenant), db_uuid(same->object), db_time(same->since),
		    db_uuid(&same->ra_profile_id), db_uuid(&same->generation_id),
		    db_blob(same->csr_hash), db_time(same->ends_after)),
		&rows, err) < 0)
		return -1;
	if (db_rows_next(rows)) {
		if (db_rows_append(rows, 0, der, err) < 0)
			return -1;
		*found = true;
	} else {
		*found = false;
	}
	return 0;
}

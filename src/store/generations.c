/* The tables of CA generations and of the cross-certificates between them. */
#include <string.h>

#include "store/authorities.h"
#include "store/db_rows.h"

enum { CERTIFICATE_MAX = 65535, CHAIN_MAX = 1 << 20 };

#define COLUMNS \
	"id, authority_id, number, label, key_id, state, subject, csr, certificate, chain," \
	" fingerprint, not_before, not_after, created_at"

#define SELECT "SELECT " COLUMNS " FROM authority_generation "

static const char SQL_INSERT[] = "INSERT INTO authority_generation (" COLUMNS
				 ", activated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
				 " IF(? = 'active', UTC_TIMESTAMP(), NULL))";
static const char SQL_FIND[] = SELECT "WHERE label = CONVERT(? USING ascii)";
static const char SQL_FIND_ID[] = SELECT "WHERE id = ?";
static const char SQL_FIND_ACTIVE[] = SELECT "WHERE active_authority_id = ?";
static const char SQL_EACH[] = SELECT "WHERE authority_id = ? ORDER BY number";
static const char SQL_SET_CERTIFICATE[] =
    "UPDATE authority_generation SET subject = ?, certificate = ?, chain = ?, fingerprint = ?,"
    " not_before = ?, not_after = ?"
    " WHERE id = ? AND state = 'pending' AND certificate IS NULL";
static const char SQL_SET_STATE[] =
    "UPDATE authority_generation SET state = ?,"
    " activated_at = IF(? = 'active', UTC_TIMESTAMP(), activated_at),"
    " retired_at = IF(? = 'retired', UTC_TIMESTAMP(), retired_at)"
    " WHERE id = ? AND state = ? AND (? <> 'active' OR certificate IS NOT NULL)";
static const char SQL_CROSS_INSERT[] =
    "INSERT INTO authority_cross_certificate (issuer_generation_id, subject_generation_id,"
    " serial, certificate, created_at) VALUES (?, ?, ?, ?, UTC_TIMESTAMP())";
static const char SQL_CROSS_OF[] = "SELECT c.certificate FROM authority_cross_certificate c"
				   " JOIN authority_generation g ON g.id = c.issuer_generation_id"
				   " WHERE c.subject_generation_id = ? ORDER BY g.number DESC";

static const char *const STATES[] = {
	[GENERATION_PENDING] = "pending",
	[GENERATION_ACTIVE] = "active",
	[GENERATION_RETIRED] = "retired",
	[GENERATION_EXPIRED] = "expired",
};

const char *
generation_state_name(enum generation_state state)
{
	return STATES[state];
}

static struct generation
generation_empty(void)
{
	return (struct generation){
		.csr = BUF_INIT(CERTIFICATE_MAX),
		.certificate = BUF_INIT(CERTIFICATE_MAX),
		.chain = BUF_INIT(CHAIN_MAX),
	};
}

void
generation_release(struct generation *generation)
{
	buf_release(&generation->csr);
	buf_release(&generation->certificate);
	buf_release(&generation->chain);
}

/* Empty bytes are SQL NULL. */
static struct db_arg
blob_or_null(const struct buf *buf)
{
	return buf->len > 0 ? db_blob(buf_bytes(buf)) : db_null();
}

/* Without a certificate there is no fingerprint and no time. */
static struct db_arg
fingerprint_or_null(const struct generation *generation)
{
	if (generation->certificate.len == 0)
		return db_null();
	return db_blob(bytes_of(generation->fingerprint, sizeof(generation->fingerprint)));
}

static struct db_arg
time_or_null(const struct generation *generation, int64_t seconds)
{
	return generation->certificate.len > 0 ? db_time(seconds) : db_null();
}

int
generations_insert(struct db *db, const struct generation *generation, struct error *err)
{
	const char *state = generation_state_name(generation->state);

	return db_exec(db, SQL_INSERT,
	    db_args(db_uuid(&generation->id), db_uuid(&generation->authority_id),
		db_int(generation->number), db_text(generation->label),
		db_uuid(&generation->key_id), db_text(state), db_text(generation->subject),
		blob_or_null(&generation->csr), blob_or_null(&generation->certificate),
		blob_or_null(&generation->chain), fingerprint_or_null(generation),
		time_or_null(generation, generation->not_before),
		time_or_null(generation, generation->not_after), db_time(generation->created_at),
		db_text(state)),
	    NULL, err);
}

static int
read_state(
    const struct db_rows *rows, unsigned column, enum generation_state *out, struct error *err)
{
	struct bytes name = db_rows_bytes(rows, column);

	for (unsigned i = 0; i < sizeof(STATES) / sizeof(STATES[0]); i++)
		if (bytes_equal_text(name, STATES[i])) {
			*out = (enum generation_state)i;
			return 0;
		}
	return error_set(err, ERR_DATABASE, "unknown state");
}

static int
read_fingerprint(
    const struct db_rows *rows, unsigned column, struct generation *generation, struct error *err)
{
	struct bytes bytes = db_rows_bytes(rows, column);

	if (bytes.len != 0 && bytes.len != sizeof(generation->fingerprint))
		return error_set(err, ERR_DATABASE, "a fingerprint of %zu bytes", bytes.len);
	if (bytes.len != 0)
		memcpy(generation->fingerprint, bytes.ptr, bytes.len);
	return 0;
}

static int
read_row(const struct db_rows *rows, struct generation *out, struct error *err)
{
	out->id = db_rows_uuid(rows, 0);
	out->authority_id = db_rows_uuid(rows, 1);
	out->number = (unsigned)db_rows_int(rows, 2);
	out->key_id = db_rows_uuid(rows, 4);
	out->not_before = db_rows_time(rows, 11);
	out->not_after = db_rows_time(rows, 12);
	out->created_at = db_rows_time(rows, 13);
	if (db_rows_text(rows, 3, out->label, sizeof(out->label), err) < 0 ||
	    read_state(rows, 5, &out->state, err) < 0 ||
	    db_rows_text(rows, 6, out->subject, sizeof(out->subject), err) < 0 ||
	    db_rows_append(rows, 7, &out->csr, err) < 0 ||
	    db_rows_append(rows, 8, &out->certificate, err) < 0 ||
	    db_rows_append(rows, 9, &out->chain, err) < 0 ||
	    read_fingerprint(rows, 10, out, err) < 0)
		return error_prefix(err, "authority_generation");
	return 0;
}

static int
find(struct db *db, const char *sql, struct db_arg key, struct generation *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	cleanup(generation_release) struct generation generation = generation_empty();

	if (db_query(db, sql, db_args(key), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such CA generation");
	if (read_row(rows, &generation, err) < 0)
		return -1;
	*out = generation;
	generation = generation_empty();
	return 0;
}

int
generations_find(struct db *db, const char *label, struct generation *out, struct error *err)
{
	cleanup(generation_release) struct generation generation = generation_empty();

	if (find(db, SQL_FIND, db_text(label), &generation, err) < 0)
		return -1;
	/* The collation takes "DEMO-1" and "demo-1 " for "demo-1"; a label is one exact text. */
	if (strcmp(generation.label, label) != 0)
		return error_set(err, ERR_NOT_FOUND, "no such CA generation");
	*out = generation;
	generation = generation_empty();
	return 0;
}

int
generations_find_id(struct db *db, const struct uuid *id, struct generation *out, struct error *err)
{
	return find(db, SQL_FIND_ID, db_uuid(id), out, err);
}

int
generations_find_active(
    struct db *db, const struct uuid *authority_id, struct generation *out, struct error *err)
{
	return find(db, SQL_FIND_ACTIVE, db_uuid(authority_id), out, err);
}

int
generations_each(struct db *db, const struct uuid *authority_id,
    int (*each)(const struct generation *generation, void *arg, struct error *err), void *arg,
    struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH, db_args(db_uuid(authority_id)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		cleanup(generation_release) struct generation generation = generation_empty();

		if (read_row(rows, &generation, err) < 0 || each(&generation, arg, err) < 0)
			return -1;
	}
	return 0;
}

int
generations_set_certificate(struct db *db, const struct generation *generation, struct error *err)
{
	uint64_t rows = 0;

	if (generation->certificate.len == 0)
		return error_set(
		    err, ERR_INTERNAL, "generation %s: no certificate to set", generation->label);
	if (db_exec(db, SQL_SET_CERTIFICATE,
		db_args(db_text(generation->subject), blob_or_null(&generation->certificate),
		    blob_or_null(&generation->chain), fingerprint_or_null(generation),
		    time_or_null(generation, generation->not_before),
		    time_or_null(generation, generation->not_after), db_uuid(&generation->id)),
		&rows, err) < 0)
		return -1;
	if (rows != 1)
		return error_set(err, ERR_CONFLICT,
		    "generation %s is not pending or has a certificate already", generation->label);
	return 0;
}

int
generations_set_state(struct db *db, const struct uuid *id, enum generation_state from,
    enum generation_state to, struct error *err)
{
	struct db_arg target = db_text(generation_state_name(to));
	uint64_t rows = 0;

	if (db_exec(db, SQL_SET_STATE,
		db_args(target, target, target, db_uuid(id), db_text(generation_state_name(from)),
		    target),
		&rows, err) < 0)
		return -1;
	if (rows != 1)
		return error_set(err, ERR_CONFLICT,
		    "the CA generation is not %s%s, so it cannot become %s",
		    generation_state_name(from),
		    to == GENERATION_ACTIVE ? " or has no certificate" : "",
		    generation_state_name(to));
	return 0;
}

int
cross_certificates_insert(struct db *db, const struct cross_certificate *cross, struct error *err)
{
	return db_exec(db, SQL_CROSS_INSERT,
	    db_args(db_uuid(&cross->issuer_generation_id), db_uuid(&cross->subject_generation_id),
		db_blob(cross->serial), db_blob(cross->certificate)),
	    NULL, err);
}

int
cross_certificates_of(
    struct db *db, const struct uuid *subject_generation_id, struct buf *ders, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_CROSS_OF, db_args(db_uuid(subject_generation_id)), &rows, err) < 0)
		return -1;
	while (db_rows_next(rows))
		if (db_rows_append(rows, 0, ders, err) < 0)
			return -1;
	return 0;
}

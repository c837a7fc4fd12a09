/* Seals what is under older keys anew under the first one. */
#include "enroll/secrets/secret_rotation.h"

#include <stdio.h>
#include <string.h>

#include "enroll/secrets/secret.h"
#include "enroll/secrets/secret_document.h"
#include "store/audit.h"
#include "store/secrets.h"

/* A worker whose keyring is not read again yet may seal under an older key behind our back. */
enum { PASSES_MAX = 5, DETAIL_MAX = 1024 };

_Static_assert((int)SECRET_BLOB_MAX == (int)SECRETS_BLOB_MAX, "a blob fits where it is kept");

struct run {
	struct db *db;
	const struct keyring *keyring;
	const char *actor;
	struct bytes head; /* what a value under the first key begins with */
	struct secret_rotation *result;
};

static struct secret_use *
find_use(struct secret_uses *uses, const char *id)
{
	for (size_t i = 0; i < uses->count; i++)
		if (strcmp(uses->items[i].id, id) == 0)
			return &uses->items[i];
	return NULL;
}

static struct secret_use *
add_use(struct secret_uses *uses, const char *id, bool is_in_ring)
{
	struct secret_use *use;

	if (uses->count == SECRET_USES_MAX)
		return NULL;
	use = &uses->items[uses->count++];
	*use = (struct secret_use){ .is_in_ring = is_in_ring };
	(void)snprintf(use->id, sizeof(use->id), "%s", id);
	return use;
}

static int
count_values(struct secret_uses *uses, const char *id, int64_t values, struct error *err)
{
	struct secret_use *use = find_use(uses, id);

	if (use == NULL)
		use = add_use(uses, id, false);
	if (use == NULL)
		return error_set(
		    err, ERR_CA_KEY, "values are sealed under more than %d keys", SECRET_USES_MAX);
	use->values += values;
	return 0;
}

static int
count_share(const struct secrets_share *share, void *arg, struct error *err)
{
	size_t count;
	const struct secrets_column *column = &secrets_columns(&count)[share->column];
	const struct secret_place place = { column->table, column->column, &share->row };
	char id[KEYRING_ID_TEXT];

	if (keyring_blob_id(share->head, id, err) < 0)
		return secret_prefix(&place, err);
	return count_values(arg, id, share->values, err);
}

static int
count_in_document(const char *id, const struct secret_place *place, void *arg, struct error *err)
{
	(void)place;
	return count_values(arg, id, 1, err);
}

static int
count_documents(struct db *db, struct secret_uses *uses, struct error *err)
{
	const struct secret_document_visit visit = { .each = count_in_document, .arg = uses };
	size_t count;

	(void)secrets_documents(&count);
	for (size_t document = 0; document < count; document++)
		if (secret_document_each_row(db, document, &visit, err) < 0)
			return -1;
	return 0;
}

int
secret_rotation_uses(
    struct db *db, const struct keyring *keyring, struct secret_uses *out, struct error *err)
{
	struct secret_uses uses = { .count = 0 };
	const struct secrets_visit visit = {
		.head_size = KEYRING_HEAD_SIZE,
		.each = count_share,
		.arg = &uses,
	};

	for (size_t i = 0; i < keyring_count(keyring); i++)
		(void)add_use(&uses, keyring_id(keyring, i), true);
	if (secrets_each_share(db, &visit, err) < 0 || count_documents(db, &uses, err) < 0)
		return -1;
	*out = uses;
	return 0;
}

/* How many are not under the first key. */
static int
count_others(const struct run *run, int64_t *out, struct error *err)
{
	struct secret_uses uses;

	if (secret_rotation_uses(run->db, run->keyring, &uses, err) < 0)
		return -1;
	*out = 0;
	for (size_t i = 1; i < uses.count; i++)
		*out += uses.items[i].values;
	return 0;
}

/* Opens a value and seals it anew; the plain text is gone when this returns. */
static int
seal_anew(const struct keyring *keyring, const struct secret_place *place, struct bytes old,
    struct buf *new, struct error *err)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);

	if (secret_open(keyring, place, old, &plain, err) < 0 ||
	    secret_seal(keyring, place, buf_bytes(&plain), new, err) < 0)
		return secret_prefix(place, err);
	if (buf_failed(&plain) || buf_failed(new))
		return error_set(err, ERR_INTERNAL, "out of memory");
	return 0;
}

/* One that does not open keeps the others from nothing; it is reported at the end. */
static int
note_failure(struct secret_rotation *result, int64_t values, struct error *err)
{
	if (!error_is(err, ERR_CA_KEY))
		return -1;
	if (result->failed == 0)
		(void)snprintf(
		    result->first_failure, sizeof(result->first_failure), "%s", err->text);
	result->failed += values;
	error_clear(err);
	return 0;
}

static int
rotate_value(
    const struct run *run, size_t column, const struct secrets_value *value, struct error *err)
{
	size_t count;
	const struct secrets_column *names = &secrets_columns(&count)[column];
	const struct secret_place place = { names->table, names->column, &value->row };
	cleanup(buf_release) struct buf blob = BUF_INIT(SECRET_BLOB_MAX);
	struct secrets_replacement replacement = { .column = column, .old = value };

	if (seal_anew(run->keyring, &place, buf_bytes(&value->blob), &blob, err) < 0)
		return note_failure(run->result, 1, err);
	replacement.blob = buf_bytes(&blob);
	if (secrets_replace(run->db, &replacement, err) < 0)
		return -1;
	run->result->sealed += replacement.replaced ? 1 : 0;
	run->result->skipped += replacement.replaced ? 0 : 1;
	return 0;
}

static int
rotate_column(const struct run *run, size_t column, struct error *err)
{
	cleanup(secrets_value_release) struct secrets_value value;

	secrets_value_init(&value);
	while (secrets_next_other(run->db, column, run->head, &value, err) == 0)
		if (rotate_value(run, column, &value, err) < 0)
			return -1;
	return error_forgive(err, ERR_NOT_FOUND);
}

/* For one JSON: how many of its values are under another key than the first one. */
struct others {
	const char *first;
	int64_t values;
};

static int
count_other(const char *id, const struct secret_place *place, void *arg, struct error *err)
{
	struct others *others = arg;

	(void)place;
	(void)err;
	others->values += strcmp(id, others->first) != 0 ? 1 : 0;
	return 0;
}

static int
rotate_json(
    const struct run *run, size_t document, const struct secrets_value *value, struct error *err)
{
	struct others others = { .first = keyring_id(run->keyring, 0) };
	const struct secret_document_visit visit = { .each = count_other, .arg = &others };
	cleanup(buf_release) struct buf json = BUF_INIT(SECRETS_DOCUMENT_MAX);
	struct secrets_replacement replacement = { .column = document, .old = value };

	if (secret_document_each(document, value, &visit, err) < 0)
		return -1;
	if (others.values == 0)
		return 0;
	if (secret_document_seal(run->keyring, document, value, &json, err) < 0)
		return note_failure(run->result, others.values, err);
	replacement.blob = buf_bytes(&json);
	if (secrets_replace_document(run->db, &replacement, err) < 0)
		return -1;
	run->result->sealed += replacement.replaced ? others.values : 0;
	run->result->skipped += replacement.replaced ? 0 : others.values;
	return 0;
}

static int
rotate_document(const struct run *run, size_t document, struct error *err)
{
	cleanup(secrets_value_release) struct secrets_value value;

	secrets_document_init(&value);
	while (secrets_next_document(run->db, document, &value, err) == 0)
		if (rotate_json(run, document, &value, err) < 0)
			return -1;
	return error_forgive(err, ERR_NOT_FOUND);
}

static int
rotate_columns(const struct run *run, struct error *err)
{
	size_t count;

	(void)secrets_columns(&count);
	run->result->failed = 0;
	for (size_t column = 0; column < count; column++)
		if (rotate_column(run, column, err) < 0)
			return -1;
	(void)secrets_documents(&count);
	for (size_t document = 0; document < count; document++)
		if (rotate_document(run, document, err) < 0)
			return -1;
	return 0;
}

/* Again and again until nothing but what does not open is under another key. */
static int
rotate(const struct run *run, struct error *err)
{
	int64_t others = 0;

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		if (rotate_columns(run, err) < 0 || count_others(run, &others, err) < 0)
			return -1;
		if (others <= run->result->failed)
			return 0;
	}
	return error_set(err, ERR_CONFLICT,
	    "%lld values are under other keys again; reload every certwright that has the old "
	    "keyring, then run this again",
	    (long long)others);
}

static int
audit(const struct run *run, const char *outcome, const char *detail, struct error *err)
{
	const struct audit_event event = {
		.actor = run->actor,
		.remote_address = "",
		.action = "key.rotate_secrets",
		.object_type = "keyring",
		.object_name = keyring_id(run->keyring, 0),
		.outcome = outcome,
		.detail = detail,
	};

	return audit_insert(run->db, &event, err);
}

static int
audit_begin(const struct run *run, struct error *err)
{
	char detail[DETAIL_MAX];
	int64_t others = 0;

	if (count_others(run, &others, err) < 0)
		return -1;
	(void)snprintf(detail, sizeof(detail), "values under other keys: %lld", (long long)others);
	return audit(run, "begun", detail, err);
}

static int
audit_end(const struct run *run, struct error *err)
{
	const struct secret_rotation *result = run->result;
	char detail[DETAIL_MAX];

	(void)snprintf(detail, sizeof(detail),
	    "values sealed anew: %lld; changed by others meanwhile: %lld; not opened: %lld%s%s",
	    (long long)result->sealed, (long long)result->skipped, (long long)result->failed,
	    result->failed > 0 ? ", first " : "", result->first_failure);
	return audit(run, result->failed > 0 ? "failed" : "done", detail, err);
}

int
secret_rotation_run(struct db *db, const struct keyring *keyring, const char *actor,
    struct secret_rotation *out, struct error *err)
{
	uint8_t head[KEYRING_HEAD_SIZE] = { 0 };
	struct secret_rotation result = { .sealed = 0 };
	const struct run run = {
		.db = db,
		.keyring = keyring,
		.actor = actor,
		.head = bytes_of(head, sizeof(head)),
		.result = &result,
	};

	if (keyring_head(keyring, head, err) < 0 || audit_begin(&run, err) < 0 ||
	    rotate(&run, err) < 0 || audit_end(&run, err) < 0)
		return -1;
	*out = result;
	return 0;
}

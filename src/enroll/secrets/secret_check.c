/* Whether the keyring opens what is sealed in the database. */
#include "enroll/secrets/secret_check.h"

#include "base/log.h"
#include "enroll/secrets/secret.h"
#include "enroll/secrets/secret_document.h"
#include "store/secrets.h"

struct check {
	struct db *db;
	const struct keyring *keyring;
};

int
secret_check_keyring(const struct keyring *keyring, struct error *err)
{
	const char *why = keyring != NULL ? keyring_why_unusable(keyring) : NULL;

	return why == NULL ? 0 : error_set(err, ERR_CONFIG, "%s", why);
}

static int
try_to_open(
    const struct check *check, size_t column, const struct secret_place *place, struct error *err)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);
	cleanup(secrets_value_release) struct secrets_value value;

	secrets_value_init(&value);
	/* Deleted since: then the next start tries another one. */
	if (secrets_find(check->db, column, place->row, &value, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND);
	return secret_open(check->keyring, place, buf_bytes(&value.blob), &plain, err);
}

static int
check_values(const struct secrets_share *share, const struct check *check, struct error *err)
{
	size_t count;
	const struct secrets_column *column = &secrets_columns(&count)[share->column];
	const struct secret_place place = { column->table, column->column, &share->row };
	char id[KEYRING_ID_TEXT];

	if (keyring_blob_id(share->head, id, err) < 0) {
		err->code = ERR_CONFIG;
		return secret_prefix(&place, err);
	}
	if (check->keyring == NULL)
		return error_set(err, ERR_CONFIG,
		    "%lld values of %s.%s are sealed under key %s, and [Keys] KeyringFile is not "
		    "set",
		    (long long)share->values, column->table, column->column, id);
	if (!keyring_has(check->keyring, id))
		return error_set(err, ERR_CONFIG,
		    "KeyringFile lacks key %s, under which %lld values of %s.%s are sealed", id,
		    (long long)share->values, column->table, column->column);
	if (try_to_open(check, share->column, &place, err) == 0)
		return 0;
	if (error_is(err, ERR_CA_KEY))
		err->code = ERR_CONFIG;
	return secret_prefix(&place, err);
}

static int
check_share(const struct secrets_share *share, void *arg, struct error *err)
{
	struct error mine = { .code = ERR_NONE };
	size_t count;

	if (check_values(share, arg, &mine) == 0)
		return 0;
	if (error_is(&mine, ERR_CONFIG) && secrets_columns(&count)[share->column].is_remade) {
		log_event(LOG_LEVEL_WARNING, "secret_lost", log_text("reason", mine.text));
		return 0;
	}
	*err = mine;
	return -1;
}

static int
check_in_document(const char *id, const struct secret_place *place, void *arg, struct error *err)
{
	const struct check *check = arg;

	(void)place;
	if (check->keyring == NULL)
		return error_set(err, ERR_CONFIG,
		    "a value is sealed under key %s, and [Keys] KeyringFile is not set", id);
	if (!keyring_has(check->keyring, id))
		return error_set(
		    err, ERR_CONFIG, "KeyringFile lacks key %s, under which a value is sealed", id);
	return 0;
}

/* Not those of certificates, which may be many: they are not read at each start. */
static int
check_documents(struct check *check, struct error *err)
{
	const struct secret_document_visit visit = { .each = check_in_document, .arg = check };
	size_t count;
	const struct secrets_document *documents = secrets_documents(&count);

	for (size_t i = 0; i < count; i++)
		if (documents[i].is_bounded &&
		    secret_document_each_row(check->db, i, &visit, err) < 0) {
			if (error_is(err, ERR_CA_KEY))
				err->code = ERR_CONFIG;
			return -1;
		}
	return 0;
}

int
secret_check(struct db *db, const struct keyring *keyring, struct error *err)
{
	struct check check = { .db = db, .keyring = keyring };
	const struct secrets_visit visit = {
		.head_size = KEYRING_HEAD_SIZE,
		.each = check_share,
		.arg = &check,
	};

	if (secret_check_keyring(keyring, err) < 0)
		return -1;
	if (secrets_each_share(db, &visit, err) < 0)
		return -1;
	return check_documents(&check, err);
}

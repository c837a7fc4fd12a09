/* The managed_key table: what is known of our private keys, never the keys. */
#include "store/keys.h"

#include <string.h>

#include "store/db_rows.h"

enum { PUBLIC_KEY_MAX = 2048 };

#define COLUMNS \
	"id, name, algorithm, bits, uri, passphrase_file, public_key, usages, state, created_at"

static const char SQL_INSERT[] =
    "INSERT INTO managed_key (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SQL_FIND[] = "SELECT " COLUMNS " FROM managed_key WHERE id = ?";
static const char SQL_RETIRE[] =
    "UPDATE managed_key SET state = 'retired' WHERE id = ? AND state = 'active'";
static const char SQL_EACH[] = "SELECT " COLUMNS " FROM managed_key ORDER BY name";

void
managed_key_release(struct managed_key *key)
{
	buf_release(&key->public_key);
}

bool
managed_key_is_for(const struct managed_key *key, const char *usage)
{
	size_t len = strlen(usage);

	for (const char *at = key->usages; *at != '\0';) {
		size_t end = strcspn(at, ",");

		if (end == len && strncmp(at, usage, len) == 0)
			return true;
		at += end + (at[end] == ',' ? 1 : 0);
	}
	return false;
}

int
keys_insert(struct db *db, const struct managed_key *key, struct error *err)
{
	const char *passphrase_file = key->passphrase_file[0] != '\0' ? key->passphrase_file : NULL;

	return db_exec(db, SQL_INSERT,
	    db_args(db_uuid(&key->id), db_text(key->name), db_text(key->algorithm),
		db_int(key->bits), db_text(key->uri), db_text(passphrase_file),
		db_blob(buf_bytes(&key->public_key)), db_text(key->usages), db_text(key->state),
		db_time(key->created_at)),
	    NULL, err);
}

static int
read_row(const struct db_rows *rows, struct managed_key *key, struct error *err)
{
	key->id = db_rows_uuid(rows, 0);
	key->bits = (unsigned)db_rows_int(rows, 3);
	key->created_at = db_rows_time(rows, 9);
	if (db_rows_text(rows, 1, key->name, sizeof(key->name), err) < 0 ||
	    db_rows_text(rows, 2, key->algorithm, sizeof(key->algorithm), err) < 0 ||
	    db_rows_text(rows, 4, key->uri, sizeof(key->uri), err) < 0 ||
	    db_rows_text(rows, 5, key->passphrase_file, sizeof(key->passphrase_file), err) < 0 ||
	    db_rows_append(rows, 6, &key->public_key, err) < 0 ||
	    db_rows_text(rows, 7, key->usages, sizeof(key->usages), err) < 0 ||
	    db_rows_text(rows, 8, key->state, sizeof(key->state), err) < 0)
		return error_prefix(err, "managed_key");
	return 0;
}

int
keys_find(struct db *db, const struct uuid *id, struct managed_key *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	cleanup(managed_key_release) struct managed_key key = {
		.public_key = BUF_INIT(PUBLIC_KEY_MAX),
	};

	if (db_query(db, SQL_FIND, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_NOT_FOUND, "no such key");
	if (read_row(rows, &key, err) < 0)
		return -1;
	*out = key;
	out->public_key = (struct buf)BUF_INIT(PUBLIC_KEY_MAX);
	buf_move(&out->public_key, &key.public_key);
	return 0;
}

int
keys_retire(struct db *db, const struct uuid *id, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_RETIRE, db_args(db_uuid(id)), &rows, err) < 0)
		return -1;
	return rows == 1 ? 0 : error_set(err, ERR_CONFLICT, "the key is retired already");
}

int
keys_each(struct db *db, int (*each)(const struct managed_key *key, void *arg, struct error *err),
    void *arg, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, SQL_EACH, db_no_args, &rows, err) < 0)
		return -1;
	while (db_rows_next(rows)) {
		cleanup(managed_key_release) struct managed_key key = {
			.public_key = BUF_INIT(PUBLIC_KEY_MAX),
		};

		if (read_row(rows, &key, err) < 0 || each(&key, arg, err) < 0)
			return -1;
	}
	return 0;
}

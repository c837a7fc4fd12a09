/* The reading side of the identity keys: what serving workers look tokens' keys up in. */
#include "remote/identity_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "remote/identity_issuer.h"
#include "remote/identity_keys_file.h"
#include "remote/identity_keys_refresh.h"
#include "remote/identity_keys_table.h"

struct identity_keys {
	const struct settings *settings;
	struct identity_keys_table *table; /* NULL: no usable file */
	struct error problem;              /* why there is none */
	struct stat seen;                  /* the file that the table is from */
	int64_t looked_at;                 /* the second of the last look at the file */
	bool is_wanted;
};

void
identity_keys_free(struct identity_keys *keys)
{
	if (keys == NULL)
		return;
	if (keys->table != NULL)
		identity_keys_table_free(keys->table);
	free(keys);
}

struct identity_keys *
identity_keys_new(const struct settings *settings)
{
	struct identity_keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL)
		return NULL;
	keys->settings = settings;
	keys->looked_at = -1;
	return keys;
}

/* The keys of an issuer's entry; NULL where it is malformed. */
static struct json_object *
list_of(const struct json_object *entry)
{
	struct json_object *list = NULL;
	int64_t fetched_at = 0;

	if (!json_get_int(entry, "fetched_at", &fetched_at) ||
	    !json_get_array(entry, "keys", &list))
		return NULL;
	return list;
}

static int
count_keys(struct json_object *issuers, size_t *out, struct error *err)
{
	struct json_object_iterator at = json_object_iter_begin(issuers);
	struct json_object_iterator end = json_object_iter_end(issuers);
	size_t count = 0;

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		struct json_object *list = list_of(json_object_iter_peek_value(&at));

		if (list == NULL)
			return error_set(err, ERR_IDENTITY_KEYS,
			    "identity-keys.json: the entry of %s is malformed",
			    json_object_iter_peek_name(&at));
		count += json_object_array_length(list);
	}
	*out = count;
	return 0;
}

/* jwk_read checks the key as if it had just been fetched. */
static int
read_key(const struct json_object *item, struct identity_key *out, struct error *err)
{
	struct error wrong = { .code = ERR_NONE };
	const char *kty = "";

	if (!json_get_text(item, "kty", &kty) || strcmp(kty, "RSA") != 0 ||
	    !json_get_int(item, "last_seen", &out->last_seen))
		return error_set(err, ERR_IDENTITY_KEYS, "identity-keys.json: a key is malformed");
	if (jwk_read(item, &out->jwk, &wrong) < 0)
		return error_set(err, ERR_IDENTITY_KEYS, "identity-keys.json: %s", wrong.text);
	return 0;
}

/* Reads the keys of the issuer that the iterator is at. */
static int
read_keys(
    const struct json_object_iterator *at, struct identity_keys_table *table, struct error *err)
{
	struct json_object *list = list_of(json_object_iter_peek_value(at));

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct identity_key *key = &table->keys[table->count];

		key->issuer = json_object_iter_peek_name(at);
		if (read_key(json_object_array_get_idx(list, i), key, err) < 0)
			return -1;
		table->count++;
	}
	return 0;
}

static int
fill(struct identity_keys_table *table, struct error *err)
{
	struct json_object_iterator at = json_object_iter_begin(table->issuers);
	struct json_object_iterator end = json_object_iter_end(table->issuers);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		if (read_keys(&at, table, err) < 0)
			return -1;
	return 0;
}

static int
load(const char *dir, struct identity_keys_table **out, struct stat *seen, struct error *err)
{
	cleanup(json_object_putp) struct json_object *issuers = NULL;
	cleanup(identity_keys_table_freep) struct identity_keys_table *table = NULL;
	size_t count = 0;

	if (identity_keys_file_read(dir, &issuers, seen, err) < 0 ||
	    count_keys(issuers, &count, err) < 0)
		return -1;
	table = identity_keys_table_new(issuers, count);
	if (table == NULL)
		return error_set(err, ERR_INTERNAL, "identity keys: out of memory");
	if (fill(table, err) < 0)
		return -1;
	*out = take(table);
	return 0;
}

/*
 * Looks at the file once in a second and reads it again when it changed. What the
 * file says is what holds: one that is gone or may not be trusted takes the keys with it.
 */
static void
update(struct identity_keys *keys, int64_t now)
{
	const char *dir = keys->settings->server.state_dir;
	struct identity_keys_table *table = NULL;
	struct stat seen;

	if (keys->looked_at == now)
		return;
	keys->looked_at = now;
	seen = identity_keys_file_look(dir);
	if (keys->table != NULL && identity_keys_file_is_same(&seen, &keys->seen))
		return;
	error_clear(&keys->problem);
	if (load(dir, &table, &seen, &keys->problem) == 0)
		keys->seen = seen;
	identity_keys_table_free(keys->table);
	keys->table = table;
}

/* A key from the future was written by a clock that was wrong: its age means nothing. */
static bool
is_fresh(const struct identity_key *key, int64_t now)
{
	return key->last_seen <= now + IDENTITY_CLOCK_SKEW_S &&
	       now - key->last_seen < IDENTITY_KEY_LIFETIME_S;
}

const struct jwk *
identity_keys_find(
    struct identity_keys *keys, const char *issuer, const char *kid, int64_t now, struct error *err)
{
	bool any_fresh = false;

	update(keys, now);
	for (size_t i = 0; keys->table != NULL && i < keys->table->count; i++) {
		const struct identity_key *key = &keys->table->keys[i];

		if (strcmp(key->issuer, issuer) != 0 || !is_fresh(key, now))
			continue;
		if (strcmp(jwk_kid(key->jwk), kid) == 0)
			return key->jwk;
		any_fresh = true;
	}
	keys->is_wanted = true;
	if (any_fresh)
		(void)error_set(err, ERR_TOKEN, "no key %s of issuer %s", kid, issuer);
	else if (keys->problem.code != ERR_NONE)
		(void)error_set(err, ERR_IDENTITY_KEYS, "%s", keys->problem.text);
	else
		(void)error_set(
		    err, ERR_IDENTITY_KEYS, "no keys of issuer %s, or only old ones", issuer);
	return NULL;
}

bool
identity_keys_wanted(struct identity_keys *keys)
{
	bool was_wanted = keys->is_wanted;

	keys->is_wanted = false;
	return was_wanted;
}

/* The age of an issuer's last good fetch; -1 where there is none. */
static int64_t
age_of(const struct identity_keys *keys, const char *issuer, int64_t now)
{
	struct json_object *entry = NULL;
	int64_t fetched_at = 0;

	if (keys->table == NULL || !json_get_object(keys->table->issuers, issuer, &entry) ||
	    !json_get_int(entry, "fetched_at", &fetched_at))
		return -1;
	return fetched_at < now ? now - fetched_at : 0;
}

/* Never fetched, -1, is older than any age. */
static int64_t
older_of(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return -1;
	return a > b ? a : b;
}

int64_t
identity_keys_age(struct identity_keys *keys, int64_t now)
{
	const struct text_list *tenants = &keys->settings->auth.tenant_ids;
	char name[IDENTITY_ISSUER_MAX];
	int64_t age = tenants->count > 0 ? 0 : -1;

	update(keys, now);
	for (size_t i = 0; i < tenants->count; i++)
		for (enum identity_version v = IDENTITY_V1; v < IDENTITY_VERSIONS; v++)
			if (identity_issuer_is_accepted(keys->settings, v) &&
			    identity_issuer_text(keys->settings, tenants->items[i], v, name))
				age = older_of(age, age_of(keys, name, now));
	return age;
}

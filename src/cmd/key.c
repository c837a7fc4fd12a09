/* certwright key: the private keys that the records name, and the keyring. */
#include "cmd/key.h"

#include "cmd/ca_json.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/records.h"

static int
add_key(const struct managed_key *key, void *arg, struct error *err)
{
	const struct records_gathered *gathered = arg;
	struct json_object *object = ca_json_key(key);

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_object_array_add(gathered->array, object);
	return 0;
}

static int
gather(struct records_gathered *gathered, struct error *err)
{
	return keys_each(gathered->records->db, add_key, gathered, err);
}

static void
add_row(struct table *table, const struct json_object *key)
{
	table_add_member(table, key, "name");
	table_add_member(table, key, "algorithm");
	table_add_member(table, key, "bits");
	table_add_member(table, key, "usages");
	table_add_member(table, key, "state");
	table_add_member(table, key, "uri");
}

static int
key_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.usage = "key list [options]",
		.about = "Lists the private keys on record and where they are.",
		.head = "NAME,ALGORITHM,BITS,USAGES,STATE,URI",
		.gather = gather,
		.add_rows = add_row,
	};

	return records_list(&listing, argc, argv);
}

int
cmd_key(int argc, char **argv)
{
	static const struct option_action actions[] = {
		{ "list", "list the private keys on record", key_list },
		{ "new-secret-key", "make the keyring, or a new key in front of it",
		    key_new_secret_key },
		{ "list-secret-keys", "list the keys of the keyring and what is under them",
		    key_list_secret_keys },
		{ "rotate-secrets", "seal all secrets anew under the first key",
		    key_rotate_secrets },
		{ NULL, NULL, NULL },
	};

	return options_dispatch("key", actions, argc, argv);
}

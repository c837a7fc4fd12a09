/* certwright key: the private keys that the records name, and the keyring. */
#include "cmd/key.h"

#include <stdio.h>

#include "cmd/ca_json.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "cmd/table.h"

static int
add_json(const struct managed_key *key, void *arg, struct error *err)
{
	struct json_object *object = ca_json_key(key);

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_object_array_add(arg, object);
	return 0;
}

static int
add_row(const struct managed_key *key, void *arg, struct error *err)
{
	struct table *table = arg;
	char bits[16];

	(void)err;
	(void)snprintf(bits, sizeof(bits), "%u", key->bits);
	table_add(table, key->name);
	table_add(table, key->algorithm);
	table_add(table, bits);
	table_add(table, key->usages);
	table_add(table, key->state);
	table_add(table, key->uri);
	return 0;
}

static int
print_json(struct db *db, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (keys_each(db, add_json, array, err) < 0)
		return -1;
	return table_print_json(array, err);
}

static int
print_table(struct db *db, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "NAME,ALGORITHM,BITS,USAGES,STATE,URI");
	if (keys_each(db, add_row, &table, err) < 0)
		return -1;
	return table_print(&table, err);
}

static int
list(const char *config, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };

	if (records_open(config, &records, err) < 0)
		return -1;
	return as_json ? print_json(records.db, err) : print_table(records.db, err);
}

static int
key_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.command = "key list",
		.about = "Lists the private keys on record and where they are.",
		.list = list,
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

/* certwright key new-secret-key, list-secret-keys and rotate-secrets: the keyring. */
#include <json-c/json.h>
#include <stdio.h>

#include "base/json.h"
#include "base/json_add.h"
#include "cmd/files.h"
#include "cmd/key.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "enroll/secrets/secret_rotation.h"

static int
check_set(const struct settings *settings, struct error *err)
{
	if (settings->keys.keyring_file[0] != '\0')
		return 0;
	return error_set(err, ERR_CONFIG,
	    "[Keys] KeyringFile is not set: name the file there that the keys are to be in");
}

static int
open_all(const char *config, struct records *records, struct keyring **keyring, struct error *err)
{
	if (records_open(config, records, err) < 0 || check_set(records->settings, err) < 0)
		return -1;
	return keyring_open(records->settings->keys.keyring_file, keyring, err);
}

static int
add_json(const char *path, const struct keyring_added *added, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = json_object_new_object();

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_text(object, "id", added->id);
	json_add_text(object, "file", path);
	json_add_int(object, "keys", (int64_t)added->count);
	return table_print_json(object, err);
}

static int
report_added(const char *path, const struct keyring_added *added, struct error *err)
{
	if (added->count == 1)
		(void)printf("Made %s with the key %s.\n"
			     "Keep a copy, and give the same file to every host: without it the "
			     "secrets in the database are lost.\n",
		    path, added->id);
	else
		(void)printf("Put the key %s in front of %s, which holds %zu keys now.\n"
			     "When every host has this file and was reloaded, run certwright key "
			     "rotate-secrets.\n",
		    added->id, path, added->count);
	return files_flush(err);
}

static int
add(const struct options *options, const void *wish, struct error *err)
{
	cleanup(settings_freep) struct settings *settings = NULL;
	struct keyring_added added;
	const char *path;

	(void)wish;
	if (settings_load(options->config, &settings, err) < 0 || check_set(settings, err) < 0)
		return -1;
	path = settings->keys.keyring_file;
	if (keyring_add_key(path, &added, err) < 0)
		return -1;
	return options->as_json ? add_json(path, &added, err) : report_added(path, &added, err);
}

int
key_new_secret_key(int argc, char **argv)
{
	static const struct option_set set = {
		.usage = "key new-secret-key [options]",
		.about = "Makes the file of [Keys] KeyringFile with a new key, or puts a new key "
			 "in\nfront of those that it has.",
		.json = "print JSON",
		.run = add,
	};

	return options_run(&set, argc, argv);
}

/* What a key is there for; the first one seals. */
static const char *
use_name(const struct secret_uses *uses, size_t index)
{
	if (!uses->items[index].is_in_ring)
		return "missing";
	return index == 0 ? "seals" : "opens";
}

static int
print_uses_json(const struct secret_uses *uses, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	for (size_t i = 0; i < uses->count; i++) {
		struct json_object *object = json_object_new_object();

		if (object == NULL)
			return error_set(err, ERR_INTERNAL, "out of memory");
		json_add_text(object, "id", uses->items[i].id);
		json_add_text(object, "use", use_name(uses, i));
		json_add_int(object, "values", uses->items[i].values);
		json_object_array_add(array, object);
	}
	return table_print_json(array, err);
}

static int
print_uses(const struct secret_uses *uses, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "ID,USE,VALUES");
	for (size_t i = 0; i < uses->count; i++) {
		char values[24];

		(void)snprintf(values, sizeof(values), "%lld", (long long)uses->items[i].values);
		table_add(&table, uses->items[i].id);
		table_add(&table, use_name(uses, i));
		table_add(&table, values);
	}
	return table_print(&table, err);
}

static int
list(const struct options *options, const void *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(keyring_freep) struct keyring *keyring = NULL;
	struct secret_uses uses;

	(void)wish;
	if (open_all(options->config, &records, &keyring, err) < 0 ||
	    secret_rotation_uses(records.db, keyring, &uses, err) < 0)
		return -1;
	return options->as_json ? print_uses_json(&uses, err) : print_uses(&uses, err);
}

int
key_list_secret_keys(int argc, char **argv)
{
	static const struct option_set set = {
		.usage = "key list-secret-keys [options]",
		.about = "Lists the keys of the keyring and how many values are sealed under each.",
		.json = "print JSON",
		.run = list,
	};

	return options_run(&set, argc, argv);
}

static int
print_rotation_json(
    const struct secret_rotation *done, const struct secret_uses *uses, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = json_object_new_object();
	struct json_object *unused = json_object_new_array();

	if (object == NULL || unused == NULL) {
		json_object_put(unused);
		return error_set(err, ERR_INTERNAL, "out of memory");
	}
	json_add_text(object, "key", uses->items[0].id);
	json_add_int(object, "sealed", done->sealed);
	json_add_int(object, "skipped", done->skipped);
	json_add_int(object, "failed", done->failed);
	json_object_object_add(object, "unused", unused);
	for (size_t i = 1; i < uses->count; i++)
		if (uses->items[i].values == 0)
			json_object_array_add(unused, json_object_new_string(uses->items[i].id));
	return table_print_json(object, err);
}

static int
print_rotation(
    const struct secret_rotation *done, const struct secret_uses *uses, struct error *err)
{
	(void)printf("Values sealed anew under the key %s: %lld. Under it now: %lld.\n",
	    uses->items[0].id, (long long)done->sealed, (long long)uses->items[0].values);
	if (done->skipped > 0)
		(void)printf(
		    "Values that others changed meanwhile: %lld.\n", (long long)done->skipped);
	for (size_t i = 1; i < uses->count; i++)
		if (uses->items[i].values == 0)
			(void)printf(
			    "Nothing is under the key %s any more: it may leave the keyring, but "
			    "older backups of the database need it.\n",
			    uses->items[i].id);
	return files_flush(err);
}

static int
rotate(const struct options *options, const void *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(keyring_freep) struct keyring *keyring = NULL;
	struct secret_rotation done;
	struct secret_uses uses;

	(void)wish;
	if (open_all(options->config, &records, &keyring, err) < 0 ||
	    secret_rotation_run(records.db, keyring, records.actor, &done, err) < 0 ||
	    secret_rotation_uses(records.db, keyring, &uses, err) < 0 ||
	    (options->as_json ? print_rotation_json(&done, &uses, err)
			      : print_rotation(&done, &uses, err)) < 0)
		return -1;
	if (done.failed == 0)
		return 0;
	return error_set(err, ERR_CONFLICT, "%lld values could not be sealed anew: %s",
	    (long long)done.failed, done.first_failure);
}

int
key_rotate_secrets(int argc, char **argv)
{
	static const struct option_set set = {
		.usage = "key rotate-secrets [options]",
		.about = "Seals every secret in the database that is under an older key of the "
			 "keyring\nanew under its first key. It may be stopped and run again.",
		.json = "print JSON",
		.run = rotate,
	};

	return options_run(&set, argc, argv);
}

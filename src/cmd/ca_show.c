/* certwright ca list and show. */
#include <stdio.h>

#include "cmd/ca.h"
#include "cmd/ca_json.h"
#include "cmd/files.h"
#include "cmd/records.h"
#include "cmd/table.h"

struct list {
	struct db *db;
	struct json_object *array;
};

static int
add_authority(const struct authority *authority, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *object = NULL;

	if (ca_json_authority(list->db, authority, &object, err) < 0)
		return -1;
	json_object_array_add(list->array, object);
	return 0;
}

static const char *
text_of(const struct json_object *object, const char *name, const char *fallback)
{
	const char *text;

	return json_get_text(object, name, &text) ? text : fallback;
}

static void
add_row(struct table *table, const char *name, const struct json_object *generation)
{
	struct json_object *key = NULL;
	char key_text[64] = "";
	int64_t bits = 0;

	if (json_get_object(generation, "key", &key) && json_get_int(key, "bits", &bits))
		(void)snprintf(key_text, sizeof(key_text), "%s %lld", text_of(key, "algorithm", ""),
		    (long long)bits);
	table_add(table, name);
	table_add(table, text_of(generation, "label", ""));
	table_add(table, text_of(generation, "state", ""));
	table_add(table, key_text);
	table_add(table, text_of(generation, "notAfter", "(no certificate yet)"));
	table_add(table, text_of(generation, "subject", ""));
}

static int
print_list(struct json_object *authorities, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "NAME,LABEL,STATE,KEY,ENDS,SUBJECT");
	for (size_t i = 0; i < json_object_array_length(authorities); i++) {
		struct json_object *authority = json_object_array_get_idx(authorities, i);
		struct json_object *generations = NULL;

		if (!json_get_array(authority, "generations", &generations))
			continue;
		for (size_t j = 0; j < json_object_array_length(generations); j++)
			add_row(&table, text_of(authority, "name", ""),
			    json_object_array_get_idx(generations, j));
	}
	return table_print(&table, err);
}

static int
list(const char *config, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct list gathered = { .array = array };

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (records_open(config, &records, err) < 0)
		return -1;
	gathered.db = records.db;
	if (authorities_each(records.db, add_authority, &gathered, err) < 0)
		return -1;
	return as_json ? table_print_json(array, err) : print_list(array, err);
}

int
ca_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.command = "ca list",
		.about = "Lists all CAs and their generations.",
		.list = list,
	};

	return records_list(&listing, argc, argv);
}

/* The object of a label, else of an authority's name. */
static int
find_shown(struct db *db, const char *name, struct json_object **out, struct error *err)
{
	cleanup(generation_release) struct generation generation = { .number = 0 };
	struct authority authority;

	if (generations_find(db, name, &generation, err) == 0)
		return ca_json_generation(db, &generation, out, err);
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	if (authorities_find(db, name, &authority, err) == 0)
		return ca_json_authority(db, &authority, out, err);
	if (!error_is(err, ERR_NOT_FOUND))
		return -1;
	error_clear(err);
	return error_set(err, ERR_NOT_FOUND,
	    "there is no CA and no generation \"%.48s\"; certwright ca list shows all", name);
}

static int
print_generation(struct json_object *generation, struct error *err)
{
	struct json_object *key = json_object_object_get(generation, "key");

	json_object_object_del(key, "name");
	json_object_object_del(key, "createdAt");
	return table_print_with_key(generation, err);
}

static int
print_shown(struct json_object *shown, struct error *err)
{
	struct json_object *generations = NULL;

	if (!json_get_array(shown, "generations", &generations))
		return print_generation(shown, err);
	for (size_t i = 0; i < json_object_array_length(generations); i++)
		if ((i > 0 && files_write(NULL, bytes_text("\n"), err) < 0) ||
		    print_generation(json_object_array_get_idx(generations, i), err) < 0)
			return -1;
	return 0;
}

static int
show(const char *config, const char *name, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(json_object_putp) struct json_object *shown = NULL;

	if (records_open(config, &records, err) < 0 ||
	    find_shown(records.db, name, &shown, err) < 0)
		return -1;
	return as_json ? table_print_json(shown, err) : print_shown(shown, err);
}

int
ca_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.command = "ca show",
		.argument = "NAME|LABEL",
		.about = "Shows all generations of a CA, or the one of this label.",
		.show = show,
	};

	return records_show(&showing, argc, argv);
}

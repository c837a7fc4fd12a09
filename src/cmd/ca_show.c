/* certwright ca list and show. */
#include <stdio.h>

#include "cmd/ca.h"
#include "cmd/ca_json.h"
#include "cmd/files.h"
#include "cmd/records.h"
#include "cmd/table.h"

static int
add_authority(const struct authority *authority, void *arg, struct error *err)
{
	const struct records_gathered *gathered = arg;
	struct json_object *object = NULL;

	if (ca_json_authority(gathered->records->db, authority, &object, err) < 0)
		return -1;
	json_object_array_add(gathered->array, object);
	return 0;
}

static int
gather(struct records_gathered *gathered, struct error *err)
{
	return authorities_each(gathered->records->db, add_authority, gathered, err);
}

static void
add_row(struct table *table, const char *name, const struct json_object *generation)
{
	const struct json_object *key = json_object_object_get(generation, "key");
	char key_text[64];

	(void)snprintf(key_text, sizeof(key_text), "%s %s", table_text(key, "algorithm"),
	    table_text(key, "bits"));
	table_add(table, name);
	table_add_member(table, generation, "label");
	table_add_member(table, generation, "state");
	table_add(table, key_text);
	if (json_has(generation, "notAfter"))
		table_add_member(table, generation, "notAfter");
	else
		table_add(table, "(no certificate yet)");
	table_add_member(table, generation, "subject");
}

static void
add_rows(struct table *table, const struct json_object *authority)
{
	const struct json_object *generations = json_object_object_get(authority, "generations");

	for (size_t i = 0; i < json_object_array_length(generations); i++)
		add_row(table, table_text(authority, "name"),
		    json_object_array_get_idx(generations, i));
}

int
ca_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.usage = "ca list [options]",
		.about = "Lists all CAs and their generations.",
		.head = "NAME,LABEL,STATE,KEY,ENDS,SUBJECT",
		.gather = gather,
		.add_rows = add_rows,
	};

	return records_list(&listing, argc, argv);
}

/* The object of a label, else of an authority's name. */
static int
find(const struct records *records, const char *name, struct json_object **out, struct error *err)
{
	cleanup(generation_release) struct generation generation = { .number = 0 };
	struct authority authority;
	struct db *db = records->db;

	if (generations_find(db, name, &generation, err) == 0)
		return ca_json_generation(db, &generation, out, err);
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	if (authorities_find(db, name, &authority, err) == 0)
		return ca_json_authority(db, &authority, out, err);
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
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

int
ca_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.usage = "ca show [options] NAME|LABEL",
		.about = "Shows all generations of a CA, or the one of this label.",
		.find = find,
		.print = print_shown,
	};

	return records_show(&showing, argc, argv);
}

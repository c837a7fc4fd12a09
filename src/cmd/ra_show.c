/* certwright ra list and show. */
#include <stdio.h>

#include "base/json.h"
#include "cmd/ra.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "enroll/scep_ca.h"

struct list {
	struct db *db;
	struct json_object *array;
};

static int
add_certificate(const struct ra_certificate *certificate, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *object = NULL;

	if (ra_json(list->db, certificate, &object, err) < 0)
		return -1;
	json_object_array_add(list->array, object);
	return 0;
}

static const char *
text_of(const struct json_object *object, const char *name)
{
	const char *text;

	return json_get_text(object, name, &text) ? text : "";
}

static void
add_row(struct table *table, const struct json_object *ra)
{
	struct json_object *key = NULL;
	char key_text[64] = "";
	int64_t bits = 0;

	if (json_get_object(ra, "key", &key) && json_get_int(key, "bits", &bits))
		(void)snprintf(key_text, sizeof(key_text), "%s %lld, %s", text_of(key, "algorithm"),
		    (long long)bits, text_of(key, "state"));
	table_add(table, text_of(ra, "id"));
	table_add(table, text_of(ra, "authority"));
	table_add(table, text_of(ra, "status"));
	table_add(table, key_text);
	table_add(table, text_of(ra, "notAfter"));
	table_add(table, text_of(ra, "subject"));
}

static int
print_list(struct json_object *array, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "ID,CA,STATUS,KEY,ENDS,SUBJECT");
	for (size_t i = 0; i < json_object_array_length(array); i++)
		add_row(&table, json_object_array_get_idx(array, i));
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
	if (ra_certificates_each(records.db, SCEP_CA_MAX, add_certificate, &gathered, err) < 0)
		return -1;
	return as_json ? table_print_json(array, err) : print_list(array, err);
}

int
ra_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.command = "ra list",
		.about = "Lists the RA certificates, newest first.",
		.list = list,
	};

	return records_list(&listing, argc, argv);
}

static int
show(const char *config, const char *name, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(json_object_putp) struct json_object *object = NULL;
	struct ra_certificate certificate;

	if (records_open(config, &records, err) < 0 ||
	    ra_find(records.db, name, &certificate, err) < 0 ||
	    ra_json(records.db, &certificate, &object, err) < 0)
		return -1;
	return as_json ? table_print_json(object, err) : table_print_with_key(object, err);
}

int
ra_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.command = "ra show",
		.argument = "SERIAL|FINGERPRINT|ID",
		.about = "Shows an RA certificate's record and its key.",
		.show = show,
	};

	return records_show(&showing, argc, argv);
}

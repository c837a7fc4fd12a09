/* Opens what the commands on CAs, keys and profiles work on. */
#include "cmd/records.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cmd/options.h"
#include "store/migrate.h"

void
records_release(struct records *records)
{
	db_freep(&records->db);
	settings_freep(&records->settings);
}

int
records_open(const char *config, struct records *out, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };

	if (settings_load(config, &records.settings, err) < 0)
		return -1;
	records.db = db_new(records.settings);
	if (records.db == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (migrate_check(records.db, err) < 0)
		return -1;
	(void)snprintf(records.actor, sizeof(records.actor), "uid:%u", geteuid());
	*out = records;
	records = (struct records){ .settings = NULL };
	return 0;
}

struct authority_context
records_context(const struct records *records)
{
	return (struct authority_context){
		.db = records->db,
		.settings = records->settings,
		.actor = records->actor,
		.now = clock_now(),
	};
}

struct audit_actor
records_actor(const struct records *records)
{
	return (struct audit_actor){ .name = records->actor, .remote_address = "" };
}

static int
print_rows(
    const struct records_listing *listing, const struct json_object *array, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, listing->head);
	for (size_t i = 0; i < json_object_array_length(array); i++)
		listing->add_rows(&table, json_object_array_get_idx(array, i));
	return table_print(&table, err);
}

static int
list(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct records_gathered gathered = { .records = &records, .array = array };
	const struct records_listing *listing = arg;

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (records_open(options->config, &records, err) < 0 || listing->gather(&gathered, err) < 0)
		return -1;
	return options->as_json ? table_print_json(array, err) : print_rows(listing, array, err);
}

int
records_list(const struct records_listing *listing, int argc, char **argv)
{
	const struct option_set set = {
		.usage = listing->usage,
		.about = listing->about,
		.json = "print JSON",
		.run = list,
		.wish = listing,
	};

	return options_run(&set, argc, argv);
}

static int
show(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(json_object_putp) struct json_object *object = NULL;
	const struct records_showing *showing = arg;

	if (records_open(options->config, &records, err) < 0 ||
	    showing->find(&records, options->arguments[0], &object, err) < 0)
		return -1;
	return options->as_json ? table_print_json(object, err) : showing->print(object, err);
}

int
records_show(const struct records_showing *showing, int argc, char **argv)
{
	const struct option_set set = {
		.usage = showing->usage,
		.about = showing->about,
		.json = "print JSON",
		.min_arguments = 1,
		.max_arguments = 1,
		.run = show,
		.wish = showing,
	};

	return options_run(&set, argc, argv);
}

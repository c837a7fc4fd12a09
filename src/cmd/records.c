/* Opens what the commands on CAs, keys and profiles work on. */
#include "cmd/records.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
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

int
records_list(const struct records_listing *listing, int argc, char **argv)
{
	bool as_json = false;
	const struct option_spec specs[] = {
		{ "json", NULL, "print JSON", OPTION_FLAG, &as_json },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	char usage[64];
	const struct option_set set = {
		.usage = usage,
		.about = listing->about,
		.specs = specs,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result;

	(void)snprintf(usage, sizeof(usage), "%s [options]", listing->command);
	result = options_parse(&set, argc, argv, &options);
	if (result != OPTIONS_GO)
		return options_status(result);
	return listing->list(options.config, as_json, &err) < 0 ? cmd_fail(listing->command, &err)
								: CMD_OK;
}

int
records_show(const struct records_showing *showing, int argc, char **argv)
{
	bool as_json = false;
	const struct option_spec specs[] = {
		{ "json", NULL, "print JSON", OPTION_FLAG, &as_json },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	char usage[96];
	const struct option_set set = {
		.usage = usage,
		.about = showing->about,
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result;

	(void)snprintf(
	    usage, sizeof(usage), "%s [options] %s", showing->command, showing->argument);
	result = options_parse(&set, argc, argv, &options);
	if (result != OPTIONS_GO)
		return options_status(result);
	return showing->show(options.config, options.arguments[0], as_json, &err) < 0
		   ? cmd_fail(showing->command, &err)
		   : CMD_OK;
}

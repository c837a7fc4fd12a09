/* certwright migrate: brings the database's schema up to this program. */
#include <stdio.h>

#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "store/db.h"
#include "store/migrate.h"

/* A change of a large table takes longer than a request may wait. */
enum { STATEMENT_TIMEOUT_S = 86400 };

static int
migrate(const char *config, bool dry_run, bool status, struct error *err)
{
	cleanup(settings_freep) struct settings *settings = NULL;
	cleanup(db_freep) struct db *db = NULL;

	if (settings_load(config, &settings, err) < 0)
		return -1;
	settings->database.read_timeout_s = STATEMENT_TIMEOUT_S;
	db = db_new(settings);
	if (db == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	return status ? migrate_status(db, stdout, err) : migrate_run(db, dry_run, stdout, err);
}

int
cmd_migrate(int argc, char **argv)
{
	bool dry_run = false, status = false;
	const struct option_spec specs[] = {
		{ .name = "dry-run",
		    .help = "only say what would be applied",
		    .kind = OPTION_FLAG,
		    .target = &dry_run },
		{ .name = "status",
		    .help = "list the migrations and their state",
		    .kind = OPTION_FLAG,
		    .target = &status },
		{ .name = NULL },
	};
	const struct option_set set = {
		.usage = "migrate [--dry-run | --status] [--config FILE]",
		.about = "Brings the database's schema up to this program. Safe to run again.",
		.specs = specs,
	};
	struct error err = { .code = ERR_NONE };
	struct options options;
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (dry_run && status)
		return options_fail("migrate", "--dry-run and --status exclude each other");
	if (migrate(options.config, dry_run, status, &err) < 0)
		return cmd_fail("migrate", &err);
	return CMD_OK;
}

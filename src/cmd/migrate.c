/* certwright migrate: brings the database's schema up to this program. */
#include <stdio.h>

#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "store/db.h"
#include "store/migrate.h"

/* A change of a large table takes longer than a request may wait. */
enum { STATEMENT_TIMEOUT_S = 86400 };

struct wish {
	bool dry_run;
	bool status;
};

static int
migrate(const struct options *options, const void *arg, struct error *err)
{
	cleanup(settings_freep) struct settings *settings = NULL;
	cleanup(db_freep) struct db *db = NULL;
	const struct wish *wish = arg;

	if (wish->dry_run && wish->status)
		return options_fail("migrate", "--dry-run and --status exclude each other");
	if (settings_load(options->config, &settings, err) < 0)
		return -1;
	settings->database.read_timeout_s = STATEMENT_TIMEOUT_S;
	db = db_new(settings);
	if (db == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	return wish->status ? migrate_status(db, stdout, err)
			    : migrate_run(db, wish->dry_run, stdout, err);
}

int
cmd_migrate(int argc, char **argv)
{
	struct wish wish = { .status = false };
	const struct option_spec specs[] = {
		{ "dry-run", NULL, "only say what would be applied", OPTION_FLAG, &wish.dry_run },
		{ "status", NULL, "list the migrations and their state", OPTION_FLAG,
		    &wish.status },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "migrate [--dry-run | --status] [--config FILE]",
		.about = "Brings the database's schema up to this program. Safe to run again.",
		.specs = specs,
		.run = migrate,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}

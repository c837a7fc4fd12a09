/* Opens what the commands on CAs, keys and profiles work on. */
#include "cmd/records.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
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

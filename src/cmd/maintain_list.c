/* certwright maintain --list: the jobs, whether they run now, and how they ended last. */
#include "cmd/maintain_list.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/jobs.h"

enum { INDENT = 17 };

/* A row of the database to be looked for. */
struct wanted {
	const char *name;
	struct job_row row;
	bool is_found;
};

static int
take_row(const struct job_row *row, void *arg, struct error *err)
{
	struct wanted *wanted = arg;

	(void)err;
	if (strcmp(row->name, wanted->name) == 0) {
		wanted->row = *row;
		wanted->is_found = true;
	}
	return 0;
}

static void
print_time(const char *before, int64_t time)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(time, text);
	(void)printf("%s%s", before, text);
}

static void
print_row(const struct job_row *row)
{
	if (row->is_running) {
		print_time("running since ", row->started_at);
		(void)printf(" as %s", row->holder);
	}
	if (row->ended_at != 0)
		print_time(row->is_running ? "; " : "", row->ended_at);
	if (row->ended_at != 0)
		(void)printf(row->has_failed ? " failed: %s" : " done%s", row->detail);
	if (row->has_failed && row->succeeded_at != 0)
		print_time("; last done ", row->succeeded_at);
	/* claimed, and neither ended nor within its lease */
	if (!row->is_running && row->started_at > row->ended_at) {
		print_time(row->ended_at != 0 ? "; that of " : "that of ", row->started_at);
		(void)printf(" came to no end");
	}
	if (row->started_at == 0)
		(void)printf("has not run yet");
	(void)printf("\n");
}

static int
print_state(const struct job *job, struct db *db, struct error *err)
{
	struct wanted wanted = { .name = job->name };

	if (job->lease_s > 0 && jobs_each(db, take_row, &wanted, err) < 0)
		return -1;
	(void)printf("%*s", INDENT, "");
	if (job->lease_s == 0)
		(void)printf("on each host\n");
	else if (!wanted.is_found)
		(void)printf("has not run yet\n");
	else
		print_row(&wanted.row);
	return 0;
}

/* NULL: nobody can be asked, and err says why. */
static struct db *
open_database(const char *config, struct settings **settings, struct error *err)
{
	struct db *db;

	if (settings_load(config, settings, err) < 0)
		return NULL;
	db = db_new_maintain(*settings);
	if (db == NULL)
		(void)error_set(err, ERR_INTERNAL, "out of memory");
	else if (db_ping(db, err) == 0)
		return db;
	db_free(db);
	return NULL;
}

int
maintain_list(const char *config)
{
	cleanup(settings_freep) struct settings *settings = NULL;
	struct error err = { .code = ERR_NONE };
	cleanup(db_freep) struct db *db = open_database(config, &settings, &err);

	for (const struct job *const *job = jobs_all; *job != NULL; job++) {
		(void)printf("%-*s%s\n", INDENT, (*job)->name, (*job)->help);
		if (err.code == ERR_NONE)
			(void)print_state(*job, db, &err);
	}
	if (err.code != ERR_NONE)
		(void)cmd_fail("maintain: how the jobs stand is not known", &err);
	return CMD_OK;
}

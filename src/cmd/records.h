#ifndef CMD_RECORDS_H
#define CMD_RECORDS_H

#include "base/settings.h"
#include "enroll/authority.h"
#include "store/db.h"

/* What a command that works on the records needs: settings, database, and who acts. */
struct records {
	struct settings *settings;
	struct db *db;
	char actor[24]; /* "uid:N" */
};

void records_release(struct records *records);

/* Loads the settings and checks that the database is there and its schema fits. */
int records_open(const char *config, struct records *out, struct error *err);

/* The same as the use cases of enroll take it; borrowed from records. */
struct authority_context records_context(const struct records *records);

/* An action that lists records and has one option, --json. */
struct records_listing {
	const char *command; /* "key list", for faults */
	const char *about;
	int (*list)(const char *config, bool as_json, struct error *err);
};

/* Runs it; returns the exit status. */
int records_list(const struct records_listing *listing, int argc, char **argv);

/* An action that shows one record and has one option, --json. */
struct records_showing {
	const char *command;  /* "key show", for faults */
	const char *argument; /* how the record is named, such as "NAME" */
	const char *about;
	int (*show)(const char *config, const char *name, bool as_json, struct error *err);
};

/* Runs it; returns the exit status. */
int records_show(const struct records_showing *showing, int argc, char **argv);

#endif

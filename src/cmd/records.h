#ifndef CMD_RECORDS_H
#define CMD_RECORDS_H

#include "base/settings.h"
#include "cmd/table.h"
#include "enroll/authorities/authority.h"
#include "store/audit.h"
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

/* The same to the audit; borrowed from records. */
struct audit_actor records_actor(const struct records *records);

/* What a listing gathers, the argument of what walks the records. */
struct records_gathered {
	const struct records *records;
	struct json_object *array;
};

/* An action that lists records and has one option, --json. */
struct records_listing {
	const char *usage;
	const char *about;
	const char *head; /* the columns, by comma */
	int (*gather)(struct records_gathered *gathered, struct error *err);
	void (*add_rows)(struct table *table, const struct json_object *object); /* of each */
};

/* Runs it; returns the exit status. */
int records_list(const struct records_listing *listing, int argc, char **argv);

/* An action that shows the record that its argument names, and has one option, --json. */
struct records_showing {
	const char *usage;
	const char *about;
	int (*find)(const struct records *records, const char *name, struct json_object **out,
	    struct error *err);
	int (*print)(struct json_object *object, struct error *err); /* as text */
};

/* Runs it; returns the exit status. */
int records_show(const struct records_showing *showing, int argc, char **argv);

#endif

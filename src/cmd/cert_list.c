/* certwright cert list. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cmd/cert.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "store/certificates_search.h"

enum {
	DAY_S = 86400,
	MAX_DAYS = 36500,
	SUBJECT_COLUMN = 60,
	EXAMINED_MAX = 100000 /* some seconds */
};

/* What each option asks for. */
enum {
	ASK_TEXT,
	ASK_STATUS,
	ASK_PROFILE,
	ASK_AUTHORITY,
	ASK_TYPE,
	ASK_OWNER,
	ASK_GROUP,
	ASK_COUNT
};

static const struct {
	enum search_field field;
	enum search_operator op;
} ASKED[ASK_COUNT] = {
	[ASK_TEXT] = { SEARCH_TEXT, SEARCH_CONTAINS },
	[ASK_STATUS] = { SEARCH_STATUS, SEARCH_EQUALS },
	[ASK_PROFILE] = { SEARCH_RA_PROFILE, SEARCH_EQUALS },
	[ASK_AUTHORITY] = { SEARCH_AUTHORITY, SEARCH_EQUALS },
	[ASK_TYPE] = { SEARCH_TYPE, SEARCH_EQUALS },
	[ASK_OWNER] = { SEARCH_OWNER, SEARCH_EQUALS },
	[ASK_GROUP] = { SEARCH_GROUP, SEARCH_EQUALS },
};

/* The options as they were given. */
struct wish {
	const char *values[ASK_COUNT];
	const char *expiring;
	const char *limit;
	const char *after;
};

/* What follows from them, and how far it is. */
struct walk {
	struct search_condition conditions[SEARCH_CONDITIONS_MAX];
	struct certificates_search search;
	const char *revoked[1]; /* the values of conditions that point here */
	const char *times[2];
	char begins[CLOCK_TEXT_MAX];
	char ends[CLOCK_TEXT_MAX];
	size_t left; /* to be listed */
	struct certificates_found found;
	char token[SEARCH_TOKEN_MAX];
};

static int
add_json(const struct certificate_row *row, void *arg, struct error *err)
{
	struct json_object *object = cert_json(row);

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_object_array_add(arg, object);
	return 0;
}

static int
add_row(const struct certificate_row *row, void *arg, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = cert_json(row);
	struct table *table = arg;
	struct bytes subject = buf_bytes(row->subject.len > 0 ? &row->subject : &row->sans);
	char column[SUBJECT_COLUMN + 1];

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	(void)snprintf(column, sizeof(column), "%.*s", (int)subject.len, (const char *)subject.ptr);
	column[strcspn(column, "\n")] = '\0';
	table_add(table, json_object_get_string(json_object_object_get(object, "serial")));
	table_add(table, certificate_status_name(row->status));
	table_add(table, json_object_get_string(json_object_object_get(object, "notAfter")));
	table_add(table, row->type);
	table_add(table, row->ra_profile);
	table_add(table, column);
	return 0;
}

/* Page by page, until there are enough or it has looked long enough. */
static int
each(struct db *db, struct walk *walk, struct certificates_visit visit, struct error *err)
{
	size_t examined = 0;

	do {
		walk->search.page_size =
		    walk->left < SEARCH_PAGE_MAX ? walk->left : SEARCH_PAGE_MAX;
		if (certificates_search(db, &walk->search, visit, &walk->found, err) < 0)
			return -1;
		memcpy(walk->token, walk->found.token, sizeof(walk->token));
		walk->search.token = walk->token;
		walk->left -= walk->found.hits;
		examined += walk->found.examined;
	} while (walk->left > 0 && walk->token[0] != '\0' && examined < EXAMINED_MAX);
	walk->found.examined = examined;
	return 0;
}

/* Of a list that is whole, or as long as was asked for, there is nothing to say. */
static void
tell_cut(const struct walk *walk)
{
	if (walk->left > 0 && walk->found.token[0] != '\0')
		(void)fprintf(stderr,
		    "certwright cert list: stopped after looking at %zu certificates;"
		    " go on with --after %s\n",
		    walk->found.examined, walk->found.token);
}

static int
print_json(struct db *db, struct walk *walk, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (each(db, walk, (struct certificates_visit){ add_json, array }, err) < 0)
		return -1;
	return table_print_json(array, err);
}

static int
print_table(struct db *db, struct walk *walk, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "SERIAL,STATUS,ENDS,TYPE,PROFILE,SUBJECT");
	if (each(db, walk, (struct certificates_visit){ add_row, &table }, err) < 0)
		return -1;
	return table_print(&table, err);
}

static void
add_condition(
    struct walk *walk, enum search_field field, enum search_operator op, const char *const *value)
{
	walk->conditions[walk->search.condition_count++] =
	    (struct search_condition){ field, op, NULL, value, 1 };
}

static void
add_conditions(struct walk *walk, const struct wish *wish)
{
	for (size_t i = 0; i < ASK_COUNT; i++)
		if (wish->values[i] != NULL)
			add_condition(walk, ASKED[i].field, ASKED[i].op, &wish->values[i]);
	walk->search.conditions = walk->conditions;
}

/* Neither revoked nor ended nor yet to begin, and ending within so many days. */
static void
add_expiring(struct walk *walk, long days)
{
	clock_text(walk->search.now, walk->begins);
	clock_text(walk->search.now + (int64_t)days * DAY_S, walk->ends);
	walk->revoked[0] = "revoked";
	walk->times[0] = walk->begins;
	walk->times[1] = walk->ends;
	add_condition(walk, SEARCH_STATUS, SEARCH_NOT_EQUALS, walk->revoked);
	add_condition(walk, SEARCH_NOT_BEFORE, SEARCH_LESSER_OR_EQUAL, &walk->times[0]);
	add_condition(walk, SEARCH_NOT_AFTER, SEARCH_GREATER_OR_EQUAL, &walk->times[0]);
	add_condition(walk, SEARCH_NOT_AFTER, SEARCH_LESSER, &walk->times[1]);
}

static int
check_status(const char *status, struct error *err)
{
	static const char *const known[] = { "good", "hold", "revoked", "expired" };

	if (status == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], status) == 0)
			return 0;
	return error_set(err, ERR_CONFIG, "--status takes good, hold, revoked or expired");
}

static int
read_wish(const struct wish *wish, struct walk *out, struct error *err)
{
	static const struct option_range limits = { 1, DB_MAX_ROWS }, days = { 0, MAX_DAYS };
	long limit = 100, expiring = 0;

	if (check_status(wish->values[ASK_STATUS], err) < 0 ||
	    options_number("limit", wish->limit, limits, &limit, err) < 0 ||
	    options_number("expiring", wish->expiring, days, &expiring, err) < 0)
		return -1;
	out->left = (size_t)limit;
	out->search.token = wish->after;
	out->search.now = clock_now();
	add_conditions(out, wish);
	if (wish->expiring != NULL)
		add_expiring(out, expiring);
	return 0;
}

static int
list(const struct options *options, const void *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	struct walk walk = { .left = 0 };

	if (read_wish(wish, &walk, err) < 0 || records_open(options->config, &records, err) < 0)
		return -1;
	if ((options->as_json ? print_json(records.db, &walk, err)
			      : print_table(records.db, &walk, err)) < 0)
		return -1;
	tell_cut(&walk);
	return 0;
}

int
cert_list(int argc, char **argv)
{
	struct wish wish = { .limit = NULL };
	const struct option_spec specs[] = {
		{ "text", "TEXT",
		    "part of subject, alternative names, UPN or serial number, case ignored",
		    OPTION_TEXT, &wish.values[ASK_TEXT] },
		{ "status", "STATUS", "good, hold, revoked or expired", OPTION_TEXT,
		    &wish.values[ASK_STATUS] },
		{ "profile", "NAME", "of this RA profile", OPTION_TEXT, &wish.values[ASK_PROFILE] },
		{ "authority", "NAME", "of this CA", OPTION_TEXT, &wish.values[ASK_AUTHORITY] },
		{ "type", "TYPE", "of this type, such as Static", OPTION_TEXT,
		    &wish.values[ASK_TYPE] },
		{ "owner", "NAME", "of this owner, case ignored", OPTION_TEXT,
		    &wish.values[ASK_OWNER] },
		{ "group", "NAME", "in this group", OPTION_TEXT, &wish.values[ASK_GROUP] },
		{ "expiring", "DAYS", "valid now, and ending within so many days", OPTION_TEXT,
		    &wish.expiring },
		{ "limit", "N", "at most so many; 100 unless given", OPTION_TEXT, &wish.limit },
		{ "after", "TOKEN", "go on where a list with the same options stopped", OPTION_TEXT,
		    &wish.after },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "cert list [options]",
		.about = "Lists the certificates on record: with --status expired or --expiring by "
			 "their "
			 "end, else newest first.",
		.specs = specs,
		.json = "print JSON",
		.run = list,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}

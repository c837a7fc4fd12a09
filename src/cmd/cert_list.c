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

enum { DAY_S = 86400, MAX_DAYS = 36500, SUBJECT_COLUMN = 60 };

/* The options as they were given. */
struct wish {
	struct certificates_filter filter;
	const char *expiring;
	const char *limit;
	bool as_json;
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

static int
print_json(struct db *db, const struct certificates_filter *filter, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (certificates_each(db, filter, add_json, array, err) < 0)
		return -1;
	return table_print_json(array, err);
}

static int
print_table(struct db *db, const struct certificates_filter *filter, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "SERIAL,STATUS,ENDS,TYPE,PROFILE,SUBJECT");
	if (certificates_each(db, filter, add_row, &table, err) < 0)
		return -1;
	return table_print(&table, err);
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
read_wish(struct wish *wish, struct error *err)
{
	static const struct option_range limits = { 1, DB_MAX_ROWS }, days = { 0, MAX_DAYS };
	long limit = 100, expiring = 0;

	if (check_status(wish->filter.status, err) < 0 ||
	    (wish->limit != NULL && options_number("limit", wish->limit, limits, &limit, err) < 0))
		return -1;
	if (wish->expiring != NULL &&
	    options_number("expiring", wish->expiring, days, &expiring, err) < 0)
		return -1;
	wish->filter.limit = (size_t)limit;
	wish->filter.now = clock_now();
	if (wish->expiring != NULL)
		wish->filter.expires_before = wish->filter.now + (int64_t)expiring * DAY_S;
	return 0;
}

static int
list(const char *config, struct wish *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };

	if (read_wish(wish, err) < 0 || records_open(config, &records, err) < 0)
		return -1;
	return wish->as_json ? print_json(records.db, &wish->filter, err)
			     : print_table(records.db, &wish->filter, err);
}

int
cert_list(int argc, char **argv)
{
	struct wish wish = { .as_json = false };
	struct certificates_filter *filter = &wish.filter;
	const struct option_spec specs[] = {
		{ "text", "TEXT", "part of subject or alternative names, case ignored", OPTION_TEXT,
		    &filter->text },
		{ "status", "STATUS", "good, hold, revoked or expired", OPTION_TEXT,
		    &filter->status },
		{ "profile", "NAME", "of this RA profile", OPTION_TEXT, &filter->ra_profile },
		{ "authority", "NAME", "of this CA", OPTION_TEXT, &filter->authority },
		{ "type", "TYPE", "of this type, such as Static", OPTION_TEXT, &filter->type },
		{ "expiring", "DAYS", "valid now, and ending within so many days", OPTION_TEXT,
		    &wish.expiring },
		{ "limit", "N", "at most so many, the newest; 100 unless given", OPTION_TEXT,
		    &wish.limit },
		{ "json", NULL, "print JSON", OPTION_FLAG, &wish.as_json },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "cert list [options]",
		.about = "Lists the certificates on record, newest first.",
		.specs = specs,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	return list(options.config, &wish, &err) < 0 ? cmd_fail("cert list", &err) : CMD_OK;
}

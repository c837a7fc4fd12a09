/* certwright scep-profile: showing, enabling and deleting SCEP profiles. */
#include "cmd/scep_profile.h"

#include <stdio.h>

#include "api/scep_profile_dto.h"
#include "base/clock.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/table.h"
#include "enroll/scep_profile_delete.h"

static struct scep_profile_view
view_of(const struct records *records)
{
	return (struct scep_profile_view){
		.db = records->db,
		.base_url = records->settings->server.base_url,
		.now = clock_now(),
	};
}

struct list {
	struct scep_profile_view view;
	struct json_object *array;
};

static int
add_json(const struct scep_profile *profile, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *dto = NULL;

	if (scep_profile_dto(&list->view, profile, &dto, err) < 0)
		return -1;
	(void)json_object_array_add(list->array, dto);
	return 0;
}

static int
print_json(const struct records *records, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct list list = { .view = view_of(records), .array = array };

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (scep_profiles_each(records->db, add_json, &list, err) < 0)
		return -1;
	return table_print_json(array, err);
}

static const char *
yes_or_no(bool value)
{
	return value ? "yes" : "no";
}

static int
add_row(const struct scep_profile *profile, void *arg, struct error *err)
{
	struct table *table = arg;

	(void)err;
	table_add(table, profile->name);
	table_add(table, yes_or_no(profile->enabled));
	table_add(table, profile->has_ra_profile ? profile->ra_profile : "-");
	table_add(table, yes_or_no(profile->challenge_password.len > 0));
	table_add(table, yes_or_no(profile->enable_intune));
	table_add(table, profile->description != NULL ? profile->description : "");
	return 0;
}

static int
print_table(const struct records *records, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "NAME,ENABLED,RA PROFILE,CHALLENGE,INTUNE,DESCRIPTION");
	if (scep_profiles_each(records->db, add_row, &table, err) < 0)
		return -1;
	return table_print(&table, err);
}

static int
list(const char *config, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };

	if (records_open(config, &records, err) < 0)
		return -1;
	return as_json ? print_json(&records, err) : print_table(&records, err);
}

static int
scep_profile_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.command = "scep-profile list",
		.about = "Lists the SCEP profiles.",
		.list = list,
	};

	return records_list(&listing, argc, argv);
}

static int
show(const char *config, const char *name, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	cleanup(json_object_putp) struct json_object *object = NULL;
	struct scep_profile_view view;

	if (records_open(config, &records, err) < 0 ||
	    scep_profile_find(records.db, name, &profile, err) < 0)
		return -1;
	view = view_of(&records);
	if (scep_profile_dto_detail(&view, profile, &object, err) < 0)
		return -1;
	return as_json ? table_print_json(object, err) : table_print_members(object, err);
}

static int
scep_profile_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.command = "scep-profile show",
		.argument = "NAME",
		.about = "Shows a SCEP profile; of its secrets only whether there is one.",
		.show = show,
	};

	return records_show(&showing, argc, argv);
}

/* An action on one profile that takes nothing but its name. */
struct simple {
	const char *command;
	const char *done;
	int (*change)(
	    const struct scep_profile_context *context, const struct uuid *id, struct error *err);
};

static int
change_by_name(const struct simple *simple, const char *config, const char *name, struct error *err)
{
	cleanup(scep_profile_records_release) struct scep_profile_records all = { .keyring = NULL };
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;

	if (scep_profile_records_open(config, &all, err) < 0 ||
	    scep_profile_find(all.records.db, name, &profile, err) < 0 ||
	    simple->change(&all.change, &profile->id, err) < 0)
		return -1;
	(void)printf("SCEP profile %s %s.\n", name, simple->done);
	return 0;
}

static int
run_simple(const struct simple *simple, const struct option_set *set, int argc, char **argv)
{
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	return change_by_name(simple, options.config, options.arguments[0], &err) < 0
		   ? cmd_fail(simple->command, &err)
		   : CMD_OK;
}

static int
scep_profile_enable(int argc, char **argv)
{
	static const struct simple simple = { "scep-profile enable", "is enabled",
		scep_profile_change_enable };
	static const struct option_set set = {
		.usage = "scep-profile enable NAME",
		.about = "Lets a SCEP profile answer.",
		.min_arguments = 1,
		.max_arguments = 1,
	};

	return run_simple(&simple, &set, argc, argv);
}

static int
scep_profile_disable(int argc, char **argv)
{
	static const struct simple simple = { "scep-profile disable", "is disabled",
		scep_profile_change_disable };
	static const struct option_set set = {
		.usage = "scep-profile disable NAME",
		.about = "Lets a SCEP profile answer no more.",
		.min_arguments = 1,
		.max_arguments = 1,
	};

	return run_simple(&simple, &set, argc, argv);
}

static int
delete_one(const struct scep_profile_context *context, const struct uuid *id, struct error *err)
{
	struct scep_profile_deleted deleted;

	return scep_profile_delete(context, id, &deleted, err);
}

static int
delete_one_by_force(
    const struct scep_profile_context *context, const struct uuid *id, struct error *err)
{
	struct scep_profile_deleted deleted;

	return scep_profile_delete_force(context, id, &deleted, err);
}

static int
scep_profile_remove(int argc, char **argv)
{
	bool by_force = false;
	const struct option_spec specs[] = {
		{ "force", NULL, "even where it is active on RA profiles, which lose it",
		    OPTION_FLAG, &by_force },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "scep-profile delete [options] NAME",
		.about = "Deletes a SCEP profile that is active on no RA profile.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
	};
	struct simple simple = { "scep-profile delete", "was deleted", delete_one };
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (by_force)
		simple.change = delete_one_by_force;
	return change_by_name(&simple, options.config, options.arguments[0], &err) < 0
		   ? cmd_fail(simple.command, &err)
		   : CMD_OK;
}

int
cmd_scep_profile(int argc, char **argv)
{
	static const struct option_action actions[] = {
		{ "list", "list the SCEP profiles", scep_profile_list },
		{ "show", "show one with all that it refers to", scep_profile_show },
		{ "create", "make a new one", scep_profile_create },
		{ "set", "change one", scep_profile_set },
		{ "enable", "let one answer", scep_profile_enable },
		{ "disable", "let one answer no more", scep_profile_disable },
		{ "delete", "delete one", scep_profile_remove },
		{ NULL, NULL, NULL },
	};

	return options_dispatch("scep-profile", actions, argc, argv);
}

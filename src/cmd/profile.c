/* certwright profile: showing and changing RA profiles. */
#include <stdio.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/profile_rule.h"
#include "cmd/profile_use.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "enroll/profile_audit.h"
#include "enroll/profile_change.h"
#include "enroll/profile_rules.h"

enum { MAX_ASSIGNMENTS = 64 };

static int
profile_json(
    struct db *db, const struct ra_profile *profile, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = json_object_new_object();
	struct authority authority;
	size_t count;
	const struct rule_field *fields = profile_rules_fields(&count);

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (authorities_find_id(db, &profile->authority_id, &authority, err) < 0)
		return -1;
	json_object_object_add(object, "Name", json_object_new_string(profile->name));
	json_object_object_add(object, "Authority", json_object_new_string(authority.name));
	json_object_object_add(object, "Revision", json_object_new_int64(profile->revision));
	for (size_t i = 0; i < count; i++)
		json_object_object_add(
		    object, fields[i].name, profile_rules_json(profile, &fields[i]));
	json_object_object_add(object, "Enroller", profile_audit_enrollers(profile));
	*out = take(object);
	return 0;
}

struct list {
	struct db *db;
	struct json_object *array;
};

static int
add_profile(const struct ra_profile *profile, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *object = NULL;

	if (profile->archived)
		return 0;
	if (profile_json(list->db, profile, &object, err) < 0)
		return -1;
	json_object_array_add(list->array, object);
	return 0;
}

static void
add_cell(struct table *table, struct json_object *profile, const char *name)
{
	table_add(table, json_object_get_string(json_object_object_get(profile, name)));
}

static int
print_list(const struct json_object *profiles, struct error *err)
{
	cleanup(table_release) struct table table;

	table_init(&table, "NAME,AUTHORITY,ENABLED,DAYS,DESCRIPTION");
	for (size_t i = 0; i < json_object_array_length(profiles); i++) {
		struct json_object *profile = json_object_array_get_idx(profiles, i);

		add_cell(&table, profile, "Name");
		add_cell(&table, profile, "Authority");
		add_cell(&table, profile, "Enabled");
		add_cell(&table, profile, "ValidityDays");
		add_cell(&table, profile, "Description");
	}
	return table_print(&table, err);
}

static int
list(const char *config, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct list gathered = { .array = array };

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (records_open(config, &records, err) < 0)
		return -1;
	gathered.db = records.db;
	if (ra_profiles_each(records.db, add_profile, &gathered, err) < 0)
		return -1;
	return as_json ? table_print_json(array, err) : print_list(array, err);
}

static int
profile_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.command = "profile list",
		.about = "Lists the RA profiles.",
		.list = list,
	};

	return records_list(&listing, argc, argv);
}

static int
show(const char *config, const char *name, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	cleanup(json_object_putp) struct json_object *object = NULL;

	if (records_open(config, &records, err) < 0 ||
	    profile_use_find(records.db, name, &profile, err) < 0 ||
	    profile_json(records.db, profile, &object, err) < 0)
		return -1;
	return as_json ? table_print_json(object, err) : table_print_members(object, err);
}

static int
profile_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.command = "profile show",
		.argument = "NAME",
		.about = "Shows the rules of an RA profile and who may enroll with it.",
		.show = show,
	};

	return records_show(&showing, argc, argv);
}

/* Applies "Key=value", "Enroller+=..." and "Enroller-=..." one after the other. */
static int
assign_all(struct ra_profile *profile, char *const *assignments, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (profile_rule_assign(profile, assignments[i], err) < 0)
			return -1;
	return 0;
}

static int
create(const struct options *options, const char *authority, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(ra_profile_freep) struct ra_profile *profile = ra_profile_new();
	const struct audit_actor actor = { .name = records.actor, .remote_address = "" };
	const struct profile_creation creation = {
		.actor = &actor,
		.authority = authority,
		.profile = profile,
	};
	const char *name = options->arguments[0];

	if (profile == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	profile_rules_defaults(profile);
	if (profile_rules_check_name(name, err) < 0)
		return -1;
	(void)snprintf(profile->name, sizeof(profile->name), "%s", name);
	if (assign_all(profile, options->arguments + 1, options->count - 1, err) < 0 ||
	    records_open(options->config, &records, err) < 0)
		return -1;
	if (profile_change_create(records.db, &creation, err) < 0) {
		if (!error_is(err, ERR_CONFLICT))
			return -1;
		error_clear(err);
		return error_set(err, ERR_CONFLICT, "there is an RA profile %s already", name);
	}
	(void)printf("RA profile %s was made.\n", profile->name);
	if (profile->enroller_count == 0)
		(void)printf("It is open to nobody yet: certwright profile set %s "
			     "Enroller+=role:VALUE adds a role.\n",
		    profile->name);
	return 0;
}

static int
profile_create(int argc, char **argv)
{
	const char *authority = NULL;
	const struct option_spec specs[] = {
		{ "authority", "NAME", "the CA that issues (needed)", OPTION_TEXT, &authority },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "profile create [options] NAME [Key=value]...",
		.about = "Makes an RA profile with the default rules, open to nobody. The keys are "
			 "those of\ncertwright profile set.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1 + MAX_ASSIGNMENTS,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (authority == NULL)
		return options_fail("profile create", "--authority is needed");
	return create(&options, authority, &err) < 0 ? cmd_fail("profile create", &err) : CMD_OK;
}

static int
set_rules(const struct options *options, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(ra_profile_freep) struct ra_profile *before = NULL;
	cleanup(ra_profile_freep) struct ra_profile *after = NULL;
	const struct audit_actor actor = { .name = records.actor, .remote_address = "" };
	struct profile_change change = { .actor = &actor };

	if (records_open(options->config, &records, err) < 0 ||
	    profile_use_find(records.db, options->arguments[0], &before, err) < 0 ||
	    ra_profiles_find_id(records.db, &before->id, &after, err) < 0 ||
	    assign_all(after, options->arguments + 1, options->count - 1, err) < 0)
		return -1;
	/* Two reads: a change between them must not pass as ours. */
	after->revision = before->revision;
	change.before = before;
	change.after = after;
	if (profile_change_update(records.db, &change, err) < 0)
		return -1;
	(void)printf(
	    "RA profile %s %s.\n", after->name, change.changed ? "was changed" : "is as it was");
	return 0;
}

static int
profile_set(int argc, char **argv)
{
	cleanup(buf_release) struct buf about = BUF_INIT(16384);
	struct option_set set = {
		.usage = "profile set NAME Key=value...",
		.min_arguments = 2,
		.max_arguments = 1 + MAX_ASSIGNMENTS,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result;

	profile_rule_help(&about);
	set.about = buf_text(&about);
	result = options_parse(&set, argc, argv, &options);
	if (result != OPTIONS_GO)
		return options_status(result);
	return set_rules(&options, &err) < 0 ? cmd_fail("profile set", &err) : CMD_OK;
}

int
cmd_profile(int argc, char **argv)
{
	static const struct option_action actions[] = {
		{ "list", "list the RA profiles", profile_list },
		{ "show", "show one with all its rules", profile_show },
		{ "create", "make a new one", profile_create },
		{ "set", "change rules, and who may enroll", profile_set },
		{ "enable", "let certificates be issued with one", profile_use_enable },
		{ "disable", "let none be issued with one any more", profile_use_disable },
		{ "delete", "delete one, or archive it where it is in use", profile_use_delete },
		{ "scep-activate", "make a SCEP profile serve one", profile_use_scep_activate },
		{ "scep-deactivate", "end that", profile_use_scep_deactivate },
		{ NULL, NULL, NULL },
	};

	return options_dispatch("profile", actions, argc, argv);
}

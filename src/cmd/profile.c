/* certwright profile: showing and changing RA profiles. */
#include <stdio.h>

#include "base/json.h"
#include "base/json_add.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/profile_rule.h"
#include "cmd/profile_use.h"
#include "cmd/records.h"
#include "enroll/profiles/profile_audit.h"
#include "enroll/profiles/profile_change.h"
#include "enroll/profiles/profile_rules.h"

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
	json_add_text(object, "Name", profile->name);
	json_add_text(object, "Authority", authority.name);
	json_add_int(object, "Revision", profile->revision);
	for (size_t i = 0; i < count; i++)
		json_add(object, fields[i].name, profile_rules_json(profile, &fields[i]));
	json_add(object, "Enroller", profile_audit_enrollers(profile));
	*out = take(object);
	return 0;
}

static int
add_profile(const struct ra_profile *profile, void *arg, struct error *err)
{
	const struct records_gathered *gathered = arg;
	struct json_object *object = NULL;

	if (profile->archived)
		return 0;
	if (profile_json(gathered->records->db, profile, &object, err) < 0)
		return -1;
	json_object_array_add(gathered->array, object);
	return 0;
}

static int
gather(struct records_gathered *gathered, struct error *err)
{
	return ra_profiles_each(gathered->records->db, add_profile, gathered, err);
}

static void
add_row(struct table *table, const struct json_object *profile)
{
	table_add_member(table, profile, "Name");
	table_add_member(table, profile, "Authority");
	table_add_member(table, profile, "Enabled");
	table_add_member(table, profile, "ValidityDays");
	table_add_member(table, profile, "Description");
}

static int
profile_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.usage = "profile list [options]",
		.about = "Lists the RA profiles.",
		.head = "NAME,AUTHORITY,ENABLED,DAYS,DESCRIPTION",
		.gather = gather,
		.add_rows = add_row,
	};

	return records_list(&listing, argc, argv);
}

static int
find(const struct records *records, const char *name, struct json_object **out, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	if (profile_use_find(records->db, name, &profile, err) < 0)
		return -1;
	return profile_json(records->db, profile, out, err);
}

static int
profile_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.usage = "profile show [options] NAME",
		.about = "Shows the rules of an RA profile and who may enroll with it.",
		.find = find,
		.print = table_print_members,
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
create(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(ra_profile_freep) struct ra_profile *profile = ra_profile_new();
	const struct audit_actor actor = records_actor(&records);
	const char *const *authority = arg;
	const struct profile_creation creation = {
		.actor = &actor,
		.authority = *authority,
		.profile = profile,
	};
	const char *name = options->arguments[0];

	if (*authority == NULL)
		return options_fail("profile create", "--authority is needed");
	if (profile == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	profile_rules_defaults(profile);
	if (profile_rules_check_name(name, err) < 0)
		return -1;
	(void)snprintf(profile->name, sizeof(profile->name), "%s", name);
	if (assign_all(profile, options->arguments + 1, options->count - 1, err) < 0 ||
	    records_open(options->config, &records, err) < 0)
		return -1;
	if (profile_change_create(records.db, &creation, err) < 0)
		return error_replace(
		    err, ERR_CONFLICT, ERR_CONFLICT, "there is an RA profile %s already", name);
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
		.run = create,
		.wish = &authority,
	};

	return options_run(&set, argc, argv);
}

static int
set_rules(const struct options *options, const void *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(ra_profile_freep) struct ra_profile *before = NULL;
	cleanup(ra_profile_freep) struct ra_profile *after = NULL;
	const struct audit_actor actor = records_actor(&records);
	struct profile_change change = { .actor = &actor };

	(void)wish;
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
		.run = set_rules,
	};

	profile_rule_help(&about);
	set.about = buf_text(&about);
	return options_run(&set, argc, argv);
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

/* certwright scep-profile: showing, enabling and deleting SCEP profiles. */
#include "cmd/scep_profile.h"

#include <stdio.h>

#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "enroll/profiles/scep_profile_delete.h"

static int
add_profile(const struct scep_profile *profile, void *arg, struct error *err)
{
	const struct records_gathered *gathered = arg;
	const struct scep_profile_view view = scep_profile_view_of(gathered->records);
	struct json_object *dto = NULL;

	if (scep_profile_dto(&view, profile, &dto, err) < 0)
		return -1;
	(void)json_object_array_add(gathered->array, dto);
	return 0;
}

static int
gather(struct records_gathered *gathered, struct error *err)
{
	return scep_profiles_each(gathered->records->db, add_profile, gathered, err);
}

static void
add_flag(struct table *table, const struct json_object *profile, const char *name)
{
	struct json_object *value = json_object_object_get(profile, name);

	table_add(table, json_object_get_boolean(value) ? "yes" : "no");
}

static void
add_row(struct table *table, const struct json_object *profile)
{
	const struct json_object *ra_profile = json_object_object_get(profile, "raProfile");

	table_add_member(table, profile, "name");
	add_flag(table, profile, "enabled");
	table_add(table, ra_profile != NULL ? table_text(ra_profile, "name") : "-");
	add_flag(table, profile, "enableChallengePassword");
	add_flag(table, profile, "enableIntune");
	table_add_member(table, profile, "description");
}

static int
scep_profile_list(int argc, char **argv)
{
	static const struct records_listing listing = {
		.usage = "scep-profile list [options]",
		.about = "Lists the SCEP profiles.",
		.head = "NAME,ENABLED,RA PROFILE,CHALLENGE,INTUNE,DESCRIPTION",
		.gather = gather,
		.add_rows = add_row,
	};

	return records_list(&listing, argc, argv);
}

static int
find(const struct records *records, const char *name, struct json_object **out, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	const struct scep_profile_view view = scep_profile_view_of(records);

	if (scep_profile_find(records->db, name, &profile, err) < 0)
		return -1;
	return scep_profile_dto_detail(&view, profile, out, err);
}

static int
scep_profile_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.usage = "scep-profile show [options] NAME",
		.about = "Shows a SCEP profile; of its secrets only whether there is one.",
		.find = find,
		.print = table_print_members,
	};

	return records_show(&showing, argc, argv);
}

/* An action on one profile that takes nothing but its name. */
struct simple {
	const char *done;
	int (*change)(
	    const struct scep_profile_context *context, const struct uuid *id, struct error *err);
};

static int
change_by_name(const struct options *options, const void *arg, struct error *err)
{
	cleanup(scep_profile_records_release) struct scep_profile_records all = { .keyring = NULL };
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	const struct simple *simple = arg;
	const char *name = options->arguments[0];

	if (scep_profile_records_open(options->config, &all, err) < 0 ||
	    scep_profile_find(all.records.db, name, &profile, err) < 0 ||
	    simple->change(&all.change, &profile->id, err) < 0)
		return -1;
	(void)printf("SCEP profile %s %s.\n", name, simple->done);
	return 0;
}

static int
scep_profile_enable(int argc, char **argv)
{
	static const struct simple simple = { "is enabled", scep_profile_change_enable };
	static const struct option_set set = {
		.usage = "scep-profile enable NAME",
		.about = "Lets a SCEP profile answer.",
		.min_arguments = 1,
		.max_arguments = 1,
		.run = change_by_name,
		.wish = &simple,
	};

	return options_run(&set, argc, argv);
}

static int
scep_profile_disable(int argc, char **argv)
{
	static const struct simple simple = { "is disabled", scep_profile_change_disable };
	static const struct option_set set = {
		.usage = "scep-profile disable NAME",
		.about = "Lets a SCEP profile answer no more.",
		.min_arguments = 1,
		.max_arguments = 1,
		.run = change_by_name,
		.wish = &simple,
	};

	return options_run(&set, argc, argv);
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
delete_by_name(const struct options *options, const void *arg, struct error *err)
{
	const bool *by_force = arg;
	const struct simple simple = { "was deleted",
		*by_force ? delete_one_by_force : delete_one };

	return change_by_name(options, &simple, err);
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
		.run = delete_by_name,
		.wish = &by_force,
	};

	return options_run(&set, argc, argv);
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

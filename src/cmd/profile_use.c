/* certwright profile enable, disable, delete, scep-activate, scep-deactivate. */
#include "cmd/profile_use.h"

#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "enroll/profile_archive.h"
#include "enroll/profile_change.h"
#include "enroll/profile_scep.h"

/* What an action does with the profile that its first argument names. */
struct action {
	const char *command;
	const char *usage;
	const char *about;
	size_t arguments;
	int (*run)(const struct records *records, const struct ra_profile *profile,
	    const struct options *options, struct error *err);
};

int
profile_use_find(struct db *db, const char *name, struct ra_profile **out, struct error *err)
{
	if (ra_profiles_find(db, name, out, err) == 0)
		return 0;
	if (!error_is(err, ERR_NOT_FOUND))
		return -1;
	error_clear(err);
	return error_set(err, ERR_NOT_FOUND,
	    "there is no RA profile \"%.64s\"; certwright profile list shows all", name);
}

static struct audit_actor
actor_of(const struct records *records)
{
	return (struct audit_actor){ .name = records->actor, .remote_address = "" };
}

static int
run_on_profile(const struct action *action, const struct options *options, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	if (records_open(options->config, &records, err) < 0 ||
	    profile_use_find(records.db, options->arguments[0], &profile, err) < 0)
		return -1;
	return action->run(&records, profile, options, err);
}

static int
run_action(const struct action *action, int argc, char **argv)
{
	const struct option_set set = {
		.usage = action->usage,
		.about = action->about,
		.min_arguments = action->arguments,
		.max_arguments = action->arguments,
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	return run_on_profile(action, &options, &err) < 0 ? cmd_fail(action->command, &err)
							  : CMD_OK;
}

static int
enable(const struct records *records, const struct ra_profile *profile,
    const struct options *options, struct error *err)
{
	const struct audit_actor actor = actor_of(records);

	(void)options;
	if (profile_change_enable(records->db, &actor, &profile->id, err) < 0)
		return -1;
	(void)printf("RA profile %s is enabled.\n", profile->name);
	return 0;
}

int
profile_use_enable(int argc, char **argv)
{
	static const struct action action = {
		.command = "profile enable",
		.usage = "profile enable NAME",
		.about = "Enables an RA profile.",
		.arguments = 1,
		.run = enable,
	};

	return run_action(&action, argc, argv);
}

static int
disable(const struct records *records, const struct ra_profile *profile,
    const struct options *options, struct error *err)
{
	const struct audit_actor actor = actor_of(records);

	(void)options;
	if (profile_change_disable(records->db, &actor, &profile->id, err) < 0)
		return -1;
	(void)printf("RA profile %s is disabled.\n", profile->name);
	return 0;
}

int
profile_use_disable(int argc, char **argv)
{
	static const struct action action = {
		.command = "profile disable",
		.usage = "profile disable NAME",
		.about = "Disables an RA profile: nothing is issued or renewed with it any more.",
		.arguments = 1,
		.run = disable,
	};

	return run_action(&action, argc, argv);
}

static int delete (const struct records *records, const struct ra_profile *profile,
    const struct options *options, struct error *err)
{
	const struct audit_actor actor = actor_of(records);
	enum profile_fate fate = PROFILE_ARCHIVED;

	(void)options;
	if (profile_archive_remove(records->db, &actor, &profile->id, &fate, err) < 0)
		return -1;
	if (fate == PROFILE_DELETED)
		(void)printf("RA profile %s was deleted.\n", profile->name);
	else
		(void)printf("RA profile %s was archived: it is in use, or was until a moment "
			     "ago. Its name stays taken.\n",
		    profile->name);
	return 0;
}

int
profile_use_delete(int argc, char **argv)
{
	static const struct action action = {
		.command = "profile delete",
		.usage = "profile delete NAME",
		.about = "Deletes an RA profile. One that certificates refer to, that another "
			 "profile has as an\nenroller, or that may have issued within the last "
			 "two hours is archived: disabled for\ngood and out of all lists, "
			 "while its certificates live on.",
		.arguments = 1,
		.run = delete,
	};

	return run_action(&action, argc, argv);
}

static int
find_scep_profile(struct db *db, const char *name, struct scep_profile **out, struct error *err)
{
	if (scep_profiles_find(db, name, out, err) == 0)
		return 0;
	if (!error_is(err, ERR_NOT_FOUND))
		return -1;
	error_clear(err);
	return error_set(err, ERR_NOT_FOUND, "there is no SCEP profile \"%.255s\"", name);
}

static int
scep_activate(const struct records *records, const struct ra_profile *profile,
    const struct options *options, struct error *err)
{
	const struct audit_actor actor = actor_of(records);
	cleanup(scep_profile_freep) struct scep_profile *scep = NULL;
	struct profile_scep_activation activation = { .actor = &actor, .ra_profile = profile };

	if (find_scep_profile(records->db, options->arguments[1], &scep, err) < 0)
		return -1;
	activation.scep_profile = scep;
	if (profile_scep_activate(records->db, &activation, err) < 0)
		return -1;
	(void)printf("SCEP profile %s is active on RA profile %s.\n", scep->name, profile->name);
	return 0;
}

int
profile_use_scep_activate(int argc, char **argv)
{
	static const struct action action = {
		.command = "profile scep-activate",
		.usage = "profile scep-activate NAME SCEP-PROFILE",
		.about = "Makes a SCEP profile the active one of an RA profile, in place of "
			 "another.",
		.arguments = 2,
		.run = scep_activate,
	};

	return run_action(&action, argc, argv);
}

static int
scep_deactivate(const struct records *records, const struct ra_profile *profile,
    const struct options *options, struct error *err)
{
	const struct audit_actor actor = actor_of(records);

	(void)options;
	if (profile_scep_deactivate(records->db, &actor, profile, err) < 0)
		return -1;
	(void)printf("No SCEP profile is active on RA profile %s.\n", profile->name);
	return 0;
}

int
profile_use_scep_deactivate(int argc, char **argv)
{
	static const struct action action = {
		.command = "profile scep-deactivate",
		.usage = "profile scep-deactivate NAME",
		.about = "Ends that a SCEP profile is active on an RA profile.",
		.arguments = 1,
		.run = scep_deactivate,
	};

	return run_action(&action, argc, argv);
}

/* certwright profile enable, disable, delete, scep-activate, scep-deactivate. */
#include "cmd/profile_use.h"

#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "cmd/scep_profile.h"
#include "enroll/profiles/profile_archive.h"
#include "enroll/profiles/profile_change.h"
#include "enroll/profiles/profile_scep.h"

/* A profile, and what an action on it is given besides. */
struct use {
	struct db *db;
	struct audit_actor actor;
	const struct ra_profile *profile;
	char *const *more; /* arguments after the profile's name */
};

struct action {
	const char *usage;
	const char *about;
	size_t arguments;
	int (*run)(const struct use *use, struct error *err);
};

int
profile_use_find(struct db *db, const char *name, struct ra_profile **out, struct error *err)
{
	if (ra_profiles_find(db, name, out, err) == 0)
		return 0;
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "there is no RA profile \"%.64s\"; certwright profile list shows all", name);
}

static int
run_on_profile(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	const struct action *action = arg;
	struct use use;

	if (records_open(options->config, &records, err) < 0 ||
	    profile_use_find(records.db, options->arguments[0], &profile, err) < 0)
		return -1;
	use = (struct use){ records.db, records_actor(&records), profile, options->arguments + 1 };
	return action->run(&use, err);
}

static int
run_action(const struct action *action, int argc, char **argv)
{
	const struct option_set set = {
		.usage = action->usage,
		.about = action->about,
		.min_arguments = action->arguments,
		.max_arguments = action->arguments,
		.run = run_on_profile,
		.wish = action,
	};

	return options_run(&set, argc, argv);
}

static int
enable(const struct use *use, struct error *err)
{
	if (profile_change_enable(use->db, &use->actor, &use->profile->id, err) < 0)
		return -1;
	(void)printf("RA profile %s is enabled.\n", use->profile->name);
	return 0;
}

int
profile_use_enable(int argc, char **argv)
{
	static const struct action action = {
		.usage = "profile enable NAME",
		.about = "Enables an RA profile.",
		.arguments = 1,
		.run = enable,
	};

	return run_action(&action, argc, argv);
}

static int
disable(const struct use *use, struct error *err)
{
	if (profile_change_disable(use->db, &use->actor, &use->profile->id, err) < 0)
		return -1;
	(void)printf("RA profile %s is disabled.\n", use->profile->name);
	return 0;
}

int
profile_use_disable(int argc, char **argv)
{
	static const struct action action = {
		.usage = "profile disable NAME",
		.about = "Disables an RA profile: nothing is issued or renewed with it any more.",
		.arguments = 1,
		.run = disable,
	};

	return run_action(&action, argc, argv);
}

static int delete (const struct use *use, struct error *err)
{
	enum profile_fate fate = PROFILE_ARCHIVED;

	if (profile_archive_remove(use->db, &use->actor, &use->profile->id, &fate, err) < 0)
		return -1;
	if (fate == PROFILE_DELETED)
		(void)printf("RA profile %s was deleted.\n", use->profile->name);
	else
		(void)printf("RA profile %s was archived: it is in use, or was until a moment "
			     "ago. Its name stays taken.\n",
		    use->profile->name);
	return 0;
}

int
profile_use_delete(int argc, char **argv)
{
	static const struct action action = {
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
scep_activate(const struct use *use, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *scep = NULL;
	struct profile_scep_activation activation = { .actor = &use->actor,
		.ra_profile = use->profile };

	if (scep_profile_find(use->db, use->more[0], &scep, err) < 0)
		return -1;
	activation.scep_profile = scep;
	if (profile_scep_activate(use->db, &activation, err) < 0)
		return -1;
	(void)printf(
	    "SCEP profile %s is active on RA profile %s.\n", scep->name, use->profile->name);
	return 0;
}

int
profile_use_scep_activate(int argc, char **argv)
{
	static const struct action action = {
		.usage = "profile scep-activate NAME SCEP-PROFILE",
		.about = "Makes a SCEP profile the active one of an RA profile, in place of "
			 "another.",
		.arguments = 2,
		.run = scep_activate,
	};

	return run_action(&action, argc, argv);
}

static int
scep_deactivate(const struct use *use, struct error *err)
{
	if (profile_scep_deactivate(use->db, &use->actor, use->profile, err) < 0)
		return -1;
	(void)printf("No SCEP profile is active on RA profile %s.\n", use->profile->name);
	return 0;
}

int
profile_use_scep_deactivate(int argc, char **argv)
{
	static const struct action action = {
		.usage = "profile scep-deactivate NAME",
		.about = "Ends that a SCEP profile is active on an RA profile.",
		.arguments = 1,
		.run = scep_deactivate,
	};

	return run_action(&action, argc, argv);
}

/* certwright maintain: runs jobs now, for cron, for tests, and where no master starts them. */
#include "base/log.h"
#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/jobs.h"
#include "cmd/maintain_list.h"
#include "cmd/options.h"

/* Every job gets its turn, whatever became of those before it; the first failure counts. */
static int
run_named(const struct options *options, const struct settings *settings)
{
	int status = CMD_OK;

	for (size_t i = 0; i < options->count; i++) {
		struct error err = { .code = ERR_NONE };

		if (jobs_run_forced(jobs_find(options->arguments[i]), settings, &err) < 0) {
			int failed = cmd_fail("maintain", &err);

			status = status == CMD_OK ? failed : status;
		}
	}
	return status;
}

static void
report(const struct error *err)
{
	(void)cmd_fail("maintain", err);
}

static int
run_jobs(const struct options *options, const struct settings *settings)
{
	return options->count > 0 ? run_named(options, settings) : jobs_run_all(settings, report);
}

int
cmd_maintain(int argc, char **argv)
{
	bool wants_list = false;
	const struct option_spec specs[] = {
		{ .name = "list",
		    .help = "show the jobs and how they stand, and end",
		    .kind = OPTION_FLAG,
		    .target = &wants_list },
		{ .name = NULL },
	};
	const struct option_set set = {
		.usage = "maintain [options] [JOB...]",
		.about = "Runs the named jobs now, due or not; without a name all that are due.",
		.specs = specs,
		.max_arguments = 32,
	};
	cleanup(settings_freep) struct settings *settings = NULL;
	struct error err = { .code = ERR_NONE };
	struct options options;
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (wants_list)
		return maintain_list(options.config);
	for (size_t i = 0; i < options.count; i++)
		if (jobs_find(options.arguments[i]) == NULL)
			return options_fail("maintain", "no job is named %s", options.arguments[i]);
	if (settings_load(options.config, &settings, &err) < 0 ||
	    log_open(settings->log.target, settings->log.level, &err) < 0)
		return cmd_fail("maintain", &err);
	return run_jobs(&options, settings);
}

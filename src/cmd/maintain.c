/* certwright maintain: runs jobs now, for cron, for tests, and where no master starts them. */
#include <stdio.h>

#include "base/log.h"
#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/jobs.h"
#include "cmd/options.h"

static int
list_jobs(void)
{
	for (const struct job *job = jobs_all; job->name != NULL; job++)
		(void)printf("%-16s %s\n", job->name, job->help);
	return CMD_OK;
}

/* Every job gets its turn, whatever became of those before it; the first failure counts. */
static int
run_jobs(const struct options *options, const struct settings *settings)
{
	int status = CMD_OK;

	for (const struct job *job = jobs_all; job->name != NULL; job++) {
		struct error err = { .code = ERR_NONE };
		bool is_asked = options->count == 0;

		for (size_t i = 0; i < options->count; i++)
			is_asked = is_asked || jobs_find(options->arguments[i]) == job;
		if (is_asked && jobs_run(job, settings, 0, &err) < 0) {
			int failed = cmd_fail("maintain", &err);

			status = status == CMD_OK ? failed : status;
		}
	}
	return status;
}

int
cmd_maintain(int argc, char **argv)
{
	bool wants_list = false;
	const struct option_spec specs[] = {
		{ .name = "list",
		    .help = "show the jobs and end",
		    .kind = OPTION_FLAG,
		    .target = &wants_list },
		{ .name = NULL },
	};
	const struct option_set set = {
		.usage = "maintain [options] [JOB...]",
		.about = "Runs the named jobs now, all of them when none is named.",
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
		return list_jobs();
	for (size_t i = 0; i < options.count; i++)
		if (jobs_find(options.arguments[i]) == NULL)
			return options_fail("maintain", "no job is named %s", options.arguments[i]);
	if (settings_load(options.config, &settings, &err) < 0 ||
	    log_open(settings->log.target, settings->log.level, &err) < 0)
		return cmd_fail("maintain", &err);
	return run_jobs(&options, settings);
}

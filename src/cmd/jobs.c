/* The jobs of `certwright maintain`, which the serving processes start by themselves too. */
#include "cmd/jobs.h"

#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "enroll/crl_files.h"
#include "enroll/expiry.h"
#include "enroll/identity_keys_job.h"
#include "enroll/ocsp_responder_job.h"
#include "enroll/publish.h"
#include "enroll/purge.h"

const struct job *const jobs_all[] = {
	&identity_keys_job,
	&ocsp_responder_job,
	&publish_job,
	&crl_files_job,
	&purge_job,
	&expiry_job,
	NULL,
};

const struct job *
jobs_find(const char *name)
{
	for (const struct job *const *job = jobs_all; *job != NULL; job++)
		if (strcmp((*job)->name, name) == 0)
			return *job;
	return NULL;
}

/* What every job works with; the database is connected to by the first that needs it. */
struct tools {
	struct db *db;
	struct keyring *keyring;
};

static void
tools_release(struct tools *tools)
{
	keyring_free(tools->keyring);
	db_free(tools->db);
}

/* A keyring that cannot be read fails the jobs that need it, and says why; not the others. */
static int
tools_open(struct tools *tools, const struct settings *settings, struct error *err)
{
	const char *path = settings->keys.keyring_file;
	struct error reason = { .code = ERR_NONE };

	tools->db = db_new_maintain(settings);
	if (tools->db == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (path[0] == '\0' || keyring_open(path, &tools->keyring, &reason) == 0)
		return 0;
	tools->keyring = keyring_unusable(reason.text);
	return tools->keyring != NULL ? 0 : error_set(err, ERR_INTERNAL, "out of memory");
}

/* Runs one; what went wrong names it. */
static int
run(const struct job *job, struct job_context *context, struct error *err)
{
	switch (job_run(job, context, err)) {
	case JOB_FAILED:
		return error_prefix(err, "%s", job->name);
	case JOB_ELSEWHERE:
		if (context->is_forced && !job->is_eager)
			return error_set(err, ERR_CONFLICT,
			    "%s: another process is running this job now", job->name);
		return 0;
	case JOB_NOT_DUE:
	case JOB_DONE:
		break;
	}
	return 0;
}

int
jobs_run_forced(const struct job *job, const struct settings *settings, struct error *err)
{
	cleanup(tools_release) struct tools tools = { NULL, NULL };
	struct job_context context = { .settings = settings, .is_forced = true };

	if (tools_open(&tools, settings, err) < 0)
		return -1;
	context.db = tools.db;
	context.keyring = tools.keyring;
	return run(job, &context, err);
}

/* why is NULL for a command. */
static int
run_each(struct job_context *context, const struct pool_maintain *why, jobs_failed *failed)
{
	int status = CMD_OK;

	for (const struct job *const *job = jobs_all; *job != NULL; job++) {
		struct error err = { .code = ERR_NONE };

		if (why != NULL && !why->is_regular && ((*job)->wishes & why->wishes) == 0)
			continue;
		context->is_forced = why == NULL && (*job)->is_eager;
		if (run(*job, context, &err) == 0)
			continue;
		status = status == CMD_OK ? cmd_status(err.code) : status;
		if (failed != NULL)
			failed(&err);
	}
	return status;
}

static int
run_all(const struct settings *settings, const struct pool_maintain *why, jobs_failed *failed)
{
	cleanup(tools_release) struct tools tools = { NULL, NULL };
	struct error err = { .code = ERR_NONE };
	struct job_context context = {
		.settings = settings,
		.is_first = why != NULL && why->is_first,
		.wishes = why != NULL ? why->wishes : 0,
	};

	if (tools_open(&tools, settings, &err) < 0) {
		if (failed != NULL)
			failed(&err);
		return cmd_status(err.code);
	}
	context.db = tools.db;
	context.keyring = tools.keyring;
	return run_each(&context, why, failed);
}

int
jobs_run_all(const struct settings *settings, jobs_failed *failed)
{
	return run_all(settings, NULL, failed);
}

int
jobs_run_due(const struct settings *settings, const struct pool_maintain *why)
{
	return run_all(settings, why, NULL);
}

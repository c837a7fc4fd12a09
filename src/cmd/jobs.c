/* The jobs of `certwright maintain`, which the serving processes start by themselves too. */
#include "cmd/jobs.h"

#include <string.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "enroll/status/crl_files.h"
#include "enroll/jobs/expiry.h"
#include "enroll/jobs/identity_keys_job.h"
#include "enroll/journal/journal_job.h"
#include "enroll/status/ocsp_responder_job.h"
#include "enroll/status/publish.h"
#include "enroll/jobs/purge.h"

const struct job *const jobs_all[] = {
	&identity_keys_job,
	&ocsp_responder_job,
	&publish_job,
	&crl_files_job,
	&journal_job,
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

/* What became of one; what went wrong names it. */
static int
judge(const struct job *job, const struct job_context *context, enum job_result result,
    struct error *err)
{
	switch (result) {
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
	return judge(job, &context, job_run(job, &context, err), err);
}

/* What became of the wishes. */
struct answered {
	bool must_repeat; /* others are at it, and may have begun before what is wished for */
	bool has_served_reader;
};

static void
note(struct answered *answered, unsigned wishes, enum job_result result)
{
	if (wishes != 0 && result == JOB_ELSEWHERE)
		answered->must_repeat = true;
	if ((wishes & JOB_WISH_READER) != 0 && result == JOB_DONE)
		answered->has_served_reader = true;
}

static int
sum_up(const struct answered *answered, unsigned wishes, int status)
{
	if (answered->must_repeat && status == CMD_OK)
		return POOL_MAINTAIN_AGAIN;
	if (status != CMD_OK || (wishes & JOB_WISH_READER) == 0 || answered->has_served_reader)
		return status;
	return POOL_MAINTAIN_VAIN;
}

/* why is NULL for a command. */
static int
run_each(struct job_context *context, const struct pool_maintain *why, jobs_failed *failed)
{
	struct answered answered = { .must_repeat = false };
	int status = CMD_OK;

	for (const struct job *const *job = jobs_all; *job != NULL; job++) {
		struct error err = { .code = ERR_NONE };
		unsigned wishes = (*job)->wishes & context->wishes;
		enum job_result result;

		if (why != NULL && !why->is_regular && wishes == 0)
			continue;
		context->is_forced = why == NULL && (*job)->is_eager;
		result = job_run(*job, context, &err);
		note(&answered, wishes, result);
		if (judge(*job, context, result, &err) == 0)
			continue;
		status = status == CMD_OK ? cmd_status(err.code) : status;
		if (failed != NULL)
			failed(&err);
	}
	return sum_up(&answered, context->wishes, status);
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

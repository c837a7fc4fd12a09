/* The jobs of `certwright maintain`, which the serving processes start by themselves too. */
#include "cmd/jobs.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "remote/identity_keys.h"

static int
identity_keys(const struct settings *settings, int64_t min_interval_s, struct error *err)
{
	bool is_fetched = false;

	if (identity_keys_refresh(settings, min_interval_s, &is_fetched, err) < 0)
		return -1;
	if (!is_fetched)
		log_event(LOG_LEVEL_DEBUG, "job_not_due", log_text("job", "identity-keys"));
	return 0;
}

const struct job jobs_all[] = {
	{ "identity-keys", "fetch the signing keys of the configured tenants", identity_keys },
	{ NULL, NULL, NULL },
};

const struct job *
jobs_find(const char *name)
{
	for (const struct job *job = jobs_all; job->name != NULL; job++)
		if (strcmp(job->name, name) == 0)
			return job;
	return NULL;
}

int
jobs_run(const struct job *job, const struct settings *settings, int64_t min_interval_s,
    struct error *err)
{
	int64_t started_ms = clock_monotonic_ms();
	int rc = job->run(settings, min_interval_s, err);

	log_event(rc < 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "job", log_text("job", job->name),
	    log_text("result", rc < 0 ? "failed" : "done"),
	    log_text("reason", rc < 0 ? err->text : NULL),
	    log_number("ms", clock_monotonic_ms() - started_ms));
	return rc;
}

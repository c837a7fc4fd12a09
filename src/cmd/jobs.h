#ifndef CMD_JOBS_H
#define CMD_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/settings.h"

/* What `certwright maintain` can do; the table ends with a NULL name. */
struct job {
	const char *name;
	const char *help;
	/* Attempts that another process made less than min_interval_s ago count as its own. */
	int (*run)(const struct settings *settings, int64_t min_interval_s, struct error *err);
};

extern const struct job jobs_all[];

/* NULL: there is no job of that name. */
const struct job *jobs_find(const char *name);

/* Runs the job, logs what came of it and returns as it does. */
int jobs_run(const struct job *job, const struct settings *settings, int64_t min_interval_s,
    struct error *err);

#endif

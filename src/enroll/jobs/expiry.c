/* The job "expiry": warns of certificates that end soon, and notes CA generations that have ended.
 */
#include "enroll/jobs/expiry.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "enroll/jobs/warn_command.h"
#include "store/audit.h"
#include "store/authorities.h"
#include "store/expiring.h"

enum {
	DAY_S = 86400,
	LEASE_S = 300,
	COMMANDS_MS = 120000, /* all of them together; other jobs wait for this one */
	VARIABLE_MAX = EXPIRING_NAME_MAX + 32
};

/* A run. */
struct run {
	const struct job_context *context;
	int64_t started_ms;
};

/* Whole days, downwards: what has ended has less than none. */
static int64_t
days_left(int64_t not_after, int64_t now)
{
	int64_t left = not_after - now;

	return left >= 0 ? left / DAY_S : -((DAY_S - 1 - left) / DAY_S);
}

static int
run_command(const struct job_context *context, const struct expiring *expiring, struct error *err)
{
	char kind[VARIABLE_MAX], name[VARIABLE_MAX], not_after[VARIABLE_MAX], days[VARIABLE_MAX];
	const char *const environment[] = { kind, name, not_after, days, NULL };
	char end[CLOCK_TEXT_MAX];

	clock_text(expiring->not_after, end);
	(void)snprintf(
	    kind, sizeof(kind), "CERTWRIGHT_KIND=%s", expiring_kind_name(expiring->kind));
	(void)snprintf(name, sizeof(name), "CERTWRIGHT_NAME=%s", expiring->name);
	(void)snprintf(not_after, sizeof(not_after), "CERTWRIGHT_NOT_AFTER=%s", end);
	(void)snprintf(days, sizeof(days), "CERTWRIGHT_DAYS_LEFT=%" PRId64,
	    days_left(expiring->not_after, context->now));
	return warn_command_run(
	    context->settings->maintain.warn_command, environment, WARN_COMMAND_LIMIT_MS, err);
}

static int
try_command(const struct run *run, const struct expiring *expiring, struct error *err)
{
	if (clock_monotonic_ms() - run->started_ms >= COMMANDS_MS)
		return error_set(err, ERR_INTERNAL, "not run for %s: those before took %d s",
		    expiring->name, COMMANDS_MS / 1000);
	return run_command(run->context, expiring, err);
}

/* A command that fails is logged, and stops no other warning. */
static int
warn(const struct expiring *expiring, void *arg, struct error *err)
{
	const struct run *run = arg;
	const struct job_context *context = run->context;
	struct error failure = { .code = ERR_NONE };
	char end[CLOCK_TEXT_MAX];

	clock_text(expiring->not_after, end);
	log_event(LOG_LEVEL_WARNING, "expiring",
	    log_text("kind", expiring_kind_name(expiring->kind)), log_text("name", expiring->name),
	    log_text("not_after", end),
	    log_number("days_left", days_left(expiring->not_after, context->now)));
	if (context->settings->maintain.warn_command[0] == '\0')
		return 0;
	if (try_command(run, expiring, &failure) < 0)
		log_event(LOG_LEVEL_ERROR, "warn_command", log_text("reason", failure.text));
	return job_progress(context, err);
}

/* A generation whose certificate has ended, in a transaction of its own. */
struct ending {
	const struct job_context *context;
	const struct expiring *generation;
};

static int
end_generation(struct db *db, void *arg, struct error *err)
{
	const struct ending *ending = arg;
	const struct audit_event event = {
		.actor = "job:expiry",
		.remote_address = "",
		.action = "ca.expire",
		.object_type = "authority",
		.object_name = ending->generation->name,
		.outcome = "done",
		.detail = "its certificate has ended",
	};

	if (jobs_check_lease(db, ending->context->lease, err) < 0 ||
	    generations_set_state(
		db, &ending->generation->id, GENERATION_RETIRED, GENERATION_EXPIRED, err) < 0)
		return -1;
	return audit_insert(db, &event, err);
}

static int
expire(const struct expiring *generation, void *arg, struct error *err)
{
	const struct run *run = arg;
	struct ending ending = { run->context, generation };

	if (db_transaction(run->context->db, end_generation, &ending, err) < 0)
		return error_prefix(err, "%s", generation->name);
	log_event(LOG_LEVEL_INFO, "generation_expired", log_text("name", generation->name));
	return 0;
}

static int
run_expiry(const struct job_context *context, struct error *err)
{
	const struct settings *settings = context->settings;
	const struct expiring_query query = {
		.now = context->now,
		.warn_days = settings->maintain.warn_days,
		.asks_responders =
		    settings->ocsp.use_authorized_responder && context->keyring != NULL,
	};
	struct run run = { context, clock_monotonic_ms() };

	/* One that is expired signs neither CRLs nor OCSP answers any more. */
	if (expiring_each_ended(context->db, job_surely_now(context), expire, &run, err) < 0)
		return -1;
	return expiring_each(context->db, &query, warn, &run, err);
}

const struct job expiry_job = {
	.name = "expiry",
	.help = "warn of CA, RA and responder certificates that end soon",
	.lease_s = LEASE_S,
	.interval_s = DAY_S,
	.run = run_expiry,
};

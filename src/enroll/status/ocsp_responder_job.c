/* Which CA generations need a new OCSP responder, and the cluster job that makes them. */
#include "enroll/status/ocsp_responder_job.h"

#include "base/log.h"
#include "enroll/status/ocsp_responder.h"
#include "enroll/status/ocsp_responder_make.h"
#include "store/ocsp_responders.h"

enum {
	LEASE_S = 120, /* for one generation: an RSA key is made in a second */
	LOST_S = 3600, /* hosts that cannot open each other's make no more than one an hour */
	REASONS_MAX = 4 * ERROR_TEXT_MAX,
	FAILURES_MAX = 3 /* that are named */
};

/* A key that is lost, or sealed under a key that this host's keyring has not. */
static int
is_lost(const struct job_context *context, const struct ocsp_responder_generation *generation,
    bool *lost, struct error *err)
{
	cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
	struct error mine = { .code = ERR_NONE };

	*lost = false;
	if (ocsp_responder_load(context->db, context->keyring, &generation->id, context->now,
		&responder, &mine) == 0)
		return 0;
	*lost = error_is(&mine, ERR_CA_KEY);
	if (*lost)
		return 0;
	*err = mine;
	return error_forgive(err, ERR_NOT_FOUND);
}

/*
 * Half of its time is left for a host that was away, a database that is down. One that was made to
 * last longer than is set now is replaced; the CA's own end cannot be put off. Its length counts
 * and not what is left of it: of one that a clock gone wrong has dated in the future so much is
 * left that each run would make another one, and none of those would be the newest.
 */
static int
is_needed(const struct job_context *context, const struct ocsp_responder_generation *generation,
    bool *needed, struct error *err)
{
	struct ocsp_responder_dates dates;
	int64_t left, length;

	*needed = true;
	if (ocsp_responders_find_dates(context->db, &generation->id, context->now, &dates, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND);
	left = dates.not_after - context->now;
	length = dates.not_after - dates.created_at;
	*needed = length > (int64_t)context->settings->ocsp.responder_validity_s ||
		  (2 * left <= length && dates.not_after < generation->not_after);
	if (*needed || context->now - dates.created_at < LOST_S)
		return 0;
	return is_lost(context, generation, needed, err);
}

struct asking {
	const struct job_context *context;
	bool *due;
};

static int
ask_generation(const struct ocsp_responder_generation *generation, void *arg, struct error *err)
{
	const struct asking *asking = arg;

	return *asking->due ? 0 : is_needed(asking->context, generation, asking->due, err);
}

/* Without a keyring there is but a warning, and that once a start. */
static int
is_due(const struct job_context *context, bool *due, struct error *err)
{
	struct asking asking = { context, due };

	if (ocsp_responders_any_ended(context->db, context->now, due, err) < 0)
		return -1;
	if (*due || !context->settings->ocsp.use_authorized_responder)
		return 0;
	if (context->keyring == NULL) {
		*due = context->is_first;
		return 0;
	}
	return ocsp_responders_each_generation(
	    context->db, context->now, ask_generation, &asking, err);
}

/* A run over all generations: how many failed, and the first failures. */
struct running {
	const struct job_context *context;
	unsigned failures;
	struct buf *reasons;
};

static void
note_failure(
    struct running *running, const struct ocsp_responder_generation *generation, struct error *err)
{
	log_event(LOG_LEVEL_ERROR, "ocsp_responder_failed",
	    log_text("generation", generation->label), log_text("reason", err->text));
	if (running->failures++ < FAILURES_MAX)
		buf_printf(running->reasons, "%s%s: %s", running->failures > 1 ? "; " : "",
		    generation->label, err->text);
}

/*
 * One generation whose key is missing here must not keep the others from their responders. Without
 * the database, or after the lease was lost, nothing more can be done.
 */
static int
serve_generation(const struct ocsp_responder_generation *generation, void *arg, struct error *err)
{
	struct running *running = arg;
	struct error mine = { .code = ERR_NONE };
	bool needed = false;

	if (is_needed(running->context, generation, &needed, err) < 0)
		return -1;
	if (!needed)
		return 0;
	if (job_progress(running->context, err) < 0)
		return -1;
	if (ocsp_responder_make(running->context, &generation->id, &mine) == 0) {
		log_event(LOG_LEVEL_INFO, "ocsp_responder_made",
		    log_text("generation", generation->label));
		return 0;
	}
	if (error_is(&mine, ERR_DATABASE) || error_is(&mine, ERR_CONFLICT)) {
		*err = mine;
		return error_prefix(err, "%s", generation->label);
	}
	note_failure(running, generation, &mine);
	return 0;
}

static int
make_all(const struct job_context *context, struct error *err)
{
	cleanup(buf_release) struct buf reasons = BUF_INIT(REASONS_MAX);
	struct running running = { .context = context, .reasons = &reasons };

	if (ocsp_responders_each_generation(
		context->db, context->now, serve_generation, &running, err) < 0)
		return -1;
	if (running.failures == 0)
		return 0;
	return error_set(err, ERR_CA_KEY, "%u CA generations have no new OCSP responder: %s",
	    running.failures, buf_text(&reasons));
}

struct deleting {
	const struct job_context *context;
	uint64_t count;
};

static int
delete_in_transaction(struct db *db, void *arg, struct error *err)
{
	struct deleting *deleting = arg;

	if (jobs_check_lease(db, deleting->context->lease, err) < 0)
		return -1;
	return ocsp_responders_delete_ended(db, deleting->context->now, &deleting->count, err);
}

/* Their certificates stay on record; their keys are of no use any more. */
static int
delete_ended(const struct job_context *context, struct error *err)
{
	struct deleting deleting = { .context = context };
	bool any = false;

	if (ocsp_responders_any_ended(context->db, context->now, &any, err) < 0)
		return -1;
	if (!any)
		return 0;
	if (db_transaction(context->db, delete_in_transaction, &deleting, err) < 0)
		return -1;
	log_event(LOG_LEVEL_INFO, "ocsp_responders_deleted",
	    log_number("count", (int64_t)deleting.count));
	return 0;
}

static int
run(const struct job_context *context, struct error *err)
{
	if (delete_ended(context, err) < 0)
		return -1;
	if (!context->settings->ocsp.use_authorized_responder)
		return 0;
	if (context->keyring == NULL) {
		log_event(LOG_LEVEL_WARNING, "no_ocsp_responders",
		    log_text("reason",
			"[Keys] KeyringFile is not set, so that a responder's key could not be "
			"sealed: CA keys sign OCSP answers themselves"));
		return 0;
	}
	return make_all(context, err);
}

const struct job ocsp_responder_job = {
	.name = "ocsp-responders",
	.help = "make the certificates that sign OCSP answers, before the present ones end",
	.lease_s = LEASE_S,
	.is_due = is_due,
	.run = run,
};

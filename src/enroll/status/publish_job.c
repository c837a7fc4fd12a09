/* Which CRLs are due, and the cluster job that publishes them and deletes old ones. */
#include <string.h>

#include "base/log.h"
#include "enroll/status/publish.h"
#include "store/revoked_certificates.h"

enum {
	LEASE_S = 300,
	CLOCK_SLACK_S = 60 /* of database servers among each other */
};

static bool
is_switched_off(const struct settings *settings)
{
	return strcmp(settings->crl.source, "None") == 0;
}

struct newest {
	bool is_there;
	struct crl_row row;
};

/* What is known of a generation's CRLs. */
struct state {
	const struct crl_signer *signer;
	struct newest full;
	struct newest delta;
	bool has_news; /* events that none of them has carried */
};

static uint64_t
newest_number(const struct state *state)
{
	uint64_t full = state->full.row.number, delta = state->delta.row.number;

	return state->delta.is_there && delta > full ? delta : full;
}

static int
find_newest(struct db *db, const struct uuid *generation_id, enum crl_kind kind, struct newest *out,
    struct error *err)
{
	out->is_there = crls_latest(db, generation_id, kind, &out->row, err) == 0;
	return out->is_there ? 0 : error_forgive(err, ERR_NOT_FOUND);
}

static int
read_state(struct db *db, const struct crl_signer *signer, struct state *out, struct error *err)
{
	const struct uuid *id = &signer->generation_id;

	*out = (struct state){ .signer = signer };
	if (find_newest(db, id, CRL_FULL, &out->full, err) < 0 ||
	    find_newest(db, id, CRL_DELTA, &out->delta, err) < 0)
		return -1;
	return revocations_any_since(db, id, newest_number(out), &out->has_news, err);
}

/* A publication that gave itself a number and was lost, or files that were found to be ahead. */
static bool
is_behind(const struct state *state)
{
	return state->signer->highest_number > newest_number(state);
}

/*
 * Counted from its signing, by the shorter of the validity that it has and the one that is set now,
 * so that a change of the setting takes effect. One of the future was made by a clock gone wrong.
 */
static bool
is_full_old(const struct settings *settings, const struct crl_row *full, int64_t now)
{
	int64_t validity = full->next_update - full->this_update;
	int64_t backdating, used;

	if (settings->crl.validity_s < validity)
		validity = settings->crl.validity_s;
	backdating = publish_backdating(validity);
	used = (validity - backdating) * (100 - (int64_t)settings->crl.overlap_percent) / 100;
	return now >= full->this_update + backdating + used ||
	       full->this_update > now + CLOCK_SLACK_S;
}

/*
 * There is always one where they are on, as full CRLs name its place. One that was cut to the end
 * of the full CRL that was the newest then ends early.
 */
static bool
is_delta_old(const struct settings *settings, const struct state *state, int64_t now)
{
	const struct crl_row *row = &state->delta.row;
	int64_t spare =
	    (int64_t)settings->crl.delta_s * (int64_t)settings->crl.overlap_percent / 100;

	return !state->delta.is_there ||
	       now >= row->this_update + publish_backdating(settings->crl.validity_s) +
			  settings->crl.delta_s ||
	       (row->next_update < state->full.row.next_update &&
		   now >= row->next_update - spare) ||
	       row->this_update > now + CLOCK_SLACK_S;
}

enum due { DUE_NOTHING, DUE_DELTA, DUE_FULL };

static enum due
decide(const struct job_context *context, const struct state *state)
{
	const struct settings *settings = context->settings;
	bool has_news = state->has_news && settings->crl.publish_on_revocation;

	if (context->is_forced || !state->full.is_there || is_behind(state) ||
	    is_full_old(settings, &state->full.row, context->now))
		return DUE_FULL;
	if (settings->crl.delta_s == 0)
		return has_news ? DUE_FULL : DUE_NOTHING;
	return has_news || is_delta_old(settings, state, context->now) ? DUE_DELTA : DUE_NOTHING;
}

/* Asks of each generation until one has something due. */
struct asking {
	const struct job_context *context;
	bool *due;
};

static int
ask_signer(const struct crl_signer *signer, void *arg, struct error *err)
{
	const struct asking *asking = arg;
	struct state state;

	if (*asking->due)
		return 0;
	if (read_state(asking->context->db, signer, &state, err) < 0)
		return -1;
	*asking->due = decide(asking->context, &state) != DUE_NOTHING;
	return 0;
}

/* Of the last run, whichever host it was on. */
struct past {
	const struct job_context *context;
	bool has_failed_lately;
};

static int
look_at_past(const struct job_row *row, void *arg, struct error *err)
{
	struct past *past = arg;
	int64_t passed = past->context->now - row->ended_at;

	(void)err;
	if (row->has_failed && strcmp(row->name, publish_job.name) == 0)
		past->has_failed_lately =
		    passed >= 0 && passed < past->context->settings->maintain.interval_s;
	return 0;
}

/* What anybody can ask for is not tried all the time where it just failed, on no host. */
static int
is_refused(const struct job_context *context, bool *refused, struct error *err)
{
	struct past past = { .context = context };

	if ((context->wishes & (JOB_WISH_READER | JOB_WISH_PUBLISH)) == JOB_WISH_READER &&
	    jobs_each(context->db, look_at_past, &past, err) < 0)
		return -1;
	*refused = past.has_failed_lately;
	return 0;
}

static int
is_due(const struct job_context *context, bool *due, struct error *err)
{
	struct asking asking = { context, due };
	bool is_vain = false;

	*due = false;
	if (is_switched_off(context->settings))
		return 0;
	if (is_refused(context, &is_vain, err) < 0)
		return -1;
	if (is_vain)
		return 0;
	return crls_each_signer(context->db, context->now, ask_signer, &asking, err);
}

static int
delete_old(const struct job_context *context, const struct uuid *generation_id, struct error *err)
{
	for (bool more = true; more;)
		if (job_progress(context, err) < 0 ||
		    crls_delete_old(context->db, generation_id, context->lease, &more, err) < 0)
			return -1;
	return 0;
}

static int
delete_orphans(const struct job_context *context, struct error *err)
{
	for (bool more = true; more;)
		if (job_progress(context, err) < 0 ||
		    crls_delete_orphan(context->db, context->lease, &more, err) < 0)
			return -1;
	return 0;
}

/* Publishes what is due of a generation, and says what that was. */
static int
publish_due(const struct job_context *context, const struct crl_signer *signer, enum due *was,
    struct error *err)
{
	struct publish_request request = { .generation_id = signer->generation_id };
	struct job_context at_hand = *context;
	struct state state;

	/* The ones before may have taken minutes. */
	if (jobs_now(context->db, &at_hand.now, err) < 0 ||
	    read_state(context->db, signer, &state, err) < 0)
		return -1;
	*was = decide(&at_hand, &state);
	switch (*was) {
	case DUE_NOTHING:
		return 0;
	case DUE_DELTA:
		request.kind = CRL_DELTA;
		break;
	case DUE_FULL:
		request.kind = CRL_FULL;
		break;
	}
	return publish_now(context, &request, NULL, err);
}

/*
 * A full CRL may name a delta CRL that is not there yet. Who asks for CRLs by name gets both kinds
 * anew: after `certwright recover` the files of a delta CRL are of a later one than the database's.
 */
static int
publish_delta(const struct job_context *context, const struct crl_signer *signer, struct error *err)
{
	struct publish_request request = { .generation_id = signer->generation_id,
		.kind = CRL_DELTA };
	enum due was;

	if (context->is_forced && context->settings->crl.delta_s > 0)
		return publish_now(context, &request, NULL, err);
	if (context->is_forced)
		return 0;
	return publish_due(context, signer, &was, err);
}

static int
publish_signer(
    const struct job_context *context, const struct crl_signer *signer, struct error *err)
{
	enum due was = DUE_NOTHING;

	if (publish_due(context, signer, &was, err) < 0)
		return -1;
	if (was == DUE_NOTHING)
		return 0;
	if (was == DUE_FULL && publish_delta(context, signer, err) < 0)
		return -1;
	return delete_old(context, &signer->generation_id, err);
}

/* A run over all generations, with what went wrong first. */
struct running {
	const struct job_context *context;
	struct error failure;
};

/*
 * One generation whose key is missing here must not keep the others from their CRLs. Without the
 * database, or after the lease was lost, nothing more can be done.
 */
static int
try_signer(const struct crl_signer *signer, void *arg, struct error *err)
{
	struct running *running = arg;
	struct error mine = { .code = ERR_NONE };

	if (publish_signer(running->context, signer, &mine) == 0)
		return 0;
	if (error_is(&mine, ERR_DATABASE) || error_is(&mine, ERR_CONFLICT)) {
		*err = mine;
		return -1;
	}
	if (running->failure.code == ERR_NONE)
		running->failure = mine;
	else
		log_event(LOG_LEVEL_ERROR, "crl_failed", log_text("generation", signer->label),
		    log_text("reason", mine.text));
	return 0;
}

static int
run(const struct job_context *context, struct error *err)
{
	struct running running = { .context = context, .failure = { .code = ERR_NONE } };

	if (is_switched_off(context->settings))
		return 0;
	if (crls_each_signer(context->db, context->now, try_signer, &running, err) < 0 ||
	    delete_orphans(context, err) < 0)
		return -1;
	if (running.failure.code == ERR_NONE)
		return 0;
	*err = running.failure;
	return -1;
}

const struct job publish_job = {
	.name = "publish-crls",
	.help = "sign the CRLs that are due and store them in the database",
	.lease_s = LEASE_S,
	.wishes = JOB_WISH_PUBLISH | JOB_WISH_READER,
	.is_due = is_due,
	.run = run,
};

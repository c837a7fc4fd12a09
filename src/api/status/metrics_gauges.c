/* The gauges of /metrics: what the pool, the identity keys and the database say at this moment. */
#include "api/status/metrics_gauges.h"

#include "api/context.h"
#include "api/status/metrics_text.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/enc.h"
#include "enroll/status/ocsp_responder.h"
#include "http/pool_slot.h"
#include "store/authorities.h"
#include "store/certificates_find.h"
#include "store/crls.h"
#include "store/jobs.h"
#include "store/ra_certificates.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

enum { SAMPLES_MAX = 256 * 1024, RA_MAX = 32 };

enum gauge {
	GAUGE_BUILD,
	GAUGE_SINCE,
	GAUGE_WORKERS,
	GAUGE_IDENTITY_KEYS_AGE,
	GAUGE_DATABASE_UP,
	GAUGE_CLOCK_SKEW,
	GAUGE_CA_END,
	GAUGE_RA_END,
	GAUGE_RESPONDER_USABLE,
	GAUGE_RESPONDER_END,
	GAUGE_CRL_NUMBER,
	GAUGE_CRL_AGE,
	GAUGE_CRL_NEXT,
	GAUGE_CRL_ENTRIES,
	GAUGE_JOB_RUNNING,
	GAUGE_JOB_FAILED,
	GAUGE_JOB_END,
	GAUGE_JOB_SUCCESS,
	GAUGES
};

static const struct {
	const char *name, *help;
} table[GAUGES] = {
	[GAUGE_BUILD] = { "certwright_build_info", "1; the label has the program's version." },
	[GAUGE_SINCE] = { "certwright_start_timestamp_seconds",
	    "When this service began to count: its start, or the making of the file of counters." },
	[GAUGE_WORKERS] = { "certwright_workers", "Worker processes, by what they do now." },
	[GAUGE_IDENTITY_KEYS_AGE] = { "certwright_identity_keys_age_seconds",
	    "Age of the identity keys of the tenant that was fetched longest ago." },
	[GAUGE_DATABASE_UP] = { "certwright_database_up", "1 where the database answers, else 0." },
	[GAUGE_CLOCK_SKEW] = { "certwright_database_clock_skew_seconds",
	    "How far the database's clock is ahead of this host's." },
	[GAUGE_CA_END] = { "certwright_ca_not_after_timestamp_seconds",
	    "End of a CA certificate, by generation and its state." },
	[GAUGE_RA_END] = { "certwright_ra_not_after_timestamp_seconds",
	    "End of a registration authority's certificate, by serial number and use." },
	[GAUGE_RESPONDER_USABLE] = { "certwright_ocsp_responder_usable",
	    "1 where a delegated OCSP responder can sign for this generation, else 0." },
	[GAUGE_RESPONDER_END] = { "certwright_ocsp_responder_not_after_timestamp_seconds",
	    "End of the delegated OCSP responder's certificate." },
	[GAUGE_CRL_NUMBER] = { "certwright_crl_number",
	    "Number of the newest CRL in the database." },
	[GAUGE_CRL_AGE] = { "certwright_crl_age_seconds",
	    "Time since thisUpdate of the newest CRL." },
	[GAUGE_CRL_NEXT] = { "certwright_crl_next_update_timestamp_seconds",
	    "nextUpdate of the newest CRL: from then on nobody believes it." },
	[GAUGE_CRL_ENTRIES] = { "certwright_crl_entries", "Entries of the newest CRL." },
	[GAUGE_JOB_RUNNING] = { "certwright_job_running",
	    "1 while a host of the cluster runs this cluster job, else 0." },
	[GAUGE_JOB_FAILED] = { "certwright_job_failed",
	    "1 where the cluster job's last run failed, else 0." },
	[GAUGE_JOB_END] = { "certwright_job_last_end_timestamp_seconds",
	    "End of the cluster job's last run, on whichever host." },
	[GAUGE_JOB_SUCCESS] = { "certwright_job_last_success_timestamp_seconds",
	    "End of the cluster job's last run that went well." },
};

/* Samples are gathered by family, since the text wants each family's in one piece. */
struct gauges {
	struct app *app;
	int64_t now; /* the database's clock */
	struct buf samples[GAUGES];
};

static void
gauges_release(struct gauges *gauges)
{
	for (unsigned i = 0; i < GAUGES; i++)
		buf_release(&gauges->samples[i]);
}

/* A label's name and value. */
struct mark {
	const char *name, *value;
};

static const struct mark no_mark = { NULL, NULL };

static void
set(struct gauges *gauges, enum gauge gauge, struct mark first, struct mark second, int64_t value)
{
	const struct metrics_text_series series = {
		.name = table[gauge].name,
		.labels = { { first.name, first.value }, { second.name, second.value } },
	};

	metrics_text_number(&gauges->samples[gauge], &series, value);
}

static void
set_one(struct gauges *gauges, enum gauge gauge, struct mark mark, int64_t value)
{
	set(gauges, gauge, mark, no_mark, value);
}

static void
look_at_process(struct gauges *gauges)
{
	unsigned counts[SLOT_STATES];
	int64_t age = identity_keys_age(gauges->app->identity_keys, clock_now());

	set_one(gauges, GAUGE_BUILD, (struct mark){ "version", PACKAGE_VERSION }, 1);
	if (counter_since() != 0)
		set_one(gauges, GAUGE_SINCE, no_mark, counter_since());
	slot_count(counts);
	for (unsigned i = 0; i < SLOT_STATES; i++)
		set_one(gauges, GAUGE_WORKERS,
		    (struct mark){ "state", slot_state_text((enum slot_state)i) }, counts[i]);
	if (age >= 0)
		set_one(gauges, GAUGE_IDENTITY_KEYS_AGE, no_mark, age);
}

static int
look_at_database(struct gauges *gauges, struct error *err)
{
	int64_t skew = 0;
	bool is_up = db_ping(gauges->app->db, err) == 0 &&
		     db_clock_skew(gauges->app->db, &skew, err) == 0 &&
		     jobs_now(gauges->app->db, &gauges->now, err) == 0;

	set_one(gauges, GAUGE_DATABASE_UP, no_mark, is_up ? 1 : 0);
	if (is_up)
		set_one(gauges, GAUGE_CLOCK_SKEW, no_mark, skew);
	return is_up ? 0 : -1;
}

static int
look_at_crl(struct gauges *gauges, const struct generation *generation, enum crl_kind kind,
    struct error *err)
{
	const struct mark of = { "generation", generation->label };
	const struct mark is = { "kind", kind == CRL_FULL ? "full" : "delta" };
	struct crl_row crl;

	if (crls_latest(gauges->app->db, &generation->id, kind, &crl, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND);
	set(gauges, GAUGE_CRL_NUMBER, of, is, (int64_t)crl.number);
	set(gauges, GAUGE_CRL_AGE, of, is, gauges->now - crl.this_update);
	set(gauges, GAUGE_CRL_NEXT, of, is, crl.next_update);
	set(gauges, GAUGE_CRL_ENTRIES, of, is, crl.entries);
	return 0;
}

/* That its key opens is part of it. */
static int
look_at_responder(struct gauges *gauges, const struct generation *generation, struct error *err)
{
	cleanup(ocsp_responder_freep) struct ocsp_responder *responder = NULL;
	const struct app *app = gauges->app;
	const struct mark of = { "generation", generation->label };

	if (!app->settings->ocsp.use_authorized_responder)
		return 0;
	if (ocsp_responder_load(
		app->db, app->keyring, &generation->id, gauges->now, &responder, err) < 0) {
		if (error_is(err, ERR_DATABASE))
			return -1;
		error_clear(err);
	}
	set_one(gauges, GAUGE_RESPONDER_USABLE, of, responder != NULL ? 1 : 0);
	if (responder != NULL)
		set_one(gauges, GAUGE_RESPONDER_END, of, responder->not_after);
	return 0;
}

static bool
signs(const struct generation *generation, int64_t now)
{
	return (generation->state == GENERATION_ACTIVE ||
		   generation->state == GENERATION_RETIRED) &&
	       generation->not_after > now;
}

static int
look_at_generation(const struct generation *generation, void *arg, struct error *err)
{
	struct gauges *gauges = arg;

	if (generation->not_after == 0 || generation->state == GENERATION_EXPIRED)
		return 0;
	set(gauges, GAUGE_CA_END, (struct mark){ "generation", generation->label },
	    (struct mark){ "state", generation_state_name(generation->state) },
	    generation->not_after);
	if (!signs(generation, gauges->now))
		return 0;
	if (look_at_crl(gauges, generation, CRL_FULL, err) < 0 ||
	    look_at_crl(gauges, generation, CRL_DELTA, err) < 0)
		return -1;
	return look_at_responder(gauges, generation, err);
}

static int
look_at_authority(const struct authority *authority, void *arg, struct error *err)
{
	const struct gauges *gauges = arg;

	return generations_each(gauges->app->db, &authority->id, look_at_generation, arg, err);
}

/* One that ended and that nobody uses has been replaced, and is nobody's worry. */
static int
look_at_ra(const struct ra_certificate *ra, void *arg, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	cleanup(buf_release) struct buf serial = BUF_INIT(2 * CERTIFICATE_ROW_SERIAL_MAX + 1);
	struct gauges *gauges = arg;
	int64_t users = 0;

	if (certificates_find_id(gauges->app->db, &ra->certificate_id, &row, err) < 0 ||
	    ra_certificates_count_users(gauges->app->db, &ra->certificate_id, &users, err) < 0)
		return -1;
	if (users == 0 && (row->not_after <= gauges->now || row->status != CERTIFICATE_GOOD))
		return 0;
	hex_encode_upper(bytes_of(row->serial, row->serial_len), &serial);
	set(gauges, GAUGE_RA_END, (struct mark){ "serial", buf_text(&serial) },
	    (struct mark){ "in_use", users > 0 ? "true" : "false" }, row->not_after);
	return 0;
}

static int
look_at_job(const struct job_row *row, void *arg, struct error *err)
{
	struct gauges *gauges = arg;
	const struct mark job = { "job", row->name };

	(void)err;
	set_one(gauges, GAUGE_JOB_RUNNING, job, row->is_running ? 1 : 0);
	if (row->ended_at > 0) {
		set_one(gauges, GAUGE_JOB_FAILED, job, row->has_failed ? 1 : 0);
		set_one(gauges, GAUGE_JOB_END, job, row->ended_at);
	}
	if (row->succeeded_at > 0)
		set_one(gauges, GAUGE_JOB_SUCCESS, job, row->succeeded_at);
	return 0;
}

static int
look_at_all(struct gauges *gauges, struct error *err)
{
	struct db *db = gauges->app->db;

	look_at_process(gauges);
	if (look_at_database(gauges, err) < 0 ||
	    authorities_each(db, look_at_authority, gauges, err) < 0 ||
	    ra_certificates_each(db, RA_MAX, look_at_ra, gauges, err) < 0)
		return -1;
	return jobs_each(db, look_at_job, gauges, err);
}

int
metrics_gauges_write(struct app *app, struct buf *out, struct error *err)
{
	cleanup(gauges_release) struct gauges gauges = { .app = app };
	int rc;

	for (unsigned i = 0; i < GAUGES; i++)
		gauges.samples[i] = (struct buf)BUF_INIT(SAMPLES_MAX);
	rc = look_at_all(&gauges, err);
	for (unsigned i = 0; i < GAUGES; i++) {
		if (gauges.samples[i].len == 0 || buf_failed(&gauges.samples[i]))
			continue;
		metrics_text_head(out, table[i].name, table[i].help, "gauge");
		buf_add(out, buf_bytes(&gauges.samples[i]));
	}
	return rc;
}

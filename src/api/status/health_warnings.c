/* GET /probe: what should be looked at before it keeps anybody from enrolling. */
#include "api/status/health_warnings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/context.h"
#include "base/clock.h"
#include "base/json_add.h"
#include "base/utf8.h"
#include "enroll/journal/journal.h"
#include "store/crls.h"
#include "store/expiring.h"
#include "store/jobs.h"
#include "store/journal_outbox.h"

enum { JOURNAL_LATE_S = 300 }; /* by then the job has had several tries */

static void add_warning(struct health_warnings *warnings, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first ones tell enough. */
static void
add_warning(struct health_warnings *warnings, const char *format, ...)
{
	char *text;
	va_list args;

	if (warnings->count == HEALTH_WARNINGS_MAX)
		return;
	text = warnings->texts[warnings->count];
	va_start(args, format);
	(void)vsnprintf(text, HEALTH_WARNING_TEXT_MAX, format, args);
	va_end(args);
	/* a cut may have gone through a character */
	text[utf8_cut_octets(bytes_text(text), HEALTH_WARNING_TEXT_MAX - 2).len] = '\0';
	warnings->count++;
}

static int
add_expiring(const struct expiring *expiring, void *arg, struct error *err)
{
	struct health_warnings *warnings = arg;
	struct bytes name =
	    utf8_cut_octets(bytes_text(expiring->name), HEALTH_EXPIRING_NAME_MAX - 1);
	size_t i = warnings->expiring_count;

	(void)err;
	if (i == HEALTH_EXPIRING_MAX)
		return 0;
	warnings->expiring[i].kind = expiring_kind_name(expiring->kind);
	warnings->expiring[i].not_after = expiring->not_after;
	memcpy(warnings->expiring[i].name, name.ptr, name.len);
	warnings->expiring[i].name[name.len] = '\0';
	warnings->expiring_count++;
	return 0;
}

static int
look_at_certificates(struct app *app, int64_t now, struct error *err)
{
	const struct expiring_query query = {
		.now = now,
		.warn_days = app->settings->maintain.warn_days,
		.asks_responders =
		    app->settings->ocsp.use_authorized_responder && app->keyring != NULL,
	};

	return expiring_each(app->db, &query, add_expiring, &app->health.warnings, err);
}

static int
look_at_responders(struct app *app, struct error *err)
{
	int64_t count = 0;
	char label[49];

	if (ocsp_signers_without_responder(app->ocsp_signers, &count, label, err) < 0)
		return -1;
	if (count == 1)
		add_warning(&app->health.warnings,
		    "no OCSP responder is usable for %s: the CA's own key signs", label);
	else if (count > 1)
		add_warning(&app->health.warnings,
		    "no OCSP responder is usable for %s and %" PRId64
		    " more: the CAs' own keys sign",
		    label, count - 1);
	return 0;
}

/* A look at the CRLs. */
struct look {
	struct app *app;
	int64_t now;
};

static int
look_at_crl(const struct crl_signer *signer, void *arg, struct error *err)
{
	const struct look *look = arg;
	struct health_warnings *warnings = &look->app->health.warnings;
	struct crl_row row;
	char end[CLOCK_TEXT_MAX];

	if (crls_latest(look->app->db, &signer->generation_id, CRL_FULL, &row, err) < 0) {
		if (error_forgive(err, ERR_NOT_FOUND) < 0)
			return -1;
		add_warning(warnings, "no CRL of %s has been published", signer->label);
		return 0;
	}
	clock_text(row.next_update, end);
	if (row.next_update <= look->now)
		add_warning(warnings, "the CRL of %s has ended at %s", signer->label, end);
	return 0;
}

static int
look_at_crls(struct app *app, int64_t now, struct error *err)
{
	struct look look = { app, now };

	if (strcmp(app->settings->crl.source, "Storage") != 0)
		return 0;
	return crls_each_signer(app->db, now, look_at_crl, &look, err);
}

static int
look_at_journal(struct app *app, struct error *err)
{
	struct journal_outbox_backlog backlog;
	char since[CLOCK_TEXT_MAX];

	if (!journal_is_kept(app->settings))
		return 0;
	if (journal_outbox_backlog(app->db, JOURNAL_LATE_S, &backlog, err) < 0)
		return -1;
	clock_text(backlog.since, since);
	if (backlog.count > 0)
		add_warning(&app->health.warnings,
		    "the issuance journal lacks %" PRId64
		    " revocations, holds and releases, the first since %s",
		    backlog.count, since);
	return 0;
}

static int
look_at_job(const struct job_row *row, void *arg, struct error *err)
{
	char end[CLOCK_TEXT_MAX];

	(void)err;
	clock_text(row->ended_at, end);
	if (row->has_failed)
		add_warning(arg, "the job %s failed at %s: %s", row->name, end, row->detail);
	return 0;
}

static int
look(struct app *app, struct error *err)
{
	int64_t now = 0;

	if (jobs_now(app->db, &now, err) < 0 || look_at_certificates(app, now, err) < 0 ||
	    look_at_responders(app, err) < 0 || look_at_crls(app, now, err) < 0 ||
	    look_at_journal(app, err) < 0)
		return -1;
	return jobs_each(app->db, look_at_job, &app->health.warnings, err);
}

/* What cannot be looked at is a warning itself, but for the database, which is told of elsewhere.
 */
static void
refresh(struct app *app)
{
	struct health_warnings *warnings = &app->health.warnings;
	struct error err = { .code = ERR_NONE };

	warnings->count = warnings->expiring_count = 0;
	if (look(app, &err) < 0 && !app->health.parts[HEALTH_DATABASE].failed)
		add_warning(warnings, "%s", err.text);
	warnings->checked_ms = clock_monotonic_ms();
}

static struct json_object *
expiring_list(const struct health_warnings *warnings)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < warnings->expiring_count; i++) {
		struct json_object *item = json_object_new_object();
		char end[CLOCK_TEXT_MAX];

		clock_text(warnings->expiring[i].not_after, end);
		json_add_text(item, "kind", warnings->expiring[i].kind);
		json_add_text(item, "name", warnings->expiring[i].name);
		json_add_text(item, "not_after", end);
		(void)json_object_array_add(list, item);
	}
	return list;
}

void
health_warnings_add(struct app *app, struct json_object *details)
{
	struct health_warnings *warnings = &app->health.warnings;
	struct json_object *texts = json_object_new_array();

	if (warnings->checked_ms == 0 ||
	    clock_monotonic_ms() - warnings->checked_ms >= HEALTH_REUSE_MS)
		refresh(app);
	for (size_t i = 0; i < warnings->count; i++)
		(void)json_object_array_add(texts, json_object_new_string(warnings->texts[i]));
	json_add(details, "expiring", expiring_list(warnings));
	json_add(details, "warnings", texts);
}

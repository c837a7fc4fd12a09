/* The application of one worker: its routes, and what every request goes through. */
#include "api/app.h"

#include "api/access/access.h"
#include "api/access/auth.h"
#include "api/context.h"
#include "api/status/metrics.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "enroll/jobs/job.h"
#include "enroll/journal/journal.h"
#include "enroll/secrets/secret_check.h"
#include "store/migrate.h"

static int
find_route(struct request *request, struct params *params, const struct route **route,
    struct response *response, struct error *err)
{
	char allow[64] = "";

	if (routes_find(request, params, route, allow, err) == 0)
		return 0;
	if (error_is(err, ERR_METHOD))
		response_header(response, "Allow", allow);
	return -1;
}

/*
 * What must be true, in this order: route, transport, length, permission. Where the route needs
 * none, the handler goes on with the credential.
 */
static int
answer(struct app *app, struct request *request, struct response *response, struct error *err)
{
	const struct route *route = NULL;
	struct params params = { .count = 0 };
	size_t max_body;

	if (find_route(request, &params, &route, response, err) < 0)
		return -1;
	if ((route->flags & ROUTE_PLAIN) == 0 && auth_require_tls(app, request, err) < 0)
		return -1;
	max_body = (route->flags & ROUTE_BODY) != 0 ? app->settings->server.max_body_bytes : 0;
	if (request_read_body(request, max_body, err) < 0 ||
	    access_check(app, request, route, response, err) < 0)
		return -1;
	return route->handle(app, request, &params, response, err);
}

/*
 * OCSP answers with status 200 what is our own fault, too. Whoever asks for the status of
 * certificates is many and anonymous; the web server's own log has them.
 */
static enum log_level
level_of(const struct request *request, int status, const struct error *err)
{
	bool is_ours = err->code != ERR_NONE && error_status(err->code) >= 500;

	if (status >= 500 || is_ours)
		return LOG_LEVEL_ERROR;
	return err->code == ERR_NONE && routes_is_status(request) ? LOG_LEVEL_DEBUG
								  : LOG_LEVEL_INFO;
}

static void
log_request(const struct app *app, const struct request *request, const struct response *response,
    int64_t took_us, const struct error *err)
{
	const struct principal *principal = &app->principal;
	bool is_known = principal->kind != PRINCIPAL_NONE;

	log_event(level_of(request, response->status, err), "request",
	    log_text("method", request->method), log_text("path", request->path),
	    log_number("status", response->status), log_number("code", response->number),
	    log_text("reason", err->code != ERR_NONE ? err->text : NULL),
	    log_text("addr", request->remote_address),
	    log_text("tid", is_known ? principal->tenant : NULL),
	    log_text("oid", is_known ? principal->object : NULL),
	    log_text(
		"certificate", principal->fingerprint[0] != '\0' ? principal->fingerprint : NULL),
	    log_number("ms", took_us / 1000));
}

/* Answers alike whatever was wrong with a credential; the reason goes to the log. */
static void
refuse(struct app *app, const struct request *request, struct response *response,
    const struct error *err)
{
	counter_add(COUNTER_REFUSED, err->code, 0, 1);
	if (error_is(err, ERR_ROLE))
		auth_challenge(app, err, response);
	if (error_is(err, ERR_LIMIT))
		response_header(response, "Retry-After", "600");
	switch (routes_error_form(request)) {
	case ERROR_FORM_TEXT:
		response_error_text(response, err);
		break;
	case ERROR_FORM_CZERTAINLY:
		response_error_czertainly(response, err, request->path);
		break;
	case ERROR_FORM_NUMBERED:
		response_error(response, err);
		break;
	}
	refusals_audit(app, request, err);
}

void
app_handle(struct app *app, struct request *request, struct response *response)
{
	struct error err = { .code = ERR_NONE };
	int64_t took_us;

	app->principal = (struct principal){ .kind = PRINCIPAL_NONE };
	if (answer(app, request, response, &err) < 0)
		refuse(app, request, response, &err);
	took_us = clock_monotonic_us() - request->started_us;
	metrics_count(request, response, took_us);
	log_request(app, request, response, took_us, &err);
	client_certificate_free(app->client);
	app->client = NULL;
}

void
app_note_revocation(struct app *app)
{
	if (app->settings->crl.publish_on_revocation)
		app->wishes |= JOB_WISH_PUBLISH;
}

unsigned
app_wishes(struct app *app)
{
	unsigned wishes = app->wishes;

	app->wishes = 0;
	return identity_keys_wanted(app->identity_keys) ? wishes | JOB_WISH_IDENTITY_KEYS : wishes;
}

/* What is not set up yet is a 503 that /probe names; what is set up wrongly is fatal. */
static int
check_profile(struct app *app, struct error *err)
{
	const struct profile_choice by_default = { .name = NULL };
	struct profile_use use = { .profile = NULL };

	if (profile_cache_get(app->profiles, &by_default, &use, err) == 0)
		return 0;
	if (!error_is(err, ERR_CA_KEY) || err->number != PROFILE_ABSENT)
		return -1;
	log_event(LOG_LEVEL_WARNING, "not_ready", log_text("reason", err->text));
	error_clear(err);
	return 0;
}

/* Who enrolls needs no metrics; whoever asks for them is refused. */
static void
check_metrics(const struct settings *settings)
{
	struct error wrong = { .code = ERR_NONE };

	if (metrics_check(settings, &wrong) < 0)
		log_event(LOG_LEVEL_WARNING, "setting", log_text("reason", wrong.text));
}

int
app_check(const struct settings *settings, bool *db_down, struct error *err)
{
	cleanup(app_freep) struct app *app = app_new(settings);

	*db_down = false;
	if (app == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	check_metrics(settings);
	if (secret_check_keyring(app->keyring, err) == 0 && journal_check(settings, err) == 0 &&
	    migrate_check(app->db, err) == 0 && check_profile(app, err) == 0 &&
	    secret_check(app->db, app->keyring, err) == 0)
		return 0;
	*db_down = error_is(err, ERR_DATABASE);
	return *db_down ? 0 : -1;
}

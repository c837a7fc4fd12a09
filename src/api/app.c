/* The application of one worker: its routes, and what every request goes through. */
#include "api/app.h"

#include <string.h>

#include "api/auth.h"
#include "api/authorities.h"
#include "api/context.h"
#include "api/csr.h"
#include "api/est.h"
#include "api/mscep.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/router.h"
#include "store/migrate.h"

static route_handler not_built;

/* clang-format off */
static const struct route routes[] = {
	{ "POST",  "/api/csr",                                   ROUTE_BODY,                csr_post },
	{ "GET",   "/.well-known/est/cacerts",                   0,                         est_get_cacerts },
	{ "GET",   "/.well-known/est/csrattrs",                  0,                         est_get_csrattrs },
	{ "POST",  "/.well-known/est/simpleenroll",              ROUTE_BODY,                est_post_simpleenroll },
	{ "POST",  "/.well-known/est/simplereenroll",            ROUTE_BODY,                est_post_simplereenroll },
	{ "POST",  "/.well-known/est/fullcmc",                   ROUTE_BODY,                est_post_fullcmc },
	{ "POST",  "/.well-known/est/serverkeygen",              ROUTE_BODY,                est_post_serverkeygen },
	{ "GET",   "/.well-known/est/{label}/cacerts",           0,                         est_get_cacerts },
	{ "GET",   "/.well-known/est/{label}/csrattrs",          0,                         est_get_csrattrs },
	{ "POST",  "/.well-known/est/{label}/simpleenroll",      ROUTE_BODY,                est_post_simpleenroll },
	{ "POST",  "/.well-known/est/{label}/simplereenroll",    ROUTE_BODY,                est_post_simplereenroll },
	{ "POST",  "/.well-known/est/{label}/fullcmc",           ROUTE_BODY,                est_post_fullcmc },
	{ "POST",  "/.well-known/est/{label}/serverkeygen",      ROUTE_BODY,                est_post_serverkeygen },
	{ "GET",   "/ca",                                        ROUTE_PLAIN,               authorities_get_ca },
	{ "GET",   "/ca/{generation}",                           ROUTE_PLAIN,               authorities_get_generation },
	{ "GET",   "/certsrv/mscep/mscep.dll",                   ROUTE_PLAIN,               mscep_get },
	{ "GET",   "/certsrv/mscep/mscep.dll/pkiclient.exe",     ROUTE_PLAIN,               mscep_get },
	{ "GET",   "/probe",                                     ROUTE_PLAIN,               health_get_probe },
	/* Planned: these answer 501 until they are built. */
	{ "POST",  "/ocsp",                                      ROUTE_PLAIN | ROUTE_BODY,  not_built },
	{ "GET",   "/ocsp/{request*}",                           ROUTE_PLAIN,               not_built },
	{ "GET",   "/crl/{name*}",                               ROUTE_PLAIN,               not_built },
	{ "GET",   "/certsrv/{path*}",                           ROUTE_PLAIN,               not_built },
	{ "POST",  "/certsrv/{path*}",                           ROUTE_PLAIN | ROUTE_BODY,  not_built },
	{ "GET",   "/api/v1/{path*}",                            0,                         not_built },
	{ "GET",   "/api/manage/{path*}",                        0,                         not_built },
	{ "PATCH", "/api/manage/{path*}",                        ROUTE_BODY,                not_built },
};
/* clang-format on */

/* What the planned paths belong to, for whoever meets a 501. */
static const struct {
	const char *prefix, *name;
} planned[] = {
	{ "/ocsp", "the OCSP responder" },
	{ "/crl/", "the CRL" },
	{ "/certsrv/", "SCEP" },
	{ "/api/", "the management API" },
};

static int
not_built(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const char *name = "this path";

	(void)app;
	(void)params;
	(void)response;
	for (size_t i = 0; i < sizeof(planned) / sizeof(planned[0]); i++)
		if (strncmp(request->path, planned[i].prefix, strlen(planned[i].prefix)) == 0)
			name = planned[i].name;
	return error_set(err, ERR_NOT_BUILT, "%s is not built yet", name);
}

static int
find_route(struct request *request, struct params *params, const struct route **route,
    struct response *response, struct error *err)
{
	const struct route_query query = {
		.routes = routes,
		.count = sizeof(routes) / sizeof(routes[0]),
		.method = request->method,
		.path = request->path,
	};
	char allow[64] = "";

	if (router_find(&query, params, route, allow, err) == 0)
		return 0;
	if (error_is(err, ERR_METHOD))
		response_header(response, "Allow", allow);
	return -1;
}

/* What must be true, in this order: route, transport, length; the handler goes on with the token.
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
	if (request_read_body(request, max_body, err) < 0)
		return -1;
	return route->handle(app, request, &params, response, err);
}

static enum log_level
level_of(int status)
{
	return status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
}

static void
log_request(const struct app *app, const struct request *request, const struct response *response,
    const struct error *err)
{
	const struct principal *principal = &app->principal;
	bool is_known = principal->kind != PRINCIPAL_NONE;

	log_event(level_of(response->status), "request", log_text("method", request->method),
	    log_text("path", request->path), log_number("status", response->status),
	    log_number("code", response->number),
	    log_text("reason", err->code != ERR_NONE ? err->text : NULL),
	    log_text("addr", request->remote_address),
	    log_text("tid", is_known ? principal->tenant : NULL),
	    log_text("oid", is_known ? principal->object : NULL),
	    log_text(
		"certificate", principal->fingerprint[0] != '\0' ? principal->fingerprint : NULL),
	    log_number("ms", clock_monotonic_ms() - request->started_ms));
}

/* EST's clients show an error's body as it is (RFC 7030, 4.2.3): whatever is under this path. */
static bool
wants_text_errors(const struct request *request)
{
	static const char prefix[] = "/.well-known/est/";

	return strncmp(request->path, prefix, sizeof(prefix) - 1) == 0;
}

/* Answers alike whatever was wrong with a credential; the reason goes to the log. */
static void
refuse(struct app *app, const struct request *request, struct response *response,
    const struct error *err)
{
	if (error_is(err, ERR_ROLE))
		auth_challenge(app, err, response);
	if (error_is(err, ERR_LIMIT))
		response_header(response, "Retry-After", "600");
	if (wants_text_errors(request))
		response_error_text(response, err);
	else
		response_error(response, err);
	refusals_audit(app, request, err);
}

void
app_handle(struct app *app, struct request *request, struct response *response)
{
	struct error err = { .code = ERR_NONE };

	app->principal = (struct principal){ .kind = PRINCIPAL_NONE };
	if (answer(app, request, response, &err) < 0)
		refuse(app, request, response, &err);
	log_request(app, request, response, &err);
	client_certificate_free(app->client);
	app->client = NULL;
}

bool
app_wants_maintain(struct app *app)
{
	bool wants = identity_keys_wanted(app->identity_keys) || app->wants_maintain;

	app->wants_maintain = false;
	return wants;
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

int
app_check(const struct settings *settings, bool *db_down, struct error *err)
{
	cleanup(app_freep) struct app *app = app_new(settings);

	*db_down = false;
	if (app == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (migrate_check(app->db, err) == 0 && check_profile(app, err) == 0)
		return 0;
	*db_down = error_is(err, ERR_DATABASE);
	return *db_down ? 0 : -1;
}

/* GET /metrics: who may see it, and what every request adds to it. */
#define _GNU_SOURCE
#include "api/status/metrics.h"

#include <string.h>

#include "api/access/auth.h"
#include "api/context.h"
#include "api/status/metrics_counters.h"
#include "api/status/metrics_gauges.h"
#include "api/routes.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/secret_file.h"
#include "http/address.h"

enum { METRICS_MAX = 4 * 1024 * 1024 };

static int
read_token(const struct settings *settings, struct secret_file *out, struct error *err)
{
	if (secret_file_read(settings->metrics.token_file, out, err) < 0)
		return error_prefix(err, "[Metrics] TokenFile");
	if (out->text[0] == '\0')
		return error_set(err, ERR_CONFIG,
		    "[Metrics] TokenFile: %s: the first line is empty",
		    settings->metrics.token_file);
	return 0;
}

int
metrics_check(const struct settings *settings, struct error *err)
{
	cleanup(secret_file_wipe) struct secret_file token = { "" };

	return settings->metrics.token_file[0] != '\0' ? read_token(settings, &token, err) : 0;
}

/* Both texts filled up to the same length: the time tells neither how much fits nor how long it is.
 */
static bool
is_same(const struct secret_file *wanted, const char *sent)
{
	cleanup(secret_file_wipe) struct secret_file a = { "" };
	cleanup(secret_file_wipe) struct secret_file b = { "" };
	size_t len = strnlen(sent, sizeof(b.text));
	volatile uint8_t differs = len == sizeof(b.text) ? 1 : 0;

	memcpy(a.text, wanted->text, strnlen(wanted->text, sizeof(a.text) - 1));
	memcpy(b.text, sent, differs != 0 ? 0 : len);
	for (size_t i = 0; i < sizeof(a.text); i++)
		differs = (uint8_t)(differs | (uint8_t)(a.text[i] ^ b.text[i]));
	return differs == 0;
}

/* The reason is for the log alone. */
static int
check_token(const struct app *app, const struct request *request, struct error *err)
{
	cleanup(secret_file_wipe) struct secret_file token = { "" };
	struct error wrong = { .code = ERR_NONE };
	const char *sent = request->authorization;

	if (read_token(app->settings, &token, &wrong) < 0)
		return error_set(err, ERR_TOKEN, "%s", wrong.text);
	if (!auth_has_bearer(request))
		return error_set(err, ERR_TOKEN, "no bearer token");
	sent += strlen("Bearer");
	sent += strspn(sent, " ");
	if (!is_same(&token, sent))
		return error_set(err, ERR_TOKEN, "not the token of [Metrics] TokenFile");
	return 0;
}

/* From elsewhere than the Addresses the path is not there, unless a token may be tried. */
static int
admit(const struct app *app, const struct request *request, struct response *response,
    struct error *err)
{
	if (address_is_listed(request->remote_address, &app->settings->metrics.addresses))
		return 0;
	if (app->settings->metrics.token_file[0] == '\0')
		return error_set(err, ERR_SWITCHED_OFF, "no metrics are given here");
	if (auth_require_tls(app, request, err) < 0)
		return -1;
	if (check_token(app, request, err) == 0)
		return 0;
	response_header(response, "WWW-Authenticate", "Bearer realm=\"certwright metrics\"");
	return -1;
}

int
metrics_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf body = BUF_INIT(METRICS_MAX);
	struct error missing = { .code = ERR_NONE };

	(void)params;
	if (admit(app, request, response, err) < 0)
		return -1;
	metrics_counters_write(&body);
	if (metrics_gauges_write(app, &body, &missing) < 0)
		log_event(
		    LOG_LEVEL_WARNING, "metrics_incomplete", log_text("reason", missing.text));
	if (buf_failed(&body))
		return error_set(err, ERR_INTERNAL, "the metrics are larger than %d", METRICS_MAX);
	response_header(response, "Cache-Control", "no-store");
	response_take(response, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
	return 0;
}

static bool
ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);

	len -= len > 1 && path[len - 1] == '/' ? 1 : 0;
	return len >= end_len && memcmp(path + len - end_len, end, end_len) == 0;
}

static bool
is_below(const char *path, const char *folder)
{
	return strncmp(path, folder, strlen(folder)) == 0;
}

static enum counter_route
route_of(const struct request *request)
{
	const char *path = request->path;

	if (is_below(path, "/ocsp/") || strcmp(path, "/ocsp") == 0)
		return COUNTER_ROUTE_OCSP;
	if (is_below(path, "/crl/"))
		return COUNTER_ROUTE_CRL;
	if (routes_is_management(request))
		return COUNTER_MANAGEMENT;
	if (is_below(path, "/.well-known/est/") && ends_with(path, "/simplereenroll"))
		return COUNTER_RENEW;
	if ((is_below(path, "/.well-known/est/") && ends_with(path, "/simpleenroll")) ||
	    strcmp(path, "/api/csr") == 0 || strcmp(path, "/api/csr/") == 0)
		return COUNTER_ENROLL;
	return COUNTER_ROUTE_OTHER;
}

void
metrics_count(const struct request *request, const struct response *response, int64_t took_us)
{
	enum counter_route route = route_of(request);

	counter_add(COUNTER_REQUESTS, route, (unsigned)response->status / 100 - 1, 1);
	counter_observe(COUNTER_REQUEST_TIME, route, took_us);
}

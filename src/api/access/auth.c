/* From an Authorization header to a principal. */
#include "api/access/auth.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/context.h"
#include "api/access/token.h"
#include "base/clock.h"
#include "enroll/jobs/job.h"

enum { CHALLENGE_MAX = 1024 };

int
auth_require_tls(const struct app *app, const struct request *request, struct error *err)
{
	if (request->is_tls || app->settings->server.allow_plain_http)
		return 0;
	return error_set(err, ERR_NEEDS_TLS, "this path is answered over TLS only");
}

/* RFC 6750, 2.3 is off: tokens in URLs end up in logs. */
static bool
query_has_token(const char *query)
{
	static const char name[] = "access_token=";

	return strncmp(query, name, sizeof(name) - 1) == 0 ||
	       strstr(query, "&access_token=") != NULL;
}

/* RFC 6750, 2.1: b64token. */
static size_t
token_span(struct bytes text)
{
	static const uint8_t punctuation[] = "-._~+/=";
	size_t len = 0;

	while (len < text.len) {
		uint8_t c = text.ptr[len];
		uint8_t letter = c | 0x20;

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') &&
		    memchr(punctuation, c, sizeof(punctuation) - 1) == NULL)
			break;
		len++;
	}
	return len;
}

bool
auth_has_bearer(const struct request *request)
{
	static const char scheme[] = "Bearer";
	const char *header = request->authorization;

	return strncasecmp(header, scheme, sizeof(scheme) - 1) == 0 &&
	       (header[sizeof(scheme) - 1] == ' ' || header[sizeof(scheme) - 1] == '\0');
}

/* Finds the token in "Bearer TOKEN"; another scheme is the same as none. */
static int
find_token(const struct request *request, struct bytes *out, struct error *err)
{
	const char *header = request->authorization;
	struct bytes token;

	if (query_has_token(request->query))
		return error_set(err, ERR_BAD_REQUEST,
		    "an access token belongs in the Authorization header, not in the URL");
	if (!auth_has_bearer(request))
		return error_set(err, ERR_NO_CREDENTIAL, "no bearer token");
	header += strlen("Bearer");
	token = bytes_text(header + strspn(header, " "));
	if (token.len == 0)
		return error_set(err, ERR_BAD_REQUEST, "the Authorization header has no token");
	if (token_span(token) < token.len)
		return error_set(err, ERR_BAD_REQUEST,
		    "the Authorization header is malformed at token character %zu",
		    token_span(token) + 1);
	*out = token;
	return 0;
}

/* The error and a fixed sentence: nothing of the token is echoed (RFC 6750, 3). */
static const char *
challenge_error(enum error_code code)
{
	if (code == ERR_TOKEN)
		return ", error=\"invalid_token\", "
		       "error_description=\"The access token is not accepted\"";
	if (code == ERR_ROLE)
		return ", error=\"insufficient_scope\", "
		       "error_description=\"The access token lacks the role needed\"";
	if (code == ERR_BAD_REQUEST)
		return ", error=\"invalid_request\", "
		       "error_description=\"The Authorization header is malformed\"";
	return "";
}

void
auth_challenge(const struct app *app, const struct error *err, struct response *response)
{
	const struct settings *settings = app->settings;
	const char *tenant = settings->auth.tenant_ids.count == 1
				 ? settings->auth.tenant_ids.items[0]
				 : "organizations";
	char text[CHALLENGE_MAX];

	if (err->code != ERR_NO_CREDENTIAL && err->code != ERR_TOKEN && err->code != ERR_ROLE &&
	    err->code != ERR_BAD_REQUEST)
		return;
	(void)snprintf(text, sizeof(text),
	    "Bearer realm=\"certwright\", authorization_uri=\"%s/%s/oauth2/v2.0/authorize\"%s",
	    settings->auth.authority_host, tenant, challenge_error(err->code));
	response_header(response, "WWW-Authenticate", text);
}

int
auth_bearer(
    struct app *app, const struct request *request, struct response *response, struct error *err)
{
	struct bytes token = { NULL, 0 };

	if (find_token(request, &token, err) == 0 &&
	    token_verify(
		token, app->settings, app->identity_keys, clock_now(), &app->principal, err) == 0)
		return 0;
	if (error_is(err, ERR_IDENTITY_KEYS))
		app->wishes |= JOB_WISH_IDENTITY_KEYS;
	auth_challenge(app, err, response);
	return -1;
}

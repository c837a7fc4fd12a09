#ifndef API_ACCESS_AUTH_H
#define API_ACCESS_AUTH_H

#include "http/request.h"
#include "http/response.h"

struct app;

/* Refuses a plain connection (ERR_NEEDS_TLS) unless [Server] AllowPlainHttp. */
int auth_require_tls(const struct app *app, const struct request *request, struct error *err);

/* Whether there is an Authorization header of the scheme Bearer, well formed or not. */
bool auth_has_bearer(const struct request *request);

/*
 * Takes the bearer token of the Authorization header (RFC 6750, 2.1; never of
 * the query or the body), verifies it and fills app->principal. On failure the
 * response has its WWW-Authenticate header. ERR_NO_CREDENTIAL, ERR_BAD_REQUEST, ERR_TOKEN,
 * ERR_IDENTITY_KEYS.
 */
int auth_bearer(
    struct app *app, const struct request *request, struct response *response, struct error *err);

/* Adds the challenge that belongs to this error to the response, if any does (RFC 6750, 3). */
void auth_challenge(const struct app *app, const struct error *err, struct response *response);

#endif

#ifndef API_ACCESS_ACCESS_H
#define API_ACCESS_ACCESS_H

#include "http/router.h"
#include "store/audit.h"

struct app;

/*
 * Who may use a route of the management API. Verifies the caller's bearer token, or without one the
 * client certificate that [Admin] Certificates lists, fills app->principal, and asks for all that
 * the route needs. With a certificate as the credential a writing request must be no other site's
 * (api/access/cross_site). ERR_NO_CREDENTIAL, ERR_TOKEN, ERR_CLIENT_CERT, ERR_ORIGIN,
 * ERR_MEDIA_TYPE; ERR_ROLE names the permission that is missing.
 */
int access_check(struct app *app, const struct request *request, const struct route *route,
    struct response *response, struct error *err);

/* ERR_ROLE unless app->principal has the permission, for what depends on the request. */
int access_require(const struct app *app, struct permission permission, struct error *err);

/* Who app->principal is, from where, for the audit; borrowed from app and request. */
struct audit_actor access_actor(struct app *app, const struct request *request);

#endif

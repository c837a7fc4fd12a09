#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "http/router.h"

/* Finds the route of a request as router_find does. */
int routes_find(const struct request *request, struct params *params, const struct route **out,
    char allow[static 64], struct error *err);

/*
 * How errors below a path are written: as a line of text for EST's clients, who show the body as it
 * is (RFC 7030, 4.2.3), in CZERTAINLY's forms for its REST API, else numbered as SCEPman's.
 */
enum error_form { ERROR_FORM_NUMBERED, ERROR_FORM_TEXT, ERROR_FORM_CZERTAINLY };
enum error_form routes_error_form(const struct request *request);

/* Whether it asks which certificates are good: OCSP, or a CRL. */
bool routes_is_status(const struct request *request);

/* Whether the path belongs to the management API. */
bool routes_is_management(const struct request *request);

#endif

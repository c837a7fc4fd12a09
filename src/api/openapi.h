#ifndef API_OPENAPI_H
#define API_OPENAPI_H

#include "http/router.h"

/*
 * GET /api/openapi.yaml: the description of every route, man/openapi.yaml as it was when the
 * program was built. 304 for whoever has it already (RFC 9110, 13.1.2).
 */
route_handler openapi_get;

#endif

#ifndef API_STATUS_OCSP_H
#define API_STATUS_OCSP_H

#include "http/router.h"

/*
 * POST /ocsp and GET /ocsp/{base64}: OCSP over HTTP (RFC 6960, appendix A; RFC 5019). What is OCSP
 * is answered with HTTP 200 and a status of OCSP's own, also what is malformed; the reason stays in
 * err then, for the log.
 */
route_handler ocsp_post;
route_handler ocsp_get;

#endif

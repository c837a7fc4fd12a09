#ifndef API_MANAGEMENT_AUTHORITIES_H
#define API_MANAGEMENT_AUTHORITIES_H

#include "http/router.h"

/* GET /ca: the issuing CA's certificate, DER. */
route_handler authorities_get_ca;

/*
 * Answers the certificate of the CA that issues by default, DER, as this type. ERR_CA_KEY,
 * ERR_DATABASE.
 */
int authorities_answer_issuer(
    struct app *app, const char *content_type, struct response *response, struct error *err);

/* GET /ca/{generation}: the certificate of any generation, the target of AIA caIssuers. */
route_handler authorities_get_generation;

#endif

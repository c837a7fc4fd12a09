#ifndef API_AUTHORITIES_H
#define API_AUTHORITIES_H

#include "http/router.h"

/* GET /ca: the issuing CA's certificate, DER. */
route_handler authorities_get_ca;

/* GET /ca/{generation}: the certificate of any generation, the target of AIA caIssuers. */
route_handler authorities_get_generation;

#endif

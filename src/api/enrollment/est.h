#ifndef API_ENROLLMENT_EST_H
#define API_ENROLLMENT_EST_H

#include "http/router.h"

/*
 * EST (RFC 7030). Every route stands twice in the table, with a {label} and without; a label is the
 * name of an RA profile.
 */

/* GET cacerts: the CA certificates that [Server] EstCacerts says. */
route_handler est_get_cacerts;

/* GET csrattrs: what the RA profile wants of a request. */
route_handler est_get_csrattrs;

/* POST simpleenroll: by bearer token, else by client certificate. */
route_handler est_post_simpleenroll;

/* POST simplereenroll: the next certificate of whom the client certificate names. */
route_handler est_post_simplereenroll;

/* POST fullcmc, POST serverkeygen: not built. */
route_handler est_post_fullcmc;
route_handler est_post_serverkeygen;

#endif

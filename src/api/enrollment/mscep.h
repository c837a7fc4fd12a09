#ifndef API_ENROLLMENT_MSCEP_H
#define API_ENROLLMENT_MSCEP_H

#include "http/router.h"

/*
 * GET /certsrv/mscep/mscep.dll[/pkiclient.exe]: with operation=GetCACert (RFC 8894, 4.2) the
 * issuing CA's certificate, where SCEPman's shell client fetches it. Every other operation is
 * ERR_NOT_BUILT.
 */
route_handler mscep_get;

#endif

#ifndef API_ENROLLMENT_CSR_H
#define API_ENROLLMENT_CSR_H

#include "http/router.h"

/* POST /api/csr: SCEPman's REST enrollment; the leaf's DER comes back as application/pkix-cert. */
route_handler csr_post;

#endif

#ifndef API_STATUS_CRL_H
#define API_STATUS_CRL_H

#include "http/router.h"

/*
 * GET /crl/NAME: this host's file of a CRL, where the web server does not answer with it itself:
 * LABEL.crl (DER), LABEL.crl.pem and LABEL.pem, the same with LABEL-delta, and as SCEPman has it
 * /crl/TOKEN and /crl/pem/TOKEN, the CRL of the CA that issues now. 503 and a wish for the job that
 * writes the files while there is none yet.
 */
route_handler crl_get;
route_handler crl_get_pem;

#endif

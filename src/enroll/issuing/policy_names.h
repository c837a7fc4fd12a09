#ifndef ENROLL_ISSUING_POLICY_NAMES_H
#define ENROLL_ISSUING_POLICY_NAMES_H

#include "enroll/issuing/policy.h"

/*
 * Which subject and subject alternative names a certificate gets: those of the old certificate when
 * renewing, else those of the request; each of them must then stand in the client certificate where
 * one authenticated. Checks them by the RA profile. ERR_NAME, ERR_PROFILE; on success the names of
 * *grant are set.
 */
int policy_names_decide(
    const struct policy_request *request, struct policy_grant *grant, struct error *err);

/* The certificate that is renewed: the one that authenticated, or its holder's by another caller.
 */
const struct client_certificate *policy_names_renewed(const struct policy_request *request);

/* Adds what was asked for and not taken to grant->dropped. */
void policy_names_note(struct policy_grant *grant, const char *what);

#endif

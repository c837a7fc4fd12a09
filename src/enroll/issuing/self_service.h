#ifndef ENROLL_ISSUING_SELF_SERVICE_H
#define ENROLL_ISSUING_SELF_SERVICE_H

#include "enroll/issuing/policy.h"

/*
 * The rules of CSR.SelfService: the caller's verified UPN is the only UPN, the only e-mail
 * address and every common name; nothing else unless [SelfService] AllowOtherNames; no
 * guests, no device certificates yet; client authentication alone. Of a certificate the UPN is the
 * one on record, and the names are judged again, since AllowOtherNames may have been turned off,
 * and a request may have left out the user's own. ERR_SELF_SERVICE.
 */
int self_service_check(
    const struct policy_request *request, const struct policy_grant *grant, struct error *err);

#endif

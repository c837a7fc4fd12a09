#ifndef API_ENROLLMENT_ENROLLMENT_H
#define API_ENROLLMENT_ENROLLMENT_H

#include "enroll/issuing/issue.h"
#include "http/request.h"

struct app;

/* Refuses (ERR_SWITCHED_OFF) unless [DbCSRValidation] Enabled. */
int enrollment_check_enabled(const struct app *app, struct error *err);

/* Who asks, by what credential, from where: of app->principal and app->client. Borrowed. */
struct issue_request enrollment_request(
    const struct app *app, const struct request *request, const char *protocol);

/*
 * Takes a PKCS#10 request in any form of csr_body_decode through admission, parsing and issuing;
 * appends the leaf's DER. Errors as those.
 */
int enrollment_issue(struct app *app, const struct issue_request *asked, struct bytes body,
    struct buf *leaf, struct error *err);

#endif

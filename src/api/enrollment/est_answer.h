#ifndef API_ENROLLMENT_EST_ANSWER_H
#define API_ENROLLMENT_EST_ANSWER_H

#include "http/response.h"
#include "store/authorities.h"
#include "store/ra_profiles.h"

struct app;
struct settings;

/*
 * The bodies of EST. Each is one line of base64 without armour and final newline, with
 * Content-Transfer-Encoding: strongSwan reads no other, Bouncy Castle wants the header, and
 * SCEPman's shell client adds armour and newline itself.
 */

/* A certs-only PKCS#7 of the leaf alone (RFC 7030, 4.2.3): SCEPman's clients take one. */
int est_answer_leaf(struct bytes leaf, struct response *response, struct error *err);

/*
 * The same of the CA's certificate (RFC 7030, 4.1.3), and with [Server] EstCacerts = full of its
 * chain and of all cross-certificates of its authority. ERR_DATABASE.
 */
int est_answer_cacerts(struct app *app, const struct generation *generation,
    struct response *response, struct error *err);

/* What a request should hold (RFC 7030, 4.5.2), by the rules of the profile. */
int est_answer_csrattrs(const struct settings *settings, const struct ra_profile *profile,
    struct response *response, struct error *err);

#endif

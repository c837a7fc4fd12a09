#ifndef ENROLL_ISSUING_CLIENT_CERTIFICATE_H
#define ENROLL_ISSUING_CLIENT_CERTIFICATE_H

#include "crypto/cert_holder.h"
#include "store/certificate_row.h"
#include "store/db.h"

/* A client certificate of ours that the web server's handshake proved, with its record. */
struct client_certificate {
	struct certificate_row *row;
	struct cert *cert;
	struct cert_holder *holder;
};

void client_certificate_free(struct client_certificate *client);
DEFINE_CLEANUP(struct client_certificate *, client_certificate_free)
struct client_certificate *client_certificate_new(void) OWNED(client_certificate_free);

/*
 * Takes the DER that the web server verified, and verifies it again: it must be the very DER on
 * record, signed by the generation that the record names, within its dates, neither on hold nor
 * revoked, and no CA certificate. ERR_CLIENT_CERT says what was wrong, ERR_DATABASE. On success
 * *out belongs to the caller.
 */
int client_certificate_verify(struct db *db, struct bytes der, int64_t now,
    struct client_certificate **out, struct error *err);

/*
 * A certificate of ours by the id of its record, for whoever has a right to it; its signature and
 * state are not looked at. ERR_NOT_FOUND; ERR_RENEWAL where it cannot be read. On success *out
 * belongs to the caller.
 */
int client_certificate_find(
    struct db *db, const struct uuid *id, struct client_certificate **out, struct error *err);

/* Whether such a one is good for a renewal: verified as client_certificate_verify does, but for
 * what it takes from the handshake. ERR_RENEWAL says what was wrong. */
int client_certificate_check(
    struct db *db, const struct client_certificate *client, int64_t now, struct error *err);

#endif

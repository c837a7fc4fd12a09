#ifndef ENROLL_CLIENT_CERTIFICATE_H
#define ENROLL_CLIENT_CERTIFICATE_H

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

#endif

#ifndef ENROLL_STATUS_OCSP_RESPONDER_H
#define ENROLL_STATUS_OCSP_RESPONDER_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/key.h"
#include "crypto/keyring.h"
#include "crypto/ocsp.h"
#include "store/db.h"

/* A delegated OCSP responder of a CA generation (RFC 6960, 4.2.2.2), ready to sign. */
struct ocsp_responder {
	struct uuid id;
	struct buf certificate; /* DER */
	struct key *key;
	uint8_t key_hash[OCSP_SHA1_SIZE]; /* ResponderID byKey */
	int64_t not_before;
	int64_t not_after;
};

void ocsp_responder_free(struct ocsp_responder *responder);
DEFINE_CLEANUP(struct ocsp_responder *, ocsp_responder_free)

/* An empty one, NULL without memory. */
struct ocsp_responder *ocsp_responder_new(void) OWNED(ocsp_responder_free);

/*
 * Loads the newest responder of a generation that is valid at `now` and opens its key.
 * ERR_NOT_FOUND: there is none; ERR_CA_KEY: its key cannot be unsealed (keyring NULL: always) or is
 * not the certificate's; ERR_DATABASE. On success *out belongs to the caller.
 */
int ocsp_responder_load(struct db *db, const struct keyring *keyring,
    const struct uuid *generation_id, int64_t now, struct ocsp_responder **out, struct error *err);

/* How a responder's private key is sealed: under table, column and row id; as secret_seal. */
int ocsp_responder_seal(const struct keyring *keyring, const struct uuid *id, const struct key *key,
    struct buf *blob, struct error *err);

/* The other way round; secret_open's errors, and ERR_CA_KEY. On success *out is the caller's. */
int ocsp_responder_unseal(const struct keyring *keyring, const struct uuid *id, struct bytes blob,
    struct key **out, struct error *err);

#endif

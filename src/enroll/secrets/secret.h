#ifndef ENROLL_SECRETS_SECRET_H
#define ENROLL_SECRETS_SECRET_H

#include "base/uuid.h"
#include "crypto/keyring.h"

/* The columns take blobs of 2048 octets. */
enum { SECRET_BLOB_MAX = 2048, SECRET_MAX = SECRET_BLOB_MAX - KEYRING_OVERHEAD };

/* Where a secret is kept; a blob opens at its own place alone. */
struct secret_place {
	const char *table;
	const char *column;
	const struct uuid *row;
};

/*
 * Seals a secret for its place and appends the blob. ERR_VALIDATION: there is no keyring, or the
 * secret is longer than SECRET_MAX octets; ERR_CA_KEY: the keyring cannot be used.
 */
int secret_seal(const struct keyring *keyring, const struct secret_place *place, struct bytes plain,
    struct buf *blob, struct error *err);

/*
 * Opens the blob of a place and appends the secret; buf_release wipes it.
 * ERR_CA_KEY: no keyring, no such key, or the blob was changed or moved.
 */
int secret_open(const struct keyring *keyring, const struct secret_place *place, struct bytes blob,
    struct buf *plain, struct error *err);

/* Puts "TABLE.COLUMN of ID: " in front of an error; returns -1. */
int secret_prefix(const struct secret_place *place, struct error *err);

#endif

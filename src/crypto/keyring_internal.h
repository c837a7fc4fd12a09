#ifndef CRYPTO_KEYRING_INTERNAL_H
#define CRYPTO_KEYRING_INTERNAL_H

#include "crypto/keyring.h"

/* Between the files keyring*.c. */

enum { KEYRING_KEY_SIZE = 32 };

struct ring_key {
	uint8_t id[KEYRING_ID_SIZE];
	char text[KEYRING_ID_TEXT];
	uint8_t key[KEYRING_KEY_SIZE];
};

struct keyring {
	struct ring_key keys[KEYRING_KEYS_MAX];
	size_t count;
	char reason[ERROR_TEXT_MAX]; /* why it cannot be used; "": it can */
};

/* The id of a key. */
int keyring_key_id(const uint8_t key[static KEYRING_KEY_SIZE], uint8_t id[static KEYRING_ID_SIZE],
    struct error *err);

/* An id as text. */
void keyring_id_text(const uint8_t id[static KEYRING_ID_SIZE], char out[static KEYRING_ID_TEXT]);

/* An empty one; NULL: no memory. */
struct keyring *keyring_new(void) OWNED(keyring_free);

/* The key of this id, borrowed; NULL: it is not there. */
const struct ring_key *keyring_find(
    const struct keyring *keyring, const uint8_t id[static KEYRING_ID_SIZE]);

#endif

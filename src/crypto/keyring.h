#ifndef CRYPTO_KEYRING_H
#define CRYPTO_KEYRING_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

/*
 * The keys that secrets at rest are sealed with. They are in a file of ours (the rules of key
 * files: regular, of the user or root, mode 600 or 400, not a symbolic link), one a line:
 *
 *     KEY-ID KEY
 *
 * KEY is 32 octets in base64, KEY-ID the first 16 hexadecimal digits of a SHA-256 over it, so that
 * no other key can pose as it. Empty lines and lines that begin with # are skipped. The first key
 * seals, all open.
 */
struct keyring;

enum {
	KEYRING_KEYS_MAX = 32,
	KEYRING_FILE_MAX = 16384,
	KEYRING_PLAIN_MAX = 4096,
	KEYRING_ID_SIZE = 8,                       /* octets of a key id, as in a blob */
	KEYRING_ID_TEXT = 2 * KEYRING_ID_SIZE + 1, /* as text, lower case, with its NUL */
	KEYRING_HEAD_SIZE = 1 + KEYRING_ID_SIZE,   /* version and key id, which begin a blob */
	KEYRING_NONCE_SIZE = 12,
	KEYRING_TAG_SIZE = 16,
	/* So many octets a blob has more than what it holds. */
	KEYRING_OVERHEAD = KEYRING_HEAD_SIZE + KEYRING_NONCE_SIZE + KEYRING_TAG_SIZE
};

/* Wipes the keys. */
void keyring_free(struct keyring *keyring);
DEFINE_CLEANUP(struct keyring *, keyring_free)

/* Reads the file; ERR_CONFIG names file, line and rule. On success *out is the caller's. */
int keyring_open(const char *path, struct keyring **out, struct error *err);

/* The same of a file's text; ERR_CONFIG names line and rule. */
int keyring_parse(struct bytes text, struct keyring **out, struct error *err);

/* One without keys that answers everything with ERR_CA_KEY and this reason. */
struct keyring *keyring_unusable(const char *reason) OWNED(keyring_free);

/* Why it cannot be used, borrowed; NULL: it can. */
const char *keyring_why_unusable(const struct keyring *keyring);

/* What keyring_add_key did. */
struct keyring_added {
	char id[KEYRING_ID_TEXT]; /* of the new key */
	size_t count;             /* keys in the file now */
};

/*
 * Makes a keyring file of one new key, or puts a new key in front of those of an existing one.
 * Whenever it is stopped, the file holds the old keys, or those and the new one. ERR_CONFIG when
 * the file cannot be read or written, ERR_CONFLICT while another process does the same.
 */
int keyring_add_key(const char *path, struct keyring_added *out, struct error *err);

/* How many keys there are. */
size_t keyring_count(const struct keyring *keyring);

/* The id of a key as text, borrowed; that of 0 seals. */
const char *keyring_id(const struct keyring *keyring, size_t index);

/* Whether a key of this id, as text, is there. */
bool keyring_has(const struct keyring *keyring, const char *id);

/* What a blob begins with that the first key seals: version and key id. ERR_CA_KEY. */
int keyring_head(
    const struct keyring *keyring, uint8_t out[static KEYRING_HEAD_SIZE], struct error *err);

/* The id of the key that a blob, or its head alone, names. ERR_CA_KEY when it is none of ours. */
int keyring_blob_id(struct bytes blob, char id[static KEYRING_ID_TEXT], struct error *err);

/*
 * Seals by AES-256-GCM under a fresh random nonce, and appends the blob: version, key id, nonce,
 * ciphertext, tag. The associated data are version, key id and `bound`. ERR_TOO_LARGE,
 * ERR_CA_KEY.
 */
int keyring_seal(const struct keyring *keyring, struct bytes bound, struct bytes plain,
    struct buf *blob, struct error *err);

/*
 * Opens a blob and appends what it held. ERR_CA_KEY: no blob of ours, its key is not here, or it
 * was changed or is bound to something else.
 */
int keyring_unseal(const struct keyring *keyring, struct bytes bound, struct bytes blob,
    struct buf *plain, struct error *err);

#endif

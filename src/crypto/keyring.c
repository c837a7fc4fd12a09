/* The keys that secrets at rest are sealed with: sealing, opening. */
#define _GNU_SOURCE
#include "crypto/keyring.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "crypto/key.h"
#include "crypto/key_internal.h"
#include "crypto/keyring_internal.h"

enum { BLOB_VERSION = 1, BOUND_MAX = 1024 };

/* The associated data of one blob, which a seal is bound to. */
struct sealing {
	gnutls_aead_cipher_hd_t cipher;
	struct buf bound;
};

void
keyring_free(struct keyring *keyring)
{
	if (keyring == NULL)
		return;
	explicit_bzero(keyring, sizeof(*keyring));
	free(keyring);
}

struct keyring *
keyring_new(void)
{
	return calloc(1, sizeof(struct keyring));
}

const char *
keyring_why_unusable(const struct keyring *keyring)
{
	return keyring->reason[0] != '\0' ? keyring->reason : NULL;
}

int
keyring_key_id(const uint8_t key[static KEYRING_KEY_SIZE], uint8_t id[static KEYRING_ID_SIZE],
    struct error *err)
{
	uint8_t hash[SHA256_SIZE];

	if (sha256(bytes_of(key, KEYRING_KEY_SIZE), hash, err) < 0)
		return -1;
	memcpy(id, hash, KEYRING_ID_SIZE);
	explicit_bzero(hash, sizeof(hash));
	return 0;
}

void
keyring_id_text(const uint8_t id[static KEYRING_ID_SIZE], char out[static KEYRING_ID_TEXT])
{
	for (size_t i = 0; i < KEYRING_ID_SIZE; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", id[i]);
}

const struct ring_key *
keyring_find(const struct keyring *keyring, const uint8_t id[static KEYRING_ID_SIZE])
{
	for (size_t i = 0; i < keyring->count; i++)
		if (memcmp(keyring->keys[i].id, id, KEYRING_ID_SIZE) == 0)
			return &keyring->keys[i];
	return NULL;
}

size_t
keyring_count(const struct keyring *keyring)
{
	return keyring->count;
}

const char *
keyring_id(const struct keyring *keyring, size_t index)
{
	return keyring->keys[index].text;
}

bool
keyring_has(const struct keyring *keyring, const char *id)
{
	for (size_t i = 0; i < keyring->count; i++)
		if (strcmp(keyring->keys[i].text, id) == 0)
			return true;
	return false;
}

static int
check_usable(const struct keyring *keyring, struct error *err)
{
	if (keyring->count > 0)
		return 0;
	return error_set(err, ERR_CA_KEY, "%s", keyring->reason);
}

int
keyring_head(
    const struct keyring *keyring, uint8_t out[static KEYRING_HEAD_SIZE], struct error *err)
{
	if (check_usable(keyring, err) < 0)
		return -1;
	out[0] = BLOB_VERSION;
	memcpy(out + 1, keyring->keys[0].id, KEYRING_ID_SIZE);
	return 0;
}

int
keyring_blob_id(struct bytes blob, char id[static KEYRING_ID_TEXT], struct error *err)
{
	if (blob.len < KEYRING_HEAD_SIZE || blob.ptr[0] != BLOB_VERSION)
		return error_set(err, ERR_CA_KEY, "not a sealed value of version %d", BLOB_VERSION);
	keyring_id_text(blob.ptr + 1, id);
	return 0;
}

static void
sealing_release(struct sealing *sealing)
{
	if (sealing->cipher != NULL)
		gnutls_aead_cipher_deinit(sealing->cipher);
	buf_release(&sealing->bound);
}

static int
sealing_begin(const struct ring_key *key, struct bytes head, struct bytes bound,
    struct sealing *sealing, struct error *err)
{
	gnutls_datum_t datum;
	int rc;

	/* The head has one length, so the two cannot run into each other. */
	buf_add(&sealing->bound, head);
	buf_add(&sealing->bound, bound);
	if (buf_failed(&sealing->bound))
		return error_set(err, ERR_INTERNAL, "too much to bind a seal to");
	if (key_datum(bytes_of(key->key, KEYRING_KEY_SIZE), &datum, err) < 0)
		return -1;
	rc = gnutls_aead_cipher_init(&sealing->cipher, GNUTLS_CIPHER_AES_256_GCM, &datum);
	if (rc < 0)
		return error_set(err, ERR_INTERNAL, "AES-256-GCM: %s", gnutls_strerror(rc));
	return 0;
}

int
keyring_seal(const struct keyring *keyring, struct bytes bound, struct bytes plain,
    struct buf *blob, struct error *err)
{
	cleanup(sealing_release) struct sealing sealing = { .bound = BUF_INIT(BOUND_MAX) };
	uint8_t head[KEYRING_HEAD_SIZE], nonce[KEYRING_NONCE_SIZE];
	uint8_t text[KEYRING_PLAIN_MAX + KEYRING_TAG_SIZE];
	size_t len = sizeof(text);
	int rc;

	if (plain.len > KEYRING_PLAIN_MAX)
		return error_set(err, ERR_TOO_LARGE, "a secret of %zu octets, at most %d allowed",
		    plain.len, KEYRING_PLAIN_MAX);
	if (keyring_head(keyring, head, err) < 0 ||
	    sealing_begin(&keyring->keys[0], bytes_of(head, sizeof(head)), bound, &sealing, err) <
		0)
		return -1;
	random_bytes(nonce, sizeof(nonce));
	rc = gnutls_aead_cipher_encrypt(sealing.cipher, nonce, sizeof(nonce), sealing.bound.data,
	    sealing.bound.len, KEYRING_TAG_SIZE, plain.ptr, plain.len, text, &len);
	if (rc < 0)
		return error_set(err, ERR_INTERNAL, "sealing: %s", gnutls_strerror(rc));
	buf_add(blob, bytes_of(head, sizeof(head)));
	buf_add(blob, bytes_of(nonce, sizeof(nonce)));
	buf_add(blob, bytes_of(text, len));
	return 0;
}

/* Of a blob whose parts are all there, opened by its key. */
static int
decrypt(const struct ring_key *key, struct bytes bound, struct bytes blob, struct buf *plain,
    struct error *err)
{
	cleanup(sealing_release) struct sealing sealing = { .bound = BUF_INIT(BOUND_MAX) };
	const uint8_t *nonce = blob.ptr + KEYRING_HEAD_SIZE;
	const uint8_t *text = nonce + KEYRING_NONCE_SIZE;
	uint8_t out[KEYRING_PLAIN_MAX];
	size_t len = sizeof(out);
	int rc;

	if (sealing_begin(key, bytes_of(blob.ptr, KEYRING_HEAD_SIZE), bound, &sealing, err) < 0)
		return -1;
	rc = gnutls_aead_cipher_decrypt(sealing.cipher, nonce, KEYRING_NONCE_SIZE,
	    sealing.bound.data, sealing.bound.len, KEYRING_TAG_SIZE, text,
	    blob.len - (size_t)(text - blob.ptr), out, &len);
	if (rc == 0)
		buf_add(plain, bytes_of(out, len));
	explicit_bzero(out, sizeof(out));
	if (rc < 0)
		return error_set(err, ERR_CA_KEY,
		    "the value sealed under key %s was changed, or belongs elsewhere", key->text);
	return 0;
}

int
keyring_unseal(const struct keyring *keyring, struct bytes bound, struct bytes blob,
    struct buf *plain, struct error *err)
{
	const struct ring_key *key;
	char id[KEYRING_ID_TEXT];

	if (check_usable(keyring, err) < 0 || keyring_blob_id(blob, id, err) < 0)
		return -1;
	key = keyring_find(keyring, blob.ptr + 1);
	if (key == NULL)
		return error_set(err, ERR_CA_KEY, "the keyring lacks key %s", id);
	if (blob.len < KEYRING_OVERHEAD || blob.len > KEYRING_OVERHEAD + KEYRING_PLAIN_MAX)
		return error_set(err, ERR_CA_KEY, "a sealed value of %zu octets", blob.len);
	return decrypt(key, bound, blob, plain, err);
}

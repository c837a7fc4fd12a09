/* Private keys of ours: opening, their public half, signing. */
#define _GNU_SOURCE
#include "crypto/key.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/key_internal.h"

enum { SPKI_MAX = 2048 };

struct key {
	gnutls_privkey_t handle;
	struct key_facts facts;
	struct buf spki;
	struct buf secret; /* the PIN: after fork the token asks for it again */
};

/* How each type signs; the AlgorithmIdentifiers of RFC 4055, 5, RFC 5758, 3.2 and RFC 8410, 3. */
static const struct {
	const char *der;
	size_t len;
	gnutls_sign_algorithm_t sign;
} SIGNING[] = {
	[KEY_RSA] = { "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00", 15,
	    GNUTLS_SIGN_RSA_SHA256 },
	[KEY_P256] = { "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 12,
	    GNUTLS_SIGN_ECDSA_SHA256 },
	[KEY_P384] = { "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03", 12,
	    GNUTLS_SIGN_ECDSA_SHA384 },
	[KEY_ED25519] = { "\x30\x05\x06\x03\x2b\x65\x70", 7, GNUTLS_SIGN_EDDSA_ED25519 },
};

int
key_datum(struct bytes bytes, gnutls_datum_t *out, struct error *err)
{
	if (bytes.len > UINT_MAX)
		return error_set(err, ERR_TOO_LARGE, "%zu octets are too many to sign", bytes.len);
	/* GnuTLS only reads what it is given here, though its type lacks the const. */
	memcpy(&out->data, &bytes.ptr, sizeof(out->data));
	out->size = (unsigned)bytes.len;
	return 0;
}

void
key_datum_release(gnutls_datum_t *datum)
{
	if (datum->data != NULL)
		explicit_bzero(datum->data, datum->size);
	gnutls_free(datum->data);
	datum->data = NULL;
}

void
key_gnutls_kind(struct key_facts facts, gnutls_pk_algorithm_t *algorithm, unsigned *bits)
{
	switch (facts.type) {
	case KEY_RSA:
		*algorithm = GNUTLS_PK_RSA;
		*bits = facts.bits;
		break;
	case KEY_P256:
	case KEY_P384:
		*algorithm = GNUTLS_PK_ECDSA;
		*bits = GNUTLS_CURVE_TO_BITS(facts.type == KEY_P256 ? GNUTLS_ECC_CURVE_SECP256R1
								    : GNUTLS_ECC_CURVE_SECP384R1);
		break;
	case KEY_ED25519:
		*algorithm = GNUTLS_PK_EDDSA_ED25519;
		*bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519);
		break;
	}
}

void
key_free(struct key *key)
{
	if (key == NULL)
		return;
	if (key->handle != NULL)
		gnutls_privkey_deinit(key->handle);
	buf_release(&key->spki);
	buf_release(&key->secret);
	free(key);
}

static struct key *
key_new(void)
{
	struct key *key = calloc(1, sizeof(*key));

	if (key == NULL)
		return NULL;
	key->spki = (struct buf)BUF_INIT(SPKI_MAX);
	key->secret = (struct buf)BUF_INIT(KEY_SECRET_MAX);
	if (gnutls_privkey_init(&key->handle) < 0) {
		free(key);
		return NULL;
	}
	return key;
}

/* Keeps the public half as DER and checks it by the rules that every key must meet. */
static int
read_public(struct key *key, struct error *err)
{
	cleanup(gnutls_pubkey_deinitp) gnutls_pubkey_t public = NULL;
	cleanup(key_datum_release) gnutls_datum_t der = { NULL, 0 };
	int rc = gnutls_pubkey_init(&public);

	if (rc == 0)
		rc = gnutls_pubkey_import_privkey(public, key->handle, 0, 0);
	if (rc == 0)
		rc = gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &der);
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "public half: %s", gnutls_strerror(rc));
	buf_add(&key->spki, bytes_of(der.data, der.size));
	if (buf_failed(&key->spki))
		return error_set(
		    err, ERR_CA_KEY, "public half of %u octets is too large", der.size);
	return key_facts_read(buf_bytes(&key->spki), &key->facts, err);
}

static int
open_file(const char *path, struct buf *secret, gnutls_privkey_t handle, struct error *err)
{
	cleanup(buf_release) struct buf pem = BUF_INIT(KEY_FILE_MAX);
	gnutls_datum_t datum;
	int rc;

	if (key_file_read(path, &pem, err) < 0 || key_datum(buf_bytes(&pem), &datum, err) < 0)
		return -1;
	rc = gnutls_privkey_import_x509_raw(
	    handle, &datum, GNUTLS_X509_FMT_PEM, secret->len > 0 ? buf_text(secret) : NULL, 0);
	if (rc == GNUTLS_E_DECRYPTION_FAILED || rc == GNUTLS_E_PKCS11_PIN_ERROR)
		return error_set(err, ERR_CA_KEY, "%s",
		    secret->len > 0 ? "the passphrase does not open it"
				    : "it is encrypted and no passphrase file is set");
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "not a PEM private key: %s", gnutls_strerror(rc));
	return 0;
}

static int
open_uri(const char *uri, struct key *key, struct error *err)
{
	int rc;

	if (strncmp(uri, "file:/", 6) == 0) {
		rc = open_file(uri + 5, &key->secret, key->handle, err);
		buf_release(&key->secret);
	} else if (strncmp(uri, "pkcs11:", 7) == 0)
		rc = key_pkcs11_open(uri, &key->secret, key->handle, err);
	else
		return error_set(err, ERR_CA_KEY, "neither file:/PATH nor pkcs11:");
	return rc < 0 ? -1 : read_public(key, err);
}

int
key_open(const char *uri, const char *passphrase_file, struct key **out, struct error *err)
{
	cleanup(key_freep) struct key *key = key_new();

	if (key == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (key_file_secret(passphrase_file, &key->secret, err) < 0)
		return -1;
	if (open_uri(uri, key, err) < 0) {
		err->code = ERR_CA_KEY;
		/* Behind "?" a PKCS#11 URI may carry the PIN itself (RFC 7512, 2.4). */
		return error_prefix(err, "key %.*s", (int)strcspn(uri, "?"), uri);
	}
	*out = take(key);
	return 0;
}

int
key_generate(struct key_facts facts, struct key **out, struct error *err)
{
	cleanup(key_freep) struct key *key = key_new();
	gnutls_pk_algorithm_t algorithm = GNUTLS_PK_UNKNOWN;
	unsigned bits = 0;
	int rc;

	if (key == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	key_gnutls_kind(facts, &algorithm, &bits);
	rc = gnutls_privkey_generate(key->handle, algorithm, bits, 0);
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "generating a key: %s", gnutls_strerror(rc));
	if (read_public(key, err) < 0)
		return -1;
	*out = take(key);
	return 0;
}

int
key_export(const struct key *key, struct buf *out, struct error *err)
{
	cleanup(gnutls_x509_privkey_deinitp) gnutls_x509_privkey_t plain = NULL;
	cleanup(key_datum_release) gnutls_datum_t der = { NULL, 0 };
	int rc = gnutls_privkey_export_x509(key->handle, &plain);

	if (rc == 0)
		rc = gnutls_x509_privkey_export2_pkcs8(
		    plain, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, &der);
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "exporting a key: %s", gnutls_strerror(rc));
	buf_add(out, bytes_of(der.data, der.size));
	return buf_failed(out) ? error_set(err, ERR_INTERNAL,
				     "the key's %u octets of PKCS#8 are too many", der.size)
			       : 0;
}

/* By this call GnuTLS takes neither PKCS#1 nor SEC1, nor octets behind. */
static int
import_pkcs8(struct bytes der, gnutls_privkey_t handle, struct error *err)
{
	cleanup(gnutls_x509_privkey_deinitp) gnutls_x509_privkey_t plain = NULL;
	gnutls_datum_t datum;
	int rc;

	if (key_datum(der, &datum, err) < 0)
		return -1;
	rc = gnutls_x509_privkey_init(&plain);
	if (rc == 0)
		rc = gnutls_x509_privkey_import_pkcs8(
		    plain, &datum, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN);
	if (rc == 0)
		rc = gnutls_privkey_import_x509(handle, plain, GNUTLS_PRIVKEY_IMPORT_COPY);
	return rc < 0
		   ? error_set(err, ERR_CA_KEY, "not a PKCS#8 private key: %s", gnutls_strerror(rc))
		   : 0;
}

int
key_open_der(struct bytes der, struct key **out, struct error *err)
{
	cleanup(key_freep) struct key *key = key_new();

	if (key == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (import_pkcs8(der, key->handle, err) < 0 || read_public(key, err) < 0) {
		err->code = ERR_CA_KEY;
		return -1;
	}
	*out = take(key);
	return 0;
}

struct key_facts
key_facts(const struct key *key)
{
	return key->facts;
}

struct bytes
key_public(const struct key *key)
{
	return buf_bytes(&key->spki);
}

struct bytes
key_signature_algorithm(const struct key *key)
{
	return bytes_of(SIGNING[key->facts.type].der, SIGNING[key->facts.type].len);
}

int
key_sign(struct key *key, struct bytes data, struct buf *signature, struct error *err)
{
	cleanup(key_datum_release) gnutls_datum_t seal = { NULL, 0 };
	gnutls_datum_t text;
	int rc;

	if (key_datum(data, &text, err) < 0)
		return -1;
	rc = gnutls_privkey_sign_data2(key->handle, SIGNING[key->facts.type].sign, 0, &text, &seal);
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "signing: %s", gnutls_strerror(rc));
	buf_add(signature, bytes_of(seal.data, seal.size));
	return 0;
}

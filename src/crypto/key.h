#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

/* The key types that certificates and CAs may have. */
enum key_type { KEY_RSA, KEY_P256, KEY_P384, KEY_ED25519 };

/* What policy looks at. bits: the modulus for RSA, the curve's size otherwise. */
struct key_facts {
	enum key_type type;
	unsigned bits;
};

/* "rsa", "p256", "p384", "ed25519", borrowed. */
const char *key_type_name(enum key_type type);

/* Reads "rsa2048", "rsa3072", "rsa4096", "p256", "p384" or "ed25519"; ERR_CONFIG otherwise. */
int key_facts_parse(const char *text, struct key_facts *out, struct error *err);

/*
 * Reads a SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 3279, 5480, 8410) and checks
 * it before anything believes it: RSA of 2048 to 8192 bits with an odd modulus
 * and exponent 65537, a point on P-256 or P-384 by name, or Ed25519. ERR_KEY says which rule
 * failed.
 */
int key_facts_read(struct bytes spki, struct key_facts *out, struct error *err);

/* SHA-256 of a run of bytes. */
enum { SHA256_SIZE = 32 };
int sha256(struct bytes data, uint8_t out[static SHA256_SIZE], struct error *err);

/* A private key of ours, in a file or behind PKCS#11; used only through these calls. */
struct key;

void key_free(struct key *key);
DEFINE_CLEANUP(struct key *, key_free)

/*
 * Opens "file:/PATH" (PEM PKCS#8, PKCS#1 or SEC1; ours, not readable by others, not a
 * symbolic link) or a "pkcs11:" URI (RFC 7512; the module by module-path where given, else
 * by p11-kit's settings). passphrase_file: a file under the same rules whose first line is the
 * passphrase or the PIN, or NULL. (A URI's own pin-source is a path without "file:", read by
 * p11-kit without our rules, the PIN in it without a newline.) ERR_CA_KEY names the file and the
 * rule. On success *out belongs to the caller. Survives fork.
 */
int key_open(const char *uri, const char *passphrase_file, struct key **out, struct error *err);

/*
 * Makes a new key in a new file (mode 0600, never over an existing one), PKCS#8
 * PEM, encrypted where passphrase_file is given. The caller opens it by key_open.
 */
int key_generate_file(
    const char *path, const char *passphrase_file, struct key_facts facts, struct error *err);

/* Makes a new key in memory; ERR_CA_KEY. On success *out belongs to the caller. Survives fork. */
int key_generate(struct key_facts facts, struct key **out, struct error *err);

/*
 * Appends a key in memory or of a file as PKCS#8 DER, not encrypted: to be sealed. buf_release
 * wipes it. ERR_CA_KEY for a key in a token, which never leaves it.
 */
int key_export(const struct key *key, struct buf *out, struct error *err);

/*
 * Opens what key_export has written, and nothing behind it. ERR_CA_KEY, also for a key that breaks
 * key_facts_read's rules. On success *out belongs to the caller, der is not kept. Survives fork.
 */
int key_open_der(struct bytes der, struct key **out, struct error *err);

/* What a token lets its key do; a key in a file can do both. */
enum key_purpose { KEY_SIGNS, KEY_SIGNS_AND_DECRYPTS };

/*
 * Makes a new key pair inside the token that the URI names (its object= is the label), never
 * beside one of that label. GnuTLS 3.7 cannot make Ed25519 keys there.
 */
int key_generate_pkcs11(const char *uri, const char *passphrase_file, struct key_facts facts,
    enum key_purpose purpose, struct error *err);

struct key_facts key_facts(const struct key *key);

/* The SubjectPublicKeyInfo DER, borrowed from the key. */
struct bytes key_public(const struct key *key);

/* The DER AlgorithmIdentifier of key_sign's signatures, static. */
struct bytes key_signature_algorithm(const struct key *key);

/*
 * Signs: SHA-256 with RSA (PKCS#1 v1.5) and P-256, SHA-384 with P-384, Ed25519
 * pure. Appends the signature as X.509 wants it (ECDSA as DER). ERR_CA_KEY.
 */
int key_sign(struct key *key, struct bytes data, struct buf *signature, struct error *err);

/*
 * Verifies a signature over data with a public key. algorithm: the DER
 * AlgorithmIdentifier as it stood beside the signature; only SHA-256, SHA-384 and SHA-512 with RSA
 * PKCS#1 v1.5 or RSA-PSS, ECDSA, and Ed25519 are known, SHA-1 and MD5 are ERR_KEY.
 * ERR_CSR_SIGNATURE when it does not verify.
 */
int key_verify(struct bytes spki, struct bytes algorithm, struct bytes data, struct bytes signature,
    struct error *err);

#endif

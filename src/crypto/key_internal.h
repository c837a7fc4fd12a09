#ifndef CRYPTO_KEY_INTERNAL_H
#define CRYPTO_KEY_INTERNAL_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/key.h"

/* Between the files key*.c, and csr.c for its order of checks. */

DEFINE_CLEANUP(gnutls_pubkey_t, gnutls_pubkey_deinit)
DEFINE_CLEANUP(gnutls_privkey_t, gnutls_privkey_deinit)
DEFINE_CLEANUP(gnutls_x509_privkey_t, gnutls_x509_privkey_deinit)

enum { KEY_FILE_MAX = 65536, KEY_SECRET_MAX = 1024 };

/* Borrows bytes as GnuTLS wants them; ERR_TOO_LARGE beyond its unsigned lengths. */
int key_datum(struct bytes bytes, gnutls_datum_t *out, struct error *err);

/* Releases what GnuTLS allocated. */
void key_datum_release(gnutls_datum_t *datum);

/* Imports a SubjectPublicKeyInfo whose facts key_facts_layout has read, its point on the curve;
 * ERR_KEY. */
int key_import_public(
    struct bytes spki, struct key_facts facts, gnutls_pubkey_t *out, struct error *err);

/* key_facts_read without asking whether the point is on the curve: for what is verified next. */
int key_facts_layout(struct bytes spki, struct key_facts *out, struct error *err);

/* ERR_KEY where key_verify would not even try this AlgorithmIdentifier with this type of key. */
int key_check_algorithm(struct bytes algorithm, enum key_type type, struct error *err);

/* GnuTLS's names for a kind of key. */
void key_gnutls_kind(struct key_facts facts, gnutls_pk_algorithm_t *algorithm, unsigned *bits);

/* Reads a whole secret file under the rules of key_open; ERR_CA_KEY names file and rule. */
int key_file_read(const char *path, struct buf *out, struct error *err);

/* The rules for an open file that holds a secret; ERR_CA_KEY. */
int key_file_check(int fd, struct error *err);

/* Writes all and waits until it is on disk; ERR_CA_KEY. */
int key_file_write(int fd, struct bytes data, struct error *err);

/* Makes a new name in the folder of path durable; ERR_CA_KEY. */
int key_file_sync_folder(const char *path, struct error *err);

/* The first line of a secret file, NUL-terminated; NULL path: "". */
int key_file_secret(const char *path, struct buf *out, struct error *err);

/* Imports the private key behind a pkcs11: URI. secret: the PIN, empty for none; outlives key. */
int key_pkcs11_open(const char *uri, struct buf *secret, gnutls_privkey_t key, struct error *err);

#endif

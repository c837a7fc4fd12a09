#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/csr.h"
#include "crypto/key.h"

enum { CERT_SERIAL_SIZE = 16, CERT_KEY_ID_MAX = 64 };

/*
 * Everything that goes into a certificate (RFC 5280); all pointers borrowed.
 * The TBSCertificate is written by our DER writer: a quarter faster than
 * GnuTLS's builder, and subject, key and SANs keep the very bytes of the request.
 */
struct cert_template {
	uint8_t serial[CERT_SERIAL_SIZE]; /* first octet is the type's, so never zero or negative */
	struct bytes issuer;              /* the issuer's subject, Name DER */
	struct bytes authority_key_id;    /* the issuer's SKI; empty on a self-signed certificate */
	int64_t not_before;
	int64_t not_after;
	struct bytes subject; /* Name DER, may be the empty SEQUENCE: then the SAN is critical */
	struct bytes spki;
	struct bytes subject_key_id; /* empty: the one of cert_key_id */
	bool is_ca;
	int path_len; /* for a CA; negative: none */
	unsigned key_usage;
	const char *const *ekus; /* dotted OIDs */
	size_t eku_count;
	const struct san *sans;
	size_t san_count;
	const char *ca_issuers[2]; /* AIA, NULL: not there */
	const char *ocsp;
	const char *crl; /* CRL distribution point */
	bool ocsp_no_check;
};

/*
 * Writes the certificate, signs it with key, appends the DER (ERR_NAME where it does not fit).
 * Where the template has none, the SKI is the left 160 bits of SHA-256 over the subject's public
 * key bits (RFC 7093, 2, 1).
 */
int cert_sign(
    const struct cert_template *template, struct key *key, struct buf *der, struct error *err);

/* The SKI that cert_sign would give this SubjectPublicKeyInfo. */
int cert_key_id(struct bytes spki, uint8_t out[static 20], struct error *err);

/* A certificate that was read; every struct bytes points into der. */
struct cert {
	struct buf der;
	struct bytes serial; /* content octets of the INTEGER */
	struct bytes issuer; /* Name DER */
	struct bytes subject;
	struct bytes spki;
	struct bytes key_id;           /* SKI extension's octets, or empty */
	struct bytes authority_key_id; /* AKI keyIdentifier, or empty */
	struct key_facts key;
	bool is_ca;
	int path_len;
	bool has_key_usage;
	unsigned key_usage;
	struct bytes sans; /* SubjectAltName's value, unread; NULL: not there */
	struct bytes ekus; /* ExtKeyUsage's, likewise (crypto/cert_holder reads both) */
	int64_t not_before;
	int64_t not_after;
};

void cert_free(struct cert *cert);
DEFINE_CLEANUP(struct cert *, cert_free)

/* Reads one DER certificate, leftover bytes refused. ERR_BAD_REQUEST says what was wrong. */
int cert_parse(struct bytes der, struct cert **out, struct error *err);

/* Verifies cert's signature with the issuer's public key and that the names match. */
int cert_verify(const struct cert *cert, const struct cert *issuer, struct error *err);

/* Appends PEM text with the label ("CERTIFICATE"), lines of 64, final newline. */
void pem_encode(const char *label, struct bytes der, struct buf *out);

/*
 * Finds the first PEM block with the label at or after *offset, appends its
 * DER and moves *offset behind it. ERR_BAD_REQUEST when there is none or it is malformed.
 */
int pem_decode(
    struct bytes text, const char *label, size_t *offset, struct buf *der, struct error *err);

#endif

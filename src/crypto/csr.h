#ifndef CRYPTO_CSR_H
#define CRYPTO_CSR_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "crypto/key.h"
#include "crypto/name.h"

/* GeneralName kinds (RFC 5280, 4.2.1.6), an otherName told apart where policy does. */
enum san_type {
	SAN_DNS,
	SAN_EMAIL,
	SAN_URI,
	SAN_IP,
	SAN_UPN, /* otherName 1.3.6.1.4.1.311.20.2.3 with a UTF8String */
	SAN_OTHER
};

struct san {
	enum san_type type;
	struct bytes der;   /* the whole GeneralName, borrowed from the request */
	struct bytes value; /* its text, or the address octets; borrowed */
};

enum { CSR_MAX_EKUS = 16, CSR_OID_MAX = 64, CSR_DROPPED_MAX = 512 };

/* KeyUsage bits as GnuTLS numbers them too: bit 0 of RFC 5280, 4.2.1.3 is 0x80. */
enum key_usage {
	KU_DIGITAL_SIGNATURE = 0x80,
	KU_NON_REPUDIATION = 0x40,
	KU_KEY_ENCIPHERMENT = 0x20,
	KU_DATA_ENCIPHERMENT = 0x10,
	KU_KEY_AGREEMENT = 0x08,
	KU_KEY_CERT_SIGN = 0x04,
	KU_CRL_SIGN = 0x02,
	KU_ENCIPHER_ONLY = 0x01,
	KU_DECIPHER_ONLY = 0x8000
};

/* The facts of a request whose self-signature verified. */
struct csr {
	struct buf storage;   /* the request; every struct bytes below points into it */
	struct bytes info;    /* CertificationRequestInfo, what the signature covers */
	struct bytes subject; /* Name, DER */
	struct bytes spki;    /* SubjectPublicKeyInfo, DER */
	struct name name;
	struct key_facts key;
	struct san *sans;
	size_t san_count;
	bool has_key_usage;
	unsigned key_usage; /* enum key_usage bits */
	size_t eku_count;   /* 0: none asked for */
	char ekus[CSR_MAX_EKUS][CSR_OID_MAX];
	bool has_validity;
	int64_t validity_s; /* asked for by enrollment name-value pairs */
	/* OIDs of extensions and attributes that were not taken, by space; ends in " ..." where cut
	 */
	char dropped[CSR_DROPPED_MAX];
};

void csr_free(struct csr *csr);
DEFINE_CLEANUP(struct csr *, csr_free)

/*
 * Reads one DER PKCS#10 request (RFC 2986) strictly, checks key, algorithm and
 * names, reads the SANs in one pass, at most max_sans of them, and only then
 * verifies its self-signature, once. Leftover bytes are an error.
 * ERR_CSR_SYNTAX, ERR_KEY, ERR_NAME or ERR_CSR_SIGNATURE with what was wrong where.
 * The SID URI (tag:microsoft.com,2022-09-14:sid:) is ERR_NAME; the SID extension
 * 1.3.6.1.4.1.311.25.2 is dropped and noted like every other not taken.
 * More than max_sans names are ERR_NAME, more than 256 KiB ERR_TOO_LARGE.
 * On success *out belongs to the caller.
 */
int csr_parse(struct bytes der, size_t max_sans, struct csr **out, struct error *err);

/* "DNS:a.example", "UPN:x@y", "IP:192.0.2.1" and so on, appended for records and logs. */
void san_text(const struct san *san, struct buf *out);

/* "dns", "email", "uri", "ip", "upn", "other", as a profile's list names them. */
const char *san_type_name(enum san_type type);

/*
 * Makes a signed DER PKCS#10 request for a CA key, to be taken to an outer CA:
 * subject (DER), BasicConstraints CA, keyCertSign and cRLSign asked for.
 */
int csr_make_ca(struct bytes subject, struct key *key, struct buf *der, struct error *err);

#endif

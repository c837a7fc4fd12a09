#ifndef CRYPTO_OCSP_H
#define CRYPTO_OCSP_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

/* OCSP (RFC 6960): requests are read, responses written and signed. Who is good is not decided
 * here. */

struct key;

/*
 * One certificate that a client asks about. The parts are contents without their tags and
 * borrow from the request; serial has the octets of its INTEGER, in the fewest, and may be
 * negative or longer than any serial number of ours: then it is simply unknown.
 */
struct ocsp_cert_id {
	struct bytes whole;          /* the CertID's DER, as it goes back */
	struct bytes hash_algorithm; /* the OID's content octets */
	struct bytes issuer_name_hash;
	struct bytes issuer_key_hash;
	struct bytes serial;
};

/* The nonce's octets: RFC 9654, 2.1. */
enum { OCSP_CERT_IDS_MAX = 64, OCSP_NONCE_MAX = 128 };

struct ocsp_request {
	size_t count;
	struct ocsp_cert_id ids[OCSP_CERT_IDS_MAX];
	bool has_nonce;
	struct bytes nonce; /* the extnValue's content, as it goes back */
};

/*
 * Reads an OCSPRequest strictly (RFC 6960, 4.1); out borrows from der. A signature on it is
 * not looked at. ERR_BAD_REQUEST, which is malformedRequest, with what was wrong.
 */
int ocsp_request_parse(struct bytes der, struct ocsp_request *out, struct error *err);

enum ocsp_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

/* One SingleResponse. The two fields after status matter to OCSP_REVOKED alone. */
struct ocsp_single {
	struct bytes cert_id; /* struct ocsp_cert_id's whole */
	enum ocsp_status status;
	int reason; /* a CRLReason, or -1 for none */
	int64_t revoked_at;
	int64_t this_update;
	int64_t next_update; /* 0: none, newer information is always there */
};

/* What a BasicOCSPResponse says. All is borrowed. */
struct ocsp_template {
	const struct ocsp_single *singles;
	size_t count;
	int64_t produced_at;
	struct bytes responder_key_hash; /* SHA-1 of the signing key's bits, 20 octets */
	bool has_nonce;
	struct bytes nonce;       /* struct ocsp_request's */
	bool extended_revoke;     /* RFC 6960, 4.4.8: certificates never issued are "revoked" */
	struct bytes certificate; /* the delegated responder's DER, or empty for the CA itself */
};

/*
 * Signs and appends a whole OCSPResponse, "successful", to der (RFC 6960, 4.2). ERR_INTERNAL
 * for a template that makes none or where der is full, and key_sign's errors.
 */
int ocsp_response_sign(
    const struct ocsp_template *template, struct key *key, struct buf *der, struct error *err);

/* The values of OCSPResponseStatus (RFC 6960, 4.2.1) that are answered without being signed. */
enum ocsp_error {
	OCSP_MALFORMED_REQUEST = 1,
	OCSP_INTERNAL_ERROR = 2,
	OCSP_TRY_LATER = 3,
	OCSP_UNAUTHORIZED = 6
};

/* Appends the five octets of an OCSPResponse that says why there is no answer. */
void ocsp_error_response(enum ocsp_error error, struct buf *der);

enum { OCSP_SHA1_SIZE = 20, OCSP_SHA256_SIZE = 32 };

/* An issuer as CertIDs name it (RFC 6960, 4.1.1): of its Name and of its key's bits. */
struct ocsp_issuer_hashes {
	uint8_t name_sha1[OCSP_SHA1_SIZE];
	uint8_t key_sha1[OCSP_SHA1_SIZE];
	uint8_t name_sha256[OCSP_SHA256_SIZE];
	uint8_t key_sha256[OCSP_SHA256_SIZE];
};

/*
 * issuer_name is the Name's DER, spki the whole SubjectPublicKeyInfo. ERR_INTERNAL for a
 * malformed one.
 */
int ocsp_issuer_hashes(
    struct bytes issuer_name, struct bytes spki, struct ocsp_issuer_hashes *out, struct error *err);

#endif

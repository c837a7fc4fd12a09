#ifndef ENROLL_AUTHORITIES_AUTHORITY_GENERATION_H
#define ENROLL_AUTHORITIES_AUTHORITY_GENERATION_H

#include "crypto/cert.h"
#include "enroll/authorities/authority.h"
#include "enroll/authorities/authority_key.h"

enum { DAY_SECONDS = 86400, CA_CERTIFICATE_MAX = 32768, CA_CHAIN_MAX = 262144 };

/* What of an authority's present state the next generation follows from. */
struct authority_base {
	struct authority authority;
	struct generation generation; /* the active one, else the newest with a certificate */
	struct cert *cert;
	unsigned next_number;
	bool is_active; /* of the generation */
};

void authority_base_release(struct authority_base *base);

/* ERR_NOT_FOUND: no such authority, or it has no certificate yet. */
int authority_base_load(
    struct db *db, const char *name, struct authority_base *out, struct error *err);

/* The authority by name; ERR_NOT_FOUND that names it. */
int authority_find(struct db *db, const char *name, struct authority *out, struct error *err);

/* A pending row without certificate and key. */
void authority_generation_begin(
    struct generation *generation, const struct authority *authority, unsigned number, int64_t now);

/* Puts certificate, fingerprint, dates and subject into the row. */
int authority_generation_certify(
    struct generation *generation, const struct cert *cert, struct error *err);

/* What a self-signed CA certificate is to say; borrowed. */
struct authority_shape {
	struct bytes subject;        /* Name DER */
	struct bytes subject_key_id; /* empty: of the key */
	int path_len;
	bool is_for_scep; /* the key signs and decrypts SCEP messages too */
	int64_t not_before;
	int64_t not_after;
};

/* Signs the row's certificate by its own key. */
int authority_generation_sign(struct generation *generation, struct key *key,
    const struct authority_shape *shape, struct error *err);

/* The PKCS#10 request for an outer CA, in place of a certificate. */
int authority_generation_request(
    struct generation *generation, struct bytes subject, struct key *key, struct error *err);

/* Now, back-dated by ValidityClockSkewMinutes. */
int64_t authority_not_before(const struct authority_context *context);

/* What the audit keeps about a generation. */
void authority_describe(
    const struct generation *generation, const struct managed_key *key, char *out, size_t size);

/* Fills in a fresh serial of a CA certificate. */
void authority_serial(uint8_t serial[static CERT_SERIAL_SIZE]);

#endif

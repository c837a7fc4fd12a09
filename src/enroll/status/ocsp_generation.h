#ifndef ENROLL_STATUS_OCSP_GENERATION_H
#define ENROLL_STATUS_OCSP_GENERATION_H

#include "crypto/ocsp.h"
#include "enroll/issuing/issuer.h"
#include "enroll/status/ocsp_responder.h"
#include "store/certificate_row.h"
#include "store/signing_generations.h"

/*
 * One CA generation as OCSP sees it: what CertIDs call it, the serial number of its own
 * certificate, and what signs for it. Keys are opened when they are needed.
 */
struct ocsp_generation {
	struct signing_generation row;
	struct ocsp_issuer_hashes hashes;
	uint8_t own_serial[CERTIFICATE_ROW_SERIAL_MAX];
	size_t own_serial_len; /* 0: an outer CA signed it, or the number is too long */
	int64_t not_after;
	bool is_listed;                   /* for whoever keeps a list of them */
	struct issuer *issuer;            /* NULL until it signed by itself */
	struct ocsp_responder *responder; /* NULL: not loaded, or none is usable */
	int64_t retry_ms; /* monotonic: a responder that could not be opened is tried again then */
	uint64_t stamp;   /* another one whenever something else signs; never one that was there */
};

void ocsp_generation_free(struct ocsp_generation *generation);
DEFINE_CLEANUP(struct ocsp_generation *, ocsp_generation_free)

/* An empty one, NULL without memory. */
struct ocsp_generation *ocsp_generation_new(void) OWNED(ocsp_generation_free);

/* Reads the certificate of this row. ERR_DATABASE, ERR_NOT_FOUND, ERR_BAD_REQUEST. */
int ocsp_generation_load(struct db *db, const struct signing_generation *row,
    struct ocsp_generation **out, struct error *err);

/* Whether the CertID names this issuer, by SHA-1 or SHA-256. */
bool ocsp_generation_is_issuer(
    const struct ocsp_generation *generation, const struct ocsp_cert_id *id);

/* Whether both have one name and one key, so that no CertID tells them apart. */
bool ocsp_generation_is_same(
    const struct ocsp_generation *generation, const struct ocsp_generation *other);

/* Whether the serial number is that of its own, self-signed certificate. */
bool ocsp_generation_is_itself(const struct ocsp_generation *generation, struct bytes serial);

#endif

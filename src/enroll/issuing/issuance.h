#ifndef ENROLL_ISSUING_ISSUANCE_H
#define ENROLL_ISSUING_ISSUANCE_H

#include "crypto/cert.h"
#include "enroll/issuing/issue.h"
#include "enroll/issuing/issuer.h"

/* The requester's ids as the rows hold them. */
struct issuance_requester {
	bool has_ids; /* tenant and object */
	struct uuid tenant;
	struct uuid object;
	bool has_application;
	struct uuid application;
};

/* One certificate on its way from the decision to its row. */
struct issuance {
	const struct issue_request *request;
	const struct csr *csr;
	struct profile_use use;
	struct ra_profile narrowed; /* use.profile where attributes narrow it; borrows */
	int64_t now;
	struct issuance_requester requester;
	struct policy_grant grant;
	uint8_t serial[CERT_SERIAL_SIZE];
	uint8_t fingerprint[SHA256_SIZE];
	uint8_t spki_hash[SHA256_SIZE];
	uint8_t csr_hash[SHA256_SIZE];
};

/* Reads the ids of a principal; those of a certificate's first requester may be unknown. */
int issuance_requester_read(
    const struct principal *principal, struct issuance_requester *out, struct error *err);

/*
 * Writes the row of a signed certificate, the record of its issuing, and where there is one the
 * journal's. Errors as certificates_insert and journal_issued.
 */
int issuance_record(
    struct db *db, const struct issuance *issuance, struct bytes der, struct error *err);

/* The log line of a certificate whose row is committed. */
void issuance_log(const struct issuance *issuance);

#endif

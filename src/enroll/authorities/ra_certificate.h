#ifndef ENROLL_AUTHORITIES_RA_CERTIFICATE_H
#define ENROLL_AUTHORITIES_RA_CERTIFICATE_H

#include "enroll/authorities/authority.h"

/* A registration authority to make; borrowed. */
struct ra_certificate_plan {
	const char *authority;           /* its name */
	struct authority_key_choice key; /* RSA; its usages are not looked at */
	const char *subject;             /* RFC 4514 text; NULL: CN=AUTHORITY SCEP RA */
	unsigned days; /* the CA certificate's end comes first where it is sooner */
};

struct ra_certificate_outcome {
	struct uuid id; /* of the certificate */
	char key_uri[1025];
	int64_t users; /* retire: how many SCEP profiles name it */
};

/*
 * Makes an RSA key for SCEP and has the authority's active generation certify it: it signs and
 * decrypts messages, is no CA, and is of a type that enrolls and renews nothing. Certificate, key
 * and audit row are recorded together or not at all. ERR_NOT_FOUND for the authority; ERR_CONFIG
 * for a wrong subject or key; ERR_CONFLICT for a key that is on record already; ERR_CA_KEY,
 * ERR_DATABASE. When only the records could not be made, the text says where the new key stays.
 */
int ra_certificate_create(const struct authority_context *context,
    const struct ra_certificate_plan *plan, struct ra_certificate_outcome *out, struct error *err);

/*
 * Retires the key of a registration authority's certificate: SCEP uses it no more. The certificate
 * is not revoked. ERR_NOT_FOUND for any other certificate, ERR_CONFLICT where it is retired.
 */
int ra_certificate_retire(const struct authority_context *context,
    const struct uuid *certificate_id, struct ra_certificate_outcome *out, struct error *err);

#endif

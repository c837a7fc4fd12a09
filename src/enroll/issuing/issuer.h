#ifndef ENROLL_ISSUING_ISSUER_H
#define ENROLL_ISSUING_ISSUER_H

#include "base/cleanup.h"
#include "base/settings.h"
#include "crypto/cert.h"
#include "crypto/key.h"
#include "store/authorities.h"

enum { ISSUER_URL_MAX = 1024, ISSUER_ABSENT = 1 };

/* A CA generation that can sign: its row, its certificate, its opened key, its URLs. */
struct issuer {
	struct generation generation;
	struct cert *cert;
	struct key *key;
	uint8_t made_key_id[20];
	struct bytes
	    key_id; /* what its leaves' AKI names: the certificate's SKI, else as we make it */
	char ca_issuers_https[ISSUER_URL_MAX];
	char ca_issuers_http[ISSUER_URL_MAX];
	char ocsp[ISSUER_URL_MAX];
	char crl[ISSUER_URL_MAX];
	bool adds_cdp; /* whatever the RA profile says ([CRL] AddCdp) */
};

void issuer_free(struct issuer *issuer);
DEFINE_CLEANUP(struct issuer *, issuer_free)

/* An empty one, NULL without memory. */
struct issuer *issuer_new(void) OWNED(issuer_free);

/*
 * Loads the authority's active generation and opens its key. ERR_CA_KEY when
 * none is active (err->number is ISSUER_ABSENT then), the key cannot be opened, or its public key
 * is not the certificate's; ERR_DATABASE. On success *out belongs to the caller.
 */
int issuer_load(struct db *db, const struct settings *settings, const struct uuid *authority_id,
    struct issuer **out, struct error *err);

/*
 * The same for one generation of whatever state that has a certificate: what signs CRLs and OCSP
 * answers. ERR_CA_KEY as above; ERR_NOT_FOUND.
 */
int issuer_load_generation(struct db *db, const struct settings *settings,
    const struct uuid *generation_id, struct issuer **out, struct error *err);

/*
 * What every end-entity certificate of this issuer says: who issued it, and where the issuer's
 * certificate and OCSP answers are. Borrowed from the issuer.
 */
struct cert_template issuer_template(const struct issuer *issuer);

/* Signs a few bytes and verifies the signature: the signing test of /probe. */
int issuer_test(struct issuer *issuer, struct error *err);

#endif

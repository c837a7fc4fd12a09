#ifndef CRYPTO_CERT_HOLDER_H
#define CRYPTO_CERT_HOLDER_H

#include "crypto/cert.h"
#include "crypto/csr.h"

enum { CERT_HOLDER_MAX_SANS = 4096 }; /* more than any RA profile allows */

/* Whom a certificate names and what for; bytes are borrowed from the certificate. */
struct cert_holder {
	struct name name;
	struct san *sans;
	size_t san_count;
	size_t eku_count; /* 0: the extension is not there */
	char ekus[CSR_MAX_EKUS][CSR_OID_MAX];
};

void cert_holder_free(struct cert_holder *holder);
DEFINE_CLEANUP(struct cert_holder *, cert_holder_free)

/*
 * Reads subject, subject alternative names and extended key usages of a certificate that cert_parse
 * took, as strictly as those of a request: what cert_sign made of a request's names reads back.
 * ERR_BAD_REQUEST says what was wrong. On success *out belongs to the caller and borrows from cert.
 */
int cert_holder_read(const struct cert *cert, struct cert_holder **out, struct error *err);

#endif

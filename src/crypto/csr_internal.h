#ifndef CRYPTO_CSR_INTERNAL_H
#define CRYPTO_CSR_INTERNAL_H

#include "crypto/csr.h"

/* What csr*.c, san.c and cert*.c share. */

/*
 * Reads SubjectAltName's value in one pass and judges each name: ERR_NAME, also for more than max
 * of them; ERR_CSR_SYNTAX. *out, NULL for an empty list, is freed by the caller.
 */
int san_read_all(
    struct bytes value, size_t max, struct san **out, size_t *count, struct error *err);

/* Reads ExtKeyUsage's value: at least one OID, each taken once; ERR_CSR_SYNTAX. */
int csr_read_ekus(struct bytes value, char ekus[static CSR_MAX_EKUS][CSR_OID_MAX], size_t *count,
    struct error *err);

/*
 * Reads the attributes of a request (the content of its [0]): what we take goes to
 * csr, the OIDs of the rest to csr->dropped. At most max_sans names.
 */
int csr_attributes_read(struct bytes rest, size_t max_sans, struct csr *csr, struct error *err);

/* Reads KeyUsage's value, a BIT STRING with at least one bit of RFC 5280, 4.2.1.3. */
bool csr_key_usage(struct bytes value, unsigned *out);

/* Appends KeyUsage's value as DER, without trailing zero bits (X.690, 11.2.2). */
void csr_add_key_usage(struct buf *der, unsigned usage);

#endif

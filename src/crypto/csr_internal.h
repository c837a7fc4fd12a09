#ifndef CRYPTO_CSR_INTERNAL_H
#define CRYPTO_CSR_INTERNAL_H

#include "crypto/csr.h"

/* Between csr*.c and san.c; the last two are for the certificates too. */

/* Reads one GeneralName and judges it; ERR_NAME. */
int san_read(struct bytes *rest, struct san *out, struct error *err);

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

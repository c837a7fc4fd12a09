#ifndef CRYPTO_PKCS7_H
#define CRYPTO_PKCS7_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

enum { PKCS7_MAX_CERTS = 64 };

/*
 * Appends a certs-only SignedData in its ContentInfo (RFC 5652, 5.1; RFC 5272, 4.1: degenerate, the
 * inner type is id-data, version 1, no digest algorithms, no content, no signers) with these DER
 * certificates, sorted as DER wants a SET OF sorted (X.690, 11.6). ERR_INTERNAL for none, for more
 * than PKCS7_MAX_CERTS, or when der is too small.
 */
int pkcs7_certs(const struct bytes *certs, size_t count, struct buf *der, struct error *err);

#endif

#ifndef CRYPTO_CSR_ATTRS_H
#define CRYPTO_CSR_ATTRS_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/* What a CA wants of a request, for CsrAttrs (RFC 7030, 4.5.2). */
struct csr_attrs {
	bool rsa;
	unsigned rsa_bits; /* the least */
	bool p256, p384, ed25519;
	bool sans; /* subject alternative names may be asked for */
	bool ekus; /* extended key usages may be asked for */
	bool key_usage;
};

/*
 * Appends CsrAttrs as DER: the key types as attributes (rsaEncryption with its least size,
 * id-ecPublicKey with its curves), the extensions that may be asked for as OIDs (an attribute
 * id-ExtensionReq would have to give their values: RFC 9908, 3.2, which corrects the example of
 * RFC 7030, 4.5.2), and the signature algorithms that go with the keys; id-Ed25519 is both. An
 * empty SEQUENCE where nothing is wanted. ERR_INTERNAL for an RSA size that is none, or when der is
 * too small.
 */
int csr_attrs_write(const struct csr_attrs *wanted, struct buf *der, struct error *err);

#endif

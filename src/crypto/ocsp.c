/* What OCSP requests and responses have in common: an issuer's hashes, and answers without one. */
#include "crypto/ocsp.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "crypto/der.h"

static int
hash(gnutls_digest_algorithm_t algorithm, struct bytes data, uint8_t *out, struct error *err)
{
	int rc = gnutls_hash_fast(algorithm, data.ptr, data.len, out);

	if (rc < 0)
		return error_set(err, ERR_INTERNAL, "hash of an issuer: %s", gnutls_strerror(rc));
	return 0;
}

int
ocsp_issuer_hashes(
    struct bytes issuer_name, struct bytes spki, struct ocsp_issuer_hashes *out, struct error *err)
{
	struct bytes rest, algorithm, bits;
	unsigned unused;

	/* RFC 6960, 4.1.1: the key's bits without tag, length and number of unused bits. */
	if (!der_only(spki, DER_SEQUENCE, &rest) || !der_take(&rest, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&rest, &bits, &unused) || unused != 0 || rest.len != 0)
		return error_set(err, ERR_INTERNAL, "malformed SubjectPublicKeyInfo");
	if (hash(GNUTLS_DIG_SHA1, issuer_name, out->name_sha1, err) < 0 ||
	    hash(GNUTLS_DIG_SHA1, bits, out->key_sha1, err) < 0 ||
	    hash(GNUTLS_DIG_SHA256, issuer_name, out->name_sha256, err) < 0)
		return -1;
	return hash(GNUTLS_DIG_SHA256, bits, out->key_sha256, err);
}

void
ocsp_error_response(enum ocsp_error error, struct buf *der)
{
	uint8_t status = (uint8_t)error;
	size_t mark = der_open(der, DER_SEQUENCE);

	der_add(der, DER_ENUMERATED, bytes_of(&status, 1));
	der_close(der, mark);
}

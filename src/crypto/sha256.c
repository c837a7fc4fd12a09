/* SHA-256 by GnuTLS. */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "crypto/key.h"

int
sha256(struct bytes data, uint8_t out[static SHA256_SIZE], struct error *err)
{
	int rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, data.ptr, data.len, out);

	if (rc < 0)
		return error_set(err, ERR_INTERNAL, "SHA-256: %s", gnutls_strerror(rc));
	return 0;
}

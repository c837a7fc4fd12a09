/* Certificates in a PKCS#7 SignedData that nobody signed, as EST and SCEP hand them out. */
#include "crypto/pkcs7.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/oids.h"

/* X.690, 11.6: as octet strings; no element in DER is the beginning of another. */
static int
compare(const void *a, const void *b)
{
	const struct bytes *x = a, *y = b;

	return memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
}

static int
sort(const struct bytes *certs, size_t count, struct bytes out[PKCS7_MAX_CERTS], struct error *err)
{
	struct bytes content;

	if (count == 0 || count > PKCS7_MAX_CERTS)
		return error_set(err, ERR_INTERNAL, "%zu certificates for a PKCS#7, not 1 to %d",
		    count, PKCS7_MAX_CERTS);
	for (size_t i = 0; i < count; i++) {
		if (!der_only(certs[i], DER_SEQUENCE, &content))
			return error_set(
			    err, ERR_INTERNAL, "what goes into a PKCS#7 is not a certificate");
		out[i] = certs[i];
	}
	qsort(out, count, sizeof(out[0]), compare);
	return 0;
}

int
pkcs7_certs(const struct bytes *certs, size_t count, struct buf *der, struct error *err)
{
	struct bytes sorted[PKCS7_MAX_CERTS] = { { NULL, 0 } };
	size_t info, wrapped, data, inner, list;

	if (sort(certs, count, sorted, err) < 0)
		return -1;
	info = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, DER_BYTES(DER_OID_SIGNED_DATA));
	wrapped = der_open(der, DER_CONTEXT_OF(0));
	data = der_open(der, DER_SEQUENCE);
	der_add(der, DER_INTEGER, DER_BYTES("\x01")); /* CMSVersion: RFC 5652, 5.1 */
	der_add(der, DER_SET, bytes_of(NULL, 0));     /* digestAlgorithms */
	inner = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, DER_BYTES(DER_OID_DATA));
	der_close(der, inner);
	list = der_open(der, DER_CONTEXT_OF(0));
	for (size_t i = 0; i < count; i++)
		buf_add(der, sorted[i]);
	der_close(der, list);
	der_add(der, DER_SET, bytes_of(NULL, 0)); /* signerInfos */
	der_close(der, data);
	der_close(der, wrapped);
	der_close(der, info);
	return buf_failed(der)
		   ? error_set(err, ERR_INTERNAL, "no room for a PKCS#7 of %zu certificates", count)
		   : 0;
}

/* Writing the extensions that certificates, CRLs and OCSP responses share the form of. */
#include "crypto/extension.h"

#include "crypto/der.h"

struct extension_marks
extension_open(struct buf *der, struct bytes oid, bool critical)
{
	struct extension_marks marks;

	marks.whole = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, oid);
	/* X.690, 11.5: DEFAULT FALSE is left out. */
	if (critical)
		der_add(der, DER_BOOLEAN, DER_BYTES("\xff"));
	marks.value = der_open(der, DER_OCTET_STRING);
	return marks;
}

void
extension_close(struct buf *der, struct extension_marks marks)
{
	der_close(der, marks.value);
	der_close(der, marks.whole);
}

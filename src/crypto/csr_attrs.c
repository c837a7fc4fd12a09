/* CsrAttrs (RFC 7030, 4.5.2): what an EST server tells its clients to put into a request. */
#include "crypto/csr_attrs.h"

#include "crypto/der.h"
#include "crypto/oids.h"

#define OID_RSA "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"        /* 1.2.840.113549.1.1.1 */
#define OID_RSA_SHA256 "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b" /* 1.2.840.113549.1.1.11 */
#define OID_EC "\x2a\x86\x48\xce\x3d\x02\x01"                 /* 1.2.840.10045.2.1 */
#define OID_P256 "\x2a\x86\x48\xce\x3d\x03\x01\x07"           /* 1.2.840.10045.3.1.7 */
#define OID_P384 "\x2b\x81\x04\x00\x22"                       /* 1.3.132.0.34 */
#define OID_ECDSA_SHA256 "\x2a\x86\x48\xce\x3d\x04\x03\x02"   /* 1.2.840.10045.4.3.2 */
#define OID_ECDSA_SHA384 "\x2a\x86\x48\xce\x3d\x04\x03\x03"   /* 1.2.840.10045.4.3.3 */
#define OID_ED25519 "\x2b\x65\x70"                            /* 1.3.101.112 */

enum { RSA_BITS_MAX = 32767 };

static void
add_oid(struct buf *der, bool wanted, struct bytes oid)
{
	if (wanted)
		der_add(der, DER_OID, oid);
}

/* RFC 9908, 5.4: the size is an INTEGER. */
static void
add_rsa(const struct csr_attrs *wanted, struct buf *der)
{
	const uint8_t bits[] = { (uint8_t)(wanted->rsa_bits >> 8), (uint8_t)wanted->rsa_bits };
	size_t attribute, values;

	if (!wanted->rsa)
		return;
	attribute = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, DER_BYTES(OID_RSA));
	values = der_open(der, DER_SET);
	der_add(der, DER_INTEGER, bytes_of(bits, sizeof(bits)));
	der_close(der, values);
	der_close(der, attribute);
}

/* The curves in the order of a SET OF (X.690, 11.6). */
static void
add_ec(const struct csr_attrs *wanted, struct buf *der)
{
	size_t attribute, values;

	if (!wanted->p256 && !wanted->p384)
		return;
	attribute = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, DER_BYTES(OID_EC));
	values = der_open(der, DER_SET);
	add_oid(der, wanted->p384, DER_BYTES(OID_P384));
	add_oid(der, wanted->p256, DER_BYTES(OID_P256));
	der_close(der, values);
	der_close(der, attribute);
}

/* Its values must be what the request shall hold, so an extension without value is an OID alone
 * (RFC 9908, 3.2 and 5.2). */
static void
add_extensions(const struct csr_attrs *wanted, struct buf *der)
{
	add_oid(der, wanted->sans, DER_BYTES(DER_OID_SUBJECT_ALT_NAME));
	add_oid(der, wanted->key_usage, DER_BYTES(DER_OID_KEY_USAGE));
	add_oid(der, wanted->ekus, DER_BYTES(DER_OID_EXTENDED_KEY_USAGE));
}

int
csr_attrs_write(const struct csr_attrs *wanted, struct buf *der, struct error *err)
{
	size_t all;

	/* Two octets without a zero in front and without a sign. */
	if (wanted->rsa && (wanted->rsa_bits < 256 || wanted->rsa_bits > RSA_BITS_MAX))
		return error_set(
		    err, ERR_INTERNAL, "CsrAttrs with an RSA key of %u bits", wanted->rsa_bits);
	all = der_open(der, DER_SEQUENCE);
	add_rsa(wanted, der);
	add_ec(wanted, der);
	add_extensions(wanted, der);
	add_oid(der, wanted->rsa, DER_BYTES(OID_RSA_SHA256));
	add_oid(der, wanted->p256, DER_BYTES(OID_ECDSA_SHA256));
	add_oid(der, wanted->p384, DER_BYTES(OID_ECDSA_SHA384));
	/* Key and signature have one OID (RFC 8410, 3). */
	add_oid(der, wanted->ed25519, DER_BYTES(OID_ED25519));
	der_close(der, all);
	return buf_failed(der) ? error_set(err, ERR_INTERNAL, "no room for CsrAttrs") : 0;
}

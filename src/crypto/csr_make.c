/* Making a PKCS#10 request for a CA key of ours. */
#include "crypto/csr.h"
#include "crypto/csr_internal.h"
#include "crypto/der.h"
#include "crypto/oids.h"

enum { REQUEST_MAX = 16384, SIGNATURE_MAX = 2048 };

void
csr_add_key_usage(struct buf *der, unsigned usage)
{
	uint8_t octets[2] = { (uint8_t)(usage & 0xff), (uint8_t)(usage >> 8) };
	size_t count = octets[1] != 0 ? 2 : 1;
	unsigned unused = 0;

	while (unused < 7 && (octets[count - 1] >> unused & 1) == 0)
		unused++;
	der_add_bits(der, bytes_of(octets, count), unused);
}

/* The attributes: BasicConstraints and KeyUsage of a CA, both critical. */
static void
add_attributes(struct buf *der)
{
	size_t attributes = der_open(der, DER_CONTEXT_OF(0));
	size_t attribute = der_open(der, DER_SEQUENCE), values, list, extension, value;

	der_add(der, DER_OID, DER_BYTES(DER_OID_EXTENSION_REQUEST));
	values = der_open(der, DER_SET);
	list = der_open(der, DER_SEQUENCE);

	extension = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, DER_BYTES(DER_OID_BASIC_CONSTRAINTS));
	der_add(der, DER_BOOLEAN, DER_BYTES("\xff"));
	der_add(der, DER_OCTET_STRING, DER_BYTES("\x30\x03\x01\x01\xff"));
	der_close(der, extension);

	extension = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, DER_BYTES(DER_OID_KEY_USAGE));
	der_add(der, DER_BOOLEAN, DER_BYTES("\xff"));
	value = der_open(der, DER_OCTET_STRING);
	csr_add_key_usage(der, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	der_close(der, value);
	der_close(der, extension);

	der_close(der, list);
	der_close(der, values);
	der_close(der, attribute);
	der_close(der, attributes);
}

int
csr_make_ca(struct bytes subject, struct key *key, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf info = BUF_INIT(REQUEST_MAX);
	cleanup(buf_release) struct buf whole = BUF_INIT(REQUEST_MAX + SIGNATURE_MAX);
	cleanup(buf_release) struct buf signature = BUF_INIT(SIGNATURE_MAX);
	size_t mark = der_open(&info, DER_SEQUENCE);

	der_add(&info, DER_INTEGER, DER_BYTES("\0"));
	buf_add(&info, subject);
	buf_add(&info, key_public(key));
	add_attributes(&info);
	der_close(&info, mark);
	if (key_sign(key, buf_bytes(&info), &signature, err) < 0)
		return -1;
	mark = der_open(&whole, DER_SEQUENCE);
	buf_add(&whole, buf_bytes(&info));
	buf_add(&whole, key_signature_algorithm(key));
	der_add_bits(&whole, buf_bytes(&signature), 0);
	der_close(&whole, mark);
	if (buf_failed(&info) || buf_failed(&whole) || buf_failed(&signature))
		return error_set(
		    err, ERR_INTERNAL, "the request would be larger than %d octets", REQUEST_MAX);
	buf_add(der, buf_bytes(&whole));
	return 0;
}

/* The texts of a certificate as CZERTAINLY's clients show and compare them. */
#include "api/management/certificate_dto_text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "crypto/der.h"

enum { RDNS_MAX = NAME_MAX_ATTRIBUTES, RDN_TEXT_MAX = 16384, DIGITS_MAX = 128 };

/* RFC 3279, 4055, 5758, 8410; the names that Java gives them. */
static const struct {
	const char *oid;
	const char *name;
} SIGNATURES[] = {
	{ "1.2.840.113549.1.1.11", "SHA256withRSA" },
	{ "1.2.840.113549.1.1.12", "SHA384withRSA" },
	{ "1.2.840.113549.1.1.13", "SHA512withRSA" },
	{ "1.2.840.113549.1.1.5", "SHA1withRSA" },
	{ "1.2.840.10045.4.3.2", "SHA256withECDSA" },
	{ "1.2.840.10045.4.3.3", "SHA384withECDSA" },
	{ "1.2.840.10045.4.3.4", "SHA512withECDSA" },
	{ "1.3.101.112", "Ed25519" },
};

static const struct {
	const char *type;
	const char *name;
} KEYS[] = {
	{ "rsa", "RSA" },
	{ "p256", "ECDSA" },
	{ "p384", "ECDSA" },
	{ "ed25519", "Ed25519" },
};

/* The name's only attribute; its keyword or dotted OID is what name_text has in front of the "=".
 */
static void
add_attribute(const struct name *alone, struct buf *out)
{
	cleanup(buf_release) struct buf text = BUF_INIT(RDN_TEXT_MAX);
	const uint8_t *equals;

	name_text(alone, &text);
	equals = text.len > 0 ? memchr(text.data, '=', text.len) : NULL;
	if (equals == NULL) {
		out->failed = true;
		return;
	}
	buf_add(out, bytes_of(text.data, (size_t)(equals - text.data) + 1));
	buf_add_text(out, alone->attributes[0].value);
}

/* An RDN is read as a name of its own, which keeps its attributes together. */
static bool
read_rdn(struct bytes rdn, struct name *out)
{
	cleanup(buf_release) struct buf alone = BUF_INIT(RDN_TEXT_MAX);
	struct error ignored = { .code = ERR_NONE };

	der_add(&alone, DER_SEQUENCE, rdn);
	return !buf_failed(&alone) && name_read(buf_bytes(&alone), out, &ignored) == 0;
}

static bool
add_rdn(struct bytes rdn, struct buf *out)
{
	struct name name;
	size_t count;

	if (!read_rdn(rdn, &name))
		return false;
	count = name.count;
	name.count = 1;
	/* Those before are written already, so that the first place is free. */
	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			buf_add_byte(out, '+');
			name.attributes[0] = name.attributes[i];
		}
		add_attribute(&name, out);
	}
	return true;
}

static bool
add_rdns(const struct bytes *rdns, size_t count, struct buf *out)
{
	for (size_t i = count; i > 0; i--) {
		if (i < count)
			buf_add_text(out, ", ");
		if (!add_rdn(rdns[i - 1], out))
			return false;
	}
	return true;
}

static bool
add_name(struct bytes name, struct buf *out)
{
	struct bytes rest, rdns[RDNS_MAX];
	size_t count = 0;

	if (!der_only(name, DER_SEQUENCE, &rest))
		return false;
	for (; rest.len > 0; count++)
		if (count == RDNS_MAX || !der_take_whole(&rest, DER_SET, &rdns[count]))
			return false;
	return add_rdns(rdns, count, out);
}

void
certificate_dto_text_dn(struct bytes name, struct buf *out)
{
	cleanup(buf_release) struct buf text = BUF_INIT(RDN_TEXT_MAX);

	if (add_name(name, &text)) {
		buf_add(out, buf_bytes(&text));
		out->failed = out->failed || buf_failed(&text);
		return;
	}
	buf_add_byte(out, '#');
	hex_encode(name, out);
}

bool
certificate_dto_text_common_name(struct bytes name, char out[static NAME_VALUE_MAX])
{
	struct error ignored = { .code = ERR_NONE };
	struct name read;

	if (name_read(name, &read, &ignored) < 0)
		return false;
	for (size_t i = read.count; i > 0; i--)
		if (strcmp(read.attributes[i - 1].oid, OID_COMMON_NAME) == 0) {
			memcpy(out, read.attributes[i - 1].value, NAME_VALUE_MAX);
			return true;
		}
	return false;
}

void
certificate_dto_text_signature(struct bytes certificate, struct buf *out)
{
	struct bytes rest, tbs, algorithm, oid;
	char text[64] = "";

	if (!der_only(certificate, DER_SEQUENCE, &rest) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &tbs) ||
	    !der_take(&rest, DER_SEQUENCE, &algorithm) || !der_take_oid(&algorithm, &oid) ||
	    !der_oid_text(oid, text, sizeof(text)))
		return;
	for (size_t i = 0; i < sizeof(SIGNATURES) / sizeof(SIGNATURES[0]); i++)
		if (strcmp(SIGNATURES[i].oid, text) == 0) {
			buf_add_text(out, SIGNATURES[i].name);
			return;
		}
	buf_add_text(out, text);
}

const char *
certificate_dto_text_key(const char *key_type)
{
	for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]); i++)
		if (strcmp(KEYS[i].type, key_type) == 0)
			return KEYS[i].name;
	return key_type;
}

void
certificate_dto_text_serial(struct bytes serial, struct buf *out)
{
	cleanup(buf_release) struct buf digits = BUF_INIT(DIGITS_MAX);
	struct bytes text;

	hex_encode(serial, &digits);
	text = buf_bytes(&digits);
	while (text.len > 1 && text.ptr[0] == '0')
		text = bytes_of(text.ptr + 1, text.len - 1);
	buf_add(out, text);
	out->failed = out->failed || buf_failed(&digits);
}

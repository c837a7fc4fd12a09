/* The forms in which clients send a certificate request. */
#define _GNU_SOURCE
#include "api/enrollment/csr_body.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"

enum { DER_SEQUENCE = 0x30, DER_OID = 0x06, DER_CONTEXT_0 = 0xa0, MAX_TEXT = 2 * 1024 * 1024 };

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes
trim(struct bytes text)
{
	while (text.len > 0 && is_space(text.ptr[0]))
		text = bytes_of(text.ptr + 1, text.len - 1);
	while (text.len > 0 && is_space(text.ptr[text.len - 1]))
		text.len--;
	return text;
}

static bool
starts_with(struct bytes text, const char *prefix)
{
	struct bytes wanted = bytes_text(prefix);

	return text.len >= wanted.len && bytes_equal(bytes_of(text.ptr, wanted.len), wanted);
}

static struct bytes
skip(struct bytes text, size_t len)
{
	return bytes_of(text.ptr + len, text.len - len);
}

/* The lengths of a DER header and its contents; false when it is not one of ours. */
static bool
read_header(struct bytes der, size_t *header, size_t *content)
{
	size_t count;

	if (der.len < 2)
		return false;
	*header = 2;
	*content = der.ptr[1];
	if (der.ptr[1] < 0x80)
		return true;
	count = der.ptr[1] & 0x7fU;
	if (count == 0 || count > 3 || der.len < 2 + count)
		return false;
	*header += count;
	*content = 0;
	for (size_t i = 0; i < count; i++)
		*content = *content << 8 | der.ptr[2 + i];
	return true;
}

/* Tells the requests from what else clients are known to send. */
static int
check_kind(struct bytes content, struct error *err)
{
	size_t header = 0, len = 0;

	if (content.len > 0 && content.ptr[0] == DER_OID)
		return error_set(err, ERR_BODY_FORM,
		    "the body is a CMS or PKCS#7 message, not a PKCS#10 request");
	if (content.len > 0 && content.ptr[0] == DER_SEQUENCE &&
	    read_header(content, &header, &len) && content.len > header &&
	    content.ptr[header] == DER_CONTEXT_0)
		return error_set(
		    err, ERR_BODY_FORM, "the body is a certificate, not a PKCS#10 request");
	return 0;
}

static int
check_der(struct bytes der, struct error *err)
{
	size_t header = 0, content = 0;

	if (!read_header(der, &header, &content))
		return error_set(
		    err, ERR_CSR_SYNTAX, "the request's outer DER length is malformed");
	if (der.len - header < content)
		return error_set(err, ERR_CSR_SYNTAX, "the request is truncated: %zu bytes of %zu",
		    der.len, header + content);
	if (check_kind(bytes_of(der.ptr + header, content), err) < 0)
		return -1;
	if (der.len - header > content && der.ptr[header + content] == DER_SEQUENCE)
		return error_set(err, ERR_BODY_FORM, "the body holds more than one request");
	if (der.len - header > content)
		return error_set(err, ERR_CSR_SYNTAX, "%zu bytes after the end of the request",
		    der.len - header - content);
	return 0;
}

/* Base64 with white space anywhere between its characters (RFC 7468, 2). */
static int
decode_base64(struct bytes text, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf joined = BUF_INIT(MAX_TEXT);

	for (size_t i = 0; i < text.len; i++)
		if (!is_space(text.ptr[i]))
			buf_add_byte(&joined, text.ptr[i]);
	if (buf_failed(&joined))
		return error_set(err, ERR_TOO_LARGE, "the body is too large");
	if (base64_decode(buf_bytes(&joined), der, err) < 0) {
		error_clear(err);
		return error_set(err, ERR_BODY_FORM,
		    "the body is neither DER nor PEM nor base64 of a PKCS#10 request");
	}
	if (der->len == 0 || der->data[0] != DER_SEQUENCE)
		return error_set(
		    err, ERR_BODY_FORM, "the body's base64 does not hold a PKCS#10 request");
	return check_der(buf_bytes(der), err);
}

/* The text between the labels; what stands behind the end must be white space. */
static int
decode_pem(
    struct bytes text, const char *begin, const char *end, struct buf *der, struct error *err)
{
	struct bytes rest = skip(text, strlen(begin));
	const uint8_t *at = memmem(rest.ptr, rest.len, end, strlen(end));
	struct bytes after;

	if (at == NULL)
		return error_set(err, ERR_CSR_SYNTAX, "the PEM request is truncated: no end line");
	after = trim(skip(rest, (size_t)(at - rest.ptr) + strlen(end)));
	if (starts_with(after, "-----BEGIN"))
		return error_set(err, ERR_BODY_FORM, "the body holds more than one PEM block");
	if (after.len > 0)
		return error_set(err, ERR_BODY_FORM, "%zu bytes after the PEM request", after.len);
	return decode_base64(trim(bytes_of(rest.ptr, (size_t)(at - rest.ptr))), der, err);
}

static int
decode_any_pem(struct bytes text, struct buf *der, struct error *err)
{
	static const struct {
		const char *begin, *end;
	} labels[] = {
		{ "-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----" },
		{ "-----BEGIN NEW CERTIFICATE REQUEST-----",
		    "-----END NEW CERTIFICATE REQUEST-----" },
	};

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (starts_with(text, labels[i].begin))
			return decode_pem(text, labels[i].begin, labels[i].end, der, err);
	if (starts_with(text, "-----BEGIN CERTIFICATE-----"))
		return error_set(
		    err, ERR_BODY_FORM, "the body is a certificate, not a PKCS#10 request");
	if (starts_with(text, "-----BEGIN PKCS7-----") || starts_with(text, "-----BEGIN CMS-----"))
		return error_set(err, ERR_BODY_FORM,
		    "the body is a CMS or PKCS#7 message, not a PKCS#10 request");
	return error_set(err, ERR_BODY_FORM, "the body's PEM label is not CERTIFICATE REQUEST");
}

int
csr_body_decode(struct bytes body, struct buf *der, struct error *err)
{
	struct bytes text = trim(body);

	if (text.len == 0)
		return error_set(err, ERR_BODY_FORM, "the body is empty");
	/* '0' is 0x30 too, but no base64 of a DER SEQUENCE starts with it. */
	if (body.ptr[0] == DER_SEQUENCE) {
		if (check_der(body, err) < 0)
			return -1;
		buf_add(der, body);
		return buf_failed(der) ? error_set(err, ERR_TOO_LARGE, "the body is too large") : 0;
	}
	if (starts_with(text, "-----BEGIN"))
		return decode_any_pem(text, der, err);
	return decode_base64(text, der, err);
}

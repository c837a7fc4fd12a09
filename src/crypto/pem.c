/* PEM text (RFC 7468): writing, and reading with tolerance for white space alone. */
#define _GNU_SOURCE
#include <string.h>

#include "base/enc.h"
#include "crypto/cert.h"

enum { LINE = 64, LABEL_MAX = 64, PEM_TEXT_MAX = 1048576 };

void
pem_encode(const char *label, struct bytes der, struct buf *out)
{
	cleanup(buf_release) struct buf text = BUF_INIT(PEM_TEXT_MAX);

	base64_encode(der, &text);
	out->failed = out->failed || buf_failed(&text);
	buf_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t at = 0; at < text.len; at += LINE) {
		size_t len = text.len - at < LINE ? text.len - at : LINE;

		buf_add(out, bytes_of(text.data + at, len));
		buf_add_byte(out, '\n');
	}
	buf_printf(out, "-----END %s-----\n", label);
}

/* Where "-----WHAT label-----" begins at or after `from`; false when nowhere. */
static bool
find_marker(struct bytes text, size_t from, struct bytes marker, size_t *at)
{
	const uint8_t *found = NULL;

	if (from < text.len)
		found = memmem(text.ptr + from, text.len - from, marker.ptr, marker.len);
	if (found == NULL)
		return false;
	*at = (size_t)(found - text.ptr);
	return true;
}

static void
add_without_space(struct bytes text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			buf_add_byte(out, c);
	}
}

int
pem_decode(struct bytes text, const char *label, size_t *offset, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf begin = BUF_INIT(LABEL_MAX + 32);
	cleanup(buf_release) struct buf end = BUF_INIT(LABEL_MAX + 32);
	cleanup(buf_release) struct buf base64 = BUF_INIT(PEM_TEXT_MAX);
	cleanup(buf_release) struct buf decoded = BUF_INIT(PEM_TEXT_MAX);
	size_t start, stop;

	buf_printf(&begin, "-----BEGIN %s-----", label);
	buf_printf(&end, "-----END %s-----", label);
	if (!find_marker(text, *offset, buf_bytes(&begin), &start))
		return error_set(err, ERR_BAD_REQUEST, "no PEM block \"%s\"", label);
	start += begin.len;
	if (!find_marker(text, start, buf_bytes(&end), &stop))
		return error_set(err, ERR_BAD_REQUEST, "PEM block \"%s\" has no end", label);
	add_without_space(bytes_of(text.ptr + start, stop - start), &base64);
	if (buf_failed(&base64) || base64.len == 0)
		return error_set(
		    err, ERR_BAD_REQUEST, "PEM block \"%s\" is empty or too large", label);
	if (base64_decode(buf_bytes(&base64), &decoded, err) < 0)
		return error_prefix(err, "PEM block \"%s\"", label);
	buf_add(der, buf_bytes(&decoded));
	if (buf_failed(der))
		return error_set(err, ERR_BAD_REQUEST, "PEM block \"%s\" is too large", label);
	*offset = stop + end.len;
	return 0;
}

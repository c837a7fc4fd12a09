/* The forms in which web servers pass a client certificate on. */
#define _GNU_SOURCE
#include "api/access/client_cert_text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "crypto/cert.h"

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";
static const char white_space[] = " \t\r\n";

/* One octet by its two digits behind a '%'. */
static int
add_escaped(struct bytes digits, struct buf *out, struct error *err)
{
	size_t before = out->len;

	if (digits.len == 2 && hex_decode(digits, out, err) == 0 && out->len > before &&
	    out->data[before] != '\0')
		return 0;
	error_clear(err);
	return error_set(
	    err, ERR_CLIENT_CERT, "the client certificate's text has a malformed escape");
}

/* RFC 3986, 2.1. A '+' is itself: base64 has it, and this is no HTML form. */
static int
unescape(struct bytes text, struct buf *out, struct error *err)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t left = text.len - i - 1;

		if (text.ptr[i] != '%') {
			buf_add_byte(out, text.ptr[i]);
			continue;
		}
		if (add_escaped(bytes_of(text.ptr + i + 1, left < 2 ? left : 2), out, err) < 0)
			return -1;
		i += 2;
	}
	return 0;
}

/* The block must stand alone: what a web server put around it would be no certificate's. */
static int
decode_pem(const char *text, struct buf *der, struct error *err)
{
	struct error why = { .code = ERR_NONE };
	size_t end = 0;

	text += strspn(text, white_space);
	if (strncmp(text, begin_line, sizeof(begin_line) - 1) != 0)
		return error_set(err, ERR_CLIENT_CERT,
		    "the web server's text of the client certificate is no PEM certificate");
	if (pem_decode(bytes_text(text), "CERTIFICATE", &end, der, &why) < 0)
		return error_set(err, ERR_CLIENT_CERT, "the client certificate: %s", why.text);
	text += end;
	if (text[strspn(text, white_space)] != '\0')
		return error_set(err, ERR_CLIENT_CERT,
		    "there is more behind the client certificate than its PEM text");
	return 0;
}

int
client_cert_text_decode(const char *text, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(CLIENT_CERT_TEXT_MAX + 1);
	size_t len = strnlen(text, CLIENT_CERT_TEXT_MAX + 1);

	if (len > CLIENT_CERT_TEXT_MAX)
		return error_set(err, ERR_CLIENT_CERT,
		    "the client certificate's text is longer than %d octets", CLIENT_CERT_TEXT_MAX);
	/* PEM itself has no '%' */
	if (memchr(text, '%', len) == NULL)
		return decode_pem(text, der, err);
	if (unescape(bytes_of(text, len), &plain, err) < 0)
		return -1;
	return decode_pem(buf_text(&plain), der, err);
}

/* Base64, base64url and hexadecimal, strict on the way in. */
#include "base/enc.h"

#include <stdbool.h>

/* Input is turned over in pieces: 48 quads of text, 144 bytes of data. */
enum { QUADS = 48, PIECE_TEXT = QUADS * 4, PIECE_DATA = QUADS * 3 };

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char ALPHABET_URL[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* What the letters and digits stand for, plus one, from '0' to 'z'; 0 is neither. */
static const uint8_t VALUES[] = { 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 0, 0, 0, 0, 0, 0, 0, 1, 2,
	3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0,
	0, 0, 0, 0, 0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45,
	46, 47, 48, 49, 50, 51, 52 };

/* Encodes at most PIECE_DATA bytes; returns the number of characters without padding. */
static size_t
encode_piece(struct bytes data, const char *alphabet, char out[static PIECE_TEXT])
{
	size_t len = 0;

	for (size_t i = 0; i < data.len; i += 3) {
		uint32_t quad = (uint32_t)data.ptr[i] << 16;

		if (i + 1 < data.len)
			quad |= (uint32_t)data.ptr[i + 1] << 8;
		if (i + 2 < data.len)
			quad |= data.ptr[i + 2];
		for (unsigned shift = 24; shift > 0; shift -= 6)
			out[len++] = alphabet[(quad >> (shift - 6)) & 0x3f];
	}
	return len - (data.len % 3 == 0 ? 0 : 3 - data.len % 3);
}

static void
encode(struct bytes data, const char *alphabet, struct buf *out)
{
	char piece[PIECE_TEXT];

	while (data.len > 0) {
		size_t take_len = data.len < PIECE_DATA ? data.len : PIECE_DATA;
		size_t len = encode_piece(bytes_of(data.ptr, take_len), alphabet, piece);

		buf_add(out, bytes_of(piece, len));
		data = bytes_of(data.ptr + take_len, data.len - take_len);
	}
}

void
base64_encode(struct bytes data, struct buf *out)
{
	encode(data, ALPHABET, out);
	if (data.len % 3 != 0)
		buf_add_text(out, data.len % 3 == 1 ? "==" : "=");
}

void
base64url_encode(struct bytes data, struct buf *out)
{
	encode(data, ALPHABET_URL, out);
}

/* The six bits of a character plus one, or 0. */
static uint32_t
value_of(uint8_t c, const char *alphabet)
{
	if (c >= '0' && c <= 'z' && VALUES[c - '0'] != 0)
		return VALUES[c - '0'];
	if (c == (uint8_t)alphabet[62])
		return 63;
	return c == (uint8_t)alphabet[63] ? 64 : 0;
}

static int
wrong_character(uint8_t c, size_t offset, struct error *err)
{
	return error_set(
	    err, ERR_BAD_REQUEST, "byte 0x%02x at offset %zu is not allowed in base64", c, offset);
}

/* Decodes whole quads; the caller has seen to it that text.len is a multiple of 4. */
static int
decode_quads(struct bytes text, const char *alphabet, struct buf *out, struct error *err)
{
	uint8_t piece[PIECE_DATA];
	size_t len = 0;

	for (size_t i = 0; i < text.len; i += 4) {
		uint32_t quad = 0;

		for (size_t j = i; j < i + 4; j++) {
			uint32_t value = value_of(text.ptr[j], alphabet);

			if (value == 0)
				return wrong_character(text.ptr[j], j, err);
			quad = quad << 6 | (value - 1);
		}
		piece[len++] = (uint8_t)(quad >> 16);
		piece[len++] = (uint8_t)(quad >> 8);
		piece[len++] = (uint8_t)quad;
		if (len == PIECE_DATA) {
			buf_add(out, bytes_of(piece, len));
			len = 0;
		}
	}
	buf_add(out, bytes_of(piece, len));
	return 0;
}

/* Decodes the last 2 or 3 characters, whose unused bits must be zero (RFC 4648, 3.5). */
static int
decode_rest(
    struct bytes text, size_t from, const char *alphabet, struct buf *out, struct error *err)
{
	uint32_t bits = 0;
	size_t rest = text.len - from;

	for (size_t i = from; i < text.len; i++) {
		uint32_t value = value_of(text.ptr[i], alphabet);

		if (value == 0)
			return wrong_character(text.ptr[i], i, err);
		bits = bits << 6 | (value - 1);
	}
	if ((bits & (rest == 2 ? 0x0fU : 0x03U)) != 0)
		return error_set(
		    err, ERR_BAD_REQUEST, "unused bits at the end of base64 are not zero");
	bits >>= rest == 2 ? 4 : 2;
	if (rest == 3)
		buf_add_byte(out, (uint8_t)(bits >> 8));
	buf_add_byte(out, (uint8_t)bits);
	return 0;
}

/* Decodes text without padding. */
static int
decode(struct bytes text, const char *alphabet, struct buf *out, struct error *err)
{
	size_t whole = text.len - text.len % 4;

	if (text.len % 4 == 1)
		return error_set(
		    err, ERR_BAD_REQUEST, "base64 of %zu characters cannot be", text.len);
	if (decode_quads(bytes_of(text.ptr, whole), alphabet, out, err) < 0 ||
	    (whole < text.len && decode_rest(text, whole, alphabet, out, err) < 0))
		return -1;
	if (buf_failed(out))
		return error_set(
		    err, ERR_BAD_REQUEST, "base64 holds more than %zu bytes", out->max);
	return 0;
}

int
base64_decode(struct bytes text, struct buf *out, struct error *err)
{
	size_t padding = 0;

	if (text.len % 4 != 0)
		return error_set(err, ERR_BAD_REQUEST,
		    "the length of base64 must be a multiple of 4, it is %zu", text.len);
	while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=')
		padding++;
	return decode(bytes_of(text.ptr, text.len - padding), ALPHABET, out, err);
}

int
base64url_decode(struct bytes text, struct buf *out, struct error *err)
{
	return decode(text, ALPHABET_URL, out, err);
}

static void
hex_add(struct bytes data, const char *digits, struct buf *out)
{
	for (size_t i = 0; i < data.len; i++) {
		const char pair[2] = { digits[data.ptr[i] >> 4], digits[data.ptr[i] & 0x0f] };

		buf_add(out, bytes_of(pair, sizeof(pair)));
	}
}

void
hex_encode(struct bytes data, struct buf *out)
{
	hex_add(data, "0123456789abcdef", out);
}

void
hex_encode_upper(struct bytes data, struct buf *out)
{
	hex_add(data, "0123456789ABCDEF", out);
}

int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
hex_decode(struct bytes text, struct buf *out, struct error *err)
{
	if (text.len % 2 != 0)
		return error_set(
		    err, ERR_BAD_REQUEST, "an odd number of hexadecimal digits, %zu", text.len);
	for (size_t i = 0; i < text.len; i += 2) {
		int high = hex_digit(text.ptr[i]);
		int low = hex_digit(text.ptr[i + 1]);

		if (high < 0 || low < 0)
			return error_set(err, ERR_BAD_REQUEST, "no hexadecimal digit at offset %zu",
			    high < 0 ? i : i + 1);
		buf_add_byte(out, (uint8_t)(high << 4 | low));
	}
	if (buf_failed(out))
		return error_set(
		    err, ERR_BAD_REQUEST, "hexadecimal of more than %zu bytes", out->max);
	return 0;
}

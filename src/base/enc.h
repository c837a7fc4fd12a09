#ifndef BASE_ENC_H
#define BASE_ENC_H

#include "base/buf.h"
#include "base/error.h"

/* Appends the base64 text (RFC 4648, 4; padded, one line, no newline). */
void base64_encode(struct bytes data, struct buf *out);

/* Appends the base64url text without padding (RFC 4648, 5; RFC 7515, 2). */
void base64url_encode(struct bytes data, struct buf *out);

/*
 * Strict decoders: only the alphabet, base64 with its padding, base64url
 * without, unused bits zero, no white space. ERR_BAD_REQUEST says what was
 * found where; *out may hold a part then and must not be used.
 */
int base64_decode(struct bytes text, struct buf *out, struct error *err);
int base64url_decode(struct bytes text, struct buf *out, struct error *err);

/* Appends hexadecimal digits, lower or upper case. */
void hex_encode(struct bytes data, struct buf *out);
void hex_encode_upper(struct bytes data, struct buf *out);

/* The value of one digit in either case, -1 of what is none. */
int hex_digit(int c);

/* Takes an even number of digits in either case. */
int hex_decode(struct bytes text, struct buf *out, struct error *err);

#endif

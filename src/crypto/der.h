#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

/* Whole tag octets as X.509 uses them (X.690, 8.1.2). */
enum der_tag {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_BIT_STRING = 0x03,
	DER_OCTET_STRING = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_UTF8_STRING = 0x0c,
	DER_PRINTABLE_STRING = 0x13,
	DER_T61_STRING = 0x14,
	DER_IA5_STRING = 0x16,
	DER_UTC_TIME = 0x17,
	DER_GENERALIZED_TIME = 0x18,
	DER_BMP_STRING = 0x1e,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31
};

/* The tag octets of [number], primitive and constructed. */
#define DER_CONTEXT(number) ((uint8_t)(0x80 | (number)))
#define DER_CONTEXT_OF(number) ((uint8_t)(0xa0 | (number)))

/* The bytes of a string literal, such as the content octets of an OID. */
#define DER_BYTES(literal) (bytes_of((literal), sizeof(literal) - 1))

/* One element: its tag octet, all of it, and what is inside. */
struct der_item {
	uint8_t tag;
	struct bytes whole;
	struct bytes content;
};

/*
 * Readers. A cursor is a struct bytes holding what is left; each takes the next
 * element from its front, and on false neither cursor nor result has changed.
 * Strict: one-octet tags, definite lengths in the fewest octets (X.690, 10.1).
 */
bool der_next(struct bytes *rest, struct der_item *item);
bool der_take(struct bytes *rest, uint8_t tag, struct bytes *content);
bool der_take_whole(struct bytes *rest, uint8_t tag, struct bytes *whole);

/* The next element has this tag; it may still be malformed. */
bool der_is(struct bytes rest, uint8_t tag);

/* whole is one element with this tag and nothing behind it. */
bool der_only(struct bytes whole, uint8_t tag, struct bytes *content);

/* Whether whole is one element, well formed down to its leaves, at most depth levels deep. */
bool der_is_well_formed(struct bytes whole, unsigned depth);

/* Takes a BOOLEAN DEFAULT FALSE: absent is false, an encoded FALSE is malformed (X.690, 11.5). */
bool der_take_flag(struct bytes *rest, bool *flag);

/* Takes an INTEGER in the fewest octets; content keeps a leading zero octet. */
bool der_take_integer(struct bytes *rest, struct bytes *content);

/* Takes a BIT STRING whose unused bits (0 to 7) are zero. */
bool der_take_bits(struct bytes *rest, struct bytes *octets, unsigned *unused);

/* Takes an OBJECT IDENTIFIER whose subidentifiers are in the fewest octets. */
bool der_take_oid(struct bytes *rest, struct bytes *content);

/* Takes a UTCTime or GeneralizedTime in the only form of RFC 5280, 4.1.2.5. */
bool der_take_time(struct bytes *rest, int64_t *seconds);

/* Dotted text of an OID's content octets; false when malformed or longer than size. */
bool der_oid_text(struct bytes content, char *out, size_t size);

/* Writers: appended to a buf, whose failure is asked for once at the end. */
void der_add(struct buf *buf, uint8_t tag, struct bytes content);
void der_add_bits(struct buf *buf, struct bytes octets, unsigned unused);

/* A GeneralizedTime from 2050 on, else a UTCTime; ERR_INTERNAL outside 1950 to 9999. */
int der_add_time(struct buf *buf, int64_t seconds, struct error *err);

/* A GeneralizedTime whatever the year, without fractions, as OCSP has it; errors as above. */
int der_add_generalized_time(struct buf *buf, int64_t seconds, struct error *err);

/* An OID from its dotted text; ERR_CONFIG when that is none. */
int der_add_oid(struct buf *buf, const char *dotted, struct error *err);

/* Opens a constructed element; der_close with the mark it gave fills in the length. */
size_t der_open(struct buf *buf, uint8_t tag);
void der_close(struct buf *buf, size_t mark);

#endif

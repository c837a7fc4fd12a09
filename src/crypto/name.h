#ifndef CRYPTO_NAME_H
#define CRYPTO_NAME_H

#include "base/buf.h"
#include "base/error.h"

/* What policy asks of a subject; texts are UTF-8. */
enum { NAME_MAX_ATTRIBUTES = 32, NAME_VALUE_MAX = 256 };

struct name_attribute {
	char oid[32];               /* dotted */
	char value[NAME_VALUE_MAX]; /* UTF-8, no NUL, no control characters */
};

struct name {
	struct name_attribute attributes[NAME_MAX_ATTRIBUTES];
	size_t count;
};

#define OID_COMMON_NAME "2.5.4.3"
#define OID_EMAIL_ADDRESS "1.2.840.113549.1.9.1"

/*
 * Reads a DER Name (RFC 5280, 4.1.2.4): strict DER, string types PrintableString,
 * UTF8String, IA5String, T61String limited to ASCII, BMPString; a NUL, a
 * control character, bad UTF-8, an empty value, too long or too many of them is ERR_NAME.
 */
int name_read(struct bytes der, struct name *out, struct error *err);

/*
 * Appends the RFC 4514 text, the last RDN first, escaped by its section 2.4. For people: a type
 * without keyword is its OID with the text behind it, and attributes of one RDN are not told apart.
 */
void name_text(const struct name *name, struct buf *out);

/* The value of the most specific common name, which stands last; NULL: there is none. */
const char *name_common_name(const struct name *name);

/*
 * Makes a DER Name from an RFC 4514 text such as "CN=Demo CA,O=Example" (the
 * first attribute ends up last, as that RFC says); keywords of RFC 4514 section 3 plus
 * emailAddress and serialNumber, or dotted OIDs. PrintableString for C and serialNumber,
 * IA5String for DC and emailAddress (RFC 5280, appendix A.1), UTF8String otherwise. ERR_CONFIG
 * names the place.
 */
int name_from_text(const char *text, struct buf *der, struct error *err);

#endif

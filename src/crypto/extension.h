#ifndef CRYPTO_EXTENSION_H
#define CRYPTO_EXTENSION_H

#include "base/buf.h"
#include "base/bytes.h"

/* An extension that is being written (RFC 5280, 4.1): the marks of its two open elements. */
struct extension_marks {
	size_t whole;
	size_t value;
};

/*
 * Opens an extension of this OID (its content octets); what is added to der up to
 * extension_close is the value inside the OCTET STRING. der's own failure is asked for
 * once, at the end.
 */
struct extension_marks extension_open(struct buf *der, struct bytes oid, bool critical);
void extension_close(struct buf *der, struct extension_marks marks);

#endif

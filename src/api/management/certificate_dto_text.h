#ifndef API_MANAGEMENT_CERTIFICATE_DTO_TEXT_H
#define API_MANAGEMENT_CERTIFICATE_DTO_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "crypto/name.h"

/*
 * Appends a DER Name as CZERTAINLY writes it: the RDNs in reverse order joined by ", ", the
 * attributes of one joined by "+", nothing escaped. For people, not to be parsed; a name that
 * crypto/name does not take is "#" and its DER in hexadecimal.
 */
void certificate_dto_text_dn(struct bytes name, struct buf *out);

/* Copies the most specific common name, the last of the encoding; false: there is none. */
bool certificate_dto_text_common_name(struct bytes name, char out[static NAME_VALUE_MAX]);

/* Appends the algorithm that a DER certificate was signed with, such as "SHA256withRSA"; its dotted
 * OID where it has no name here. */
void certificate_dto_text_signature(struct bytes certificate, struct buf *out);

/* "RSA", "ECDSA", "Ed25519" of a key type's name. */
const char *certificate_dto_text_key(const char *key_type);

/* Appends a serial number as lower-case hexadecimal without leading zeros. */
void certificate_dto_text_serial(struct bytes serial, struct buf *out);

#endif

#ifndef API_ENROLLMENT_CSR_BODY_H
#define API_ENROLLMENT_CSR_BODY_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Finds the one PKCS#10 request in a body, by its content: DER, PEM (CERTIFICATE REQUEST or NEW
 * CERTIFICATE REQUEST, also with every newline removed), or base64 with or
 * without line breaks; only white space may stand around it. Appends the DER. Anything else is
 * ERR_BODY_FORM, a cut or overlong one ERR_CSR_SYNTAX, each saying what was found.
 */
int csr_body_decode(struct bytes body, struct buf *der, struct error *err);

#endif

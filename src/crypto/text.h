#ifndef CRYPTO_TEXT_H
#define CRYPTO_TEXT_H

#include "base/bytes.h"

/* Well-formed UTF-8 (RFC 3629) without NUL or any other control character (Unicode Cc). */
bool text_is_clean(struct bytes text);

/* Every octet is between 0x20 and 0x7e. */
bool text_is_ascii(struct bytes text);

#endif

#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stdint.h>

#include "base/error.h"

enum { UUID_SIZE = 16, UUID_TEXT_MAX = 37 };

struct uuid {
	uint8_t octets[UUID_SIZE];
};

/* A new UUID version 7 (RFC 9562, 5.7), so that inserts stay at the end of the index. */
struct uuid uuid_new(void);

/* Lower-case 8-4-4-4-12 text. */
void uuid_text(const struct uuid *uuid, char out[static UUID_TEXT_MAX]);

/* Takes the same text, letters in either case; ERR_BAD_REQUEST otherwise, *out untouched. */
int uuid_parse(const char *text, struct uuid *out, struct error *err);

#endif

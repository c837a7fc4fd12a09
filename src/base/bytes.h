#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of bytes; never owns, may be empty with a NULL pointer. */
struct bytes {
	const uint8_t *ptr;
	size_t len;
};

/* The len bytes at ptr, borrowed. */
struct bytes bytes_of(const void *ptr, size_t len);

/* The characters of a NUL-terminated text without the NUL, borrowed; NULL gives an empty run. */
struct bytes bytes_text(const char *text);

bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_equal_text(struct bytes a, const char *text);

/* Equal when the letters A-Z are not told from a-z; every other byte counts as it is. */
bool bytes_equal_nocase(struct bytes a, struct bytes b);

#endif

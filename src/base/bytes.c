/* Borrowed runs of bytes: making and comparing them. */
#include "base/bytes.h"

#include <string.h>

struct bytes
bytes_of(const void *ptr, size_t len)
{
	return (struct bytes){ .ptr = ptr, .len = len };
}

struct bytes
bytes_text(const char *text)
{
	return bytes_of(text, text != NULL ? strlen(text) : 0);
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool
bytes_equal_text(struct bytes a, const char *text)
{
	return bytes_equal(a, bytes_text(text));
}

static uint8_t
ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool
bytes_equal_nocase(struct bytes a, struct bytes b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	return true;
}

/* Counts and cuts texts by characters of UTF-8. */
#include "base/utf8.h"

#include <stdbool.h>

/* Every octet but 10xxxxxx starts a character (RFC 3629, 3). */
static bool
is_start(uint8_t octet)
{
	return (octet & 0xc0) != 0x80;
}

size_t
utf8_count(struct bytes text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += is_start(text.ptr[i]);
	return count;
}

struct bytes
utf8_cut(struct bytes text, size_t max_characters)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++) {
		count += is_start(text.ptr[i]);
		if (count > max_characters)
			return bytes_of(text.ptr, i);
	}
	return text;
}

struct bytes
utf8_cut_octets(struct bytes text, size_t max_octets)
{
	size_t len = max_octets;

	if (text.len <= max_octets)
		return text;
	while (len > 0 && !is_start(text.ptr[len]))
		len--;
	return bytes_of(text.ptr, len);
}

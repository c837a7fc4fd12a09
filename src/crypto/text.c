/* Which octets may stand in a name. */
#include "crypto/text.h"

/* Length of the UTF-8 sequence at the front (RFC 3629, 4), 0 when malformed or a control. */
static size_t
sequence_length(struct bytes text)
{
	const uint8_t *p = text.ptr;
	uint32_t value;
	size_t len;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f ? 1 : 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (text.len < len)
		return 0;
	value = p[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < 0xa0 || (len == 3 && value < 0x800) || (len == 4 && value < 0x10000) ||
	    (value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff)
		return 0;
	return len;
}

bool
text_is_clean(struct bytes text)
{
	size_t len;

	for (size_t i = 0; i < text.len; i += len) {
		len = sequence_length(bytes_of(text.ptr + i, text.len - i));
		if (len == 0)
			return false;
	}
	return true;
}

bool
text_is_ascii(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
			return false;
	return true;
}

/* UUIDs: the ids of all our rows. */
#include "base/uuid.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/random.h"

struct uuid
uuid_new(void)
{
	struct uuid uuid;
	uint64_t ms = (uint64_t)clock_now_ms();

	random_bytes(uuid.octets, sizeof(uuid.octets));
	for (unsigned i = 0; i < 6; i++)
		uuid.octets[i] = (uint8_t)(ms >> (40 - 8 * i));
	uuid.octets[6] = (uint8_t)((uuid.octets[6] & 0x0f) | 0x70);
	uuid.octets[8] = (uint8_t)((uuid.octets[8] & 0x3f) | 0x80);
	return uuid;
}

static bool
is_dash_place(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void
uuid_text(const struct uuid *uuid, char out[static UUID_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < UUID_SIZE; i++) {
		if (is_dash_place(at))
			out[at++] = '-';
		out[at++] = digits[uuid->octets[i] >> 4];
		out[at++] = digits[uuid->octets[i] & 0x0f];
	}
	out[at] = '\0';
}

int
uuid_parse(const char *text, struct uuid *out, struct error *err)
{
	struct uuid uuid = { { 0 } };
	size_t nibble = 0;

	if (strlen(text) != UUID_TEXT_MAX - 1)
		return error_set(err, ERR_BAD_REQUEST, "not a UUID: its length is not 36");
	for (size_t i = 0; i < UUID_TEXT_MAX - 1; i++) {
		int value = hex_digit(text[i]);

		if (is_dash_place(i) ? text[i] != '-' : value < 0)
			return error_set(
			    err, ERR_BAD_REQUEST, "not a UUID at character %zu", i + 1);
		if (is_dash_place(i))
			continue;
		uuid.octets[nibble / 2] |= (uint8_t)(value << (nibble % 2 == 0 ? 4 : 0));
		nibble++;
	}
	*out = uuid;
	return 0;
}

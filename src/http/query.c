/* Takes query strings apart. */
#include "http/query.h"

#include <string.h>

#include "base/bytes.h"
#include "base/enc.h"

/* The octet at the front of text, which is moved on; -1: a malformed escape or a NUL. */
static int
next_octet(struct bytes *text)
{
	int high, low;
	size_t len = 1;
	int octet = text->ptr[0];

	if (octet == '+')
		octet = ' ';
	if (octet == '%') {
		len = 3;
		high = text->len > 2 ? hex_digit(text->ptr[1]) : -1;
		low = text->len > 2 ? hex_digit(text->ptr[2]) : -1;
		if (high < 0 || low < 0 || (high == 0 && low == 0))
			return -1;
		octet = high * 16 + low;
	}
	*text = bytes_of(text->ptr + len, text->len - len);
	return octet;
}

/* Whether the encoded text is this name. */
static bool
is_name(struct bytes text, const char *name)
{
	for (; text.len > 0 && *name != '\0'; name++)
		if (next_octet(&text) != (unsigned char)*name)
			return false;
	return text.len == 0 && *name == '\0';
}

static int
decode(struct bytes text, char *out, size_t size, struct error *err)
{
	size_t len = 0;

	while (text.len > 0) {
		int octet = next_octet(&text);

		if (octet < 0)
			return error_set(err, ERR_BAD_REQUEST, "malformed escape in the query");
		if (len + 1 >= size)
			return error_set(err, ERR_BAD_REQUEST,
			    "a value of the query is longer than %zu octets", size - 1);
		out[len++] = (char)octet;
	}
	out[len] = '\0';
	return 0;
}

/* Takes the next parameter with this name from the front of the query; false: there is none. */
static bool
next_value(const char **query, const char *name, struct bytes *value)
{
	while (**query != '\0') {
		const char *at = *query;
		size_t len = strcspn(at, "&");
		size_t name_len = strcspn(at, "=&");
		size_t value_at = name_len < len ? name_len + 1 : len;

		*query += len + (at[len] == '&' ? 1 : 0);
		if (is_name(bytes_of(at, name_len), name)) {
			*value = bytes_of(at + value_at, len - value_at);
			return true;
		}
	}
	return false;
}

int
query_get(const char *query, const char *name, char *out, size_t size, struct error *err)
{
	struct bytes value, another;

	out[0] = '\0';
	if (!next_value(&query, name, &value))
		return 0;
	if (next_value(&query, name, &another))
		return error_set(err, ERR_BAD_REQUEST, "%s stands twice in the query", name);
	return decode(value, out, size, err) < 0 ? error_prefix(err, "%s", name) : 0;
}

int
query_each(const char *query, const char *name,
    int (*each)(const char *value, void *arg, struct error *err), void *arg, struct error *err)
{
	char text[QUERY_VALUE_MAX + 1];
	struct bytes value;

	while (next_value(&query, name, &value)) {
		if (decode(value, text, sizeof(text), err) < 0)
			return error_prefix(err, "%s", name);
		if (each(text, arg, err) < 0)
			return -1;
	}
	return 0;
}

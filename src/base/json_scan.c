/* The strict reader of JSON's grammar that stands in front of json-c (RFC 8259). */
#include "base/json_scan.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

enum next { NEXT_VALUE, NEXT_FIRST, NEXT_AFTER, NEXT_DONE, NEXT_FAILED };

struct level {
	bool is_object;
	size_t count;
};

struct scanner {
	struct bytes text;
	size_t at;
	const struct json_limits *limits;
	size_t members;
	unsigned depth;
	struct level levels[JSON_SCAN_MAX_DEPTH];
	struct error *err;
};

static int
fail(struct scanner *s, const char *what)
{
	return error_set(s->err, ERR_BAD_REQUEST, "JSON: %s at offset %zu", what, s->at);
}

static enum next
fail_next(struct scanner *s, const char *what)
{
	(void)fail(s, what);
	return NEXT_FAILED;
}

/* The byte at the cursor, -1 at the end. */
static int
peek(const struct scanner *s)
{
	return s->at < s->text.len ? s->text.ptr[s->at] : -1;
}

/* Steps over c where it stands at the cursor. */
static bool
skip(struct scanner *s, int c)
{
	if (peek(s) != c)
		return false;
	s->at++;
	return true;
}

static void
skip_space(struct scanner *s)
{
	int c = peek(s);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		s->at++;
		c = peek(s);
	}
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* One or more digits; their number, 0 where there are none. */
static size_t
skip_digits(struct scanner *s)
{
	size_t from = s->at;

	while (is_digit(peek(s)))
		s->at++;
	return s->at - from;
}

/* Whether a run of digits without leading zeros fits int64_t. */
static bool
fits_int64(struct bytes digits, bool negative)
{
	const char *most = negative ? "9223372036854775808" : "9223372036854775807";

	if (digits.len != 19)
		return digits.len < 19;
	return memcmp(digits.ptr, most, 19) <= 0;
}

/* RFC 8259, 6. */
static int
scan_number(struct scanner *s)
{
	bool negative = skip(s, '-');
	size_t from = s->at;
	size_t digits = skip_digits(s);
	bool is_integer = true;

	if (digits == 0)
		return fail(s, "a number without digits");
	if (digits > 1 && s->text.ptr[from] == '0')
		return fail(s, "a number with a leading zero");
	if (skip(s, '.')) {
		is_integer = false;
		if (skip_digits(s) == 0)
			return fail(s, "a fraction without digits");
	}
	if (skip(s, 'e') || skip(s, 'E')) {
		is_integer = false;
		if (!skip(s, '+'))
			(void)skip(s, '-');
		if (skip_digits(s) == 0)
			return fail(s, "an exponent without digits");
	}
	if (is_integer && !fits_int64(bytes_of(s->text.ptr + from, digits), negative))
		return fail(s, "an integer beyond 64 bits");
	return 0;
}

/* Four hexadecimal digits, or -1. */
static int
scan_hex4(struct scanner *s)
{
	int value = 0;

	for (unsigned i = 0; i < 4; i++) {
		int c = peek(s);

		if (is_digit(c))
			c -= '0';
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			c = (c | 0x20) - 'a' + 10;
		else
			return -1;
		value = value * 16 + c;
		s->at++;
	}
	return value;
}

static bool
is_low_surrogate(int unit)
{
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Behind a backslash: RFC 8259, 7. */
static int
scan_escape(struct scanner *s)
{
	int c = peek(s);
	int unit;

	if (c > 0 && strchr("\"\\/bfnrt", c) != NULL) {
		s->at++;
		return 0;
	}
	if (!skip(s, 'u'))
		return fail(s, "an unknown escape");
	unit = scan_hex4(s);
	if (unit < 0)
		return fail(s, "\\u without four hexadecimal digits");
	if (unit == 0)
		return fail(s, "a NUL in a string");
	if (is_low_surrogate(unit))
		return fail(s, "a lone surrogate");
	if (unit >= 0xd800 && unit <= 0xdbff &&
	    !(skip(s, '\\') && skip(s, 'u') && is_low_surrogate(scan_hex4(s))))
		return fail(s, "a lone surrogate");
	return 0;
}

/*
 * The length of the UTF-8 sequence at ptr, 0 where it is not well formed: RFC 3629, 4, whose
 * table leaves no room for overlong forms and surrogates.
 */
static size_t
utf8_length(const uint8_t *ptr, size_t left)
{
	uint8_t c = ptr[0];
	size_t len = c >= 0xf0 ? 4 : (c >= 0xe0 ? 3 : 2);
	uint8_t low = 0x80;
	uint8_t high = 0xbf;

	if (c < 0xc2 || c > 0xf4 || left < len)
		return 0;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	if (ptr[1] < low || ptr[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((ptr[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

/* One character that is not plain: a control, an escape, or a UTF-8 sequence. */
static int
scan_special(struct scanner *s)
{
	size_t len;

	if (skip(s, '\\'))
		return scan_escape(s);
	if (peek(s) < 0x20)
		return fail(s, peek(s) < 0 ? "an unfinished string" : "a control character");
	len = utf8_length(s->text.ptr + s->at, s->text.len - s->at);
	if (len == 0)
		return fail(s, "bad UTF-8");
	s->at += len;
	return 0;
}

static int
scan_string(struct scanner *s)
{
	if (!skip(s, '"'))
		return fail(s, "a string was expected");
	while (!skip(s, '"')) {
		int c = peek(s);

		if (c >= 0x20 && c < 0x80 && c != '\\')
			s->at++;
		else if (scan_special(s) < 0)
			return -1;
	}
	return 0;
}

static int
scan_word(struct scanner *s, const char *word)
{
	size_t len = strlen(word);

	if (s->text.len - s->at < len || memcmp(s->text.ptr + s->at, word, len) != 0)
		return fail(s, "an unknown word");
	s->at += len;
	return 0;
}

static int
scan_scalar(struct scanner *s)
{
	switch (peek(s)) {
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	case '-':
		return scan_number(s);
	default:
		return is_digit(peek(s)) ? scan_number(s) : fail(s, "a value was expected");
	}
}

/* Counts one more item of the innermost object or array; in an object reads its name. */
static int
enter_item(struct scanner *s)
{
	struct level *level = &s->levels[s->depth - 1];

	if (++level->count > s->limits->max_members)
		return fail(s, "too many members");
	if (!level->is_object)
		return 0;
	s->members++;
	skip_space(s);
	if (scan_string(s) < 0)
		return -1;
	skip_space(s);
	return skip(s, ':') ? 0 : fail(s, "no colon");
}

static enum next
step_value(struct scanner *s)
{
	int c;

	skip_space(s);
	c = peek(s);
	if (c != '{' && c != '[')
		return scan_scalar(s) < 0 ? NEXT_FAILED : NEXT_AFTER;
	if (s->depth >= s->limits->max_depth || s->depth >= JSON_SCAN_MAX_DEPTH)
		return fail_next(s, "nested too deep");
	s->levels[s->depth++] = (struct level){ .is_object = c == '{', .count = 0 };
	s->at++;
	return NEXT_FIRST;
}

/* Leaves the innermost object or array where its closing bracket stands. */
static bool
leave(struct scanner *s)
{
	skip_space(s);
	if (!skip(s, s->levels[s->depth - 1].is_object ? '}' : ']'))
		return false;
	s->depth--;
	return true;
}

static enum next
step_first(struct scanner *s)
{
	if (leave(s))
		return NEXT_AFTER;
	return enter_item(s) < 0 ? NEXT_FAILED : NEXT_VALUE;
}

static enum next
step_after(struct scanner *s)
{
	if (s->depth == 0)
		return NEXT_DONE;
	if (leave(s))
		return NEXT_AFTER;
	if (!skip(s, ','))
		return fail_next(s, "no comma and no closing bracket");
	return enter_item(s) < 0 ? NEXT_FAILED : NEXT_VALUE;
}

static enum next
step(struct scanner *s, enum next next)
{
	switch (next) {
	case NEXT_VALUE:
		return step_value(s);
	case NEXT_FIRST:
		return step_first(s);
	case NEXT_AFTER:
		return step_after(s);
	case NEXT_DONE:
	case NEXT_FAILED:
		break;
	}
	return next;
}

int
json_scan(
    struct bytes text, const struct json_limits *limits, struct json_scan *out, struct error *err)
{
	struct scanner s = { .text = text, .limits = limits, .err = err };
	enum next next = NEXT_VALUE;
	size_t end;

	if (text.len > limits->max_bytes)
		return error_set(err, ERR_BAD_REQUEST,
		    "JSON: %zu bytes, more than the limit of %zu", text.len, limits->max_bytes);
	while (next != NEXT_DONE) {
		next = step(&s, next);
		if (next == NEXT_FAILED)
			return -1;
	}
	end = s.at;
	skip_space(&s);
	if (s.at < text.len)
		return fail(&s, "something after the value");
	*out = (struct json_scan){ .end = end, .members = s.members };
	return 0;
}

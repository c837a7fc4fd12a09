/* Reading and writing DER (X.690), strict and without recursion. */
#define _GNU_SOURCE
#include "crypto/der.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Takes the length octets and checks that so much is there. */
static bool
take_length(struct bytes *rest, size_t *len)
{
	size_t value;

	if (rest->len == 0)
		return false;
	value = rest->ptr[0];
	*rest = bytes_of(rest->ptr + 1, rest->len - 1);
	if (value >= 0x80) {
		size_t count = value & 0x7f;

		/* 0x80 is BER's indefinite form; a leading zero octet is not the shortest form. */
		if (count == 0 || count > 4 || count > rest->len || rest->ptr[0] == 0)
			return false;
		value = 0;
		for (size_t i = 0; i < count; i++)
			value = value << 8 | rest->ptr[i];
		*rest = bytes_of(rest->ptr + count, rest->len - count);
		if (value < 0x80)
			return false;
	}
	*len = value;
	return value <= rest->len;
}

bool
der_next(struct bytes *rest, struct der_item *item)
{
	struct bytes left = *rest;
	size_t len;
	uint8_t tag;

	if (left.len < 2)
		return false;
	tag = left.ptr[0];
	if (tag == 0 || (tag & 0x1f) == 0x1f)
		return false;
	left = bytes_of(left.ptr + 1, left.len - 1);
	if (!take_length(&left, &len))
		return false;
	item->tag = tag;
	item->content = bytes_of(left.ptr, len);
	item->whole = bytes_of(rest->ptr, (size_t)(left.ptr - rest->ptr) + len);
	*rest = bytes_of(left.ptr + len, left.len - len);
	return true;
}

static bool
take_item(struct bytes *rest, uint8_t tag, struct der_item *item)
{
	struct bytes left = *rest;

	if (!der_is(left, tag) || !der_next(&left, item))
		return false;
	*rest = left;
	return true;
}

bool
der_take(struct bytes *rest, uint8_t tag, struct bytes *content)
{
	struct der_item item;

	if (!take_item(rest, tag, &item))
		return false;
	*content = item.content;
	return true;
}

bool
der_take_whole(struct bytes *rest, uint8_t tag, struct bytes *whole)
{
	struct der_item item;

	if (!take_item(rest, tag, &item))
		return false;
	*whole = item.whole;
	return true;
}

bool
der_is(struct bytes rest, uint8_t tag)
{
	return rest.len > 0 && rest.ptr[0] == tag;
}

bool
der_only(struct bytes whole, uint8_t tag, struct bytes *content)
{
	struct der_item item;

	if (!take_item(&whole, tag, &item) || whole.len != 0)
		return false;
	*content = item.content;
	return true;
}

bool // NOLINTNEXTLINE(misc-no-recursion): bounded by depth
der_is_well_formed(struct bytes whole, unsigned depth)
{
	struct der_item item, inner;

	if (depth == 0 || !der_next(&whole, &item) || whole.len != 0)
		return false;
	/* Bit 0x20: constructed (X.690, 8.1.2.5). */
	while ((item.tag & 0x20) != 0 && item.content.len > 0)
		if (!der_next(&item.content, &inner) || !der_is_well_formed(inner.whole, depth - 1))
			return false;
	return true;
}

bool
der_take_flag(struct bytes *rest, bool *flag)
{
	struct bytes left = *rest, content;

	if (!der_is(left, DER_BOOLEAN)) {
		*flag = false;
		return true;
	}
	/* X.690, 11.1: TRUE is 0xff; 11.5: a default is not encoded. */
	if (!der_take(&left, DER_BOOLEAN, &content) || content.len != 1 || content.ptr[0] != 0xff)
		return false;
	*flag = true;
	*rest = left;
	return true;
}

bool
der_take_integer(struct bytes *rest, struct bytes *content)
{
	struct bytes left = *rest, c;

	if (!der_take(&left, DER_INTEGER, &c) || c.len == 0)
		return false;
	/* X.690, 8.3.2: the first nine bits are neither all zero nor all one. */
	if (c.len > 1 &&
	    ((c.ptr[0] == 0x00 && c.ptr[1] < 0x80) || (c.ptr[0] == 0xff && c.ptr[1] >= 0x80)))
		return false;
	*content = c;
	*rest = left;
	return true;
}

bool
der_take_bits(struct bytes *rest, struct bytes *octets, unsigned *unused)
{
	struct bytes left = *rest, c;

	if (!der_take(&left, DER_BIT_STRING, &c) || c.len == 0 || c.ptr[0] > 7)
		return false;
	if (c.ptr[0] > 0 && (c.len == 1 || (c.ptr[c.len - 1] & ((1U << c.ptr[0]) - 1)) != 0))
		return false;
	*unused = c.ptr[0];
	*octets = bytes_of(c.ptr + 1, c.len - 1);
	*rest = left;
	return true;
}

bool
der_take_oid(struct bytes *rest, struct bytes *content)
{
	struct bytes left = *rest, c;
	bool at_start = true;

	if (!der_take(&left, DER_OID, &c) || c.len == 0 || c.ptr[c.len - 1] >= 0x80)
		return false;
	for (size_t i = 0; i < c.len; i++) {
		if (at_start && c.ptr[i] == 0x80)
			return false;
		at_start = c.ptr[i] < 0x80;
	}
	*content = c;
	*rest = left;
	return true;
}

/* Two decimal digits; -1 when they are none. */
static int
two_digits(const uint8_t *at)
{
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return -1;
	return (at[0] - '0') * 10 + (at[1] - '0');
}

/* YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ taken apart; the year comes from the caller. */
static bool
read_time(const uint8_t *at, int year, int64_t *seconds)
{
	struct tm tm = { .tm_year = year - 1900 }, back;
	time_t time;

	tm.tm_mon = two_digits(at) - 1;
	tm.tm_mday = two_digits(at + 2);
	tm.tm_hour = two_digits(at + 4);
	tm.tm_min = two_digits(at + 6);
	tm.tm_sec = two_digits(at + 8);
	if (tm.tm_mday < 1 || tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0 || at[10] != 'Z')
		return false;
	back = tm;
	time = timegm(&back);
	/* timegm mends 31 February; a date that came out another was none. */
	if (back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday || back.tm_hour != tm.tm_hour ||
	    back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec)
		return false;
	*seconds = (int64_t)time;
	return true;
}

bool
der_take_time(struct bytes *rest, int64_t *seconds)
{
	struct bytes left = *rest;
	struct der_item item;
	const uint8_t *at;
	int high, low;

	if (!der_next(&left, &item))
		return false;
	at = item.content.ptr;
	if (item.tag == DER_UTC_TIME && item.content.len == 13) {
		low = two_digits(at);
		high = low >= 50 ? 19 : 20; /* RFC 5280, 4.1.2.5.1 */
		at += 2;
	} else if (item.tag == DER_GENERALIZED_TIME && item.content.len == 15) {
		high = two_digits(at);
		low = two_digits(at + 2);
		at += 4;
	} else
		return false;
	if (high < 0 || low < 0 || !read_time(at, high * 100 + low, seconds))
		return false;
	*rest = left;
	return true;
}

/* One base-128 subidentifier of at most 63 bits (X.690, 8.19.2). */
static bool
take_arc(struct bytes *rest, uint64_t *arc)
{
	uint64_t value = 0;

	for (size_t i = 0; i < rest->len && i < 9; i++) {
		value = value << 7 | (rest->ptr[i] & 0x7f);
		if (rest->ptr[i] < 0x80) {
			*rest = bytes_of(rest->ptr + i + 1, rest->len - i - 1);
			*arc = value;
			return true;
		}
	}
	return false;
}

bool
der_oid_text(struct bytes content, char *out, size_t size)
{
	uint64_t arc, first;
	size_t used;
	int n;

	if (!take_arc(&content, &arc))
		return false;
	first = arc < 80 ? arc / 40 : 2;
	n = snprintf(out, size, "%" PRIu64 ".%" PRIu64, first, arc - first * 40);
	used = (size_t)n;
	while (n >= 0 && used < size && content.len > 0) {
		if (!take_arc(&content, &arc))
			return false;
		n = snprintf(out + used, size - used, ".%" PRIu64, arc);
		used += (size_t)n;
	}
	return n >= 0 && used < size;
}

size_t
der_open(struct buf *buf, uint8_t tag)
{
	buf_add_byte(buf, tag);
	buf_add_byte(buf, 0);
	return buf->len;
}

/* Fills in the length octet left free by der_open, or makes room for more of them. */
void
der_close(struct buf *buf, size_t mark)
{
	static const uint8_t zeros[sizeof(size_t)];
	size_t len, count = 0;

	if (buf_failed(buf))
		return;
	len = buf->len - mark;
	if (len < 0x80) {
		buf->data[mark - 1] = (uint8_t)len;
		return;
	}
	while (len >> (8 * count) != 0)
		count++;
	buf_add(buf, bytes_of(zeros, count));
	if (buf_failed(buf))
		return;
	memmove(buf->data + mark + count, buf->data + mark, len);
	buf->data[mark - 1] = (uint8_t)(0x80 | count);
	for (size_t i = 0; i < count; i++)
		buf->data[mark + i] = (uint8_t)(len >> (8 * (count - 1 - i)));
}

void
der_add(struct buf *buf, uint8_t tag, struct bytes content)
{
	size_t mark = der_open(buf, tag);

	buf_add(buf, content);
	der_close(buf, mark);
}

void
der_add_bits(struct buf *buf, struct bytes octets, unsigned unused)
{
	size_t mark = der_open(buf, DER_BIT_STRING);

	buf_add_byte(buf, (uint8_t)unused);
	buf_add(buf, octets);
	der_close(buf, mark);
}

enum { TIME_TEXT_SIZE = 16 };

/* Two decimal digits; by hand, as a CRL has a million times and printf is slow. */
static void
put_two(char *at, int value)
{
	at[0] = (char)('0' + value / 10);
	at[1] = (char)('0' + value % 10);
}

/* YYYYMMDDHHMMSSZ; *year for whoever must choose between the two types. */
static int
time_text(int64_t seconds, char text[static TIME_TEXT_SIZE], int *year, struct error *err)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&time, &tm) == NULL || tm.tm_year < 50 || tm.tm_year > 9999 - 1900)
		return error_set(
		    err, ERR_INTERNAL, "time %" PRId64 " is outside 1950 to 9999", seconds);
	put_two(text, (tm.tm_year + 1900) / 100);
	put_two(text + 2, (tm.tm_year + 1900) % 100);
	put_two(text + 4, tm.tm_mon + 1);
	put_two(text + 6, tm.tm_mday);
	put_two(text + 8, tm.tm_hour);
	put_two(text + 10, tm.tm_min);
	put_two(text + 12, tm.tm_sec);
	text[14] = 'Z';
	text[15] = '\0';
	*year = tm.tm_year + 1900;
	return 0;
}

int
der_add_time(struct buf *buf, int64_t seconds, struct error *err)
{
	char text[TIME_TEXT_SIZE];
	int year = 0;

	if (time_text(seconds, text, &year, err) < 0)
		return -1;
	/* RFC 5280, 4.1.2.5: UTCTime through 2049 */
	if (year < 2050)
		der_add(buf, DER_UTC_TIME, bytes_text(text + 2));
	else
		der_add(buf, DER_GENERALIZED_TIME, bytes_text(text));
	return 0;
}

int
der_add_generalized_time(struct buf *buf, int64_t seconds, struct error *err)
{
	char text[TIME_TEXT_SIZE];
	int year = 0;

	if (time_text(seconds, text, &year, err) < 0)
		return -1;
	der_add(buf, DER_GENERALIZED_TIME, bytes_text(text));
	return 0;
}

static void
add_arc(struct buf *buf, uint64_t arc)
{
	unsigned shift = 63;

	while (shift > 0 && arc >> shift == 0)
		shift -= 7;
	for (; shift > 0; shift -= 7)
		buf_add_byte(buf, (uint8_t)(0x80 | ((arc >> shift) & 0x7f)));
	buf_add_byte(buf, (uint8_t)(arc & 0x7f));
}

/* Reads one decimal number without leading zeros and steps over a dot behind it. */
static bool
read_arc(const char **at, uint64_t *arc)
{
	const char *start = *at;
	uint64_t value = 0;

	while (**at >= '0' && **at <= '9') {
		if (value > (UINT64_MAX >> 1) / 10 - 1)
			return false;
		value = value * 10 + (uint64_t)(**at - '0');
		(*at)++;
	}
	if (*at == start || (*start == '0' && *at > start + 1))
		return false;
	if (**at == '.' && (*at)[1] != '\0')
		(*at)++;
	else if (**at != '\0')
		return false;
	*arc = value;
	return true;
}

int
der_add_oid(struct buf *buf, const char *dotted, struct error *err)
{
	const char *at = dotted;
	size_t mark = der_open(buf, DER_OID);
	uint64_t first = 0, arc = 0;
	bool ok =
	    read_arc(&at, &first) && read_arc(&at, &arc) && first <= 2 && (first == 2 || arc < 40);

	if (ok)
		add_arc(buf, first * 40 + arc);
	while (ok && *at != '\0') {
		ok = read_arc(&at, &arc);
		if (ok)
			add_arc(buf, arc);
	}
	if (!ok)
		return error_set(
		    err, ERR_CONFIG, "\"%.60s\" is not a dotted object identifier", dotted);
	der_close(buf, mark);
	return 0;
}

/* The values of a search's conditions. */
#define _GNU_SOURCE
#include "store/search_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUOTED_MAX = 40, DAY_S = 86400, YEAR_MIN = 1000 };

/* The length of the sequence that begins with this octet, and what its second octet may be. */
static size_t
sequence(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead >= 1 && lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead < 0xe0)
		return 2;
	if (lead >= 0xe0 && lead < 0xf0)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

bool
search_value_is_utf8(struct bytes text)
{
	size_t at = 0;

	while (at < text.len) {
		uint8_t low, high;
		size_t len = sequence(text.ptr[at], &low, &high);

		if (len == 0 || len > text.len - at)
			return false;
		for (size_t i = 1; i < len; i++) {
			uint8_t octet = text.ptr[at + i];

			if (octet < (i == 1 ? low : 0x80) || octet > (i == 1 ? high : 0xbf))
				return false;
		}
		at += len;
	}
	return true;
}

int
search_value_hex(const char *value, struct buf *digits, struct error *err)
{
	static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";
	size_t before = digits->len;

	for (const char *at = value; *at != '\0'; at++) {
		const char *digit = strchr(upper, *at);

		if (*at == ':')
			continue;
		if (digit == NULL) {
			digit = strchr(lower, *at);
			if (digit == NULL)
				return error_set(err, ERR_VALIDATION, "\"%.*s\" is not hexadecimal",
				    QUOTED_MAX, value);
			digit = upper + (digit - lower);
		}
		buf_add_byte(digits, (uint8_t)*digit);
	}
	if (buf_failed(digits) || digits->len == before)
		return error_set(err, ERR_VALIDATION,
		    "\"%.*s\" has no or too many hexadecimal digits", QUOTED_MAX, value);
	return 0;
}

/* Exactly so many digits at *at, which is moved behind them. */
static bool
digits(const char **at, unsigned count, int *out)
{
	int value = 0;

	for (unsigned i = 0; i < count; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*at += count;
	*out = value;
	return true;
}

static bool
skip(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool
read_date(const char **at, struct tm *tm)
{
	if (!digits(at, 4, &tm->tm_year) || !skip(at, '-') || !digits(at, 2, &tm->tm_mon) ||
	    !skip(at, '-') || !digits(at, 2, &tm->tm_mday) || tm->tm_year < YEAR_MIN)
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return true;
}

static bool
read_clock(const char **at, struct tm *tm)
{
	int ignored;

	if (!digits(at, 2, &tm->tm_hour) || !skip(at, ':') || !digits(at, 2, &tm->tm_min))
		return false;
	if (!skip(at, ':'))
		return true;
	if (!digits(at, 2, &tm->tm_sec))
		return false;
	if (!skip(at, '.'))
		return true;
	if (!digits(at, 1, &ignored))
		return false;
	while (**at >= '0' && **at <= '9')
		(*at)++;
	return true;
}

/* "", "Z", "+01:00", "-0530"; in seconds. */
static bool
read_offset(const char **at, int64_t *offset)
{
	int sign = **at == '-' ? -1 : 1, hours = 0, minutes = 0;

	*offset = 0;
	if (**at == '\0' || skip(at, 'Z'))
		return true;
	if (!skip(at, '+') && !skip(at, '-'))
		return false;
	if (!digits(at, 2, &hours))
		return false;
	(void)skip(at, ':');
	if (!digits(at, 2, &minutes) || hours > 14 || minutes > 59)
		return false;
	*offset = (int64_t)sign * (hours * 60 + minutes) * 60;
	return true;
}

/* The seconds of a time that is one: timegm takes a 31st of February for a day in March. */
static bool
seconds_of(const struct tm *wanted, int64_t *out)
{
	struct tm tm = *wanted;
	time_t time = timegm(&tm);

	*out = (int64_t)time;
	return tm.tm_year == wanted->tm_year && tm.tm_mon == wanted->tm_mon &&
	       tm.tm_mday == wanted->tm_mday && tm.tm_hour == wanted->tm_hour &&
	       tm.tm_min == wanted->tm_min && tm.tm_sec == wanted->tm_sec;
}

/* So that neither end of the span, moved by an offset, leaves the years of DATETIME. */
static bool
is_datetime(const struct search_span *span)
{
	return span->from >= SEARCH_VALUE_FIRST && span->until <= SEARCH_VALUE_LAST;
}

int
search_value_time(const char *value, struct search_span *out, struct error *err)
{
	struct tm tm = { .tm_year = 0 };
	struct search_span span;
	const char *at = value;
	int64_t offset = 0;
	bool is_day, good = read_date(&at, &tm);

	is_day = good && *at == '\0';
	if (good && !is_day)
		good = (skip(&at, 'T') || skip(&at, ' ')) && read_clock(&at, &tm) &&
		       read_offset(&at, &offset) && *at == '\0';
	if (!good || !seconds_of(&tm, &span.from))
		return error_set(err, ERR_VALIDATION,
		    "\"%.*s\" is no time such as 2026-01-31 or 2026-01-31T09:00:00Z", QUOTED_MAX,
		    value);
	span.from -= offset;
	span.until = span.from + (is_day ? DAY_S : 1);
	if (!is_datetime(&span))
		return error_set(err, ERR_VALIDATION, "\"%.*s\" is outside the years 1000 to 9999",
		    QUOTED_MAX, value);
	*out = span;
	return 0;
}

int
search_value_number(const char *value, int64_t *out, struct error *err)
{
	const char *digit = value[0] == '-' ? value + 1 : value;
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (*digit < '0' || *digit > '9' || *end != '\0' || errno != 0)
		return error_set(
		    err, ERR_VALIDATION, "\"%.*s\" is no whole number", QUOTED_MAX, value);
	*out = number;
	return 0;
}

void
search_value_pattern(const char *before, struct bytes value, const char *behind, struct buf *out)
{
	buf_add_text(out, before);
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '%' || value.ptr[i] == '_' || value.ptr[i] == '!')
			buf_add_byte(out, '!');
		buf_add_byte(out, value.ptr[i]);
	}
	buf_add_text(out, behind);
}

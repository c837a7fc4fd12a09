#ifndef STORE_SEARCH_VALUE_H
#define STORE_SEARCH_VALUE_H

#include "base/buf.h"
#include "base/error.h"

/* The first and the last second of a DATETIME: of the years 1000 and 9999. */
#define SEARCH_VALUE_FIRST (-INT64_C(30610224000))
#define SEARCH_VALUE_LAST INT64_C(253402300799)

/* Reading the values of conditions. Each fault is ERR_VALIDATION and quotes the value. */

/* Well-formed UTF-8 (RFC 3629, 4) without NUL. */
bool search_value_is_utf8(struct bytes text);

/* Hexadecimal digits in either case, with or without colons; appended in upper case. */
int search_value_hex(const char *value, struct buf *digits, struct error *err);

/* A stretch of time: from inclusive, until exclusive. */
struct search_span {
	int64_t from;
	int64_t until;
};

/*
 * "2026-01-31" is that day in UTC; with "T09:00", "T09:00:00" or "T09:00:00.123" behind it, and
 * nothing, "Z" or "+01:00" at its end, it is a second. The years are those of DATETIME.
 */
int search_value_time(const char *value, struct search_span *out, struct error *err);

/* A decimal integer with or without a minus. */
int search_value_number(const char *value, int64_t *out, struct error *err);

/*
 * Appends a pattern of LIKE with ESCAPE '!' that matches the value itself, with these before and
 * behind it.
 */
void search_value_pattern(
    const char *before, struct bytes value, const char *behind, struct buf *out);

#endif

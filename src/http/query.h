#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stddef.h>

#include "base/error.h"

/*
 * Writes the value of the first parameter of this name in a query string
 * (NAME=VALUE&..., percent-encoded, "+" for a space) into out; "" where there is none. Names are
 * compared whole and by case, after decoding. ERR_BAD_REQUEST for a malformed escape or an encoded
 * NUL in it, a name that stands twice, and a value that does not fit.
 */
int query_get(const char *query, const char *name, char *out, size_t size, struct error *err);

/*
 * The same for a name that may stand several times: calls each for every value, in their order,
 * which are at most QUERY_VALUE_MAX octets long; what it answers but 0 ends it.
 */
enum { QUERY_VALUE_MAX = 255 };
int query_each(const char *query, const char *name,
    int (*each)(const char *value, void *arg, struct error *err), void *arg, struct error *err);

#endif

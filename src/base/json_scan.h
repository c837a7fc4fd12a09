#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

/* The deepest nesting that any limit can allow. */
enum { JSON_SCAN_MAX_DEPTH = 64 };

/* What the scan saw. */
struct json_scan {
	size_t end;     /* just behind the value; only white space follows */
	size_t members; /* of all objects together, for finding names that occur twice */
};

/*
 * Checks the grammar of RFC 8259, its UTF-8 and the limits, without building anything.
 * All of json_parse's rules but the one on duplicate names. ERR_BAD_REQUEST with the offset.
 */
int json_scan(
    struct bytes text, const struct json_limits *limits, struct json_scan *out, struct error *err);

#endif

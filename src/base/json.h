#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <json-c/json.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"

DEFINE_CLEANUP(struct json_object *, json_object_put)

struct json_limits {
	size_t max_bytes;
	unsigned max_depth;
	size_t max_members; /* of one object, and items of one array */
};

/*
 * Strict RFC 8259: our own scan refuses what json-c lets pass (duplicate names
 * after unescaping, single quotes, NaN, control characters, bad or overlong
 * UTF-8, lone surrogates, NUL in a string, integers beyond 64 bits, anything after the
 * value), then json-c builds the object. ERR_BAD_REQUEST with the offset.
 * On success *out belongs to the caller.
 */
int json_parse(struct bytes text, const struct json_limits *limits, struct json_object **out,
    struct error *err);

/*
 * The same for what we wrote into the database ourselves, under limits that all of it keeps; *out
 * is NULL for an empty text.
 */
enum { JSON_STORED_MAX = 4 * 1024 * 1024 };
int json_parse_stored(struct bytes text, struct json_object **out, struct error *err);

/* Typed members; false when absent or of another type. Texts are borrowed from obj. */
bool json_get_text(const struct json_object *obj, const char *name, const char **out);
bool json_get_int(const struct json_object *obj, const char *name, int64_t *out);
bool json_get_boolean(const struct json_object *obj, const char *name, bool *out);
bool json_get_array(const struct json_object *obj, const char *name, struct json_object **out);
bool json_get_object(const struct json_object *obj, const char *name, struct json_object **out);
bool json_has(const struct json_object *obj, const char *name);

/* Calls each() for every member of an object, in its order; each() must not change the object. */
void json_each_member(struct json_object *obj,
    void (*each)(const char *name, struct json_object *value, void *arg), void *arg);

#endif

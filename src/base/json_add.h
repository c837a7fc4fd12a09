#ifndef BASE_JSON_ADD_H
#define BASE_JSON_ADD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"

/*
 * Add a member to an object; the object takes what is added over. What is NULL is left out, and so
 * is what there was no memory for.
 */
void json_add(struct json_object *to, const char *name, struct json_object *value);
void json_add_text(struct json_object *to, const char *name, const char *value);
void json_add_filled(struct json_object *to, const char *name, const char *value); /* not "" */
void json_add_uuid(struct json_object *to, const char *name, const struct uuid *value);
void json_add_bool(struct json_object *to, const char *name, bool value);
void json_add_int(struct json_object *to, const char *name, int64_t value);

#endif

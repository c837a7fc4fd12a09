#ifndef ENROLL_ATTRIBUTES_ATTRIBUTE_CONTENT_DATA_H
#define ENROLL_ATTRIBUTES_ATTRIBUTE_CONTENT_DATA_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Reads the `data` of one content item as its content type wants it. *out is a new object, the
 * caller's to put. ERR_VALIDATION.
 */
typedef int attribute_data_reader(
    struct json_object *data, struct json_object **out, struct error *err);

/* The reader of a content type; NULL: there is no such type. */
attribute_data_reader *attribute_content_data_reader(const char *content_type);

#endif

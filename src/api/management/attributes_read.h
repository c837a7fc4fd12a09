#ifndef API_MANAGEMENT_ATTRIBUTES_READ_H
#define API_MANAGEMENT_ATTRIBUTES_READ_H

#include <json-c/json.h>

#include "store/custom_attributes.h"

/*
 * Puts a CustomAttributeUpdateRequestDto onto a definition, whose name and content type are set:
 * what is left out gets its default, but resources, which stay as they are. ERR_JSON,
 * ERR_VALIDATION.
 */
int attributes_read_update(
    struct json_object *body, struct custom_attribute *attribute, struct error *err);

/* The same of a CustomAttributeCreateRequestDto, name and content type included. */
int attributes_read_create(
    struct json_object *body, struct custom_attribute *attribute, struct error *err);

#endif

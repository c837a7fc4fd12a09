#ifndef ENROLL_ATTRIBUTES_ATTRIBUTE_CONTENT_SECRET_H
#define ENROLL_ATTRIBUTES_ATTRIBUTE_CONTENT_SECRET_H

#include <json-c/json.h>

#include "enroll/attributes/attributes.h"

/* One content item of a secret, and where it belongs; borrowed. */
struct attribute_secret {
	const struct attributes_object *object;
	const struct uuid *attribute;
	struct json_object *before; /* the item that is stored now, or NULL */
};

/*
 * Adds "sealed" to the item to store: the data of the given item, or, where that has none, what
 * the item before has. ERR_VALIDATION: neither is there, or secrets cannot be stored.
 */
int attribute_content_seal(const struct attribute_secret *secret, struct json_object *given,
    struct json_object *item, struct error *err);

/* Opens and seals again what an item has in "sealed". ERR_CA_KEY: it does not open. */
int attribute_content_reseal(
    const struct attribute_secret *secret, struct json_object *item, struct error *err);

#endif

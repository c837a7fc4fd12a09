#ifndef ENROLL_ATTRIBUTES_ATTRIBUTE_CONTENT_H
#define ENROLL_ATTRIBUTES_ATTRIBUTE_CONTENT_H

#include <json-c/json.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "enroll/attributes/attributes.h"
#include "store/custom_attributes.h"

/*
 * The content of one custom attribute: an array of {"reference", "data"}, where the shape of
 * "data" follows from the content type.
 */
enum {
	ATTRIBUTE_ITEMS_MAX = 64,         /* content items of one attribute */
	ATTRIBUTE_STRING_MAX = 4096,      /* octets of a string, a file's name, a reference */
	ATTRIBUTE_SECRET_MAX = 1024,      /* octets of a secret */
	ATTRIBUTE_DATA_MAX = 64 * 1024,   /* octets of any other data, as JSON */
	ATTRIBUTE_STORED_MAX = 256 * 1024 /* octets of what an object stores, as JSON */
};

/* Whether there is such a content type. */
bool attribute_content_type_exists(const char *content_type);

/* Whether its data is a secret. */
bool attribute_content_is_secret(const char *content_type);

/*
 * The content in its one form: numbers and booleans out of texts, nothing but reference and data.
 * ERR_VALIDATION says what is wrong, without the attribute's name. *out is the caller's to put.
 */
int attribute_content_read(const char *content_type, struct json_object *content,
    struct json_object **out, struct error *err);

/*
 * What to store of the content that a request gives for an attribute (NULL: none): checked against
 * the definition, a secret's data sealed for the object. before is what is stored of it now (NULL:
 * nothing): the item of a secret that has no data keeps what is there. *out NULL: nothing is to be
 * stored. ERR_VALIDATION names the attribute.
 */
struct attribute_content_change {
	const struct custom_attribute *definition;
	const struct attributes_object *object;
	struct json_object *content;
	struct json_object *before;
};
int attribute_content_check(
    const struct attribute_content_change *change, struct json_object **out, struct error *err);

/* Puts "Custom attribute NAME: " before the error's text, with no more of a long name than fits. */
int attribute_content_error(struct error *err, const char *name);

#endif

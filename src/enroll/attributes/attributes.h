#ifndef ENROLL_ATTRIBUTES_ATTRIBUTES_H
#define ENROLL_ATTRIBUTES_ATTRIBUTES_H

#include <json-c/json.h>

#include "base/cleanup.h"
#include "store/db.h"

struct keyring;
struct custom_attribute;

/*
 * The values of custom attributes of an object. They are one JSON column of it, an array of
 * {"uuid", "name", "contentType", "content": [{"reference", "data"}]}; a secret's item has
 * "sealed" (the base64 of enroll/secret's blob) in place of "data".
 */

/* Whose values; borrowed. */
struct attributes_object {
	const char *resource;  /* "scepProfiles", "raProfiles", "certificates" */
	const struct uuid *id; /* the object's; NULL: it has none yet, and takes no secret */
	const struct keyring *keyring; /* NULL: none is set */
	struct json_object *before;    /* what is stored of it now, or NULL: a secret's item without
					  data, and a read-only attribute that is left out, keep
					  what is there */
};

/*
 * Checks the customAttributes of a request (NULL: none) against the enabled definitions of the
 * resource: all required ones are there, none is unknown, each content has the shape of its
 * content type, a read-only one has the definition's own content, a list's is among it. *stored is
 * the array to keep, the caller's to put. ERR_VALIDATION names the attribute. Secret content is
 * refused: use attributes_check_object.
 */
int attributes_check(struct db *db, const char *resource, struct json_object *values,
    struct json_object **stored, struct error *err);

/* The same; secret content is sealed for the object's row, and refused without a keyring. */
int attributes_check_object(struct db *db, const struct attributes_object *object,
    struct json_object *values, struct json_object **stored, struct error *err);

/*
 * Puts a content (NULL: none) in place of that of one attribute, and leaves the others of
 * object->before as they are. *stored as above.
 */
int attributes_set_one(const struct attributes_object *object,
    const struct custom_attribute *definition, struct json_object *content,
    struct json_object **stored, struct error *err);

/*
 * Seals again what is sealed in an object's stored array, for another first key of the keyring.
 * *changed: whether there was anything.
 */
int attributes_reseal(const struct attributes_object *object, struct json_object *stored,
    bool *changed, struct error *err);

#endif

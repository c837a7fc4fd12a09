#ifndef API_MANAGEMENT_ATTRIBUTE_DTO_H
#define API_MANAGEMENT_ATTRIBUTE_DTO_H

#include <json-c/json.h>

#include "store/db.h"

/*
 * What enroll/attributes/attributes has stored of an object (NULL or empty: nothing), as an array
 * of ResponseAttributeDto. Values of definitions that are gone, disabled or no longer of this
 * resource are left out; secret content has no `data`. *out is the caller's to put.
 */
int attribute_dtos(struct db *db, const char *resource, struct json_object *stored,
    struct json_object **out, struct error *err);

/* The same from the column's text; empty: nothing is stored. */
int attribute_dtos_text(struct db *db, const char *resource, struct bytes stored,
    struct json_object **out, struct error *err);

#endif

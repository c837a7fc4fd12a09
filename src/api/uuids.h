#ifndef API_UUIDS_H
#define API_UUIDS_H

#include <json-c/json.h>

#include "base/error.h"
#include "base/uuid.h"

/* The ids of a bulk operation. */
struct uuids {
	struct uuid *items;
	size_t count;
};

void uuids_release(struct uuids *uuids);

/*
 * Reads an array of UUID texts. ERR_JSON for an item that is no text, ERR_VALIDATION as
 * object_id_parse for one that is malformed. *out is the caller's to release, after a
 * failure too.
 */
int uuids_read(struct json_object *array, struct uuids *out, struct error *err);

#endif

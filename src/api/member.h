#ifndef API_MEMBER_H
#define API_MEMBER_H

#include <json-c/json.h>
#include <stdbool.h>

#include "api/uuids.h"
#include "http/request.h"
#include "http/router.h"

enum { BODY_MAX_DEPTH = 32, BODY_MAX_MEMBERS = 1024, BODY_MAX_UUIDS = BODY_MAX_MEMBERS };

/*
 * The body of a request as JSON, under the strict rules of base/json. ERR_MEDIA_TYPE unless its
 * Content-Type is application/json; ERR_JSON for what is no JSON. On success *out belongs to the
 * caller.
 */
int body_read_object(const struct request *request, struct json_object **out, struct error *err);

/* The same where an array is expected. */
int body_read_array(const struct request *request, struct json_object **out, struct error *err);

/* The same for an array of UUID texts (bulk operations), at most BODY_MAX_UUIDS; a malformed one
 * is ERR_VALIDATION "Invalid UUID <text> in the request". *out is to be freed. */
int body_read_uuids(const struct request *request, struct uuids *out, struct error *err);

/* A {name} of the path as a UUID; ERR_VALIDATION "Invalid UUID <text> in the request". */
int path_uuid(const struct params *params, const char *name, struct uuid *out, struct error *err);

/*
 * Members of a request's object as CZERTAINLY's own reader takes them: null is as good as absent,
 * numbers and booleans pass for texts, texts for numbers and booleans, an empty text for no number.
 * ERR_JSON where nothing fits. Texts are borrowed from obj.
 */
int member_text(
    const struct json_object *obj, const char *name, const char **out, struct error *err);

/* The same with a limit in characters of UTF-8: ERR_VALIDATION names the member and the limit. */
struct member_limit {
	const char *name;
	size_t max;
};
int member_text_max(const struct json_object *obj, const struct member_limit *member,
    const char **out, struct error *err);
int member_int32(const struct json_object *obj, const char *name, bool *is_there, int32_t *out,
    struct error *err);
int member_bool(
    const struct json_object *obj, const char *name, bool *is_there, bool *out, struct error *err);
/* NULL where absent or null. */
int member_array(
    const struct json_object *obj, const char *name, struct json_object **out, struct error *err);
/* As uuids_read; *out stays as it is where absent or null. */
int member_uuids(
    const struct json_object *obj, const char *name, struct uuids *out, struct error *err);

#endif

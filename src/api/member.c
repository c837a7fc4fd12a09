/* Reads requests of the management API as leniently as CZERTAINLY does, and no more so. */
#define _GNU_SOURCE
#include "api/member.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/utf8.h"
#include "enroll/attributes/object_id.h"

/* What of a hostile text goes into our own. */
enum { SHOWN_MAX = 64 };

/* application/json, with any parameters but another charset than UTF-8. */
static bool
is_json_type(const char *content_type)
{
	static const char json[] = "application/json";
	const char *rest = content_type + strspn(content_type, " \t");
	const char *charset;

	if (strncasecmp(rest, json, sizeof(json) - 1) != 0)
		return false;
	rest += sizeof(json) - 1;
	rest += strspn(rest, " \t");
	if (*rest != '\0' && *rest != ';')
		return false;
	charset = strcasestr(rest, "charset=");
	if (charset == NULL)
		return true;
	charset += strlen("charset=");
	return strncasecmp(charset + (*charset == '"'), "utf-8", 5) == 0;
}

static int
read_json(const struct request *request, struct json_object **out, struct error *err)
{
	const struct json_limits limits = {
		.max_bytes = request->body.max,
		.max_depth = BODY_MAX_DEPTH,
		.max_members = BODY_MAX_MEMBERS,
	};

	if (!is_json_type(request->content_type))
		return error_set(err, ERR_MEDIA_TYPE,
		    "the Content-Type must be application/json, not \"%.*s\"", SHOWN_MAX,
		    request->content_type);
	if (json_parse(buf_bytes(&request->body), &limits, out, err) == 0)
		return 0;
	if (error_is(err, ERR_BAD_REQUEST))
		err->code = ERR_JSON;
	return -1;
}

static int
read_typed(
    const struct request *request, enum json_type type, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = NULL;

	if (read_json(request, &json, err) < 0)
		return -1;
	if (!json_object_is_type(json, type))
		return error_set(err, ERR_JSON,
		    type == json_type_object ? "JSON: an array where an object was expected"
					     : "JSON: an object where an array was expected");
	*out = take(json);
	return 0;
}

int
body_read_object(const struct request *request, struct json_object **out, struct error *err)
{
	return read_typed(request, json_type_object, out, err);
}

int
body_read_array(const struct request *request, struct json_object **out, struct error *err)
{
	return read_typed(request, json_type_array, out, err);
}

int
path_uuid(const struct params *params, const char *name, struct uuid *out, struct error *err)
{
	return object_id_parse(params_get(params, name), out, err);
}

int
body_read_uuids(const struct request *request, struct uuids *out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = NULL;
	cleanup(uuids_release) struct uuids found = { NULL, 0 };

	if (body_read_array(request, &array, err) < 0 || uuids_read(array, &found, err) < 0)
		return -1;
	*out = found;
	found.items = NULL;
	return 0;
}

/* The member, NULL where it is absent or null. */
static struct json_object *
find(const struct json_object *obj, const char *name)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(obj, json_type_object))
		return NULL;
	return json_object_object_get_ex(obj, name, &value) ? value : NULL;
}

static int
wrong_type(const char *name, const char *expected, struct error *err)
{
	return error_set(err, ERR_JSON, "JSON: the member \"%s\" is no %s", name, expected);
}

int
member_text(const struct json_object *obj, const char *name, const char **out, struct error *err)
{
	struct json_object *value = find(obj, name);

	if (json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return wrong_type(name, "text", err);
	*out = value != NULL ? json_object_get_string(value) : NULL;
	return 0;
}

int
member_text_max(const struct json_object *obj, const struct member_limit *member, const char **out,
    struct error *err)
{
	const char *text = NULL;

	if (member_text(obj, member->name, &text, err) < 0)
		return -1;
	if (utf8_count(bytes_text(text)) > member->max)
		return error_set(err, ERR_VALIDATION, "%s is longer than %zu characters",
		    member->name, member->max);
	*out = text;
	return 0;
}

/* Decimal, with a sign at most; no blanks, nothing behind it. */
static bool
parse_int(const char *text, int64_t *out)
{
	char *end = NULL;

	if (text[0] == '\0' || strspn(text, "+-0123456789") != strlen(text))
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

int
member_int32(const struct json_object *obj, const char *name, bool *is_there, int32_t *out,
    struct error *err)
{
	struct json_object *value = find(obj, name);
	int64_t number = 0;
	const char *text;

	*is_there = false;
	if (value == NULL)
		return 0;
	text = json_object_get_string(value);
	if (json_object_is_type(value, json_type_string) && text[0] == '\0')
		return 0;
	if (json_object_is_type(value, json_type_int))
		number = json_object_get_int64(value);
	else if (!json_object_is_type(value, json_type_string) || !parse_int(text, &number))
		return wrong_type(name, "integer", err);
	if (number < INT32_MIN || number > INT32_MAX)
		return error_set(err, ERR_JSON, "JSON: the member \"%s\" is beyond 32 bits", name);
	*is_there = true;
	*out = (int32_t)number;
	return 0;
}

int
member_bool(
    const struct json_object *obj, const char *name, bool *is_there, bool *out, struct error *err)
{
	struct json_object *value = find(obj, name);
	const char *text;

	*is_there = false;
	if (value == NULL)
		return 0;
	text = json_object_get_string(value);
	if (json_object_is_type(value, json_type_string) && text[0] == '\0')
		return 0;
	if ((!json_object_is_type(value, json_type_boolean) &&
		!json_object_is_type(value, json_type_string)) ||
	    (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
		return wrong_type(name, "boolean", err);
	*is_there = true;
	*out = strcmp(text, "true") == 0;
	return 0;
}

int
member_array(
    const struct json_object *obj, const char *name, struct json_object **out, struct error *err)
{
	*out = find(obj, name);
	if (*out == NULL || json_object_is_type(*out, json_type_array))
		return 0;
	return wrong_type(name, "array", err);
}

int
member_uuids(const struct json_object *obj, const char *name, struct uuids *out, struct error *err)
{
	struct json_object *array = NULL;

	if (member_array(obj, name, &array, err) < 0)
		return -1;
	return array != NULL ? uuids_read(array, out, err) : 0;
}

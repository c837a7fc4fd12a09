/* Strict JSON: our own scan of the text first, then json-c builds the object. */
#include "base/json.h"

#include <json-c/json_visit.h>
#include <limits.h>
#include <math.h>

#include "base/json_scan.h"

DEFINE_CLEANUP(struct json_tokener *, json_tokener_free)

/* What a walk over the built object found. */
struct tally {
	size_t members;
	bool is_finite;
};

static int // NOLINTNEXTLINE(readability-function-size): the signature is json-c's
count_one(
    json_object *value, int flags, json_object *parent, const char *name, size_t *index, void *data)
{
	struct tally *tally = data;

	(void)parent;
	(void)index;
	if (flags == JSON_C_VISIT_SECOND)
		return JSON_C_VISIT_RETURN_CONTINUE;
	if (name != NULL)
		tally->members++;
	if (json_object_is_type(value, json_type_double) &&
	    !isfinite(json_object_get_double(value)))
		tally->is_finite = false;
	return JSON_C_VISIT_RETURN_CONTINUE;
}

/*
 * json-c keeps the last of two members with the same name, so an object that
 * lost any says that a name occurred twice, however it was escaped.
 */
static int
check_built(struct json_object *object, size_t members, struct error *err)
{
	struct tally tally = { .members = 0, .is_finite = true };

	if (json_c_visit(object, 0, count_one, &tally) < 0)
		return error_set(err, ERR_INTERNAL, "JSON: the object cannot be walked");
	if (tally.members != members)
		return error_set(err, ERR_BAD_REQUEST, "JSON: a member name occurs twice");
	if (!tally.is_finite)
		return error_set(
		    err, ERR_BAD_REQUEST, "JSON: a number beyond the range of a double");
	return 0;
}

/* json-c counts one level more than we do. */
static struct json_object *
build(struct bytes text, struct error *err)
{
	cleanup(json_tokener_freep) struct json_tokener *tokener =
	    json_tokener_new_ex(JSON_SCAN_MAX_DEPTH + 1);
	struct json_object *object;

	if (tokener == NULL) {
		(void)error_set(err, ERR_INTERNAL, "JSON: out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, (const char *)text.ptr, (int)text.len);
	if (object == NULL)
		(void)error_set(err, ERR_BAD_REQUEST, "JSON: %s",
		    json_tokener_error_desc(json_tokener_get_error(tokener)));
	return object;
}

int
json_parse(struct bytes text, const struct json_limits *limits, struct json_object **out,
    struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = NULL;
	struct json_scan scan = { 0 };

	if (json_scan(text, limits, &scan, err) < 0)
		return -1;
	/* json-c tells neither null from failure nor the end of a bare number. */
	if (text.ptr[scan.end - 1] != '}' && text.ptr[scan.end - 1] != ']')
		return error_set(err, ERR_BAD_REQUEST, "JSON: neither an object nor an array");
	if (scan.end > INT_MAX)
		return error_set(err, ERR_BAD_REQUEST, "JSON: longer than json-c can take");
	object = build(bytes_of(text.ptr, scan.end), err);
	if (object == NULL || check_built(object, scan.members, err) < 0)
		return -1;
	*out = take(object);
	return 0;
}

int
json_parse_stored(struct bytes text, struct json_object **out, struct error *err)
{
	static const struct json_limits limits = {
		.max_bytes = JSON_STORED_MAX,
		.max_depth = 64,
		.max_members = 65536,
	};

	if (text.len > 0)
		return json_parse(text, &limits, out, err);
	*out = NULL;
	return 0;
}

/* The member where it is there and of that type, else NULL. */
static struct json_object *
get(const struct json_object *obj, const char *name, enum json_type type)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(obj, json_type_object) ||
	    !json_object_object_get_ex(obj, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

bool
json_get_text(const struct json_object *obj, const char *name, const char **out)
{
	struct json_object *value = get(obj, name, json_type_string);

	if (value == NULL)
		return false;
	*out = json_object_get_string(value);
	return true;
}

bool
json_get_int(const struct json_object *obj, const char *name, int64_t *out)
{
	struct json_object *value = get(obj, name, json_type_int);

	if (value == NULL)
		return false;
	*out = json_object_get_int64(value);
	return true;
}

bool
json_get_boolean(const struct json_object *obj, const char *name, bool *out)
{
	struct json_object *value = get(obj, name, json_type_boolean);

	if (value == NULL)
		return false;
	*out = json_object_get_boolean(value);
	return true;
}

bool
json_get_array(const struct json_object *obj, const char *name, struct json_object **out)
{
	struct json_object *value = get(obj, name, json_type_array);

	if (value == NULL)
		return false;
	*out = value;
	return true;
}

bool
json_get_object(const struct json_object *obj, const char *name, struct json_object **out)
{
	struct json_object *value = get(obj, name, json_type_object);

	if (value == NULL)
		return false;
	*out = value;
	return true;
}

bool
json_has(const struct json_object *obj, const char *name)
{
	return json_object_is_type(obj, json_type_object) &&
	       json_object_object_get_ex(obj, name, NULL);
}

/* json-c's own macro for this is no ISO C. */
void
json_each_member(struct json_object *obj,
    void (*each)(const char *name, struct json_object *value, void *arg), void *arg)
{
	struct json_object_iterator at = json_object_iter_begin(obj);
	struct json_object_iterator end = json_object_iter_end(obj);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		each(json_object_iter_peek_name(&at), json_object_iter_peek_value(&at), arg);
}

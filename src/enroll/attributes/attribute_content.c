/* The content of one custom attribute, checked against its definition. */
#include "enroll/attributes/attribute_content.h"

#include <string.h>

#include "base/utf8.h"
#include "enroll/attributes/attribute_content_data.h"
#include "enroll/attributes/attribute_content_secret.h"

enum { DEFINITION_DEPTH_MAX = 40, NAME_SHOWN_MAX = 128 };

static const struct json_limits CONTENT_LIMITS = {
	.max_bytes = CUSTOM_ATTRIBUTE_CONTENT_MAX,
	.max_depth = DEFINITION_DEPTH_MAX,
	.max_members = 65536,
};

bool
attribute_content_type_exists(const char *content_type)
{
	return attribute_content_data_reader(content_type) != NULL;
}

bool
attribute_content_is_secret(const char *content_type)
{
	return strcmp(content_type, "secret") == 0;
}

int
attribute_content_error(struct error *err, const char *name)
{
	struct bytes shown = utf8_cut_octets(bytes_text(name), NAME_SHOWN_MAX);

	return error_prefix(err, "Custom attribute %.*s", (int)shown.len, (const char *)shown.ptr);
}

static int
out_of_memory(struct error *err)
{
	return error_set(err, ERR_INTERNAL, "out of memory for a custom attribute");
}

/* Adds an owned value. */
static int
add(struct json_object *to, const char *name, struct json_object *value, struct error *err)
{
	if (value == NULL || json_object_object_add(to, name, value) < 0) {
		json_object_put(value);
		return out_of_memory(err);
	}
	return 0;
}

static int
append(struct json_object *to, struct json_object *value, struct error *err)
{
	if (value == NULL || json_object_array_add(to, value) < 0) {
		json_object_put(value);
		return out_of_memory(err);
	}
	return 0;
}

static int
copy_reference(struct json_object *item, struct json_object *made, struct error *err)
{
	struct json_object *reference = NULL;

	if (!json_object_object_get_ex(item, "reference", &reference) || reference == NULL)
		return 0;
	if (!json_object_is_type(reference, json_type_string) ||
	    json_object_get_string_len(reference) > ATTRIBUTE_STRING_MAX)
		return error_set(err, ERR_VALIDATION,
		    "the reference is not a text of up to %d octets", ATTRIBUTE_STRING_MAX);
	return add(made, "reference", json_object_get(reference), err);
}

static int
read_item(attribute_data_reader *read, struct json_object *item, struct json_object *content,
    struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_object();
	struct json_object *data = NULL, *made_data = NULL;

	if (!json_object_is_type(item, json_type_object) ||
	    !json_object_object_get_ex(item, "data", &data) || data == NULL)
		return error_set(err, ERR_VALIDATION, "a content item has no data");
	if (copy_reference(item, made, err) < 0 || read(data, &made_data, err) < 0 ||
	    add(made, "data", made_data, err) < 0)
		return -1;
	return append(content, take(made), err);
}

static int
check_form(struct json_object *content, struct error *err)
{
	if (!json_object_is_type(content, json_type_array))
		return error_set(err, ERR_VALIDATION, "the content is not an array");
	if (json_object_array_length(content) > ATTRIBUTE_ITEMS_MAX)
		return error_set(
		    err, ERR_VALIDATION, "the content has more than %d items", ATTRIBUTE_ITEMS_MAX);
	return 0;
}

int
attribute_content_read(const char *content_type, struct json_object *content,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_array();
	attribute_data_reader *read = attribute_content_data_reader(content_type);

	if (read == NULL)
		return error_set(err, ERR_VALIDATION, "there is no such content type");
	if (check_form(content, err) < 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(content); i++)
		if (read_item(read, json_object_array_get_idx(content, i), made, err) < 0)
			return -1;
	*out = take(made);
	return 0;
}

static struct json_object *
data_at(struct json_object *content, size_t i)
{
	return json_object_object_get(json_object_array_get_idx(content, i), "data");
}

static bool
is_among(struct json_object *data, struct json_object *content)
{
	for (size_t i = 0; i < json_object_array_length(content); i++)
		if (json_object_equal(data, data_at(content, i)))
			return true;
	return false;
}

static bool
is_same(struct json_object *a, struct json_object *b)
{
	if (json_object_array_length(a) != json_object_array_length(b))
		return false;
	for (size_t i = 0; i < json_object_array_length(a); i++)
		if (!json_object_equal(data_at(a, i), data_at(b, i)))
			return false;
	return true;
}

/* Against the definition's own content; read-only goes further than a list. */
static int
check_choice(
    const struct custom_attribute *definition, struct json_object *content, struct error *err)
{
	cleanup(json_object_putp) struct json_object *own = NULL;

	if (json_parse(buf_bytes(&definition->content), &CONTENT_LIMITS, &own, err) < 0)
		return error_prefix(err, "custom_attribute.content");
	if (definition->is_read_only && !is_same(content, own))
		return error_set(err, ERR_VALIDATION, "it is read only");
	for (size_t i = 0; definition->is_list && i < json_object_array_length(content); i++)
		if (!is_among(data_at(content, i), own))
			return error_set(
			    err, ERR_VALIDATION, "item %zu is not a value of its list", i + 1);
	return 0;
}

static int
check_rules(
    const struct custom_attribute *definition, struct json_object *content, struct error *err)
{
	if (!definition->is_multi_select && json_object_array_length(content) > 1)
		return error_set(err, ERR_VALIDATION, "it takes one value, not several");
	if (definition->content.len == 0 || (!definition->is_read_only && !definition->is_list))
		return 0;
	return check_choice(definition, content, err);
}

/* What is stored of a secret: items with "sealed" in place of "data". */
static int
seal(const struct attribute_content_change *change, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_array();
	const struct custom_attribute *definition = change->definition;

	if (check_form(change->content, err) < 0 ||
	    check_rules(definition, change->content, err) < 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(change->content); i++) {
		cleanup(json_object_putp) struct json_object *item = json_object_new_object();
		struct json_object *given = json_object_array_get_idx(change->content, i);
		struct json_object *before =
		    change->before != NULL ? json_object_array_get_idx(change->before, i) : NULL;
		const struct attribute_secret secret = { change->object, &definition->id, before };

		if (!json_object_is_type(given, json_type_object))
			return error_set(err, ERR_VALIDATION, "a content item is not an object");
		if (copy_reference(given, item, err) < 0 ||
		    attribute_content_seal(&secret, given, item, err) < 0 ||
		    append(made, take(item), err) < 0)
			return -1;
	}
	*out = take(made);
	return 0;
}

static int
read_and_check(
    const struct attribute_content_change *change, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = NULL;

	if (attribute_content_is_secret(change->definition->content_type))
		return seal(change, out, err);
	if (attribute_content_read(change->definition->content_type, change->content, &made, err) <
		0 ||
	    check_rules(change->definition, made, err) < 0)
		return -1;
	*out = take(made);
	return 0;
}

static bool
is_empty(struct json_object *content)
{
	return content == NULL || (json_object_is_type(content, json_type_array) &&
				      json_object_array_length(content) == 0);
}

int
attribute_content_check(
    const struct attribute_content_change *change, struct json_object **out, struct error *err)
{
	const char *name = change->definition->name;

	if (is_empty(change->content) && change->definition->is_required) {
		(void)error_set(err, ERR_VALIDATION, "it is required");
		return attribute_content_error(err, name);
	}
	if (is_empty(change->content)) {
		*out = NULL;
		return 0;
	}
	if (read_and_check(change, out, err) < 0)
		return attribute_content_error(err, name);
	return 0;
}

/* RA profile rules as attributes: reading those of a request, writing those of an answer. */
#include "enroll/profiles/rule_attributes.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/json_add.h"
#include "crypto/key.h"

enum { LABEL_MAX = 64, MAX_ATTRIBUTES = 64 };

struct uuid
rule_attributes_uuid(const char *name)
{
	cleanup(buf_release) struct buf text = BUF_INIT(256);
	uint8_t digest[SHA256_SIZE] = { 0 };
	struct error ignored = { .code = ERR_NONE };
	struct uuid uuid;

	buf_printf(&text, "certwright rule attribute %s", name);
	(void)sha256(buf_bytes(&text), digest, &ignored);
	memcpy(uuid.octets, digest, UUID_SIZE);
	uuid.octets[6] = (uint8_t)((uuid.octets[6] & 0x0f) | 0x80);
	uuid.octets[8] = (uint8_t)((uuid.octets[8] & 0x3f) | 0x80);
	return uuid;
}

static bool
is_null(const struct json_object *obj, const char *name)
{
	struct json_object *value = NULL;

	return !json_object_object_get_ex(obj, name, &value) || value == NULL;
}

static int
read_attribute(struct json_object *item, struct rule_attribute *out, struct error *err)
{
	struct json_object *content = NULL;
	const char *name = "";

	if (!json_object_is_type(item, json_type_object) || !json_get_text(item, "name", &name)) {
		(void)error_set(err, ERR_VALIDATION, "an attribute without a name");
		return -1;
	}
	if (!is_null(item, "content") && !json_get_array(item, "content", &content))
		return error_set(err, ERR_VALIDATION,
		    "Attribute %.64s: content is expected to be an array", name);
	if (content != NULL && json_object_array_length(content) > RULE_ATTRIBUTE_MAX_ITEMS)
		return error_set(err, ERR_VALIDATION, "Attribute %.64s: more than %d items", name,
		    RULE_ATTRIBUTE_MAX_ITEMS);
	out->name = name;
	out->content = content;
	return 0;
}

static bool
stands_before(struct json_object *values, size_t end, const char *name)
{
	for (size_t i = 0; i < end; i++) {
		const char *other = NULL;

		if (json_get_text(json_object_array_get_idx(values, i), "name", &other) &&
		    strcmp(other, name) == 0)
			return true;
	}
	return false;
}

int
rule_attributes_each(struct json_object *values,
    int (*each)(const struct rule_attribute *attribute, void *arg, struct error *err), void *arg,
    struct error *err)
{
	size_t count = values != NULL ? json_object_array_length(values) : 0;

	if (count > MAX_ATTRIBUTES)
		return error_set(err, ERR_VALIDATION, "more than %d attributes", MAX_ATTRIBUTES);
	for (size_t i = 0; i < count; i++) {
		struct rule_attribute attribute = { .name = "" };

		if (read_attribute(json_object_array_get_idx(values, i), &attribute, err) < 0)
			return -1;
		if (stands_before(values, i, attribute.name))
			return error_set(
			    err, ERR_VALIDATION, "Attribute %.64s stands twice", attribute.name);
		if (attribute.content != NULL && each(&attribute, arg, err) < 0)
			return -1;
	}
	return 0;
}

static bool
is_plain(const struct json_object *data)
{
	return json_object_is_type(data, json_type_string) ||
	       json_object_is_type(data, json_type_int) ||
	       json_object_is_type(data, json_type_boolean);
}

/* Forms send numbers and booleans as themselves or as texts. */
int
rule_attributes_item(
    const struct rule_attribute *attribute, size_t i, const char **out, struct error *err)
{
	struct json_object *item = json_object_array_get_idx(attribute->content, i);
	struct json_object *data = NULL;
	const char *text = NULL;

	if (json_object_is_type(item, json_type_object) &&
	    json_object_object_get_ex(item, "data", &data) && is_plain(data))
		text = json_object_get_string(data);
	if (text == NULL) {
		(void)error_set(err, ERR_VALIDATION,
		    "Attribute %.64s: an item needs data, a text, number or boolean",
		    attribute->name);
		return -1;
	}
	*out = text;
	return 0;
}

/* An item is one word: a comma in it would make two of it. */
static int
join(const struct rule_field *field, const struct rule_attribute *attribute, struct buf *out,
    struct error *err)
{
	size_t count = json_object_array_length(attribute->content);
	bool is_list = field->kind == RULE_LIST || field->kind == RULE_EKUS;

	if (!is_list && count != 1)
		return error_set(
		    err, ERR_VALIDATION, "Attribute %s: expected one item", field->name);
	for (size_t i = 0; i < count; i++) {
		const char *text = NULL;

		if (rule_attributes_item(attribute, i, &text, err) < 0)
			return -1;
		if (is_list && (text[0] == '\0' || strchr(text, ',') != NULL))
			return error_set(
			    err, ERR_VALIDATION, "%s: expected %s", field->name, field->expected);
		buf_printf(out, "%s%s", i > 0 ? "," : "", text);
	}
	if (buf_failed(out))
		return error_set(err, ERR_VALIDATION, "Attribute %s is too long", field->name);
	return 0;
}

int
rule_attributes_set(struct ra_profile *profile, const struct rule_field *field,
    struct json_object *content, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(RULE_ATTRIBUTE_TEXT_MAX);
	const struct rule_attribute attribute = { field->name, content };

	if (join(field, &attribute, &text, err) < 0)
		return -1;
	if (profile_rules_set(profile, field->name, buf_text(&text), err) == 0)
		return 0;
	if (error_is(err, ERR_CONFIG))
		err->code = ERR_VALIDATION;
	return -1;
}

static void
add_item(struct json_object *content, struct json_object *data)
{
	struct json_object *item = json_object_new_object();

	(void)json_object_object_add(item, "data", data);
	(void)json_object_array_add(content, item);
}

struct json_object *
rule_attributes_content(const struct ra_profile *profile, const struct rule_field *field)
{
	struct json_object *content = json_object_new_array();
	struct json_object *value = profile_rules_json(profile, field);

	if (!json_object_is_type(value, json_type_array)) {
		add_item(content, value);
		return content;
	}
	for (size_t i = 0; i < json_object_array_length(value); i++)
		add_item(content, json_object_get(json_object_array_get_idx(value, i)));
	json_object_put(value);
	return content;
}

const char *
rule_attributes_type(const struct rule_field *field)
{
	switch (field->kind) {
	case RULE_NUMBER:
		return "integer";
	case RULE_BOOLEAN:
		return "boolean";
	case RULE_TEXT:
	case RULE_CHOICE:
	case RULE_LIST:
	case RULE_EKUS:
		return "string";
	}
	return "string";
}

static struct json_object *
start(const char *name)
{
	struct json_object *object = json_object_new_object();
	struct uuid uuid = rule_attributes_uuid(name);
	char text[UUID_TEXT_MAX];

	uuid_text(&uuid, text);
	json_add_text(object, "uuid", text);
	json_add_text(object, "name", name);
	return object;
}

/* "MinRsaBits" as "Min rsa bits". */
static void
add_label(struct json_object *to, const char *name)
{
	cleanup(buf_release) struct buf label = BUF_INIT(LABEL_MAX);

	for (const char *at = name; *at != '\0'; at++) {
		bool is_upper = *at >= 'A' && *at <= 'Z';

		if (is_upper && at > name)
			buf_add_byte(&label, ' ');
		buf_add_byte(&label, (uint8_t)(is_upper && at > name     ? *at | 0x20
					       : !is_upper && at == name ? *at & ~0x20
									 : *at));
	}
	json_add_text(to, "label", buf_text(&label));
}

struct json_object *
rule_attributes_value(const char *name, const char *content_type, struct json_object *content)
{
	struct json_object *object = start(name);

	json_add_text(object, "contentType", content_type);
	(void)json_object_object_add(object, "content", content);
	return object;
}

struct json_object *
rule_attributes_response(const char *name, const char *content_type, struct json_object *content)
{
	struct json_object *object = rule_attributes_value(name, content_type, content);

	add_label(object, name);
	json_add_text(object, "type", "data");
	return object;
}

static struct json_object *
properties(const struct rule_description *description)
{
	struct json_object *object = json_object_new_object();

	add_label(object, description->name);
	json_add_bool(object, "visible", true);
	json_add_bool(object, "required", false);
	json_add_bool(object, "readOnly", false);
	json_add_bool(object, "list", description->is_list || description->is_choice);
	json_add_bool(object, "multiSelect", description->is_list);
	return object;
}

static struct json_object *
range_constraint(const struct rule_description *description)
{
	struct json_object *constraints = json_object_new_array();
	struct json_object *range = json_object_new_object();
	struct json_object *data = json_object_new_object();

	json_add_text(range, "type", "range");
	json_add_text(range, "description", description->description);
	json_add_int(data, "from", description->min);
	json_add_int(data, "to", description->max);
	(void)json_object_object_add(range, "data", data);
	(void)json_object_array_add(constraints, range);
	return constraints;
}

struct json_object *
rule_attributes_describe(const struct rule_description *description)
{
	struct json_object *object = start(description->name);

	json_add_text(object, "description", description->description);
	json_add_text(object, "type", "data");
	json_add_text(object, "contentType", description->content_type);
	if (description->content != NULL)
		(void)json_object_object_add(object, "content", description->content);
	(void)json_object_object_add(object, "properties", properties(description));
	if (description->has_range)
		(void)json_object_object_add(object, "constraints", range_constraint(description));
	return object;
}

/* The values of an object's custom attributes, checked against the definitions. */
#include "enroll/attributes/attributes.h"

#include <stdlib.h>
#include <string.h>

#include "enroll/attributes/attribute_content.h"
#include "enroll/attributes/attribute_content_secret.h"
#include "enroll/attributes/attribute_definitions.h"

static int
out_of_memory(struct error *err)
{
	return error_set(err, ERR_INTERNAL, "out of memory for custom attributes");
}

/* A member that is a text, or absent or null. */
static int
read_text(struct json_object *value, const char *name, const char **out, struct error *err)
{
	struct json_object *member = NULL;

	*out = NULL;
	if (!json_object_object_get_ex(value, name, &member) || member == NULL)
		return 0;
	if (!json_object_is_type(member, json_type_string))
		return error_set(
		    err, ERR_VALIDATION, "The %s of a custom attribute is not a text", name);
	if (json_object_get_string_len(member) > 0)
		*out = json_object_get_string(member);
	return 0;
}

static int
read_uuid(const char *text, struct uuid *out, struct error *err)
{
	if (uuid_parse(text, out, err) == 0)
		return 0;
	error_clear(err);
	return error_set(err, ERR_VALIDATION, "The uuid of a custom attribute is not a UUID");
}

/* How a request names an attribute. */
struct reference {
	const char *uuid; /* NULL: by name alone */
	const char *name; /* NULL: by uuid alone */
	struct uuid id;
};

static int
read_reference(struct json_object *value, struct reference *out, struct error *err)
{
	if (!json_object_is_type(value, json_type_object))
		return error_set(err, ERR_VALIDATION, "A custom attribute is not an object");
	if (read_text(value, "uuid", &out->uuid, err) < 0 ||
	    read_text(value, "name", &out->name, err) < 0)
		return -1;
	if (out->uuid == NULL && out->name == NULL)
		return error_set(err, ERR_VALIDATION, "A custom attribute has no uuid and no name");
	return out->uuid != NULL ? read_uuid(out->uuid, &out->id, err) : 0;
}

/* By uuid or name; where both are given they must be the same one's. NULL with an error. */
static const struct custom_attribute *
find_definition(
    const struct attribute_definitions *definitions, struct json_object *value, struct error *err)
{
	struct reference by = { .uuid = NULL };
	const struct custom_attribute *found;

	if (read_reference(value, &by, err) < 0)
		return NULL;
	found = by.uuid != NULL ? attribute_definitions_by_id(definitions, &by.id)
				: attribute_definitions_by_name(definitions, by.name);
	if (found != NULL && (by.name == NULL || strcmp(found->name, by.name) == 0))
		return found;
	(void)error_set(err, ERR_VALIDATION,
	    found == NULL ? "there is none of this resource that is enabled"
			  : "its uuid is another one's");
	(void)attribute_content_error(err, by.name != NULL ? by.name : by.uuid);
	return NULL;
}

static int
check_content_type(
    const struct custom_attribute *definition, struct json_object *value, struct error *err)
{
	const char *content_type = NULL;

	if (read_text(value, "contentType", &content_type, err) < 0)
		return -1;
	if (content_type == NULL || strcmp(content_type, definition->content_type) == 0)
		return 0;
	(void)error_set(err, ERR_VALIDATION, "its contentType is %s", definition->content_type);
	return attribute_content_error(err, definition->name);
}

/* The entry of a stored array that is of this definition, or NULL. */
static struct json_object *
entry_of(struct json_object *stored, const struct custom_attribute *definition)
{
	char id[UUID_TEXT_MAX];
	const char *uuid;

	uuid_text(&definition->id, id);
	for (size_t i = 0; stored != NULL && i < json_object_array_length(stored); i++) {
		struct json_object *entry = json_object_array_get_idx(stored, i);

		if (json_get_text(entry, "uuid", &uuid) && strcmp(uuid, id) == 0)
			return entry;
	}
	return NULL;
}

static struct json_object *
content_of(struct json_object *entry)
{
	struct json_object *content = NULL;

	if (entry != NULL)
		(void)json_object_object_get_ex(entry, "content", &content);
	return content;
}

static bool
add(struct json_object *to, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(to, name, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

/* Appends what is stored of one; content is taken over. */
static int
append(struct json_object *stored, const struct custom_attribute *definition,
    struct json_object *content, struct error *err)
{
	cleanup(json_object_putp) struct json_object *entry = json_object_new_object();
	char id[UUID_TEXT_MAX];

	uuid_text(&definition->id, id);
	if (!add(entry, "content", content) || !add(entry, "uuid", json_object_new_string(id)) ||
	    !add(entry, "name", json_object_new_string(definition->name)) ||
	    !add(entry, "contentType", json_object_new_string(definition->content_type)) ||
	    json_object_array_add(stored, json_object_get(entry)) < 0)
		return out_of_memory(err);
	return 0;
}

static int
check_content(const struct attributes_object *object, const struct custom_attribute *definition,
    struct json_object *content, struct json_object *stored, struct error *err)
{
	const struct attribute_content_change change = {
		.definition = definition,
		.object = object,
		.content = content,
		.before = content_of(entry_of(object->before, definition)),
	};
	struct json_object *kept = NULL;

	if (attribute_content_check(&change, &kept, err) < 0)
		return -1;
	return kept != NULL ? append(stored, definition, kept, err) : 0;
}

static int
check_value(const struct attributes_object *object, const struct attribute_definitions *definitions,
    struct json_object *value, struct json_object *stored, struct error *err)
{
	const struct custom_attribute *definition = find_definition(definitions, value, err);

	if (definition == NULL || check_content_type(definition, value, err) < 0)
		return -1;
	if (entry_of(stored, definition) != NULL) {
		(void)error_set(err, ERR_VALIDATION, "it is given twice");
		return attribute_content_error(err, definition->name);
	}
	return check_content(object, definition, content_of(value), stored, err);
}

/* What is read only is nobody's to leave out: a request without it keeps it. */
static int
keep_read_only(const struct attributes_object *object, const struct custom_attribute *definition,
    struct json_object *stored, struct error *err)
{
	struct json_object *entry = entry_of(object->before, definition);

	if (!definition->is_read_only || entry == NULL || entry_of(stored, definition) != NULL)
		return 0;
	return json_object_array_add(stored, json_object_get(entry)) < 0 ? out_of_memory(err) : 0;
}

/* What is required must be there, and what is read only must not go. */
static int
check_absent(const struct attributes_object *object, const struct custom_attribute *definition,
    struct json_object *stored, struct error *err)
{
	if (entry_of(stored, definition) != NULL)
		return 0;
	if (definition->is_required)
		(void)error_set(err, ERR_VALIDATION, "it is required");
	else if (definition->is_read_only && entry_of(object->before, definition) != NULL)
		(void)error_set(err, ERR_VALIDATION, "it is read only");
	else
		return 0;
	return attribute_content_error(err, definition->name);
}

static int
check_size(struct json_object *stored, struct error *err)
{
	const char *text = json_object_to_json_string_ext(stored, JSON_C_TO_STRING_PLAIN);

	if (text == NULL)
		return out_of_memory(err);
	if (strlen(text) > ATTRIBUTE_STORED_MAX)
		return error_set(err, ERR_VALIDATION,
		    "The custom attributes have more than %d octets", ATTRIBUTE_STORED_MAX);
	return 0;
}

static int
check_all(const struct attributes_object *object, const struct attribute_definitions *definitions,
    struct json_object *values, struct json_object *stored, struct error *err)
{
	if (values != NULL && !json_object_is_type(values, json_type_array))
		return error_set(err, ERR_VALIDATION, "The custom attributes are not an array");
	for (size_t i = 0; values != NULL && i < json_object_array_length(values); i++)
		if (check_value(
			object, definitions, json_object_array_get_idx(values, i), stored, err) < 0)
			return -1;
	for (size_t i = 0; i < definitions->count; i++)
		if (keep_read_only(object, definitions->items[i], stored, err) < 0 ||
		    check_absent(object, definitions->items[i], stored, err) < 0)
			return -1;
	return check_size(stored, err);
}

int
attributes_check_object(struct db *db, const struct attributes_object *object,
    struct json_object *values, struct json_object **stored, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_array();
	cleanup(attribute_definitions_freep) struct attribute_definitions *definitions = NULL;

	if (attribute_definitions_load(db, object->resource, &definitions, err) < 0 ||
	    check_all(object, definitions, values, made, err) < 0)
		return -1;
	*stored = take(made);
	return 0;
}

int
attributes_check(struct db *db, const char *resource, struct json_object *values,
    struct json_object **stored, struct error *err)
{
	const struct attributes_object object = { .resource = resource };

	return attributes_check_object(db, &object, values, stored, err);
}

/* The others stay as they are, in the order in which they were. */
static int
copy_others(struct json_object *from, const struct custom_attribute *definition,
    struct json_object *to, struct error *err)
{
	const struct json_object *changed = entry_of(from, definition);

	for (size_t i = 0; from != NULL && i < json_object_array_length(from); i++) {
		struct json_object *entry = json_object_array_get_idx(from, i);

		if (entry != changed && json_object_array_add(to, json_object_get(entry)) < 0)
			return out_of_memory(err);
	}
	return 0;
}

int
attributes_set_one(const struct attributes_object *object,
    const struct custom_attribute *definition, struct json_object *content,
    struct json_object **stored, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_array();

	if (copy_others(object->before, definition, made, err) < 0 ||
	    check_content(object, definition, content, made, err) < 0 ||
	    check_absent(object, definition, made, err) < 0 || check_size(made, err) < 0)
		return -1;
	*stored = take(made);
	return 0;
}

static int
reseal_entry(const struct attributes_object *object, struct json_object *entry, bool *changed,
    struct error *err)
{
	struct json_object *content = content_of(entry);
	struct uuid id;
	const char *uuid;

	if (!json_object_is_type(content, json_type_array) || !json_get_text(entry, "uuid", &uuid))
		return 0;
	if (uuid_parse(uuid, &id, err) < 0)
		return -1;
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		struct json_object *item = json_object_array_get_idx(content, i);
		const struct attribute_secret secret = { object, &id, NULL };

		if (!json_has(item, "sealed"))
			continue;
		if (attribute_content_reseal(&secret, item, err) < 0)
			return -1;
		*changed = true;
	}
	return 0;
}

int
attributes_reseal(const struct attributes_object *object, struct json_object *stored, bool *changed,
    struct error *err)
{
	*changed = false;
	if (!json_object_is_type(stored, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(stored); i++)
		if (reseal_entry(object, json_object_array_get_idx(stored, i), changed, err) < 0)
			return -1;
	return 0;
}

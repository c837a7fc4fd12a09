/* Values of custom attributes as CZERTAINLY's ResponseAttributeDto. */
#include "api/management/attribute_dto.h"

#include "base/json.h"
#include "base/json_add.h"
#include "enroll/attributes/attribute_content.h"
#include "enroll/attributes/attribute_definitions.h"
#include "store/custom_attribute_values.h"

/* An item as it may be shown: no "sealed", and so a secret has no data. */
static struct json_object *
show_item(struct json_object *item)
{
	static const char *const shown[] = { "reference", "data" };
	struct json_object *made = json_object_new_object();

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct json_object *value = NULL;

		if (json_object_object_get_ex(item, shown[i], &value))
			json_add(made, shown[i], json_object_get(value));
	}
	return made;
}

static struct json_object *
show_content(struct json_object *entry)
{
	struct json_object *content = NULL, *made;

	if (!json_get_array(entry, "content", &content))
		return NULL;
	made = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(content); i++)
		(void)json_object_array_add(made, show_item(json_object_array_get_idx(content, i)));
	return made;
}

static struct json_object *
show(const struct custom_attribute *definition, struct json_object *entry)
{
	struct json_object *made = json_object_new_object();

	json_add_uuid(made, "uuid", &definition->id);
	json_add_text(made, "name", definition->name);
	json_add_text(made, "label", definition->label);
	json_add_text(made, "type", "custom");
	json_add_text(made, "contentType", definition->content_type);
	json_add(made, "content", show_content(entry));
	return made;
}

/* NULL: shown no more. */
static const struct custom_attribute *
definition_of(const struct attribute_definitions *definitions, struct json_object *entry)
{
	struct error ignored = { .code = ERR_NONE };
	struct uuid id;
	const char *uuid;

	if (!json_get_text(entry, "uuid", &uuid) || uuid_parse(uuid, &id, &ignored) < 0)
		return NULL;
	return attribute_definitions_by_id(definitions, &id);
}

int
attribute_dtos(struct db *db, const char *resource, struct json_object *stored,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_array();
	cleanup(attribute_definitions_freep) struct attribute_definitions *definitions = NULL;
	size_t count =
	    json_object_is_type(stored, json_type_array) ? json_object_array_length(stored) : 0;

	if (count > 0 && attribute_definitions_load(db, resource, &definitions, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct json_object *entry = json_object_array_get_idx(stored, i);
		const struct custom_attribute *definition = definition_of(definitions, entry);

		if (definition != NULL)
			(void)json_object_array_add(made, show(definition, entry));
	}
	if (made == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for custom attributes");
	*out = take(made);
	return 0;
}

int
attribute_dtos_text(struct db *db, const char *resource, struct bytes stored,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *parsed = NULL;

	if (json_parse_stored(stored, &parsed, err) < 0)
		return error_prefix(err, "custom attributes of %s", resource);
	return attribute_dtos(db, resource, parsed, out, err);
}

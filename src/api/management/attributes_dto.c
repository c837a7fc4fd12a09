/* Definitions of custom attributes in CZERTAINLY's three forms. */
#include "api/management/attributes_dto.h"

#include <string.h>

#include "base/json.h"
#include "base/json_add.h"

static struct json_object *
show_resources(const struct custom_attribute *attribute)
{
	struct json_object *made = json_object_new_array();

	for (const char *at = attribute->resources; *at != '\0'; at += *at == ',') {
		size_t len = strcspn(at, ",");

		(void)json_object_array_add(made, json_object_new_string_len(at, (int)len));
		at += len;
	}
	return made;
}

/* What was stored was checked, so that only a foreign hand in the table makes this NULL. */
static struct json_object *
show_content(const struct custom_attribute *attribute)
{
	struct error ignored = { .code = ERR_NONE };
	struct json_object *made = NULL;

	if (json_parse_stored(buf_bytes(&attribute->content), &made, &ignored) < 0)
		return NULL;
	return made;
}

struct json_object *
attributes_dto(const struct custom_attribute *attribute)
{
	struct json_object *made = json_object_new_object();

	json_add_uuid(made, "uuid", &attribute->id);
	json_add_text(made, "name", attribute->name);
	json_add_text(made, "contentType", attribute->content_type);
	/* The contract requires it. */
	json_add_text(made, "description", attribute->description);
	json_add_bool(made, "enabled", attribute->enabled);
	json_add(made, "resources", show_resources(attribute));
	return made;
}

static void
add_properties(struct json_object *to, const struct custom_attribute *attribute)
{
	json_add_text(to, "label", attribute->label);
	json_add_bool(to, "visible", attribute->is_visible);
	json_add_filled(to, "group", attribute->group);
	json_add_bool(to, "required", attribute->is_required);
	json_add_bool(to, "readOnly", attribute->is_read_only);
	json_add_bool(to, "list", attribute->is_list);
	json_add_bool(to, "multiSelect", attribute->is_multi_select);
}

struct json_object *
attributes_dto_detail(const struct custom_attribute *attribute)
{
	struct json_object *made = attributes_dto(attribute);

	json_add_text(made, "type", "custom");
	add_properties(made, attribute);
	json_add(made, "content", show_content(attribute));
	return made;
}

struct json_object *
attributes_dto_descriptor(const struct custom_attribute *attribute)
{
	struct json_object *made = json_object_new_object();
	struct json_object *properties = json_object_new_object();

	json_add_uuid(made, "uuid", &attribute->id);
	json_add_text(made, "name", attribute->name);
	json_add_filled(made, "description", attribute->description);
	json_add_text(made, "type", "custom");
	json_add_text(made, "contentType", attribute->content_type);
	add_properties(properties, attribute);
	json_add(made, "properties", properties);
	json_add(made, "content", show_content(attribute));
	return made;
}

/* Reads definitions of custom attributes out of requests. */
#include "api/management/attributes_read.h"

#include <stdio.h>

#include "api/member.h"
#include "enroll/attributes/attribute_change.h"

struct text_member {
	const char *name;
	size_t characters;
	char *to;
	size_t size;
};

/* Every limit in characters fits its field, which has 4 octets for each. */
static int
read_text(struct json_object *body, const struct text_member *member, struct error *err)
{
	const struct member_limit limit = { member->name, member->characters };
	const char *text = NULL;

	if (member_text_max(body, &limit, &text, err) < 0)
		return -1;
	(void)snprintf(member->to, member->size, "%s", text != NULL ? text : "");
	return 0;
}

static int
read_flag(struct json_object *body, const char *name, bool fallback, bool *out, struct error *err)
{
	bool is_there = false, value = false;

	if (member_bool(body, name, &is_there, &value, err) < 0)
		return -1;
	*out = is_there ? value : fallback;
	return 0;
}

static int
read_texts(struct json_object *body, struct custom_attribute *attribute, struct error *err)
{
	const struct text_member members[] = {
		{ "label", CUSTOM_ATTRIBUTE_LABEL_MAX, attribute->label, sizeof(attribute->label) },
		{ "description", CUSTOM_ATTRIBUTE_DESCRIPTION_MAX, attribute->description,
		    sizeof(attribute->description) },
		{ "group", CUSTOM_ATTRIBUTE_GROUP_MAX, attribute->group, sizeof(attribute->group) },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (read_text(body, &members[i], err) < 0)
			return -1;
	return 0;
}

static int
read_flags(struct json_object *body, struct custom_attribute *attribute, struct error *err)
{
	if (read_flag(body, "visible", true, &attribute->is_visible, err) < 0 ||
	    read_flag(body, "required", false, &attribute->is_required, err) < 0 ||
	    read_flag(body, "readOnly", false, &attribute->is_read_only, err) < 0 ||
	    read_flag(body, "list", false, &attribute->is_list, err) < 0)
		return -1;
	return read_flag(body, "multiSelect", false, &attribute->is_multi_select, err);
}

int
attributes_read_update(
    struct json_object *body, struct custom_attribute *attribute, struct error *err)
{
	struct json_object *content = NULL, *resources = NULL;

	if (read_texts(body, attribute, err) < 0 || read_flags(body, attribute, err) < 0 ||
	    member_array(body, "content", &content, err) < 0 ||
	    member_array(body, "resources", &resources, err) < 0)
		return -1;
	if (resources != NULL && attribute_change_resources(resources, attribute, err) < 0)
		return -1;
	return attribute_change_content(content, attribute, err);
}

int
attributes_read_create(
    struct json_object *body, struct custom_attribute *attribute, struct error *err)
{
	const struct text_member name = { "name", CUSTOM_ATTRIBUTE_NAME_MAX, attribute->name,
		sizeof(attribute->name) };
	const struct text_member content_type = { "contentType",
		sizeof(attribute->content_type) - 1, attribute->content_type,
		sizeof(attribute->content_type) };

	if (read_text(body, &name, err) < 0 || read_text(body, &content_type, err) < 0)
		return -1;
	return attributes_read_update(body, attribute, err);
}

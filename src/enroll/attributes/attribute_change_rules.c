/* What a definition of a custom attribute must keep to. */
#include "enroll/attributes/attribute_change_rules.h"

#include <stdio.h>
#include <string.h>

#include "crypto/text.h"
#include "enroll/attributes/attribute_change.h"
#include "enroll/attributes/attribute_content.h"
#include "store/custom_attribute_values.h"

static int
check_name(const struct custom_attribute *attribute, struct error *err)
{
	if (attribute->name[strspn(attribute->name, " ")] == '\0')
		return error_set(err, ERR_VALIDATION, "Attribute Name cannot be empty");
	if (!text_is_clean(bytes_text(attribute->name)))
		return error_set(
		    err, ERR_VALIDATION, "Attribute Name cannot contain control characters");
	if (attribute->label[0] == '\0')
		return error_set(err, ERR_VALIDATION, "Attribute Label cannot be empty");
	return 0;
}

/* A secret in the definition would be everybody's, and in a plain column. */
static int
check_content(const struct custom_attribute *attribute, struct error *err)
{
	bool has_content = attribute->content.len > 0;

	if (has_content && attribute_content_is_secret(attribute->content_type))
		return error_set(
		    err, ERR_VALIDATION, "an attribute of secrets has no predefined content");
	if (!has_content && attribute->is_list)
		return error_set(err, ERR_VALIDATION, "a list needs predefined content");
	if (!has_content && attribute->is_read_only)
		return error_set(
		    err, ERR_VALIDATION, "a read-only attribute needs predefined content");
	return 0;
}

int
attribute_change_check(const struct custom_attribute *attribute, struct error *err)
{
	if (check_name(attribute, err) < 0)
		return -1;
	if (attribute->content_type[0] == '\0')
		return error_set(err, ERR_VALIDATION, "Attribute Content Type cannot be empty");
	if (!attribute_content_type_exists(attribute->content_type))
		(void)error_set(
		    err, ERR_VALIDATION, "there is no content type %s", attribute->content_type);
	else if (check_content(attribute, err) == 0)
		return 0;
	return attribute_content_error(err, attribute->name);
}

static int
add_resource(const char *name, struct custom_attribute *attribute, struct error *err)
{
	size_t len = strlen(attribute->resources);

	if (custom_attribute_column_of(name) == NULL)
		return error_set(err, ERR_VALIDATION,
		    "Unsupported Resources for Custom Attribute binding: %.64s", name);
	if (!custom_attribute_is_for(attribute, name))
		(void)snprintf(attribute->resources + len, sizeof(attribute->resources) - len,
		    "%s%s", len > 0 ? "," : "", name);
	return 0;
}

int
attribute_change_resources(
    struct json_object *names, struct custom_attribute *attribute, struct error *err)
{
	attribute->resources[0] = '\0';
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		struct json_object *name = json_object_array_get_idx(names, i);

		if (!json_object_is_type(name, json_type_string))
			return error_set(err, ERR_JSON, "JSON: item %zu is no text", i + 1);
		if (add_resource(json_object_get_string(name), attribute, err) < 0)
			return -1;
	}
	return 0;
}

static int
read_content(struct json_object *content, struct custom_attribute *attribute, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = NULL;

	if (attribute_content_read(attribute->content_type, content, &made, err) < 0)
		return -1;
	if (json_object_array_length(made) > 1 && !attribute->is_list &&
	    !attribute->is_multi_select)
		return error_set(err, ERR_VALIDATION, "it takes one value, not several");
	buf_add_text(
	    &attribute->content, json_object_to_json_string_ext(made, JSON_C_TO_STRING_PLAIN));
	if (buf_failed(&attribute->content))
		return error_set(err, ERR_VALIDATION, "the content has more than %d octets",
		    CUSTOM_ATTRIBUTE_CONTENT_MAX);
	return 0;
}

int
attribute_change_content(
    struct json_object *content, struct custom_attribute *attribute, struct error *err)
{
	buf_reset(&attribute->content);
	if (content == NULL || json_object_array_length(content) == 0)
		return 0;
	if (read_content(content, attribute, err) < 0)
		return attribute_content_error(err, attribute->name);
	return 0;
}

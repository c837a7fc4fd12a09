/* The rules of an RA profile as attributes of the management API. */
#include "enroll/profiles/profile_attributes.h"

#include <string.h>

#include "base/json.h"
#include "enroll/profiles/profile_audit.h"
#include "enroll/profiles/profile_enrollers.h"
#include "enroll/profiles/rule_attributes.h"

#define ENROLLERS "enrollers"
#define ENROLLERS_EXPECTED \
	"who may enroll: role:VALUE, application:GUID, principal:TENANT/OBJECT, " \
	"ra_profile:NAME or certificate:SHA256; nobody where there is none"

/* Members of the profile's own in the management API. */
static bool
is_member(const struct rule_field *field)
{
	return strcmp(field->name, "Description") == 0 || strcmp(field->name, "Enabled") == 0;
}

static int
set_enrollers(struct ra_profile *profile, const struct rule_attribute *attribute, struct error *err)
{
	size_t count = json_object_array_length(attribute->content);

	profile->enroller_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *text = NULL;

		if (rule_attributes_item(attribute, i, &text, err) < 0 ||
		    profile_enrollers_add(profile, text, err) < 0)
			return -1;
	}
	return 0;
}

static int
set_one(const struct rule_attribute *attribute, void *arg, struct error *err)
{
	const struct rule_field *field = profile_rules_field(attribute->name);

	if (strcmp(attribute->name, ENROLLERS) == 0)
		return set_enrollers(arg, attribute, err);
	if (field == NULL || is_member(field))
		return error_set(err, ERR_VALIDATION, "an RA profile has no attribute \"%.64s\"",
		    attribute->name);
	return rule_attributes_set(arg, field, attribute->content, err);
}

int
profile_attributes_set(struct ra_profile *profile, struct json_object *values, struct error *err)
{
	if (rule_attributes_each(values, set_one, profile, err) == 0)
		return 0;
	if (error_is(err, ERR_CONFIG))
		err->code = ERR_VALIDATION;
	return -1;
}

/* ["a","b"] as [{"data":"a"},{"data":"b"}]. */
static struct json_object *
as_content(struct json_object *texts)
{
	cleanup(json_object_putp) struct json_object *owned = texts;
	struct json_object *content = json_object_new_array();

	for (size_t i = 0; owned != NULL && i < json_object_array_length(owned); i++) {
		struct json_object *item = json_object_new_object();

		(void)json_object_object_add(
		    item, "data", json_object_get(json_object_array_get_idx(owned, i)));
		(void)json_object_array_add(content, item);
	}
	return content;
}

int
profile_attributes_show(
    const struct ra_profile *profile, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	size_t count;
	const struct rule_field *fields = profile_rules_fields(&count);

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for attributes");
	for (size_t i = 0; i < count; i++)
		if (!is_member(&fields[i]))
			(void)json_object_array_add(
			    array, rule_attributes_response(fields[i].name,
				       rule_attributes_type(&fields[i]),
				       rule_attributes_content(profile, &fields[i])));
	(void)json_object_array_add(array, rule_attributes_response(ENROLLERS, "string",
					       as_content(profile_audit_enrollers(profile))));
	*out = take(array);
	return 0;
}

/* All words of a rule that takes words of a set, as [{"data":...}]. */
static struct json_object *
words_content(const struct rule_field *field)
{
	struct json_object *texts = json_object_new_array();
	const char *at = field->words;

	while (*at != '\0') {
		size_t len = strcspn(at, ",");

		(void)json_object_array_add(texts, json_object_new_string_len(at, (int)len));
		at += len + (at[len] == ',' ? 1 : 0);
	}
	return as_content(texts);
}

static struct json_object *
describe_one(const struct ra_profile *defaults, const struct rule_field *field)
{
	const struct rule_description description = {
		.name = field->name,
		.description = field->expected,
		.content_type = rule_attributes_type(field),
		.content = field->words != NULL ? words_content(field)
						: rule_attributes_content(defaults, field),
		.is_list = field->kind == RULE_LIST || field->kind == RULE_EKUS,
		.is_choice = field->kind == RULE_CHOICE,
		.has_range = field->kind == RULE_NUMBER,
		.min = field->min,
		.max = field->max,
	};

	return rule_attributes_describe(&description);
}

int
profile_attributes_describe(struct json_object **out, struct error *err)
{
	static const struct rule_description enrollers = {
		.name = ENROLLERS,
		.description = ENROLLERS_EXPECTED,
		.content_type = "string",
		.is_list = true,
	};
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct ra_profile defaults = { .enabled = false };
	size_t count;
	const struct rule_field *fields = profile_rules_fields(&count);

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for attributes");
	profile_rules_defaults(&defaults);
	for (size_t i = 0; i < count; i++)
		if (!is_member(&fields[i]))
			(void)json_object_array_add(array, describe_one(&defaults, &fields[i]));
	(void)json_object_array_add(array, rule_attributes_describe(&enrollers));
	*out = take(array);
	return 0;
}

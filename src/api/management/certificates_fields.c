/* GET /api/v1/certificates/search: the fields that filters may name, with conditions and values. */
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/management/certificate_filters_values.h"
#include "api/management/certificates.h"
#include "api/context.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/issuing/policy.h"
#include "enroll/status/revoke.h"
#include "store/authorities.h"
#include "store/certificate_groups.h"
#include "store/custom_attributes.h"
#include "store/ra_profiles.h"

enum { REASON_MAX = 10 /* RFC 5280, 5.3.1 */ };

static int
add_name(struct json_object *names, const char *name, struct error *err)
{
	return json_object_array_add(names, json_object_new_string(name)) < 0
		   ? error_set(err, ERR_INTERNAL, "out of memory")
		   : 0;
}

static int
add_ra_profile(const struct ra_profile *profile, void *arg, struct error *err)
{
	return add_name(arg, profile->name, err);
}

static int
add_authority(const struct authority *authority, void *arg, struct error *err)
{
	return add_name(arg, authority->name, err);
}

static int
add_group(const struct certificate_group *group, void *arg, struct error *err)
{
	return add_name(arg, group->name, err);
}

/* The values that are known without the database. */
static int
add_fixed(struct json_object *names, enum certificate_values values, struct error *err)
{
	static const char *const sources[] = { "API", "Command", "Job" };
	const char *name;

	for (size_t i = 0; (name = certificate_filters_name(values, i)) != NULL; i++)
		if (add_name(names, name, err) < 0)
			return -1;
	for (int i = CERTIFICATE_STATIC; values == VALUES_TYPES && i <= CERTIFICATE_OCSP_RESPONDER;
	     i++)
		if (add_name(names, certificate_type_name((enum certificate_type)i), err) < 0)
			return -1;
	for (size_t i = 0; values == VALUES_SOURCES && i < sizeof(sources) / sizeof(sources[0]);
	     i++)
		if (add_name(names, sources[i], err) < 0)
			return -1;
	for (int i = 0; values == VALUES_REASONS && i <= REASON_MAX; i++)
		if (revoke_reason_name(i) != NULL)
			(void)json_object_array_add(names, json_object_new_int(i));
	return 0;
}

static int
add_values(
    struct db *db, struct json_object *names, enum certificate_values values, struct error *err)
{
	const struct certificate_group_visit visit = { .each = add_group, .arg = names };

	switch (values) {
	case VALUES_RA_PROFILES:
		return ra_profiles_each(db, add_ra_profile, names, err);
	case VALUES_AUTHORITIES:
		return authorities_each(db, add_authority, names, err);
	case VALUES_GROUPS:
		return certificate_groups_each(db, visit, err);
	case VALUES_NONE:
	case VALUES_STATES:
	case VALUES_VALIDATIONS:
	case VALUES_KEYS:
	case VALUES_TYPES:
	case VALUES_SOURCES:
	case VALUES_REASONS:
		break;
	}
	return add_fixed(names, values, err);
}

static struct json_object *
conditions_of(const struct certificate_field *field)
{
	struct json_object *conditions = json_object_new_array();

	for (int i = SEARCH_EQUALS; i < SEARCH_OPERATORS; i++) {
		enum search_operator op = (enum search_operator)i;

		if (field != NULL ? certificate_filters_takes(field, op)
				  : certificates_search_takes(SEARCH_ATTRIBUTE, op))
			(void)json_object_array_add(
			    conditions, json_object_new_string(certificate_filters_operator(op)));
	}
	return conditions;
}

static int
add_field(struct db *db, const struct certificate_field *field, struct json_object *list,
    struct error *err)
{
	cleanup(json_object_putp) struct json_object *values = json_object_new_array();
	struct json_object *object = json_object_new_object();

	if (json_object_array_add(list, object) < 0)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_text(object, "fieldIdentifier", field->identifier);
	json_add_text(object, "fieldLabel", field->label);
	json_add_text(object, "type", field->type);
	json_add(object, "conditions", conditions_of(field));
	json_add_text(object, "platformEnum", field->platform_enum);
	if (add_values(db, values, field->values, err) < 0)
		return -1;
	if (field->values != VALUES_NONE)
		json_add(object, "value", take(values));
	json_add_bool(object, "multiValue", field->values != VALUES_NONE);
	return 0;
}

static struct json_object *
group_json(const char *source, struct json_object *fields)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "filterFieldSource", source);
	json_add(object, "searchFieldData", fields);
	return object;
}

/* FilterFieldType of a content type. */
static const char *
type_of(const char *content_type)
{
	static const struct {
		const char *content, *type;
	} types[] = {
		{ "integer", "number" },
		{ "float", "number" },
		{ "boolean", "boolean" },
		{ "date", "date" },
		{ "datetime", "datetime" },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].content, content_type) == 0)
			return types[i].type;
	return "string";
}

static int
add_attribute(struct custom_attribute *attribute, void *arg, struct error *err)
{
	cleanup(custom_attribute_freep) struct custom_attribute *owned = attribute;
	struct json_object *object = json_object_new_object();

	if (json_object_array_add(arg, object) < 0)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_text(object, "fieldIdentifier", owned->name);
	json_add_text(object, "fieldLabel", owned->label);
	json_add_text(object, "type", type_of(owned->content_type));
	json_add(object, "conditions", conditions_of(NULL));
	json_add_text(object, "attributeContentType", owned->content_type);
	return 0;
}

static int
add_properties(struct db *db, struct json_object *list, struct error *err)
{
	const struct certificate_field *field;

	for (size_t i = 0; (field = certificate_filters_field(i)) != NULL; i++)
		if (add_field(db, field, list, err) < 0)
			return -1;
	return 0;
}

static int
add_attributes(struct db *db, struct json_object *list, struct error *err)
{
	const struct custom_attribute_filter filter = { .resource = "certificates",
		.enabled_only = true };
	const struct custom_attribute_visit visit = { .each = add_attribute, .arg = list };

	return custom_attributes_each(db, &filter, &visit, err);
}

int
certificates_get_fields(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *properties = json_object_new_array();
	cleanup(json_object_putp) struct json_object *attributes = json_object_new_array();
	struct json_object *list;

	(void)request;
	(void)params;
	if (add_properties(app->db, properties, err) < 0 ||
	    add_attributes(app->db, attributes, err) < 0)
		return -1;
	list = json_object_new_array();
	(void)json_object_array_add(list, group_json("property", take(properties)));
	(void)json_object_array_add(list, group_json("custom", take(attributes)));
	return answer_json(response, 200, list, err);
}

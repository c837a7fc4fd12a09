/* The value of one custom attribute of one object. */
#include <string.h>

#include "api/access/access.h"
#include "api/answer.h"
#include "api/management/attribute_dto.h"
#include "api/management/attributes.h"
#include "api/context.h"
#include "api/member.h"
#include "base/json.h"
#include "enroll/attributes/attribute_change.h"
#include "enroll/attributes/object_id.h"
#include "store/custom_attribute_values.h"

/* The ids of the path, whose objects they are, and what is to stand there. */
struct place {
	const struct custom_attribute_column *column;
	struct uuid object;
	struct uuid attribute;
	struct json_object *content; /* NULL: nothing; borrowed */
};

/* Whoever may change such objects may change their attributes. */
static int
require_update(const struct app *app, const char *resource, struct error *err)
{
	for (enum resource r = RESOURCE_NONE; r < RESOURCE_COUNT; r++)
		if (r > RESOURCE_SELF && strcmp(resource_name(r), resource) == 0)
			return access_require(app, (struct permission){ r, ACTION_UPDATE }, err);
	return error_set(err, ERR_ROLE, "no permission for %s", resource);
}

static int
read_place(
    const struct app *app, const struct params *params, struct place *place, struct error *err)
{
	const char *resource = params_get(params, "resource");

	place->column = custom_attribute_column_of(resource);
	if (place->column == NULL)
		return error_set(err, ERR_VALIDATION,
		    "Unsupported Resources for Custom Attribute binding: %.64s", resource);
	if (require_update(app, resource, err) < 0 ||
	    path_uuid(params, "objectUuid", &place->object, err) < 0)
		return -1;
	return path_uuid(params, "attributeUuid", &place->attribute, err);
}

static int
not_found(const struct place *place, struct error *err)
{
	if (err->number == ATTRIBUTE_MISSING)
		return object_id_not_found(err, "AttributeDefinition", &place->attribute);
	return object_id_not_found(err, place->column->type, &place->object);
}

static int
set(struct app *app, const struct request *request, const struct place *place,
    struct json_object **out, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	const struct attribute_values_change change = {
		.actor = &actor,
		.resource = place->column->resource,
		.object = &place->object,
		.attribute = &place->attribute,
		.keyring = app->keyring,
		.content = place->content,
	};
	cleanup(json_object_putp) struct json_object *stored = NULL;

	if (attribute_change_values(app->db, &change, &stored, err) < 0)
		return not_found(place, err);
	return attribute_dtos(app->db, place->column->resource, stored, out, err);
}

int
attributes_patch_object(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *content = NULL;
	struct json_object *made = NULL;
	struct place place = { .content = NULL };

	if (read_place(app, params, &place, err) < 0 || body_read_array(request, &content, err) < 0)
		return -1;
	place.content = content;
	if (set(app, request, &place, &made, err) < 0)
		return -1;
	return answer_json(response, 200, made, err);
}

int
attributes_delete_object(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct json_object *made = NULL;
	struct place place = { .content = NULL };

	if (read_place(app, params, &place, err) < 0 || set(app, request, &place, &made, err) < 0)
		return -1;
	return answer_json(response, 200, made, err);
}

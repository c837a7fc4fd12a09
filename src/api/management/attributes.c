/* CZERTAINLY's REST API of custom attribute definitions. */
#include "api/management/attributes.h"

#include "api/access/access.h"
#include "api/answer.h"
#include "api/management/attributes_dto.h"
#include "api/management/attributes_read.h"
#include "api/context.h"
#include "api/member.h"
#include "base/json.h"
#include "enroll/attributes/attribute_change.h"
#include "enroll/attributes/attribute_content.h"
#include "enroll/attributes/object_id.h"
#include "http/query.h"
#include "store/custom_attribute_values.h"

enum { CONTENT_TYPE_MAX = 17 };

static const char object_type[] = "AttributeDefinition";

/* A list being made: the form of its items, and the array. */
struct list {
	struct json_object *(*show)(const struct custom_attribute *attribute);
	struct json_object *made;
};

static int
add_one(struct custom_attribute *attribute, void *arg, struct error *err)
{
	cleanup(custom_attribute_freep) struct custom_attribute *owned = attribute;
	struct list *list = arg;
	struct json_object *item = list->show(owned);

	if (item == NULL || json_object_array_add(list->made, item) < 0) {
		json_object_put(item);
		return error_set(err, ERR_INTERNAL, "out of memory for custom attributes");
	}
	return 0;
}

static int
answer_list(struct app *app, const struct custom_attribute_filter *filter,
    struct json_object *(*show)(const struct custom_attribute *attribute),
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_array();
	struct list list = { show, made };
	const struct custom_attribute_visit visit = { add_one, &list };

	if (custom_attributes_each(app->db, filter, &visit, err) < 0)
		return -1;
	return answer_json(response, 200, take(made), err);
}

int
attributes_get_list(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	char content_type[CONTENT_TYPE_MAX] = "";
	struct custom_attribute_filter filter = { .content_type = NULL };

	(void)params;
	if (query_get(request->query, "attributeContentType", content_type, sizeof(content_type),
		err) < 0)
		return -1;
	if (content_type[0] != '\0' && !attribute_content_type_exists(content_type))
		return error_set(
		    err, ERR_BAD_REQUEST, "there is no attributeContentType %s", content_type);
	if (content_type[0] != '\0')
		filter.content_type = content_type;
	return answer_list(app, &filter, attributes_dto, response, err);
}

int
attributes_get_resources(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct json_object *made = json_object_new_array();
	const struct custom_attribute_column *column;

	(void)app;
	(void)request;
	(void)params;
	for (size_t i = 0; (column = custom_attribute_column_at(i)) != NULL; i++)
		(void)json_object_array_add(made, json_object_new_string(column->resource));
	return answer_json(response, 200, made, err);
}

int
attributes_get_resource(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const char *resource = params_get(params, "resource");
	const struct custom_attribute_filter filter = { .resource = resource,
		.enabled_only = true };

	(void)request;
	if (custom_attribute_column_of(resource) == NULL)
		return error_set(err, ERR_VALIDATION,
		    "Unsupported Resources for Custom Attribute binding: %.64s", resource);
	return answer_list(app, &filter, attributes_dto_descriptor, response, err);
}

int
attributes_post(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	cleanup(json_object_putp) struct json_object *body = NULL;
	cleanup(custom_attribute_freep) struct custom_attribute *attribute = custom_attribute_new();

	(void)params;
	if (attribute == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a custom attribute");
	attribute->enabled = true;
	if (body_read_object(request, &body, err) < 0 ||
	    attributes_read_create(body, attribute, err) < 0 ||
	    attribute_change_create(app->db, &actor, attribute, err) < 0)
		return -1;
	return answer_json(response, 201, attributes_dto_detail(attribute), err);
}

int
attributes_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(custom_attribute_freep) struct custom_attribute *attribute = NULL;
	struct uuid id;

	(void)request;
	if (path_uuid(params, "uuid", &id, err) < 0)
		return -1;
	if (custom_attributes_find(app->db, &id, &attribute, err) < 0)
		return object_id_not_found(err, object_type, &id);
	return answer_json(response, 200, attributes_dto_detail(attribute), err);
}

static int
edit_all(struct custom_attribute *attribute, void *arg, struct error *err)
{
	return attributes_read_update(arg, attribute, err);
}

int
attributes_put(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	cleanup(json_object_putp) struct json_object *body = NULL;
	cleanup(custom_attribute_freep) struct custom_attribute *attribute = NULL;
	struct attribute_edit edit = { &actor, "custom_attribute.update", edit_all, NULL };
	struct uuid id;

	if (path_uuid(params, "uuid", &id, err) < 0 || body_read_object(request, &body, err) < 0)
		return -1;
	edit.arg = body;
	if (attribute_change_edit(app->db, &id, &edit, &attribute, err) < 0)
		return object_id_not_found(err, object_type, &id);
	return answer_json(response, 200, attributes_dto_detail(attribute), err);
}

int
attributes_delete(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	struct uuid id;

	if (path_uuid(params, "uuid", &id, err) < 0)
		return -1;
	if (attribute_change_delete(app->db, &actor, &id, err) < 0)
		return object_id_not_found(err, object_type, &id);
	return answer_nothing(response);
}

static int
edit_resources(struct custom_attribute *attribute, void *arg, struct error *err)
{
	return attribute_change_resources(arg, attribute, err);
}

int
attributes_patch_resources(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	cleanup(json_object_putp) struct json_object *body = NULL;
	struct attribute_edit edit = { &actor, "custom_attribute.update", edit_resources, NULL };
	struct uuid id;

	if (path_uuid(params, "uuid", &id, err) < 0 || body_read_array(request, &body, err) < 0)
		return -1;
	edit.arg = body;
	if (attribute_change_edit(app->db, &id, &edit, NULL, err) < 0)
		return object_id_not_found(err, object_type, &id);
	return answer_nothing(response);
}

static int
edit_enabled(struct custom_attribute *attribute, void *arg, struct error *err)
{
	(void)err;
	attribute->enabled = *(const bool *)arg;
	return 0;
}

static int
set_enabled(struct app *app, const struct request *request, const struct uuid *id, bool enabled,
    struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	const struct attribute_edit edit = { &actor,
		enabled ? "custom_attribute.enable" : "custom_attribute.disable", edit_enabled,
		&enabled };

	if (attribute_change_edit(app->db, id, &edit, NULL, err) < 0)
		return object_id_not_found(err, object_type, id);
	return 0;
}

static int
patch_enabled(struct app *app, const struct request *request, const struct params *params,
    bool enabled, struct error *err)
{
	struct uuid id;

	if (path_uuid(params, "uuid", &id, err) < 0)
		return -1;
	return set_enabled(app, request, &id, enabled, err);
}

int
attributes_patch_enable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	if (patch_enabled(app, request, params, true, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
attributes_patch_disable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	if (patch_enabled(app, request, params, false, err) < 0)
		return -1;
	return answer_nothing(response);
}

/* What happens to each of several; the ids that are nobody's are passed over, as CZERTAINLY does.
 */
typedef int each_one(
    struct app *app, const struct request *request, const struct uuid *id, struct error *err);

static int
for_each(struct app *app, struct request *request, each_one *one, struct response *response,
    struct error *err)
{
	cleanup(uuids_release) struct uuids ids = { NULL, 0 };

	if (body_read_uuids(request, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++)
		if (one(app, request, &ids.items[i], err) < 0 &&
		    error_forgive(err, ERR_NOT_FOUND) < 0)
			return -1;
	return answer_nothing(response);
}

static int
delete_one(struct app *app, const struct request *request, const struct uuid *id, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);

	return attribute_change_delete(app->db, &actor, id, err);
}

static int
enable_one(struct app *app, const struct request *request, const struct uuid *id, struct error *err)
{
	return set_enabled(app, request, id, true, err);
}

static int
disable_one(
    struct app *app, const struct request *request, const struct uuid *id, struct error *err)
{
	return set_enabled(app, request, id, false, err);
}

int
attributes_bulk_delete(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	return for_each(app, request, delete_one, response, err);
}

int
attributes_bulk_enable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	return for_each(app, request, enable_one, response, err);
}

int
attributes_bulk_disable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	return for_each(app, request, disable_one, response, err);
}

/* /api/v1/groups: groups that certificates are put into. */
#include "api/management/groups.h"

#include <stdio.h>
#include <string.h>

#include "api/access/access.h"
#include "api/answer.h"
#include "api/context.h"
#include "api/member.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/attributes/group_change.h"
#include "enroll/attributes/object_id.h"

/* In characters, as the columns take them. */
enum { NAME_MAX_CHARACTERS = 255, DESCRIPTION_MAX_CHARACTERS = 1024, EMAIL_MAX_CHARACTERS = 320 };

struct json_object *
groups_dto(const struct certificate_group *group)
{
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		return NULL;
	json_add_uuid(object, "uuid", &group->id);
	json_add_text(object, "name", group->name);
	json_add_filled(object, "description", group->description);
	json_add_filled(object, "email", group->email);
	return object;
}

/* Groups have no custom attributes here, which the detail says. */
static struct json_object *
detail(const struct certificate_group *group)
{
	struct json_object *object = groups_dto(group);

	if (object != NULL)
		json_add(object, "customAttributes", json_object_new_array());
	return object;
}

static int
add_group(const struct certificate_group *group, void *arg, struct error *err)
{
	return json_object_array_add(arg, groups_dto(group)) < 0
		   ? error_set(err, ERR_INTERNAL, "out of memory")
		   : 0;
}

int
groups_list(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *list = json_object_new_array();
	const struct certificate_group_visit visit = { .each = add_group, .arg = list };

	(void)request;
	(void)params;
	if (list == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (certificate_groups_each(app->db, visit, err) < 0)
		return -1;
	return answer_json(response, 200, take(list), err);
}

static int
read_text(const struct json_object *body, const struct member_limit *member, char *out, size_t size,
    struct error *err)
{
	const char *text = NULL;

	if (member_text_max(body, member, &text, err) < 0)
		return -1;
	(void)snprintf(out, size, "%s", text != NULL ? text : "");
	return 0;
}

/* Members that are left out become empty. */
static int
read_group(const struct request *request, struct certificate_group *group, struct error *err)
{
	static const struct member_limit name = { "name", NAME_MAX_CHARACTERS },
					 description = { "description",
						 DESCRIPTION_MAX_CHARACTERS },
					 email = { "email", EMAIL_MAX_CHARACTERS };
	cleanup(json_object_putp) struct json_object *body = NULL;

	if (body_read_object(request, &body, err) < 0 ||
	    read_text(body, &name, group->name, sizeof(group->name), err) < 0 ||
	    read_text(body, &description, group->description, sizeof(group->description), err) <
		0 ||
	    read_text(body, &email, group->email, sizeof(group->email), err) < 0)
		return -1;
	return 0;
}

static bool
is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

int
groups_create(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct certificate_group group = { .id = uuid_new() };
	const struct audit_actor actor = access_actor(app, request);
	struct json_object *answer;

	(void)params;
	if (read_group(request, &group, err) < 0)
		return -1;
	if (is_blank(group.name))
		return error_set(err, ERR_VALIDATION, "Name must not be empty");
	if (group_change_create(app->db, &group, &actor, err) < 0)
		return -1;
	answer = json_object_new_object();
	json_add_uuid(answer, "uuid", &group.id);
	return answer_json(response, 201, answer, err);
}

static int
answer_group(struct app *app, const struct uuid *id, struct response *response, struct error *err)
{
	struct certificate_group group;

	if (certificate_groups_find(app->db, id, &group, err) < 0)
		return object_id_not_found(err, "Group", id);
	return answer_json(response, 200, detail(&group), err);
}

int
groups_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct uuid id;

	(void)request;
	if (path_uuid(params, "uuid", &id, err) < 0)
		return -1;
	return answer_group(app, &id, response, err);
}

/* A name that is left out stays; the original ignores it altogether. */
int
groups_update(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct certificate_group group = { .name = "" };
	const struct audit_actor actor = access_actor(app, request);

	if (path_uuid(params, "uuid", &group.id, err) < 0 || read_group(request, &group, err) < 0)
		return -1;
	if (group.name[0] != '\0' && is_blank(group.name))
		return error_set(err, ERR_VALIDATION, "Name must not be empty");
	if (group_change_update(app->db, &group, &actor, err) < 0)
		return -1;
	return answer_group(app, &group.id, response, err);
}

int
groups_delete(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	struct uuid id;

	if (path_uuid(params, "uuid", &id, err) < 0 ||
	    group_change_delete(app->db, &id, &actor, err) < 0)
		return -1;
	return answer_nothing(response);
}

/* Those that are not there are passed over, as the original does. */
int
groups_delete_many(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(uuids_release) struct uuids ids = { NULL, 0 };
	const struct audit_actor actor = access_actor(app, request);

	(void)params;
	if (body_read_uuids(request, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++)
		if (group_change_delete(app->db, &ids.items[i], &actor, err) < 0 &&
		    error_forgive(err, ERR_NOT_FOUND) < 0)
			return -1;
	return answer_nothing(response);
}

/* The RA profile API: making and changing one. */
#include "api/management/ra_profiles_edit.h"

#include <stdio.h>
#include <string.h>

#include "api/access/access.h"
#include "api/answer.h"
#include "api/management/authority_instances.h"
#include "api/context.h"
#include "api/member.h"
#include "api/management/ra_profile_dto.h"
#include "api/management/ra_profile_path.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/attributes/attributes.h"
#include "enroll/profiles/profile_attributes.h"
#include "enroll/profiles/profile_change.h"
#include "enroll/profiles/profile_rules.h"
#include "store/authorities.h"

/* What both requests say; borrowed from the body. */
struct body {
	const char *name;        /* NULL: none */
	const char *description; /* NULL: as it is */
	struct json_object *attributes;
	struct json_object *custom_attributes;
	bool has_enabled;
	bool enabled;
};

static int
read_body(struct json_object *json, struct body *out, struct error *err)
{
	struct body body = { .name = NULL };

	if (member_text(json, "name", &body.name, err) < 0 ||
	    member_text(json, "description", &body.description, err) < 0 ||
	    member_array(json, "attributes", &body.attributes, err) < 0 ||
	    member_array(json, "customAttributes", &body.custom_attributes, err) < 0 ||
	    member_bool(json, "enabled", &body.has_enabled, &body.enabled, err) < 0)
		return -1;
	*out = body;
	return 0;
}

/* A rule that is wrong is the caller's fault here, not that of a setting. */
static int
as_validation(struct error *err)
{
	if (error_is(err, ERR_CONFIG))
		err->code = ERR_VALIDATION;
	return -1;
}

static int
refuse_name(const char *name, struct error *err)
{
	error_clear(err);
	return error_set(err, ERR_BAD_REQUEST,
	    "Object of type 'RaProfile' identified by %.64s already exists.", name);
}

static int
take_name(struct db *db, const char *name, struct ra_profile *profile, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *other = NULL;

	if (name == NULL || name[strspn(name, " \t\r\n")] == '\0')
		return error_set(err, ERR_VALIDATION, "RA profile name must not be empty");
	if (profile_rules_check_name(name, err) < 0)
		return as_validation(err);
	if (ra_profiles_find(db, name, &other, err) == 0)
		return refuse_name(name, err);
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	(void)snprintf(profile->name, sizeof(profile->name), "%s", name);
	return 0;
}

/* All but the name. */
static int
take_rules(const struct body *body, struct ra_profile *profile, struct error *err)
{
	if (body->description != NULL &&
	    profile_rules_set(profile, "Description", body->description, err) < 0)
		return as_validation(err);
	if (profile_attributes_set(profile, body->attributes, err) < 0)
		return -1;
	if (body->has_enabled)
		profile->enabled = body->enabled;
	return profile_rules_check(profile, err) < 0 ? as_validation(err) : 0;
}

static int
check_custom(struct app *app, const struct uuid *id, struct json_object *values,
    struct json_object **stored, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(RA_PROFILE_ATTRIBUTES_MAX);
	cleanup(json_object_putp) struct json_object *before = NULL;
	struct attributes_object object = {
		.resource = "raProfiles",
		.id = id,
		.keyring = app->keyring,
	};

	if (ra_profiles_attributes(app->db, id, &text, err) < 0 ||
	    json_parse_stored(buf_bytes(&text), &before, err) < 0)
		return -1;
	object.before = before;
	return attributes_check_object(app->db, &object, values, stored, err);
}

static const char *
text_of(struct json_object *json)
{
	return json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
}

static int
insert(struct app *app, const struct profile_creation *creation, struct error *err)
{
	if (profile_change_create(app->db, creation, err) == 0)
		return 0;
	return error_is(err, ERR_CONFLICT) ? refuse_name(creation->profile->name, err)
					   : as_validation(err);
}

int
ra_profiles_edit_post(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = NULL;
	cleanup(json_object_putp) struct json_object *custom = NULL;
	cleanup(ra_profile_freep) struct ra_profile *profile = ra_profile_new();
	const struct audit_actor actor = access_actor(app, request);
	struct profile_creation creation = { .actor = &actor, .profile = profile };
	struct json_object *answer;
	struct authority authority;
	struct body body;

	if (profile == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	profile->id = uuid_new();
	profile_rules_defaults(profile);
	profile->enabled = false;
	if (body_read_object(request, &json, err) < 0 || read_body(json, &body, err) < 0 ||
	    take_name(app->db, body.name, profile, err) < 0 ||
	    authority_instances_find(app, params, "authorityUuid", &authority, err) < 0 ||
	    take_rules(&body, profile, err) < 0 ||
	    check_custom(app, &profile->id, body.custom_attributes, &custom, err) < 0)
		return -1;
	creation.authority = authority.name;
	creation.attributes = text_of(custom);
	if (insert(app, &creation, err) < 0)
		return -1;
	answer = json_object_new_object();
	json_add_uuid(answer, "uuid", &profile->id);
	return answer_json(response, 201, answer, err);
}

/* Reads the profile, changes it, and writes it where nobody else did so meanwhile. */
static int
put_once(struct app *app, const struct audit_actor *actor, const struct params *params,
    const struct body *body, struct error *err)
{
	cleanup(json_object_putp) struct json_object *custom = NULL;
	cleanup(ra_profile_freep) struct ra_profile *before = NULL;
	cleanup(ra_profile_freep) struct ra_profile *after = NULL;
	struct profile_change change = { .actor = actor };

	if (ra_profile_path_find(app, params, &before, err) < 0 ||
	    ra_profile_path_find_id(app, &before->id, &after, err) < 0 ||
	    take_rules(body, after, err) < 0 ||
	    check_custom(app, &before->id, body->custom_attributes, &custom, err) < 0)
		return -1;
	/* Two reads: a change between them must not pass as ours. */
	after->revision = before->revision;
	change.before = before;
	change.after = after;
	change.attributes = text_of(custom);
	return profile_change_update(app->db, &change, err) < 0 ? as_validation(err) : 0;
}

static int
put(struct app *app, const struct request *request, const struct params *params,
    const struct body *body, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);
	int64_t start_ms = clock_monotonic_ms();

	while (put_once(app, &actor, params, body, err) < 0)
		if (!profile_change_is_lost(start_ms, err))
			return -1;
	return 0;
}

int
ra_profiles_edit_put(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = NULL;
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	struct json_object *dto = NULL;
	struct body body;

	if (body_read_object(request, &json, err) < 0 || read_body(json, &body, err) < 0 ||
	    put(app, request, params, &body, err) < 0 ||
	    ra_profile_path_find(app, params, &profile, err) < 0 ||
	    ra_profile_dto(app->db, profile, &dto, err) < 0)
		return -1;
	return answer_json(response, 200, dto, err);
}

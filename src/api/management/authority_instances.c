/* Our CAs as CZERTAINLY's authority instances: each is connected, through a connector that is us.
 */
#include "api/management/authority_instances.h"

#include "api/answer.h"
#include "api/management/certificate_dto.h"
#include "api/context.h"
#include "api/member.h"
#include "api/management/ra_profile_path.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/profile_attributes.h"
#include "enroll/profiles/rule_attributes.h"
#include "enroll/profiles/scep_ca.h"
#include "store/authorities.h"

static struct json_object *
authority_dto(const struct authority *authority)
{
	const struct uuid connector = rule_attributes_uuid("connector");
	struct json_object *json = json_object_new_object();

	if (json == NULL)
		return NULL;
	json_add_uuid(json, "uuid", &authority->id);
	json_add_text(json, "name", authority->name);
	json_add(json, "attributes", json_object_new_array());
	json_add(json, "customAttributes", json_object_new_array());
	json_add_text(json, "status", "connected");
	json_add_uuid(json, "connectorUuid", &connector);
	json_add_text(json, "connectorName", "certwright");
	json_add_text(json, "kind", "certwright");
	return json;
}

static int
add_authority(const struct authority *authority, void *arg, struct error *err)
{
	(void)err;
	(void)json_object_array_add(arg, authority_dto(authority));
	return 0;
}

int
authority_instances_get_all(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();

	(void)request;
	(void)params;
	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (authorities_each(app->db, add_authority, array, err) < 0)
		return -1;
	return answer_json(response, 200, take(array), err);
}

int
authority_instances_find(struct app *app, const struct params *params, const char *name,
    struct authority *out, struct error *err)
{
	struct uuid id;

	if (path_uuid(params, name, &id, err) < 0)
		return -1;
	if (authorities_find_id(app->db, &id, out, err) == 0)
		return 0;
	return object_id_not_found(err, "AuthorityInstanceReference", &id);
}

int
authority_instances_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct authority authority;

	(void)request;
	if (authority_instances_find(app, params, "uuid", &authority, err) < 0)
		return -1;
	return answer_json(response, 200, authority_dto(&authority), err);
}

int
authority_instances_get_ra_profile_attributes(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	struct json_object *attributes = NULL;
	struct authority authority;

	(void)request;
	if (authority_instances_find(app, params, "uuid", &authority, err) < 0 ||
	    profile_attributes_describe(&attributes, err) < 0)
		return -1;
	return answer_json(response, 200, attributes, err);
}

static int
add_generation(struct app *app, const struct uuid *id, struct json_object *array, struct error *err)
{
	cleanup(scep_ca_freep) struct scep_ca *ca = NULL;
	struct json_object *dto = NULL;

	if (scep_ca_find(app->db, id, &ca, err) < 0 ||
	    certificate_dto_detail(app->db, ca->row, clock_now(), &dto, err) < 0)
		return -1;
	(void)json_object_array_add(array, dto);
	return 0;
}

int
authority_instances_get_ca_certificates(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	cleanup(generation_release) struct generation active = { .number = 0 };
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	(void)request;
	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (ra_profile_path_find(app, params, &profile, err) < 0)
		return -1;
	if (generations_find_active(app->db, &profile->authority_id, &active, err) < 0
		? error_forgive(err, ERR_NOT_FOUND) < 0
		: add_generation(app, &active.id, array, err) < 0)
		return -1;
	return answer_json(response, 200, take(array), err);
}

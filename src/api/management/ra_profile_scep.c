/* Which SCEP profile is active on an RA profile, by the management API. */
#include "api/management/ra_profile_scep.h"

#include "api/access/access.h"
#include "api/answer.h"
#include "api/context.h"
#include "api/member.h"
#include "api/management/ra_profile_dto.h"
#include "api/management/ra_profile_path.h"
#include "base/json.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/profile_scep.h"

static int
answer_state(
    struct app *app, const struct ra_profile *profile, struct response *response, struct error *err)
{
	const struct ra_profile_scep_question question = {
		.profile = profile,
		.base_url = app->settings->server.base_url,
	};
	struct json_object *dto = NULL;

	if (ra_profile_scep_dto(app->db, &question, &dto, err) < 0)
		return -1;
	return answer_json(response, 200, dto, err);
}

int
ra_profile_scep_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	(void)request;
	if (ra_profile_path_find(app, params, &profile, err) < 0)
		return -1;
	return answer_state(app, profile, response, err);
}

static int
find_scep_profile(
    struct app *app, const struct params *params, struct scep_profile **out, struct error *err)
{
	struct uuid id;

	if (path_uuid(params, "scepProfileUuid", &id, err) < 0)
		return -1;
	if (scep_profiles_find_id(app->db, &id, out, err) == 0)
		return 0;
	return object_id_not_found(err, "ScepProfile", &id);
}

/* Whichever of the two went meanwhile is not there. */
static int
name_missing(const struct profile_scep_activation *activation, struct error *err)
{
	if (!error_is(err, ERR_CONFLICT))
		return object_id_not_found(err, "RaProfile", &activation->ra_profile->id);
	error_clear(err);
	return object_id_not_found(err, "ScepProfile", &activation->scep_profile->id);
}

int
ra_profile_scep_patch_activate(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = NULL;
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	cleanup(scep_profile_freep) struct scep_profile *scep = NULL;
	const struct audit_actor actor = access_actor(app, request);
	struct profile_scep_activation activation = { .actor = &actor };

	if (body_read_object(request, &json, err) < 0 ||
	    member_array(json, "issueCertificateAttributes", &activation.attributes, err) < 0 ||
	    ra_profile_path_find(app, params, &profile, err) < 0 ||
	    find_scep_profile(app, params, &scep, err) < 0)
		return -1;
	activation.ra_profile = profile;
	activation.scep_profile = scep;
	if (profile_scep_activate(app->db, &activation, err) < 0)
		return name_missing(&activation, err);
	return answer_state(app, profile, response, err);
}

int
ra_profile_scep_patch_deactivate(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	const struct audit_actor actor = access_actor(app, request);

	if (ra_profile_path_find(app, params, &profile, err) < 0)
		return -1;
	if (profile_scep_deactivate(app->db, &actor, profile, err) < 0)
		return object_id_not_found(err, "RaProfile", &profile->id);
	return answer_nothing(response);
}

/* The attributes of issuing and revoking, described and checked. */
#include "api/management/operations_attributes.h"

#include "api/answer.h"
#include "api/member.h"
#include "api/management/ra_profile_path.h"
#include "base/json.h"
#include "enroll/issuing/issue_attributes.h"

int
operations_attributes_get_issue(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	struct json_object *attributes = NULL;

	(void)request;
	if (ra_profile_path_find(app, params, &profile, err) < 0 ||
	    issue_attributes_describe(profile, &attributes, err) < 0)
		return -1;
	return answer_json(response, 200, attributes, err);
}

int
operations_attributes_get_revoke(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	(void)request;
	if (ra_profile_path_find(app, params, &profile, err) < 0)
		return -1;
	return answer_json(response, 200, json_object_new_array(), err);
}

/* 200 without a body, as CZERTAINLY answers. */
static int
answer_valid(struct response *response)
{
	(void)answer_nothing(response);
	response->status = 200;
	return 0;
}

int
operations_attributes_validate_issue(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	cleanup(json_object_putp) struct json_object *values = NULL;
	cleanup(json_object_putp) struct json_object *stored = NULL;

	if (body_read_array(request, &values, err) < 0 ||
	    ra_profile_path_find(app, params, &profile, err) < 0 ||
	    issue_attributes_check(profile, values, &stored, err) < 0)
		return -1;
	return answer_valid(response);
}

int
operations_attributes_check_revoke(struct json_object *values, struct error *err)
{
	if (values == NULL || json_object_array_length(values) == 0)
		return 0;
	return error_set(err, ERR_VALIDATION, "revoking takes no attributes");
}

int
operations_attributes_validate_revoke(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	cleanup(json_object_putp) struct json_object *values = NULL;

	if (body_read_array(request, &values, err) < 0 ||
	    ra_profile_path_find(app, params, &profile, err) < 0 ||
	    operations_attributes_check_revoke(values, err) < 0)
		return -1;
	return answer_valid(response);
}

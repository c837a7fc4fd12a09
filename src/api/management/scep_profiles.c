/* The SCEP profile API: listing, showing, making, changing and deleting one. */
#include "api/management/scep_profiles.h"

#include <string.h>
#include <strings.h>

#include "api/access/access.h"
#include "api/answer.h"
#include "api/management/certificate_dto.h"
#include "api/member.h"
#include "api/management/scep_profiles_body.h"
#include "api/management/scep_profiles_context.h"
#include "base/json.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/scep_ca.h"
#include "enroll/profiles/scep_profile_delete.h"
#include "http/query.h"

enum { URL_MAX = 4096 };

/* What a walk over records gathers. */
struct list {
	const struct scep_profile_view *view;
	struct json_object *array;
};

static int
append(const struct list *list, struct json_object *dto, struct error *err)
{
	if (json_object_array_add(list->array, dto) == 0)
		return 0;
	json_object_put(dto);
	return error_set(err, ERR_INTERNAL, "out of memory");
}

static int
list_profile(const struct scep_profile *profile, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *dto = NULL;

	if (scep_profile_dto(list->view, profile, &dto, err) < 0)
		return -1;
	return append(list, dto, err);
}

int
scep_profiles_get_all(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct scep_profiles_context context;
	struct list list = { .view = &context.view, .array = array };

	(void)params;
	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	scep_profiles_context_init(&context, app, request);
	if (scep_profiles_each(app->db, list_profile, &list, err) < 0)
		return -1;
	return answer_json(response, 200, take(array), err);
}

static int
answer_detail(const struct scep_profiles_context *context, const struct scep_profile *profile,
    int status, struct response *response, struct error *err)
{
	struct json_object *dto = NULL;

	if (scep_profile_dto_detail(&context->view, profile, &dto, err) < 0)
		return -1;
	return answer_json(response, status, dto, err);
}

int
scep_profiles_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	struct scep_profiles_context context;
	struct uuid id;

	scep_profiles_context_init(&context, app, request);
	if (path_uuid(params, "uuid", &id, err) < 0)
		return -1;
	if (scep_profiles_find_id(app->db, &id, &profile, err) < 0)
		return object_id_not_found(err, "ScepProfile", &id);
	return answer_detail(&context, profile, 200, response, err);
}

/* Who names an RA profile must be allowed to look at it. */
static int
check_ra_access(
    const struct app *app, const struct scep_profile_request *request, struct error *err)
{
	const struct permission detail = { RESOURCE_RA_PROFILES, ACTION_DETAIL };

	return request->ra_profile == NULL ? 0 : access_require(app, detail, err);
}

static void
add_location(const struct scep_profiles_context *context, const struct scep_profile *profile,
    struct response *response)
{
	cleanup(buf_release) struct buf url = BUF_INIT(URL_MAX);

	scep_profile_dto_location(&context->view, profile, &url);
	response_header(response, "Location", buf_text(&url));
}

int
scep_profiles_post(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(scep_profiles_body_putp) struct json_object *body = NULL;
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	struct scep_profiles_context context;
	struct scep_profile_request wanted;

	(void)params;
	scep_profiles_context_init(&context, app, request);
	if (body_read_object(request, &body, err) < 0 ||
	    scep_profiles_body_read_new(body, &wanted, err) < 0 ||
	    check_ra_access(app, &wanted, err) < 0 ||
	    scep_profile_change_create(&context.change, &wanted, &profile, err) < 0 ||
	    answer_detail(&context, profile, 201, response, err) < 0)
		return -1;
	add_location(&context, profile, response);
	return 0;
}

int
scep_profiles_put(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(scep_profiles_body_putp) struct json_object *body = NULL;
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	struct scep_profiles_context context;
	struct scep_profile_request wanted;
	struct uuid id;

	scep_profiles_context_init(&context, app, request);
	if (path_uuid(params, "uuid", &id, err) < 0 || body_read_object(request, &body, err) < 0 ||
	    scep_profiles_body_read_edit(body, &wanted, err) < 0 ||
	    check_ra_access(app, &wanted, err) < 0 ||
	    scep_profile_change_update(&context.change, &id, &wanted, &profile, err) < 0)
		return -1;
	return answer_detail(&context, profile, 200, response, err);
}

int
scep_profiles_delete_one(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct scep_profiles_context context;
	struct scep_profile_deleted deleted;
	struct uuid id;

	scep_profiles_context_init(&context, app, request);
	if (path_uuid(params, "uuid", &id, err) < 0 ||
	    scep_profile_delete(&context.change, &id, &deleted, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
scep_profiles_patch_enable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct scep_profiles_context context;
	struct uuid id;

	scep_profiles_context_init(&context, app, request);
	if (path_uuid(params, "uuid", &id, err) < 0 ||
	    scep_profile_change_enable(&context.change, &id, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
scep_profiles_patch_disable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct scep_profiles_context context;
	struct uuid id;

	scep_profiles_context_init(&context, app, request);
	if (path_uuid(params, "uuid", &id, err) < 0 ||
	    scep_profile_change_disable(&context.change, &id, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
scep_profiles_patch_ra_profile(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	struct scep_profiles_context context;
	struct uuid id, ra_profile_id;

	scep_profiles_context_init(&context, app, request);
	if (path_uuid(params, "uuid", &id, err) < 0 ||
	    path_uuid(params, "raProfileUuid", &ra_profile_id, err) < 0 ||
	    scep_profile_change_ra(&context.change, &id, &ra_profile_id, err) < 0)
		return -1;
	return answer_nothing(response);
}

/* The words that CZERTAINLY takes for a boolean in a query, in either case. */
static int
read_boolean(const char *text, bool *out)
{
	static const char *const words[][2] = {
		{ "false", "true" },
		{ "no", "yes" },
		{ "off", "on" },
		{ "0", "1" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int value = 0; value < 2; value++)
			if (strcasecmp(text, words[i][value]) == 0) {
				*out = value == 1;
				return 0;
			}
	return -1;
}

static int
read_intune(const struct request *request, bool *out, struct error *err)
{
	char text[16];

	if (query_get(request->query, "intuneEnabled", text, sizeof(text), err) < 0)
		return -1;
	if (text[0] == '\0')
		return error_set(
		    err, ERR_BAD_REQUEST, "Required request parameter 'intuneEnabled' is missing");
	if (read_boolean(text, out) < 0)
		return error_set(err, ERR_BAD_REQUEST,
		    "Request parameter 'intuneEnabled' is neither true nor false");
	return 0;
}

static int
list_ca(const struct scep_ca *ca, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *dto = NULL;

	if (certificate_dto(list->view->db, ca->row, list->view->now, &dto, err) < 0)
		return -1;
	return append(list, dto, err);
}

int
scep_profiles_get_ca_certificates(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct scep_profiles_context context;
	struct list list = { .view = &context.view, .array = array };
	const struct scep_ca_visit visit = { .each = list_ca, .arg = &list };
	bool intune = false;

	(void)params;
	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	scep_profiles_context_init(&context, app, request);
	if (read_intune(request, &intune, err) < 0 ||
	    scep_ca_each(app->db, intune, context.change.now, visit, err) < 0)
		return -1;
	return answer_json(response, 200, take(array), err);
}

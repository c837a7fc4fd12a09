/* The RA profile API: listing, showing, enabling, disabling and deleting. */
#include "api/management/ra_profiles_api.h"

#include <string.h>
#include <strings.h>

#include "api/access/access.h"
#include "api/answer.h"
#include "api/context.h"
#include "api/member.h"
#include "api/management/ra_profile_dto.h"
#include "api/management/ra_profile_path.h"
#include "base/json.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/profile_archive.h"
#include "enroll/profiles/profile_change.h"
#include "http/query.h"

enum { FLAG_MAX = 8 };

/* What is listed: all, or those that are enabled, or those that are not. */
enum wanted { ALL, ENABLED, DISABLED };

struct list {
	struct db *db;
	enum wanted wanted;
	struct json_object *array;
};

static int
read_wanted(const struct request *request, enum wanted *out, struct error *err)
{
	char text[FLAG_MAX];

	if (query_get(request->query, "enabled", text, sizeof(text), err) < 0)
		return -1;
	if (text[0] == '\0')
		*out = ALL;
	else if (strcasecmp(text, "true") == 0)
		*out = ENABLED;
	else if (strcasecmp(text, "false") == 0)
		*out = DISABLED;
	else
		return error_set(err, ERR_BAD_REQUEST, "enabled is expected to be true or false");
	return 0;
}

static int
add_profile(const struct ra_profile *profile, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *dto = NULL;

	if (profile->archived || (list->wanted == ENABLED && !profile->enabled) ||
	    (list->wanted == DISABLED && profile->enabled))
		return 0;
	if (ra_profile_dto(list->db, profile, &dto, err) < 0)
		return -1;
	(void)json_object_array_add(list->array, dto);
	return 0;
}

int
ra_profiles_api_get_all(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();
	struct list list = { .db = app->db, .array = array };

	(void)params;
	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (read_wanted(request, &list.wanted, err) < 0 ||
	    ra_profiles_each(app->db, add_profile, &list, err) < 0)
		return -1;
	return answer_json(response, 200, take(array), err);
}

int
ra_profiles_api_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	struct json_object *dto = NULL;

	(void)request;
	if (ra_profile_path_find(app, params, &profile, err) < 0 ||
	    ra_profile_dto(app->db, profile, &dto, err) < 0)
		return -1;
	return answer_json(response, 200, dto, err);
}

/* Something that is done to one profile. */
typedef int step(
    struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err);

static int
delete_one(struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err)
{
	enum profile_fate fate = PROFILE_ARCHIVED;

	return profile_archive_remove(db, actor, id, &fate, err);
}

static int
run_one(struct app *app, const struct request *request, const struct params *params, step *run,
    struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	const struct audit_actor actor = access_actor(app, request);

	if (ra_profile_path_find(app, params, &profile, err) < 0)
		return -1;
	/* A profile that went meanwhile is one that is not there. */
	return run(app->db, &actor, &profile->id, err) < 0
		   ? object_id_not_found(err, "RaProfile", &profile->id)
		   : 0;
}

/* Those that are not there are skipped, as CZERTAINLY does. */
static int
run_or_skip(struct app *app, const struct audit_actor *actor, const struct uuid *id, step *run,
    struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	if (ra_profile_path_find_id(app, id, &profile, err) == 0 &&
	    run(app->db, actor, id, err) == 0)
		return 0;
	return error_forgive(err, ERR_NOT_FOUND);
}

static int
run_many(struct app *app, const struct request *request, step *run, struct error *err)
{
	cleanup(uuids_release) struct uuids ids = { NULL, 0 };
	const struct audit_actor actor = access_actor(app, request);

	if (body_read_uuids(request, &ids, err) < 0)
		return -1;
	for (size_t i = 0; i < ids.count; i++)
		if (run_or_skip(app, &actor, &ids.items[i], run, err) < 0)
			return -1;
	return 0;
}

int
ra_profiles_api_delete(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	if (run_one(app, request, params, delete_one, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
ra_profiles_api_delete_many(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	if (run_many(app, request, delete_one, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
ra_profiles_api_enable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	if (run_one(app, request, params, profile_change_enable, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
ra_profiles_api_disable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	if (run_one(app, request, params, profile_change_disable, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
ra_profiles_api_enable_many(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	if (run_many(app, request, profile_change_enable, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
ra_profiles_api_disable_many(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	if (run_many(app, request, profile_change_disable, err) < 0)
		return -1;
	return answer_nothing(response);
}

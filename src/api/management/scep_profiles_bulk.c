/* Operations on several SCEP profiles: each profile is one transaction, in the order of the ids. */
#include "api/answer.h"
#include "api/member.h"
#include "api/management/scep_profiles.h"
#include "api/management/scep_profiles_context.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/profiles/scep_profile_delete.h"

typedef int change_one(
    const struct scep_profile_context *context, const struct uuid *id, struct error *err);
typedef int delete_one(const struct scep_profile_context *context, const struct uuid *id,
    struct scep_profile_deleted *deleted, struct error *err);

/* Those that are not there are passed over, as CZERTAINLY does. */
static int
change_all(const struct scep_profile_context *context, const struct uuids *ids, change_one *change,
    struct error *err)
{
	for (size_t i = 0; i < ids->count; i++)
		if (change(context, &ids->items[i], err) < 0 &&
		    error_forgive(err, ERR_NOT_FOUND) < 0)
			return -1;
	return 0;
}

static int
change_bulk(struct app *app, struct request *request, change_one *change, struct response *response,
    struct error *err)
{
	cleanup(uuids_release) struct uuids ids = { NULL, 0 };
	struct scep_profiles_context context;

	scep_profiles_context_init(&context, app, request);
	if (body_read_uuids(request, &ids, err) < 0 ||
	    change_all(&context.change, &ids, change, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
scep_profiles_bulk_enable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	return change_bulk(app, request, scep_profile_change_enable, response, err);
}

int
scep_profiles_bulk_disable(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	return change_bulk(app, request, scep_profile_change_disable, response, err);
}

/* BulkActionMessageDto: why this one could not be deleted. */
static int
add_message(struct json_object *messages, const struct uuid *id,
    const struct scep_profile_deleted *deleted, struct error *err)
{
	struct json_object *message = json_object_new_object();

	if (message == NULL || json_object_array_add(messages, message) != 0) {
		json_object_put(message);
		error_clear(err);
		return error_set(err, ERR_INTERNAL, "out of memory");
	}
	json_add_uuid(message, "uuid", id);
	json_add_text(message, "name", deleted->name);
	json_add_text(message, "message", err->text);
	error_clear(err);
	return 0;
}

/* What the profile itself refuses is reported; what fails for other reasons ends the call. */
static int
delete_all(const struct scep_profile_context *context, const struct uuids *ids,
    delete_one *delete_profile, struct json_object *messages, struct error *err)
{
	for (size_t i = 0; i < ids->count; i++) {
		struct scep_profile_deleted deleted;

		if (delete_profile(context, &ids->items[i], &deleted, err) == 0)
			continue;
		if (!error_is(err, ERR_NOT_FOUND) && !error_is(err, ERR_VALIDATION))
			return -1;
		if (add_message(messages, &ids->items[i], &deleted, err) < 0)
			return -1;
	}
	return 0;
}

static int
delete_bulk(struct app *app, struct request *request, delete_one *delete_profile,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *messages = json_object_new_array();
	cleanup(uuids_release) struct uuids ids = { NULL, 0 };
	struct scep_profiles_context context;

	if (messages == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	scep_profiles_context_init(&context, app, request);
	if (body_read_uuids(request, &ids, err) < 0 ||
	    delete_all(&context.change, &ids, delete_profile, messages, err) < 0)
		return -1;
	return answer_json(response, 200, take(messages), err);
}

int
scep_profiles_bulk_delete(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	return delete_bulk(app, request, scep_profile_delete, response, err);
}

int
scep_profiles_bulk_delete_force(struct app *app, struct request *request,
    const struct params *params, struct response *response, struct error *err)
{
	(void)params;
	return delete_bulk(app, request, scep_profile_delete_force, response, err);
}

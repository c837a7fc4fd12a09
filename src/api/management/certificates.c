/* /api/v1/certificates/{uuid}: one certificate, its history, and what is not done to it. */
#include "api/management/certificates.h"

#include <stdio.h>

#include "api/answer.h"
#include "api/management/certificate_dto.h"
#include "api/context.h"
#include "api/member.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/attributes/object_id.h"
#include "enroll/status/revoke.h"
#include "enroll/profiles/scep_ca.h"
#include "store/revocations.h"

enum { MESSAGE_MAX = REVOKE_COMMENT_MAX * 4 + 128 };

int
certificates_of_id(
    struct app *app, const struct uuid *id, struct certificate_row **out, struct error *err)
{
	cleanup(scep_ca_freep) struct scep_ca *found = NULL;

	if (scep_ca_find(app->db, id, &found, err) == 0 && found->row != NULL) {
		*out = take(found->row);
		return 0;
	}
	(void)object_id_not_found(err, "Certificate", id);
	return -1;
}

int
certificates_of_path(
    struct app *app, const struct params *params, struct certificate_row **out, struct error *err)
{
	struct uuid id;

	if (path_uuid(params, "uuid", &id, err) < 0)
		return -1;
	return certificates_of_id(app, &id, out, err);
}

int
certificates_get_one(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	struct json_object *dto = NULL;

	(void)request;
	if (certificates_of_path(app, params, &row, err) < 0 ||
	    certificate_dto_detail(app->db, row, clock_now(), &dto, err) < 0)
		return -1;
	return answer_json(response, 200, dto, err);
}

/* One entry of the history; who: the requester or the actor, "" where nobody knows. */
struct entry {
	const struct uuid *id;
	const struct uuid *certificate_id;
	int64_t at;
	const char *who;
	const char *event;
	const char *message;
};

static int
add_entry(struct json_object *list, const struct entry *entry, struct error *err)
{
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_uuid(object, "uuid", entry->id);
	json_add_uuid(object, "certificateUuid", entry->certificate_id);
	answer_add_time(object, "created", entry->at);
	json_add_text(object, "createdBy", entry->who);
	json_add_text(object, "event", entry->event);
	json_add_text(object, "status", "SUCCESS");
	json_add_text(object, "message", entry->message);
	return json_object_array_add(list, object);
}

static int
add_issue(struct json_object *list, const struct certificate_row *row, struct error *err)
{
	char who[2 * UUID_TEXT_MAX], message[sizeof(row->ra_profile) + 64];
	struct entry entry = { .id = &row->id,
		.certificate_id = &row->id,
		.at = row->issued_at,
		.who = row->requester_upn,
		.message = message };

	if (row->requester_upn[0] == '\0' && row->has_requester) {
		uuid_text(&row->requester_tenant, who);
		who[UUID_TEXT_MAX - 1] = '/';
		uuid_text(&row->requester_object, who + UUID_TEXT_MAX);
		entry.who = who;
	}
	entry.event = row->has_renewed_from ? "Renew Certificate" : "Issue Certificate";
	(void)snprintf(message, sizeof(message), "Issued through RA profile %s", row->ra_profile);
	return add_entry(list, &entry, err);
}

static int
add_event(const struct revocation_event *event, void *arg, struct error *err)
{
	static const char *const messages[] = {
		[REVOCATION_HOLD] = "Put on hold",
		[REVOCATION_RELEASE] = "Released from hold",
		[REVOCATION_REVOKE] = "Revoked",
	};
	char message[MESSAGE_MAX];
	const struct entry entry = {
		.id = &event->id,
		.certificate_id = &event->certificate_id,
		.at = event->at,
		.who = event->actor,
		.event = event->action == REVOCATION_REVOKE ? "Revoke Certificate" : "Update State",
		.message = message,
	};

	(void)snprintf(message, sizeof(message), "%s, %s%s%s", messages[event->action],
	    revoke_reason_name(event->reason), event->comment != NULL ? ": " : "",
	    event->comment != NULL ? event->comment : "");
	return add_entry(arg, &entry, err);
}

/* In the order in which it happened; of a CA generation nothing is told. */
int
certificates_get_history(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *list = json_object_new_array();
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;

	(void)request;
	if (certificates_of_path(app, params, &row, err) < 0)
		return -1;
	if (row->has_ra_profile && add_issue(list, row, err) < 0)
		return -1;
	if (revocations_each(app->db, &row->id, add_event, list, err) < 0)
		return -1;
	return answer_json(response, 200, take(list), err);
}

int
certificates_refuse_upload(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)app;
	(void)request;
	(void)params;
	(void)response;
	return error_set(
	    err, ERR_NOT_BUILT, "certificates of others cannot be uploaded to this inventory");
}

int
certificates_refuse_delete(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)app;
	(void)request;
	(void)params;
	(void)response;
	return error_set(err, ERR_NOT_BUILT, "what was issued stays on record and is not deleted");
}

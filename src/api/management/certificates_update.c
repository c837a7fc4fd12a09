/* Changes of certificates' owner and groups. */
#include "api/access/access.h"
#include "api/answer.h"
#include "api/management/certificates.h"
#include "api/context.h"
#include "api/member.h"
#include "enroll/attributes/certificate_change.h"
#include "store/certificate_groups.h"
#include "store/certificate_owners.h"

/* A change as it was read; texts are the body's. */
struct wanted {
	struct json_object *body;
	struct certificate_change change;
	struct uuids groups;
};

static void
wanted_release(struct wanted *wanted)
{
	json_object_put(wanted->body);
	uuids_release(&wanted->groups);
}

static int
read_groups(struct wanted *wanted, struct error *err)
{
	struct uuids *groups = &wanted->groups;

	if (member_uuids(wanted->body, "groupUuids", groups, err) < 0)
		return -1;
	if (groups->count > CERTIFICATE_GROUPS_OF_ONE)
		return error_set(err, ERR_VALIDATION, "A certificate is in at most %d groups",
		    CERTIFICATE_GROUPS_OF_ONE);
	wanted->change.has_groups = groups->items != NULL;
	wanted->change.groups = groups->items;
	wanted->change.group_count = groups->count;
	return 0;
}

/*
 * There are no user accounts whose UUID could be meant, so what ownerUuid holds is the owner as it
 * is; `owner`, which says the same openly, comes first.
 */
static int
read_owner(struct wanted *wanted, struct error *err)
{
	static const struct member_limit owner = { "owner", CERTIFICATE_OWNER_CHARACTERS },
					 by_uuid = { "ownerUuid", CERTIFICATE_OWNER_CHARACTERS };

	if (member_text_max(wanted->body, &owner, &wanted->change.owner, err) < 0)
		return -1;
	if (wanted->change.owner != NULL)
		return 0;
	return member_text_max(wanted->body, &by_uuid, &wanted->change.owner, err);
}

/* The RA profile is what a certificate was issued by; and trusted are our CAs alone. */
static int
refuse_others(const struct json_object *body, struct error *err)
{
	const char *ra_profile = NULL;
	bool is_there = false, trusted = false;

	if (member_text(body, "raProfileUuid", &ra_profile, err) < 0 ||
	    member_bool(body, "trustedCa", &is_there, &trusted, err) < 0)
		return -1;
	if (ra_profile != NULL)
		return error_set(err, ERR_NOT_BUILT,
		    "the RA profile that a certificate was issued by cannot be changed");
	if (trusted)
		return error_set(
		    err, ERR_NOT_BUILT, "whether a certificate is trusted cannot be changed");
	return 0;
}

static int
read_certificates(const struct json_object *body, struct uuids *out, struct error *err)
{
	if (member_uuids(body, "certificateUuids", out, err) < 0)
		return -1;
	if (out->count == 0 || out->count > BODY_MAX_UUIDS)
		return error_set(
		    err, ERR_VALIDATION, "certificateUuids has 1 to %d UUIDs", BODY_MAX_UUIDS);
	return 0;
}

static int
read_wanted(const struct request *request, struct wanted *wanted, struct error *err)
{
	if (body_read_object(request, &wanted->body, err) < 0 ||
	    refuse_others(wanted->body, err) < 0 || read_owner(wanted, err) < 0)
		return -1;
	return read_groups(wanted, err);
}

static int
carry_out(struct app *app, const struct request *request, const struct certificate_change *change,
    struct response *response, struct error *err)
{
	const struct audit_actor actor = access_actor(app, request);

	if (certificate_change(app->db, change, &actor, err) < 0)
		return -1;
	return answer_nothing(response);
}

int
certificates_patch_one(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(wanted_release) struct wanted wanted = { .body = NULL };
	struct uuid id;

	if (path_uuid(params, "uuid", &id, err) < 0 || read_wanted(request, &wanted, err) < 0)
		return -1;
	wanted.change.certificates = &id;
	wanted.change.certificate_count = 1;
	return carry_out(app, request, &wanted.change, response, err);
}

int
certificates_patch_many(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(wanted_release) struct wanted wanted = { .body = NULL };
	cleanup(uuids_release) struct uuids ids = { NULL, 0 };
	struct json_object *filters = NULL;

	(void)params;
	if (read_wanted(request, &wanted, err) < 0 ||
	    member_array(wanted.body, "filters", &filters, err) < 0)
		return -1;
	if (filters != NULL && json_object_array_length(filters) > 0)
		return error_set(
		    err, ERR_NOT_BUILT, "certificates cannot be changed by filters, only by UUIDs");
	if (read_certificates(wanted.body, &ids, err) < 0)
		return -1;
	wanted.change.certificates = ids.items;
	wanted.change.certificate_count = ids.count;
	return carry_out(app, request, &wanted.change, response, err);
}

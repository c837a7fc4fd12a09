/* Issuing, renewing and revoking by the management API. */
#include "api/management/operations.h"

#include <string.h>

#include "api/access/access.h"
#include "api/answer.h"
#include "api/context.h"
#include "api/enrollment/enrollment.h"
#include "api/member.h"
#include "api/management/operations_attributes.h"
#include "api/management/ra_profile_path.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_add.h"
#include "crypto/key.h"
#include "enroll/attributes/attribute_change.h"
#include "enroll/attributes/attributes.h"
#include "enroll/issuing/issue_attributes.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/profile_cache.h"
#include "enroll/status/revoke.h"
#include "store/certificates_find.h"

enum { CERTIFICATE_TEXT_MAX = 2 * ISSUE_MAX_DER };

/* A request of this handler: what came, and what is at hand while it is answered. */
struct operation {
	struct app *app;
	const struct request *request;
	const struct params *params;
	struct ra_profile *profile;
};

static void
operation_release(struct operation *operation)
{
	ra_profile_free(operation->profile);
}

/* What of a request the rules refuse, as against a caller whom they do not admit. */
static bool
is_about_the_request(const struct error *err)
{
	return error_is(err, ERR_BODY_FORM) || error_is(err, ERR_CSR_SYNTAX) ||
	       error_is(err, ERR_CSR_SIGNATURE) || error_is(err, ERR_KEY) ||
	       error_is(err, ERR_NAME) || error_is(err, ERR_RENEWAL) ||
	       error_is(err, ERR_SELF_SERVICE) ||
	       (error_is(err, ERR_PROFILE) && strcmp(err->text, PROFILE_CLOSED) != 0);
}

/* CZERTAINLY's clients look for the reason in a 422. The audit is told what it was before. */
static int
refuse(const struct operation *operation, struct error *err)
{
	if (!is_about_the_request(err))
		return -1;
	refusals_audit(operation->app, operation->request, err);
	err->code = ERR_VALIDATION;
	return -1;
}

/* The PKCS#10 request in a body, as text. */
static int
read_csr(struct json_object *body, const char **out, struct error *err)
{
	const char *format = NULL, *csr = NULL;

	if (member_text(body, "request", &csr, err) < 0 ||
	    member_text(body, "format", &format, err) < 0)
		return -1;
	if (format != NULL && strcmp(format, "crmf") == 0)
		return error_set(err, ERR_NOT_BUILT, "requests in CRMF are not built");
	if (format != NULL && strcmp(format, "pkcs10") != 0)
		return error_set(err, ERR_JSON, "JSON: format is expected to be pkcs10");
	if (csr == NULL || csr[0] == '\0')
		return error_set(err, ERR_VALIDATION,
		    "request: a PKCS#10 request in base64 is needed, for no keys are made here");
	*out = csr;
	return 0;
}

static int
find_issued(struct app *app, struct bytes leaf, struct certificate_row **out, struct error *err)
{
	uint8_t fingerprint[SHA256_SIZE];

	if (sha256(leaf, fingerprint, err) < 0)
		return -1;
	return certificates_find_fingerprint(
	    app->db, bytes_of(fingerprint, sizeof(fingerprint)), out, err);
}

/* ClientCertificateDataResponseDto. */
static int
answer_certificate(const struct certificate_row *row, struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(CERTIFICATE_TEXT_MAX);
	struct json_object *json = json_object_new_object();

	base64_encode(buf_bytes(&row->der), &text);
	json_add_uuid(json, "uuid", &row->id);
	json_add_text(json, "certificateData", buf_text(&text));
	return answer_json(response, 200, json, err);
}

static int
issue(const struct operation *operation, const struct issue_request *asked, const char *csr,
    struct certificate_row **out, struct error *err)
{
	cleanup(buf_release) struct buf leaf = BUF_INIT(ISSUE_MAX_DER);

	if (enrollment_issue(operation->app, asked, bytes_text(csr), &leaf, err) < 0)
		return refuse(operation, err);
	return find_issued(operation->app, buf_bytes(&leaf), out, err);
}

static int
read_attributes(struct json_object *body, struct json_object **issue_values,
    struct json_object **custom_values, struct error *err)
{
	if (member_array(body, "attributes", issue_values, err) < 0)
		return -1;
	return member_array(body, "customAttributes", custom_values, err);
}

/* Nothing that narrows is as good as no attributes. */
static struct json_object *
or_none(struct json_object *stored)
{
	return json_object_array_length(stored) > 0 ? stored : NULL;
}

static int
issue_by(struct operation *operation, struct json_object *body, struct certificate_row **out,
    struct error *err)
{
	cleanup(json_object_putp) struct json_object *narrower = NULL;
	cleanup(json_object_putp) struct json_object *custom = NULL;
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	struct json_object *issue_values = NULL, *custom_values = NULL;
	struct app *app = operation->app;
	struct issue_request asked = enrollment_request(app, operation->request, "rest");
	const struct audit_actor actor = access_actor(app, operation->request);
	const char *csr = NULL;

	if (read_csr(body, &csr, err) < 0 ||
	    read_attributes(body, &issue_values, &custom_values, err) < 0 ||
	    ra_profile_path_find(app, operation->params, &operation->profile, err) < 0 ||
	    issue_attributes_check(operation->profile, issue_values, &narrower, err) < 0 ||
	    attributes_check(app->db, "certificates", custom_values, &custom, err) < 0)
		return -1;
	asked.profile_id = &operation->profile->id;
	asked.attributes = or_none(narrower);
	if (issue(operation, &asked, csr, &row, err) < 0 ||
	    attribute_change_issued(app->db, &actor, &row->id, custom, err) < 0)
		return -1;
	*out = take(row);
	return 0;
}

int
operations_issue(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(operation_release) struct operation operation = { app, request, params, NULL };
	cleanup(json_object_putp) struct json_object *body = NULL;
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;

	if (enrollment_check_enabled(app, err) < 0 || body_read_object(request, &body, err) < 0 ||
	    issue_by(&operation, body, &row, err) < 0)
		return -1;
	return answer_certificate(row, response, err);
}

/* One of another RA profile is not there: the path would say what is not so. */
static int
check_profile(
    const struct operation *operation, const struct certificate_row *row, struct error *err)
{
	if (memcmp(&row->ra_profile_id, &operation->profile->id, sizeof(row->ra_profile_id)) == 0)
		return 0;
	return object_id_not_found(err, "Certificate", &row->id);
}

static int
find_old(struct operation *operation, struct client_certificate **out, struct error *err)
{
	cleanup(client_certificate_freep) struct client_certificate *old = NULL;
	struct app *app = operation->app;
	struct uuid id;

	if (ra_profile_path_find(app, operation->params, &operation->profile, err) < 0 ||
	    path_uuid(operation->params, "certificateUuid", &id, err) < 0)
		return -1;
	if (client_certificate_find(app->db, &id, &old, err) < 0)
		return error_is(err, ERR_NOT_FOUND) ? object_id_not_found(err, "Certificate", &id)
						    : refuse(operation, err);
	if (check_profile(operation, old->row, err) < 0)
		return -1;
	*out = take(old);
	return 0;
}

int
operations_renew(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(operation_release) struct operation operation = { app, request, params, NULL };
	cleanup(json_object_putp) struct json_object *body = NULL;
	cleanup(client_certificate_freep) struct client_certificate *old = NULL;
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	struct issue_request asked = enrollment_request(app, request, "rest");
	const char *csr = NULL;

	if (enrollment_check_enabled(app, err) < 0 || body_read_object(request, &body, err) < 0 ||
	    read_csr(body, &csr, err) < 0 || find_old(&operation, &old, err) < 0)
		return -1;
	asked.kind = POLICY_RENEW;
	asked.old = old;
	asked.profile_id = &operation.profile->id;
	if (issue(&operation, &asked, csr, &row, err) < 0)
		return -1;
	return answer_certificate(row, response, err);
}

int
operations_rekey(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)app;
	(void)request;
	(void)params;
	(void)response;
	return error_set(err, ERR_NOT_BUILT,
	    "rekeying is not built: a certificate for another key is issued by its own request");
}

/* What a revocation is to be; a hold is one of CZERTAINLY's reasons. */
static int
read_reason(struct json_object *body, struct revoke_request *out, struct error *err)
{
	const char *reason = NULL;
	int number;

	if (member_text(body, "reason", &reason, err) < 0)
		return -1;
	if (reason == NULL)
		reason = "unspecified";
	number = revoke_reason_number(reason);
	if (number < 0 || strcmp(reason, "removeFromCRL") == 0)
		return error_set(err, ERR_JSON, "JSON: \"%.64s\" is no reason to revoke", reason);
	out->action = strcmp(reason, "certificateHold") == 0 ? REVOCATION_HOLD : REVOCATION_REVOKE;
	out->reason = number;
	return 0;
}

static int
read_revocation(struct json_object *body, struct revoke_request *out, struct error *err)
{
	struct json_object *attributes = NULL;
	bool has_destroy = false, destroy = false;

	if (read_reason(body, out, err) < 0 ||
	    member_array(body, "attributes", &attributes, err) < 0 ||
	    member_bool(body, "destroyKey", &has_destroy, &destroy, err) < 0 ||
	    operations_attributes_check_revoke(attributes, err) < 0)
		return -1;
	if (destroy)
		return error_set(err, ERR_VALIDATION, "destroyKey: its key is not kept here");
	return 0;
}

static int
find_certificate(struct operation *operation, struct uuid *id, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	struct app *app = operation->app;

	if (ra_profile_path_find(app, operation->params, &operation->profile, err) < 0 ||
	    path_uuid(operation->params, "certificateUuid", id, err) < 0)
		return -1;
	if (certificates_find_id(app->db, id, &row, err) < 0)
		return object_id_not_found(err, "Certificate", id);
	return check_profile(operation, row, err);
}

int
operations_revoke(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(operation_release) struct operation operation = { app, request, params, NULL };
	cleanup(json_object_putp) struct json_object *body = NULL;
	const struct audit_actor actor = access_actor(app, request);
	struct revoke_request asked = {
		.actor = actor.name,
		.remote_address = actor.remote_address,
		.request_id = actor.request_id,
	};
	struct revoke_outcome outcome;
	struct uuid id;

	if (body_read_object(request, &body, err) < 0 || read_revocation(body, &asked, err) < 0 ||
	    find_certificate(&operation, &id, err) < 0)
		return -1;
	if (revoke_certificate(app->db, &id, &asked, &outcome, err) == 0) {
		app_note_revocation(app);
		return answer_nothing(response);
	}
	if (error_is(err, ERR_CONFLICT) || error_is(err, ERR_STATE) || error_is(err, ERR_REVOKED))
		err->code = ERR_VALIDATION;
	return -1;
}

/* Puts a request into a SCEP profile, each part checked against what it names. */
#include "enroll/profiles/scep_profile_apply.h"

#include "base/json.h"
#include "base/text.h"
#include "enroll/attributes/attributes.h"
#include "enroll/issuing/issue_attributes.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/scep_ca.h"
#include "enroll/secrets/secret.h"

static const char resource[] = "scepProfiles";

static int
choose_ca(const struct scep_profile_context *context, const struct scep_profile_request *request,
    struct scep_profile *profile, struct error *err)
{
	cleanup(scep_ca_freep) struct scep_ca *ca = NULL;
	struct uuid id;

	if (request->ca_certificate == NULL || request->ca_certificate[0] == '\0')
		return error_set(err, ERR_VALIDATION, "CA Certificate cannot be empty");
	if (object_id_parse(request->ca_certificate, &id, err) < 0)
		return -1;
	if (scep_ca_find(context->db, &id, &ca, err) < 0)
		return object_id_not_found(err, "Certificate", &id);
	if (!scep_ca_is_acceptable(ca, request->enable_intune, context->now))
		return error_set(err, ERR_VALIDATION,
		    "CA Certificate is not acceptable as SCEP CA certificate for this profile");
	profile->ca_certificate_id = id;
	return 0;
}

/* The JSON of an array in place of what was there. */
static int
set_json(struct buf *to, struct json_object *array, struct error *err)
{
	const char *text = json_object_to_json_string_ext(
	    array, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	buf_reset(to);
	if (text != NULL)
		buf_add_text(to, text);
	if (text == NULL || buf_failed(to))
		return error_set(err, ERR_INTERNAL, "out of memory for attributes");
	return 0;
}

static int
choose_custom_attributes(const struct scep_profile_context *context,
    const struct scep_profile_request *request, struct scep_profile *profile, struct error *err)
{
	cleanup(json_object_putp) struct json_object *before = NULL;
	cleanup(json_object_putp) struct json_object *stored = NULL;
	struct attributes_object object = {
		.resource = resource,
		.id = &profile->id,
		.keyring = context->keyring,
	};

	if (request->keep_custom_attributes)
		return 0;
	if (json_parse_stored(buf_bytes(&profile->custom_attributes), &before, err) < 0)
		return -1;
	object.before = before;
	if (attributes_check_object(
		context->db, &object, request->custom_attributes, &stored, err) < 0)
		return -1;
	return set_json(&profile->custom_attributes, stored, err);
}

int
scep_profile_apply_ra(
    struct db *db, const struct uuid *id, struct scep_profile *profile, struct error *err)
{
	if (scep_profiles_hold_ra(db, id, err) < 0)
		return object_id_not_found(err, "RaProfile", id);
	profile->has_ra_profile = true;
	profile->ra_profile_id = *id;
	return 0;
}

/* The issue attributes are the RA profile's rules, narrowed; without one there are none. */
static int
choose_ra(const struct scep_profile_context *context, const struct scep_profile_request *request,
    struct scep_profile *profile, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *ra = NULL;
	cleanup(json_object_putp) struct json_object *stored = NULL;
	struct uuid id;

	if (request->ra_profile == NULL) {
		profile->has_ra_profile = false;
		buf_reset(&profile->issue_attributes);
		return 0;
	}
	if (object_id_parse(request->ra_profile, &id, err) < 0 ||
	    scep_profile_apply_ra(context->db, &id, profile, err) < 0)
		return -1;
	if (ra_profiles_find_id(context->db, &id, &ra, err) < 0)
		return object_id_not_found(err, "RaProfile", &id);
	if (issue_attributes_check(ra, request->issue_attributes, &stored, err) < 0)
		return -1;
	return set_json(&profile->issue_attributes, stored, err);
}

static int
set_text(char **to, const char *text, struct error *err)
{
	if (text != NULL)
		return text_set(to, bytes_text(text), err);
	text_release(to);
	return 0;
}

static int
copy_rest(
    const struct scep_profile_request *request, struct scep_profile *profile, struct error *err)
{
	if (request->has_renewal_threshold) {
		profile->has_renewal_threshold = true;
		profile->renewal_threshold = request->renewal_threshold;
	}
	profile->include_ca_certificate = request->include_ca_certificate;
	profile->include_ca_chain = request->include_ca_chain;
	profile->enable_intune = request->enable_intune;
	if (set_text(&profile->description, request->description, err) < 0 ||
	    set_text(&profile->intune_tenant, request->intune_tenant, err) < 0)
		return -1;
	return set_text(&profile->intune_application_id, request->intune_application_id, err);
}

int
scep_profile_apply(const struct scep_profile_context *context,
    const struct scep_profile_request *request, struct scep_profile *profile, struct error *err)
{
	bool has_key = profile->intune_application_key.len > 0;
	bool has_password = profile->challenge_password.len > 0;

	if (choose_ca(context, request, profile, err) < 0 ||
	    scep_profile_rules_check_intune(request, has_key, err) < 0 ||
	    scep_profile_rules_check_challenge(request, has_password, err) < 0 ||
	    scep_profile_rules_check_texts(request, err) < 0 ||
	    choose_custom_attributes(context, request, profile, err) < 0 ||
	    choose_ra(context, request, profile, err) < 0)
		return -1;
	return copy_rest(request, profile, err);
}

static int
seal(const struct scep_profile_context *context, const struct secret_place *place,
    const char *secret, struct buf *to, struct error *err)
{
	cleanup(buf_release) struct buf blob = BUF_INIT(SCEP_PROFILE_SEALED_MAX);

	if (!scep_profile_rules_is_given(secret))
		return 0;
	if (secret_seal(context->keyring, place, bytes_text(secret), &blob, err) < 0)
		return -1;
	if (buf_failed(&blob))
		return error_set(err, ERR_INTERNAL, "out of memory for a sealed secret");
	buf_move(to, &blob);
	return 0;
}

int
scep_profile_apply_secrets(const struct scep_profile_context *context,
    const struct scep_profile_request *request, struct scep_profile *profile, struct error *err)
{
	const struct secret_place challenge = { SCEP_PROFILE_TABLE, SCEP_PROFILE_CHALLENGE,
		&profile->id };
	const struct secret_place key = { SCEP_PROFILE_TABLE, SCEP_PROFILE_INTUNE_KEY,
		&profile->id };

	if (request->challenge == SCEP_CHALLENGE_CLEAR)
		buf_release(&profile->challenge_password);
	else if (seal(context, &challenge, request->challenge_password,
		     &profile->challenge_password, err) < 0)
		return -1;
	if (!request->enable_intune)
		buf_release(&profile->intune_application_key);
	else if (seal(context, &key, request->intune_application_key,
		     &profile->intune_application_key, err) < 0)
		return -1;
	return 0;
}

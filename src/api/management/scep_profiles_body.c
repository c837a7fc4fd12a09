/* Reads the bodies that make and change SCEP profiles. */
#define _GNU_SOURCE
#include "api/management/scep_profiles_body.h"

#include <string.h>

#include "api/member.h"

static int
read_texts(const struct json_object *body, struct scep_profile_request *request, struct error *err)
{
	const struct {
		const char *member;
		const char **to;
	} texts[] = {
		{ "description", &request->description },
		{ "raProfileUuid", &request->ra_profile },
		{ "caCertificateUuid", &request->ca_certificate },
		{ "challengePassword", &request->challenge_password },
		{ "intuneTenant", &request->intune_tenant },
		{ "intuneApplicationId", &request->intune_application_id },
		{ "intuneApplicationKey", &request->intune_application_key },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (member_text(body, texts[i].member, texts[i].to, err) < 0)
			return -1;
	return 0;
}

/* What is absent or null is false. */
static int
read_flags(const struct json_object *body, struct scep_profile_request *request, struct error *err)
{
	const struct {
		const char *member;
		bool *to;
	} flags[] = {
		{ "includeCaCertificate", &request->include_ca_certificate },
		{ "includeCaCertificateChain", &request->include_ca_chain },
		{ "enableIntune", &request->enable_intune },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		bool is_there = false;

		if (member_bool(body, flags[i].member, &is_there, flags[i].to, err) < 0)
			return -1;
	}
	return 0;
}

static int
read_challenge(const struct json_object *body, enum scep_challenge *challenge, struct error *err)
{
	bool is_there = false, is_on = false;

	if (member_bool(body, "enableChallengePassword", &is_there, &is_on, err) < 0)
		return -1;
	*challenge = !is_there ? SCEP_CHALLENGE_KEEP
		     : is_on   ? SCEP_CHALLENGE_REQUIRE
			       : SCEP_CHALLENGE_CLEAR;
	return 0;
}

int
scep_profiles_body_read_edit(
    const struct json_object *body, struct scep_profile_request *out, struct error *err)
{
	struct scep_profile_request request = { .name = NULL };

	if (read_texts(body, &request, err) < 0 || read_flags(body, &request, err) < 0 ||
	    read_challenge(body, &request.challenge, err) < 0 ||
	    member_int32(body, "renewalThreshold", &request.has_renewal_threshold,
		&request.renewal_threshold, err) < 0 ||
	    member_array(body, "issueCertificateAttributes", &request.issue_attributes, err) < 0 ||
	    member_array(body, "customAttributes", &request.custom_attributes, err) < 0)
		return -1;
	*out = request;
	return 0;
}

int
scep_profiles_body_read_new(
    const struct json_object *body, struct scep_profile_request *out, struct error *err)
{
	struct scep_profile_request request;

	if (scep_profiles_body_read_edit(body, &request, err) < 0 ||
	    member_text(body, "name", &request.name, err) < 0)
		return -1;
	if (request.ra_profile != NULL && request.ra_profile[0] == '\0')
		request.ra_profile = NULL;
	*out = request;
	return 0;
}

static void
wipe(const struct json_object *body, const char *member)
{
	struct json_object *value = NULL;

	/* json-c frees texts as they are; the text is its own, and not used again. */
	if (json_object_object_get_ex(body, member, &value) &&
	    json_object_is_type(value, json_type_string))
		explicit_bzero((void *)(uintptr_t)json_object_get_string(value),
		    (size_t)json_object_get_string_len(value));
}

void
scep_profiles_body_putp(struct json_object **body)
{
	if (*body == NULL)
		return;
	wipe(*body, "challengePassword");
	wipe(*body, "intuneApplicationKey");
	json_object_put(*body);
	*body = NULL;
}

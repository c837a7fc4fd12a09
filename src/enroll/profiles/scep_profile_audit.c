/* What audit rows say of SCEP profiles. */
#define _GNU_SOURCE
#include "enroll/profiles/scep_profile_audit.h"

#include <string.h>

#include "base/json.h"
#include "base/json_add.h"
#include "enroll/audit_change.h"

static int
add_attributes(struct json_object *to, const char *name, const struct buf *text, struct error *err)
{
	struct json_object *array = NULL;

	if (audit_change_attributes(buf_bytes(text), &array, err) < 0)
		return error_prefix(err, "%s", name);
	json_add(to, name, array);
	return 0;
}

static void
add_flags(struct json_object *to, const struct scep_profile *profile)
{
	json_add_bool(to, "enabled", profile->enabled);
	json_add_bool(to, "includeCaCertificate", profile->include_ca_certificate);
	json_add_bool(to, "includeCaCertificateChain", profile->include_ca_chain);
	json_add_bool(to, "enableIntune", profile->enable_intune);
	json_add_bool(to, "enableChallengePassword", profile->challenge_password.len > 0);
}

int
scep_profile_audit_json(
    const struct scep_profile *profile, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = json_object_new_object();

	if (json == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_uuid(json, "uuid", &profile->id);
	json_add_text(json, "name", profile->name);
	json_add_text(json, "description", profile->description);
	add_flags(json, profile);
	if (profile->has_ra_profile)
		json_add_uuid(json, "raProfileUuid", &profile->ra_profile_id);
	json_add_uuid(json, "caCertificateUuid", &profile->ca_certificate_id);
	if (profile->has_renewal_threshold)
		json_add_int(json, "renewalThreshold", profile->renewal_threshold);
	json_add_text(json, "intuneTenant", profile->intune_tenant);
	json_add_text(json, "intuneApplicationId", profile->intune_application_id);
	if (add_attributes(json, "issueCertificateAttributes", &profile->issue_attributes, err) <
		0 ||
	    add_attributes(json, "customAttributes", &profile->custom_attributes, err) < 0)
		return -1;
	*out = take(json);
	return 0;
}

/* Blobs differ whenever they were sealed anew, even over the same secret. */
static bool
is_other(const struct scep_profile *before, const struct scep_profile *after, size_t offset)
{
	static const struct buf none = BUF_INIT(0);
	const struct buf *old =
	    before != NULL ? (const void *)((const char *)before + offset) : &none;
	const struct buf *new = (const void *)((const char *)after + offset);

	return !bytes_equal(buf_bytes(old), buf_bytes(new));
}

/* Whether the text may hold secret content; that a value has these letters too does no harm. */
static bool
has_sealed(const struct buf *text)
{
	static const char member[] = "\"sealed\"";

	return text->len > 0 && memmem(text->data, text->len, member, sizeof(member) - 1) != NULL;
}

void
scep_profile_audit_secrets(
    const struct scep_profile *before, const struct scep_profile *after, struct json_object *json)
{
	static const struct {
		const char *member;
		size_t offset;
	} secrets[] = {
		{ "challengePassword", offsetof(struct scep_profile, challenge_password) },
		{ "intuneApplicationKey", offsetof(struct scep_profile, intune_application_key) },
	};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (is_other(before, after, secrets[i].offset))
			json_add_text(json, secrets[i].member, "changed");
	if (has_sealed(&after->custom_attributes) &&
	    is_other(before, after, offsetof(struct scep_profile, custom_attributes)))
		json_add_text(json, "customAttributeSecrets", "changed");
}

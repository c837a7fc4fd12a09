/* SCEP profiles as CZERTAINLY's clients read them. */
#include "api/management/scep_profile_dto.h"

#include <stdio.h>

#include "api/management/attribute_dto.h"
#include "api/management/certificate_dto.h"
#include "api/management/ra_profile_dto.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/issuing/issue_attributes.h"
#include "enroll/profiles/scep_ca.h"

enum { URL_MAX = 8192 };

void
scep_profile_dto_location(
    const struct scep_profile_view *view, const struct scep_profile *profile, struct buf *out)
{
	char id[UUID_TEXT_MAX];

	uuid_text(&profile->id, id);
	buf_printf(out, "%s/api/v1/scepProfiles/%s", view->base_url, id);
}

static int
add_ra_profile(struct json_object *to, const struct scep_profile *profile, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *ra = ra_profile_new();

	if (ra == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	ra->id = profile->ra_profile_id;
	ra->enabled = profile->ra_profile_enabled;
	ra->authority_id = profile->ra_authority_id;
	(void)snprintf(ra->name, sizeof(ra->name), "%s", profile->ra_profile);
	json_add(to, "raProfile", ra_profile_simplified(ra));
	return 0;
}

/* The default RA profile and, because it is by it that this address issues, the address. */
static int
add_default(const struct scep_profile_view *view, const struct scep_profile *profile,
    struct json_object *to, struct error *err)
{
	cleanup(buf_release) struct buf url = BUF_INIT(URL_MAX);

	if (!profile->has_ra_profile)
		return 0;
	buf_printf(
	    &url, "%s/api/v1/protocols/scep/%s/pkiclient.exe", view->base_url, profile->name);
	json_add_text(to, "scepUrl", buf_text(&url));
	return add_ra_profile(to, profile, err);
}

int
scep_profile_dto(const struct scep_profile_view *view, const struct scep_profile *profile,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *dto = json_object_new_object();

	if (dto == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_uuid(dto, "uuid", &profile->id);
	json_add_text(dto, "name", profile->name);
	json_add_bool(dto, "enabled", profile->enabled);
	json_add_text(dto, "description", profile->description);
	if (add_default(view, profile, dto, err) < 0)
		return -1;
	json_add_bool(dto, "includeCaCertificate", profile->include_ca_certificate);
	json_add_bool(dto, "includeCaCertificateChain", profile->include_ca_chain);
	if (profile->has_renewal_threshold)
		json_add_int(dto, "renewThreshold", profile->renewal_threshold);
	json_add_bool(dto, "enableIntune", profile->enable_intune);
	json_add_bool(dto, "enableChallengePassword", profile->challenge_password.len > 0);
	*out = take(dto);
	return 0;
}

static int
add_issue_attributes(const struct scep_profile *profile, struct json_object *to, struct error *err)
{
	cleanup(json_object_putp) struct json_object *stored = NULL;
	struct json_object *shown = NULL;

	if (!profile->has_ra_profile)
		return 0;
	if (json_parse_stored(buf_bytes(&profile->issue_attributes), &stored, err) < 0 ||
	    issue_attributes_show(stored, &shown, err) < 0)
		return -1;
	json_add(to, "issueCertificateAttributes", shown);
	return 0;
}

static int
add_custom_attributes(
    struct db *db, const struct scep_profile *profile, struct json_object *to, struct error *err)
{
	struct json_object *shown = NULL;

	if (attribute_dtos_text(
		db, "scepProfiles", buf_bytes(&profile->custom_attributes), &shown, err) < 0)
		return -1;
	json_add(to, "customAttributes", shown);
	return 0;
}

/* Certificates are never deleted; should one be gone all the same, the rest is still shown. */
static int
add_ca_certificate(const struct scep_profile_view *view, const struct scep_profile *profile,
    struct json_object *to, struct error *err)
{
	cleanup(scep_ca_freep) struct scep_ca *ca = NULL;
	struct json_object *shown = NULL;

	if (scep_ca_find(view->db, &profile->ca_certificate_id, &ca, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND);
	if (certificate_dto(view->db, ca->row, view->now, &shown, err) < 0)
		return -1;
	json_add(to, "caCertificate", shown);
	return 0;
}

int
scep_profile_dto_detail(const struct scep_profile_view *view, const struct scep_profile *profile,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *dto = NULL;

	if (scep_profile_dto(view, profile, &dto, err) < 0 ||
	    add_issue_attributes(profile, dto, err) < 0 ||
	    add_custom_attributes(view->db, profile, dto, err) < 0 ||
	    add_ca_certificate(view, profile, dto, err) < 0)
		return -1;
	json_add_text(dto, "intuneTenant", profile->intune_tenant);
	json_add_text(dto, "intuneApplicationId", profile->intune_application_id);
	*out = take(dto);
	return 0;
}

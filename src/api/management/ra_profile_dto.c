/* RA profiles in the forms of CZERTAINLY's management API. */
#include "api/management/ra_profile_dto.h"

#include "api/management/attribute_dto.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/issuing/issue_attributes.h"
#include "enroll/profiles/profile_attributes.h"
#include "store/authorities.h"
#include "store/ra_profile_scep.h"

enum { URL_MAX = 2048 };

struct json_object *
ra_profile_simplified(const struct ra_profile *profile)
{
	struct json_object *json = json_object_new_object();

	if (json == NULL)
		return NULL;
	json_add_uuid(json, "uuid", &profile->id);
	json_add_text(json, "name", profile->name);
	json_add_bool(json, "enabled", profile->enabled);
	json_add_uuid(json, "authorityInstanceUuid", &profile->authority_id);
	return json;
}

static int
find_active(struct db *db, const struct uuid *id, struct ra_profile_scep *active, bool *is_active,
    struct error *err)
{
	*is_active = ra_profile_scep_find(db, id, active, err) == 0;
	return *is_active ? 0 : error_forgive(err, ERR_NOT_FOUND);
}

static int
add_protocols(
    struct db *db, const struct ra_profile *profile, struct json_object *to, struct error *err)
{
	cleanup(ra_profile_scep_release) struct ra_profile_scep active = { .activated_at = 0 };
	struct json_object *array;
	bool is_active = false;

	if (find_active(db, &profile->id, &active, &is_active, err) < 0)
		return -1;
	array = json_object_new_array();
	if (is_active)
		(void)json_object_array_add(array, json_object_new_string("SCEP"));
	json_add(to, "enabledProtocols", array);
	return 0;
}

static int
add_custom_attributes(
    struct db *db, const struct ra_profile *profile, struct json_object *to, struct error *err)
{
	cleanup(buf_release) struct buf stored = BUF_INIT(RA_PROFILE_ATTRIBUTES_MAX);
	struct json_object *array = NULL;

	if (ra_profiles_attributes(db, &profile->id, &stored, err) < 0 ||
	    attribute_dtos_text(db, "raProfiles", buf_bytes(&stored), &array, err) < 0)
		return -1;
	json_add(to, "customAttributes", array);
	return 0;
}

int
ra_profile_dto(
    struct db *db, const struct ra_profile *profile, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = ra_profile_simplified(profile);
	struct json_object *attributes = NULL;
	struct authority authority;

	if (json == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (authorities_find_id(db, &profile->authority_id, &authority, err) < 0 ||
	    profile_attributes_show(profile, &attributes, err) < 0)
		return -1;
	json_add_text(json, "authorityInstanceName", authority.name);
	json_add_filled(json, "description", profile->description);
	json_add_bool(json, "legacyAuthority", false);
	json_add(json, "attributes", attributes);
	if (add_custom_attributes(db, profile, json, err) < 0 ||
	    add_protocols(db, profile, json, err) < 0)
		return -1;
	*out = take(json);
	return 0;
}

static int
add_active(const struct ra_profile_scep_question *question, struct ra_profile_scep *active,
    struct json_object *to, struct error *err)
{
	cleanup(json_object_putp) struct json_object *stored = NULL;
	cleanup(buf_release) struct buf url = BUF_INIT(URL_MAX);
	struct json_object *attributes = NULL;

	if (json_parse_stored(buf_bytes(&active->issue_attributes), &stored, err) < 0 ||
	    issue_attributes_show(stored, &attributes, err) < 0)
		return -1;
	/* A profile's name has no character that a URL would need to escape. */
	buf_printf(&url, "%s/api/v1/protocols/scep/raProfile/%s/pkiclient.exe", question->base_url,
	    question->profile->name);
	json_add_uuid(to, "uuid", &active->scep_profile_id);
	json_add_text(to, "name", active->scep_profile);
	json_add_text(to, "url", buf_text(&url));
	json_add(to, "issueCertificateAttributes", attributes);
	return 0;
}

int
ra_profile_scep_dto(struct db *db, const struct ra_profile_scep_question *question,
    struct json_object **out, struct error *err)
{
	cleanup(ra_profile_scep_release) struct ra_profile_scep active = { .activated_at = 0 };
	cleanup(json_object_putp) struct json_object *json = json_object_new_object();
	bool is_active = false;

	if (json == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (find_active(db, &question->profile->id, &active, &is_active, err) < 0)
		return -1;
	json_add_bool(json, "scepAvailable", is_active);
	if (is_active && add_active(question, &active, json, err) < 0)
		return -1;
	*out = take(json);
	return 0;
}

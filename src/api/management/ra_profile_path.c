/* The RA profile that a path of the management API names. */
#include "api/management/ra_profile_path.h"

#include <string.h>

#include "api/context.h"
#include "api/member.h"
#include "enroll/attributes/object_id.h"

int
ra_profile_path_find_id(
    struct app *app, const struct uuid *id, struct ra_profile **out, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;

	if (ra_profiles_find_id(app->db, id, &profile, err) < 0 || profile->archived) {
		(void)object_id_not_found(err, "RaProfile", id);
		return -1;
	}
	*out = take(profile);
	return 0;
}

int
ra_profile_path_find(
    struct app *app, const struct params *params, struct ra_profile **out, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	bool has_authority = params_get(params, "authorityUuid")[0] != '\0';
	struct uuid authority, id;

	if ((has_authority && path_uuid(params, "authorityUuid", &authority, err) < 0) ||
	    path_uuid(params, "raProfileUuid", &id, err) < 0 ||
	    ra_profile_path_find_id(app, &id, &profile, err) < 0)
		return -1;
	if (has_authority && memcmp(&authority, &profile->authority_id, sizeof(authority)) != 0)
		return object_id_not_found(err, "RaProfile", &id);
	*out = take(profile);
	return 0;
}

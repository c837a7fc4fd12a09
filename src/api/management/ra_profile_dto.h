#ifndef API_MANAGEMENT_RA_PROFILE_DTO_H
#define API_MANAGEMENT_RA_PROFILE_DTO_H

#include <json-c/json.h>

#include "store/ra_profiles.h"

/* SimplifiedRaProfileDto: {uuid, name, enabled, authorityInstanceUuid}; NULL without memory. */
struct json_object *ra_profile_simplified(const struct ra_profile *profile);

/* RaProfileDto, with its rules as attributes; reads what it refers to. The caller's to put. */
int ra_profile_dto(
    struct db *db, const struct ra_profile *profile, struct json_object **out, struct error *err);

/*
 * RaProfileScepDetailResponseDto: what of SCEP is active on the profile, else
 * {"scepAvailable":false}; base_url is [Server] BaseUrl. The caller's to put.
 */
struct ra_profile_scep_question {
	const struct ra_profile *profile;
	const char *base_url;
};
int ra_profile_scep_dto(struct db *db, const struct ra_profile_scep_question *question,
    struct json_object **out, struct error *err);

#endif

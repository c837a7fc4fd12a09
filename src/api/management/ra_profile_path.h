#ifndef API_MANAGEMENT_RA_PROFILE_PATH_H
#define API_MANAGEMENT_RA_PROFILE_PATH_H

#include "http/router.h"
#include "store/ra_profiles.h"

/*
 * The RA profile that a path names by {raProfileUuid}, and by {authorityUuid} where it has that:
 * then the profile must be one of this authority. An archived one is not there. ERR_VALIDATION for
 * no UUID, ERR_NOT_FOUND in CZERTAINLY's words. *out belongs to the caller.
 */
int ra_profile_path_find(
    struct app *app, const struct params *params, struct ra_profile **out, struct error *err);

/* The same by id alone. */
int ra_profile_path_find_id(
    struct app *app, const struct uuid *id, struct ra_profile **out, struct error *err);

#endif

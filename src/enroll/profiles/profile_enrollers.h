#ifndef ENROLL_PROFILES_PROFILE_ENROLLERS_H
#define ENROLL_PROFILES_PROFILE_ENROLLERS_H

#include "base/error.h"
#include "store/ra_profiles.h"

/*
 * Adds or removes an enroller written as KIND:VALUE, such as "role:CSR.Request.Db";
 * GUIDs are kept in lower case. ERR_CONFIG for a malformed one, one that is there already
 * and one that is not there.
 */
int profile_enrollers_add(struct ra_profile *profile, const char *text, struct error *err);
int profile_enrollers_remove(struct ra_profile *profile, const char *text, struct error *err);

#endif

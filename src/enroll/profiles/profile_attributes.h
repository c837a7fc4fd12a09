#ifndef ENROLL_PROFILES_PROFILE_ATTRIBUTES_H
#define ENROLL_PROFILES_PROFILE_ATTRIBUTES_H

#include <json-c/json.h>

#include "store/ra_profiles.h"

/*
 * An RA profile's own rules as attributes of the management API: all of profile_rules_fields but
 * Description and Enabled, which are members of their own there, and "enrollers", a list of
 * KIND:VALUE.
 */

/*
 * Sets what the request attributes name (NULL: nothing); what they do not name stays, so that
 * nobody widens a profile by leaving something out. "enrollers" replaces all of them.
 * ERR_VALIDATION names the attribute; *profile is to be thrown away then.
 */
int profile_attributes_set(
    struct ra_profile *profile, struct json_object *values, struct error *err);

/* ResponseAttributeDto of each; the caller's to put. */
int profile_attributes_show(
    const struct ra_profile *profile, struct json_object **out, struct error *err);

/* BaseAttributeDto of each, for a form, with the values of a new profile; the caller's to put. */
int profile_attributes_describe(struct json_object **out, struct error *err);

#endif

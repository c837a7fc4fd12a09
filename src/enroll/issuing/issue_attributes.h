#ifndef ENROLL_ISSUING_ISSUE_ATTRIBUTES_H
#define ENROLL_ISSUING_ISSUE_ATTRIBUTES_H

#include <json-c/json.h>

#include "store/ra_profiles.h"

/*
 * The attributes of issuing are the rules of the RA profile that may be narrowed for one request
 * or one protocol: ValidityDays, KeyTypes, MinRsaBits, MaxRsaBits, KeyUsages, AllowedEkus, SanTypes
 * and MaxSans, as CZERTAINLY's request attributes
 * [{"uuid","name","contentType","content":[{"data":...}]}].
 */

/*
 * Whether these values narrow what the profile allows, none widens it. values: the request's array,
 * or NULL (as good as empty). *stored: the array to keep, each value in its stored form; the
 * caller's to put. ERR_VALIDATION names the attribute.
 */
int issue_attributes_check(const struct ra_profile *profile, struct json_object *values,
    struct json_object **stored, struct error *err);

/*
 * Narrows *profile by an array that issue_attributes_check gave. The profile may have been changed
 * since: what it allows no more is not given back. ERR_PROFILE when nothing is left of a rule.
 */
int issue_attributes_apply(
    struct ra_profile *profile, struct json_object *stored, struct error *err);

/* BaseAttributeDto of each, for a form: what the profile allows. The caller's to put. */
int issue_attributes_describe(
    const struct ra_profile *profile, struct json_object **out, struct error *err);

/* ResponseAttributeDto of each value of a stored array (NULL: none). The caller's to put. */
int issue_attributes_show(struct json_object *stored, struct json_object **out, struct error *err);

#endif

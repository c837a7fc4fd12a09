#ifndef ENROLL_PROFILES_PROFILE_AUDIT_H
#define ENROLL_PROFILES_PROFILE_AUDIT_H

#include <json-c/json.h>

#include "store/ra_profiles.h"

/*
 * An RA profile as audit rows hold it: its name, every rule, its enrollers and the values of its
 * custom attributes (a JSON array as it is stored; "" or NULL: none), of secret ones nothing. The
 * caller's to put.
 */
int profile_audit_json(const struct ra_profile *profile, const char *attributes,
    struct json_object **out, struct error *err);

/* The enrollers as an array of "KIND:VALUE"; NULL without memory. The caller's to put. */
struct json_object *profile_audit_enrollers(const struct ra_profile *profile);

#endif

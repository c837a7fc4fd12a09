#ifndef ENROLL_PROFILES_SCEP_PROFILE_AUDIT_H
#define ENROLL_PROFILES_SCEP_PROFILE_AUDIT_H

#include <json-c/json.h>

#include "base/error.h"
#include "store/scep_profiles.h"

/*
 * A SCEP profile as audit rows hold it: what the management API's detail says, with ids in place of
 * what they name; of secrets nothing. The caller's to put.
 */
int scep_profile_audit_json(
    const struct scep_profile *profile, struct json_object **out, struct error *err);

/* Adds "changed" to `after` for each secret of *after that is another one than in *before (NULL: a
 * new profile), or there no more. */
void scep_profile_audit_secrets(
    const struct scep_profile *before, const struct scep_profile *after, struct json_object *json);

#endif

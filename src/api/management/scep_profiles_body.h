#ifndef API_MANAGEMENT_SCEP_PROFILES_BODY_H
#define API_MANAGEMENT_SCEP_PROFILES_BODY_H

#include <json-c/json.h>

#include "enroll/profiles/scep_profile_rules.h"

/*
 * Reads a ScepProfileRequestDto; texts and arrays are borrowed from the body. Members that are not
 * known are passed over, as CZERTAINLY does: its own front end sends some. ERR_JSON for a member of
 * another type.
 */
int scep_profiles_body_read_new(
    const struct json_object *body, struct scep_profile_request *out, struct error *err);

/*
 * The same for a ScepProfileEditRequestDto: without a name, and with an empty raProfileUuid being
 * no UUID where a new profile's is none.
 */
int scep_profiles_body_read_edit(
    const struct json_object *body, struct scep_profile_request *out, struct error *err);

/* Overwrites the secrets in a body, and puts it; a cleanup. */
void scep_profiles_body_putp(struct json_object **body);

#endif

#ifndef ENROLL_PROFILES_PROFILE_SCEP_H
#define ENROLL_PROFILES_PROFILE_SCEP_H

#include <json-c/json.h>

#include "store/audit.h"
#include "store/ra_profiles.h"
#include "store/scep_profiles.h"

/* Which SCEP profile is to be active on which RA profile; borrowed. */
struct profile_scep_activation {
	const struct audit_actor *actor;
	const struct ra_profile *ra_profile;
	const struct scep_profile *scep_profile;
	struct json_object *attributes; /* issue attributes of a request; NULL: none */
};

/*
 * Makes it the active one, in place of another, in one transaction with its audit row.
 * ERR_VALIDATION names an issue attribute; ERR_NOT_FOUND: the RA profile was archived meanwhile;
 * ERR_CONFLICT: the SCEP profile was deleted meanwhile.
 */
int profile_scep_activate(
    struct db *db, const struct profile_scep_activation *activation, struct error *err);

/* Ends that, where there is an active one; one transaction with its audit row. */
int profile_scep_deactivate(struct db *db, const struct audit_actor *actor,
    const struct ra_profile *ra_profile, struct error *err);

#endif

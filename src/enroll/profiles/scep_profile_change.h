#ifndef ENROLL_PROFILES_SCEP_PROFILE_CHANGE_H
#define ENROLL_PROFILES_SCEP_PROFILE_CHANGE_H

#include "crypto/keyring.h"
#include "enroll/profiles/scep_profile_rules.h"
#include "store/audit.h"
#include "store/scep_profiles.h"

/*
 * Changes of SCEP profiles: each is one transaction with its audit row, and none is lost to
 * another one at the same time. Errors are in the words of CZERTAINLY: ERR_VALIDATION,
 * ERR_BAD_REQUEST for a name that is taken, ERR_NOT_FOUND for what an id does not name.
 */
struct scep_profile_context {
	struct db *db;
	const struct keyring *keyring; /* NULL: there is none, and secrets are refused */
	const struct audit_actor *actor;
	int64_t now;
};

/* Makes one, not enabled; *out, the caller's, is as it was written. */
int scep_profile_change_create(const struct scep_profile_context *context,
    const struct scep_profile_request *request, struct scep_profile **out, struct error *err);

/*
 * Writes all that the request says but its name. A secret that is not given stays. With Intune off
 * the application key is forgotten: no secret lies about that nothing uses, and who turns Intune
 * on again must bring one. Whether the profile exists is looked at last.
 */
int scep_profile_change_update(const struct scep_profile_context *context, const struct uuid *id,
    const struct scep_profile_request *request, struct scep_profile **out, struct error *err);

/* The default RA profile alone; issue attributes stay as they are. */
int scep_profile_change_ra(const struct scep_profile_context *context, const struct uuid *id,
    const struct uuid *ra_profile_id, struct error *err);

int scep_profile_change_enable(
    const struct scep_profile_context *context, const struct uuid *id, struct error *err);
int scep_profile_change_disable(
    const struct scep_profile_context *context, const struct uuid *id, struct error *err);

#endif

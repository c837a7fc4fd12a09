#ifndef ENROLL_PROFILES_SCEP_PROFILE_DELETE_H
#define ENROLL_PROFILES_SCEP_PROFILE_DELETE_H

#include "enroll/profiles/scep_profile_change.h"

/* Of a profile that was to be deleted, filled in on errors too; "" where there was none. */
struct scep_profile_deleted {
	char name[SCEP_PROFILE_NAME_MAX + 1];
};

/*
 * Deletes one that is active on no RA profile, with its audit row in one transaction.
 * ERR_NOT_FOUND; ERR_VALIDATION names the RA profiles that keep it.
 */
int scep_profile_delete(const struct scep_profile_context *context, const struct uuid *id,
    struct scep_profile_deleted *deleted, struct error *err);

/* The same; where it is active it is deactivated first, in the same transaction. */
int scep_profile_delete_force(const struct scep_profile_context *context, const struct uuid *id,
    struct scep_profile_deleted *deleted, struct error *err);

#endif

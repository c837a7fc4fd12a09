#ifndef ENROLL_PROFILES_SCEP_PROFILE_APPLY_H
#define ENROLL_PROFILES_SCEP_PROFILE_APPLY_H

#include "enroll/profiles/scep_profile_change.h"

/*
 * Checks a request against the records, in the order that CZERTAINLY does, and puts it into the
 * profile, which holds what is stored so far (or only its id); secrets stay as they are. Call
 * inside a transaction. ERR_VALIDATION, ERR_NOT_FOUND.
 */
int scep_profile_apply(const struct scep_profile_context *context,
    const struct scep_profile_request *request, struct scep_profile *profile, struct error *err);

/* Seals the secrets that are given, and forgets those that shall not stay. */
int scep_profile_apply_secrets(const struct scep_profile_context *context,
    const struct scep_profile_request *request, struct scep_profile *profile, struct error *err);

/* The RA profile of this id, which nobody archives until the transaction at hand ends. */
int scep_profile_apply_ra(
    struct db *db, const struct uuid *id, struct scep_profile *profile, struct error *err);

#endif

#ifndef API_MANAGEMENT_SCEP_PROFILES_CONTEXT_H
#define API_MANAGEMENT_SCEP_PROFILES_CONTEXT_H

#include "api/context.h"
#include "api/management/scep_profile_dto.h"
#include "enroll/profiles/scep_profile_change.h"

/* What the use cases need of one request; borrowed from app and request. */
struct scep_profiles_context {
	struct audit_actor actor;
	struct scep_profile_context change;
	struct scep_profile_view view;
};

/* Fills *out, which points into itself: it must not be copied. */
void scep_profiles_context_init(
    struct scep_profiles_context *out, struct app *app, const struct request *request);

#endif

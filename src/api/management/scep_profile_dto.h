#ifndef API_MANAGEMENT_SCEP_PROFILE_DTO_H
#define API_MANAGEMENT_SCEP_PROFILE_DTO_H

#include <json-c/json.h>

#include "store/scep_profiles.h"

/* What a profile is shown with; borrowed. */
struct scep_profile_view {
	struct db *db;
	const char *base_url; /* [Server] BaseUrl */
	int64_t now;          /* of the CA certificate's validation status */
};

/* The address of a resource of ours: `path` behind BaseUrl, and the profile's id. */
void scep_profile_dto_location(
    const struct scep_profile_view *view, const struct scep_profile *profile, struct buf *out);

/* ScepProfileDto, the form of lists; the caller's to put. Of secrets only whether there is one. */
int scep_profile_dto(const struct scep_profile_view *view, const struct scep_profile *profile,
    struct json_object **out, struct error *err);

/* ScepProfileDetailDto; reads what the profile refers to. */
int scep_profile_dto_detail(const struct scep_profile_view *view,
    const struct scep_profile *profile, struct json_object **out, struct error *err);

#endif

#ifndef API_MANAGEMENT_RA_PROFILES_EDIT_H
#define API_MANAGEMENT_RA_PROFILES_EDIT_H

#include "http/router.h"

/*
 * POST /api/v1/authorities/{a}/raProfiles: 201 UuidDto. A profile made so has the rules of a new
 * one but for what `attributes` says, is not enabled unless `enabled` says so, and has no enrollers
 * unless the attribute `enrollers` gives them: it is open to nobody.
 */
route_handler ra_profiles_edit_post;

/*
 * PUT /api/v1/authorities/{a}/raProfiles/{r}: 200 RaProfileDto. Rules, description and `enabled`
 * that are left out stay; customAttributes replaces all.
 */
route_handler ra_profiles_edit_put;

#endif

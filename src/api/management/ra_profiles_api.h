#ifndef API_MANAGEMENT_RA_PROFILES_API_H
#define API_MANAGEMENT_RA_PROFILES_API_H

#include "http/router.h"

/* GET /api/v1/raProfiles?enabled=true|false: RaProfileDto of all that are not archived. */
route_handler ra_profiles_api_get_all;

/* GET /api/v1/raProfiles/{r} and below an authority: RaProfileDto. */
route_handler ra_profiles_api_get;

/* DELETE of one, 204: archived where it is in use, else deleted (enroll/profiles/profile_archive).
 */
route_handler ra_profiles_api_delete;

/* DELETE /api/v1/raProfiles, an array of UUIDs: 204; those that are not there are skipped. */
route_handler ra_profiles_api_delete_many;

/* PATCH .../enable, .../disable of one: 204. */
route_handler ra_profiles_api_enable;
route_handler ra_profiles_api_disable;

/* PATCH /api/v1/raProfiles/enable, .../disable, an array of UUIDs: 204; those that are not there
 * are skipped. */
route_handler ra_profiles_api_enable_many;
route_handler ra_profiles_api_disable_many;

#endif

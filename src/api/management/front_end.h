#ifndef API_MANAGEMENT_FRONT_END_H
#define API_MANAGEMENT_FRONT_END_H

#include "http/router.h"

/* What CZERTAINLY's front end asks at its start; whoever is known may. */

/* GET /api/v1/auth/profile: the caller, as UserDetailDto. */
route_handler front_end_get_profile;

/* GET /api/v1/settings/platform: nothing is set there. */
route_handler front_end_get_settings;

/* GET /api/v1/enums: labels of the values that certwright uses. */
route_handler front_end_get_enums;

/* GET /api/v1/notifications: there are none. */
route_handler front_end_get_notifications;

/* GET /api/v1/health: {"status": "UP"}; 503 without a database. */
route_handler front_end_get_health;

/* GET /api/v1/info: name and version. */
route_handler front_end_get_info;

#endif

#ifndef API_MANAGEMENT_RA_PROFILE_SCEP_H
#define API_MANAGEMENT_RA_PROFILE_SCEP_H

#include "http/router.h"

/* GET .../protocols/scep: 200 RaProfileScepDetailResponseDto. */
route_handler ra_profile_scep_get;

/* PATCH .../protocols/scep/activate/{scepProfileUuid}: 200, the same. */
route_handler ra_profile_scep_patch_activate;

/* PATCH .../protocols/scep/deactivate: 204, also where none was active. */
route_handler ra_profile_scep_patch_deactivate;

#endif

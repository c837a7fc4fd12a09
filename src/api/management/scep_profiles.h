#ifndef API_MANAGEMENT_SCEP_PROFILES_H
#define API_MANAGEMENT_SCEP_PROFILES_H

#include "http/router.h"

/* The 13 operations of CZERTAINLY's SCEP profile API, below /api/v1/scepProfiles. */
route_handler scep_profiles_get_all;
route_handler scep_profiles_get;
route_handler scep_profiles_post;
route_handler scep_profiles_put;
route_handler scep_profiles_delete_one;
route_handler scep_profiles_patch_enable;
route_handler scep_profiles_patch_disable;
route_handler scep_profiles_patch_ra_profile;
route_handler scep_profiles_get_ca_certificates;

/* Those on an array of ids. */
route_handler scep_profiles_bulk_enable;
route_handler scep_profiles_bulk_disable;
route_handler scep_profiles_bulk_delete;
route_handler scep_profiles_bulk_delete_force;

#endif

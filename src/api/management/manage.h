#ifndef API_MANAGEMENT_MANAGE_H
#define API_MANAGEMENT_MANAGE_H

#include "http/router.h"

/* GET /api/manage/search: SCEPman's search over all certificates, page by page. */
route_handler manage_get_search;

/* PATCH /api/manage/revoke/{serial}: revokes, puts on hold or releases by serial number. */
route_handler manage_patch_revoke;

#endif

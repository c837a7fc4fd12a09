#ifndef API_MANAGEMENT_GROUPS_H
#define API_MANAGEMENT_GROUPS_H

#include <json-c/json.h>

#include "http/router.h"
#include "store/certificate_groups.h"

/* A group as GroupDto; NULL without memory. The caller's to put. */
struct json_object *groups_dto(const struct certificate_group *group);

/* GET and POST /api/v1/groups, DELETE with an array of UUIDs. */
route_handler groups_list;
route_handler groups_create;
route_handler groups_delete_many;

/* GET, PUT and DELETE /api/v1/groups/{uuid}. */
route_handler groups_get;
route_handler groups_update;
route_handler groups_delete;

#endif

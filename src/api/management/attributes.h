#ifndef API_MANAGEMENT_ATTRIBUTES_H
#define API_MANAGEMENT_ATTRIBUTES_H

#include "http/router.h"

/* Definitions of custom attributes: /api/v1/attributes/custom and below. */
route_handler attributes_get_list;
route_handler attributes_post;
route_handler attributes_get;
route_handler attributes_put;
route_handler attributes_delete;
route_handler attributes_patch_enable;
route_handler attributes_patch_disable;
route_handler attributes_patch_resources;

/* Of several; ids that are nobody's are passed over. */
route_handler attributes_bulk_delete;
route_handler attributes_bulk_enable;
route_handler attributes_bulk_disable;

/* What they may be bound to, and those of one resource as descriptors for a form. */
route_handler attributes_get_resources;
route_handler attributes_get_resource;

/* The value of one attribute of one object. */
route_handler attributes_patch_object;
route_handler attributes_delete_object;

#endif

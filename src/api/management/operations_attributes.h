#ifndef API_MANAGEMENT_OPERATIONS_ATTRIBUTES_H
#define API_MANAGEMENT_OPERATIONS_ATTRIBUTES_H

#include <json-c/json.h>

#include "http/router.h"

/* GET .../raProfiles/{r}/attributes/issue, in both versions: BaseAttributeDto of each rule that a
 * request may narrow. */
route_handler operations_attributes_get_issue;

/* GET .../attributes/revoke: [], for revoking takes none. */
route_handler operations_attributes_get_revoke;

/* POST .../attributes/issue/validate, .../attributes/revoke/validate, an array of request
 * attributes: 200 without a body, or 422. */
route_handler operations_attributes_validate_issue;
route_handler operations_attributes_validate_revoke;

/* Whether these are good for revoking: none is. ERR_VALIDATION. */
int operations_attributes_check_revoke(struct json_object *values, struct error *err);

#endif

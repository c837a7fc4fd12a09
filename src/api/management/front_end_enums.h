#ifndef API_MANAGEMENT_FRONT_END_ENUMS_H
#define API_MANAGEMENT_FRONT_END_ENUMS_H

#include <json-c/json.h>

/* CZERTAINLY's enumerations as far as certwright has their values; the caller's, NULL without
 * memory. */
struct json_object *front_end_enums(void);

#endif

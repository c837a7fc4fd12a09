#ifndef API_MANAGEMENT_ATTRIBUTES_DTO_H
#define API_MANAGEMENT_ATTRIBUTES_DTO_H

#include <json-c/json.h>

#include "store/custom_attributes.h"

/* Each the caller's, NULL without memory. */

/* CustomAttributeDefinitionDto, the form of the list. */
struct json_object *attributes_dto(const struct custom_attribute *attribute);

/* CustomAttributeDefinitionDetailDto. */
struct json_object *attributes_dto_detail(const struct custom_attribute *attribute);

/* CustomAttribute, a descriptor for forms. */
struct json_object *attributes_dto_descriptor(const struct custom_attribute *attribute);

#endif

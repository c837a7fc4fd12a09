#ifndef ENROLL_ATTRIBUTES_ATTRIBUTE_CHANGE_RULES_H
#define ENROLL_ATTRIBUTES_ATTRIBUTE_CHANGE_RULES_H

#include "store/custom_attributes.h"

/* Whether a definition keeps the rules for one; its content was read before. ERR_VALIDATION. */
int attribute_change_check(const struct custom_attribute *attribute, struct error *err);

#endif

#ifndef API_MANAGEMENT_MANAGE_NAMES_H
#define API_MANAGEMENT_MANAGE_NAMES_H

#include <stddef.h>

/*
 * SCEPman's values of certValidity and certType, and its numbers of Sources, as names of the
 * records; NULL: there is no such value. The list ends with NULL and is empty for "Any".
 */
const char *const *manage_names_validity(const char *value);
const char *const *manage_names_type(const char *value);
const char *const *manage_names_source(const char *number);

/* The values there are, for people, such as "Any, Active, Expired, Revoked". */
#define MANAGE_VALIDITIES "Any, Active, Expired or Revoked"
#define MANAGE_TYPES "Any, Static, DC, User or Device"
#define MANAGE_SOURCES "numbers from 0 to 10 but for 2"

#endif

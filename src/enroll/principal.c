/* The principal of a request. */
#include "enroll/principal.h"

#include <string.h>

bool
principal_has_role(const struct principal *principal, const char *role)
{
	for (size_t i = 0; i < principal->role_count; i++)
		if (strcmp(principal->roles[i], role) == 0)
			return true;
	return false;
}

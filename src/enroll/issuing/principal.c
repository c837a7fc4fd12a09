/* The principal of a request. */
#include "enroll/issuing/principal.h"

#include <stdio.h>
#include <string.h>

bool
principal_has_role(const struct principal *principal, const char *role)
{
	for (size_t i = 0; i < principal->role_count; i++)
		if (strcmp(principal->roles[i], role) == 0)
			return true;
	return false;
}

/* A certificate's ids are those of whoever first asked for its lineage, so they do not name it. */
void
principal_write_actor(const struct principal *principal, char out[static PRINCIPAL_ACTOR_MAX])
{
	if (principal->kind == PRINCIPAL_CERTIFICATE || principal->kind == PRINCIPAL_ADMIN)
		(void)snprintf(out, PRINCIPAL_ACTOR_MAX, "certificate:%s", principal->fingerprint);
	else
		(void)snprintf(
		    out, PRINCIPAL_ACTOR_MAX, "%s/%s", principal->tenant, principal->object);
}

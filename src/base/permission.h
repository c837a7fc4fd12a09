#ifndef BASE_PERMISSION_H
#define BASE_PERMISSION_H

#include <stdbool.h>

#include "base/error.h"

/* What the management API manages, by the names that its clients and [Admin] Roles use. */
enum resource {
	RESOURCE_NONE, /* asks for nothing: public, or the route has its own credential */
	RESOURCE_SELF, /* any caller who is known */
	RESOURCE_SCEP_PROFILES,
	RESOURCE_RA_PROFILES,
	RESOURCE_AUTHORITIES,
	RESOURCE_CERTIFICATES,
	RESOURCE_ATTRIBUTES,
	RESOURCE_GROUPS,
	RESOURCE_AUDIT_LOGS,
	RESOURCE_COUNT
};

enum action {
	ACTION_LIST,
	ACTION_DETAIL,
	ACTION_CREATE,
	ACTION_UPDATE,
	ACTION_DELETE,
	ACTION_ENABLE,
	ACTION_ISSUE,
	ACTION_RENEW,
	ACTION_REVOKE,
	ACTION_COUNT
};

struct permission {
	enum resource resource;
	enum action action;
};

/* "scepProfiles", "list". */
const char *resource_name(enum resource resource);
const char *action_name(enum action action);

/* The same for people: "Scep Profiles", "List". */
const char *resource_title(enum resource resource);
const char *action_title(enum action action);

/*
 * Whether one item of [Admin] Roles, "ROLE=RESOURCE:ACTION[+ACTION...]" (RESOURCE or ACTION may be
 * "*"), is well formed; ERR_CONFIG says what is not.
 */
int permission_check_grant(const char *grant, struct error *err);

/* Whether such an item gives this role the permission. */
bool permission_is_granted(const char *grant, const char *role, struct permission permission);

#endif

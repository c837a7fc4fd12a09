/* The vocabulary of permissions: resources, actions, and what [Admin] Roles grants. */
#include "base/permission.h"

#include <string.h>

#include "base/bytes.h"

/* RESOURCE_NONE and RESOURCE_SELF have no names: nobody grants them. */
static const struct {
	const char *name, *title;
} resources[RESOURCE_COUNT] = {
	[RESOURCE_NONE] = { "", "" },
	[RESOURCE_SELF] = { "", "" },
	[RESOURCE_SCEP_PROFILES] = { "scepProfiles", "Scep Profiles" },
	[RESOURCE_RA_PROFILES] = { "raProfiles", "Ra Profiles" },
	[RESOURCE_AUTHORITIES] = { "authorities", "Authorities" },
	[RESOURCE_CERTIFICATES] = { "certificates", "Certificates" },
	[RESOURCE_ATTRIBUTES] = { "attributes", "Attributes" },
	[RESOURCE_GROUPS] = { "groups", "Groups" },
	[RESOURCE_AUDIT_LOGS] = { "auditLogs", "Audit Logs" },
};

static const struct {
	const char *name, *title;
} actions[ACTION_COUNT] = {
	[ACTION_LIST] = { "list", "List" },
	[ACTION_DETAIL] = { "detail", "Detail" },
	[ACTION_CREATE] = { "create", "Create" },
	[ACTION_UPDATE] = { "update", "Update" },
	[ACTION_DELETE] = { "delete", "Delete" },
	[ACTION_ENABLE] = { "enable", "Enable" },
	[ACTION_ISSUE] = { "issue", "Issue" },
	[ACTION_RENEW] = { "renew", "Renew" },
	[ACTION_REVOKE] = { "revoke", "Revoke" },
};

/* The parts of ROLE=RESOURCE:ACTION[+ACTION...]; a role value may itself hold "=" and ":". */
struct grant {
	struct bytes role;
	struct bytes resource;
	const char *actions;
};

const char *
resource_name(enum resource resource)
{
	return resources[resource].name;
}

const char *
action_name(enum action action)
{
	return actions[action].name;
}

const char *
resource_title(enum resource resource)
{
	return resources[resource].title;
}

const char *
action_title(enum action action)
{
	return actions[action].title;
}

static bool
split(const char *text, struct grant *out)
{
	const char *equals = strrchr(text, '=');
	const char *colon = equals != NULL ? strchr(equals, ':') : NULL;

	if (colon == NULL || equals == text)
		return false;
	out->role = bytes_of(text, (size_t)(equals - text));
	out->resource = bytes_of(equals + 1, (size_t)(colon - equals) - 1);
	out->actions = colon + 1;
	return true;
}

static bool
is_wildcard(struct bytes word)
{
	return bytes_equal(word, bytes_text("*"));
}

static bool
is_resource(struct bytes word)
{
	for (unsigned i = RESOURCE_SELF + 1; i < RESOURCE_COUNT; i++)
		if (bytes_equal(word, bytes_text(resources[i].name)))
			return true;
	return is_wildcard(word);
}

static bool
is_action(struct bytes word)
{
	for (unsigned i = 0; i < ACTION_COUNT; i++)
		if (bytes_equal(word, bytes_text(actions[i].name)))
			return true;
	return is_wildcard(word);
}

/* The next word of a list by "+"; *rest is NULL after the last. */
static struct bytes
next_action(const char **rest)
{
	const char *start = *rest;
	size_t len = strcspn(start, "+");

	*rest = start[len] == '+' ? start + len + 1 : NULL;
	return bytes_of(start, len);
}

int
permission_check_grant(const char *text, struct error *err)
{
	struct grant grant;

	if (!split(text, &grant))
		return error_set(err, ERR_CONFIG,
		    "expected ROLE=RESOURCE:ACTION[+ACTION...], found \"%s\"", text);
	if (!is_resource(grant.resource))
		return error_set(err, ERR_CONFIG, "\"%.*s\" is no resource",
		    (int)grant.resource.len, (const char *)grant.resource.ptr);
	while (grant.actions != NULL) {
		struct bytes action = next_action(&grant.actions);

		if (!is_action(action))
			return error_set(err, ERR_CONFIG, "\"%.*s\" is no action", (int)action.len,
			    (const char *)action.ptr);
	}
	return 0;
}

static bool
fits(struct bytes word, const char *name)
{
	return is_wildcard(word) || bytes_equal(word, bytes_text(name));
}

bool
permission_is_granted(const char *text, const char *role, struct permission permission)
{
	struct grant grant;

	if (!split(text, &grant) || !bytes_equal(grant.role, bytes_text(role)) ||
	    !fits(grant.resource, resource_name(permission.resource)))
		return false;
	while (grant.actions != NULL)
		if (fits(next_action(&grant.actions), action_name(permission.action)))
			return true;
	return false;
}

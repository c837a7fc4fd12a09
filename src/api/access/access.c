/* Who may use the management API: credential, permission, and no other site's page behind it. */
#include "api/access/access.h"

#include <string.h>

#include "api/access/auth.h"
#include "api/access/client_cert.h"
#include "api/context.h"
#include "api/access/cross_site.h"

/* What SCEPman's roles mean here; Admin.Full is above the table, the rest is [Admin] Roles. */
static const struct {
	const char *role;
	struct permission permission;
} built_in[] = {
	{ ROLE_MANAGE, { RESOURCE_CERTIFICATES, ACTION_LIST } },
	{ ROLE_MANAGE, { RESOURCE_CERTIFICATES, ACTION_DETAIL } },
	{ ROLE_MANAGE, { RESOURCE_CERTIFICATES, ACTION_REVOKE } },
	{ ROLE_MANAGE_READ, { RESOURCE_CERTIFICATES, ACTION_LIST } },
	{ ROLE_MANAGE_READ, { RESOURCE_CERTIFICATES, ACTION_DETAIL } },
	{ ROLE_REQUEST_DB, { RESOURCE_CERTIFICATES, ACTION_ISSUE } },
	{ ROLE_REQUEST_DB, { RESOURCE_CERTIFICATES, ACTION_RENEW } },
};

static bool
is_writing(const char *method)
{
	return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

/* A browser adds its user's certificate to whatever a page makes it send. */
static int
check_site(const struct app *app, const struct request *request, struct error *err)
{
	static const char *const with_body[] = { "application/json", NULL };
	/* no HTML form sends PATCH, PUT or DELETE, so one of them without a body needs no type */
	static const char *const without_body[] = { "application/json", "", NULL };
	bool may_be_bare = request->body.len == 0 && strcmp(request->method, "POST") != 0;

	if (!is_writing(request->method))
		return 0;
	return cross_site_check(
	    app->settings, request, may_be_bare ? without_body : with_body, err);
}

static int
authenticate(
    struct app *app, const struct request *request, struct response *response, struct error *err)
{
	if (request->authorization[0] != '\0')
		return auth_bearer(app, request, response, err);
	if (client_cert_authenticate_admin(app, request, err) < 0)
		return -1;
	if (app->principal.kind == PRINCIPAL_ADMIN)
		return check_site(app, request, err);
	(void)error_set(
	    err, ERR_NO_CREDENTIAL, "neither a bearer token nor an administrator's certificate");
	auth_challenge(app, err, response);
	return -1;
}

static bool
role_has(const struct app *app, const char *role, struct permission permission)
{
	const struct text_list *grants = &app->settings->admin.roles;

	if (strcmp(role, ROLE_ADMIN) == 0)
		return true;
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (strcmp(built_in[i].role, role) == 0 &&
		    built_in[i].permission.resource == permission.resource &&
		    built_in[i].permission.action == permission.action)
			return true;
	for (size_t i = 0; i < grants->count; i++)
		if (permission_is_granted(grants->items[i], role, permission))
			return true;
	return false;
}

/* By Admin.Full, Manage.All, Manage.All.Read, CSR.Request.Db, by [Admin] Roles, or as one of
 * [Admin] Certificates. */
static bool
has(const struct app *app, struct permission permission)
{
	const struct principal *principal = &app->principal;

	if (principal->kind == PRINCIPAL_ADMIN)
		return true;
	for (size_t i = 0; i < principal->role_count; i++)
		if (role_has(app, principal->roles[i], permission))
			return true;
	return false;
}

int
access_require(const struct app *app, struct permission permission, struct error *err)
{
	if (permission.resource == RESOURCE_NONE || permission.resource == RESOURCE_SELF ||
	    has(app, permission))
		return 0;
	return error_set(err, ERR_ROLE, "Access Denied. Required '%s' permission for '%s'",
	    action_title(permission.action), resource_title(permission.resource));
}

int
access_check(struct app *app, const struct request *request, const struct route *route,
    struct response *response, struct error *err)
{
	if (route->needs[0].resource == RESOURCE_NONE)
		return 0;
	if (authenticate(app, request, response, err) < 0)
		return -1;
	for (size_t i = 0; i < ROUTE_NEEDS_MAX; i++)
		if (access_require(app, route->needs[i], err) < 0)
			return -1;
	return 0;
}

struct audit_actor
access_actor(struct app *app, const struct request *request)
{
	principal_write_actor(&app->principal, app->actor);
	return (struct audit_actor){
		.name = app->actor,
		.remote_address = request->remote_address,
		.request_id = &request->uuid,
	};
}

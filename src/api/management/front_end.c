/* What CZERTAINLY's front end asks at its start. */
#include "api/management/front_end.h"

#include <string.h>

#include "api/answer.h"
#include "api/context.h"
#include "api/management/front_end_enums.h"
#include "base/json.h"
#include "base/json_add.h"
#include "crypto/key.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/*
 * What has no UUID of its own gets one out of its name (RFC 9562, 5.8), so that it is the same each
 * time.
 */
static int
add_made_uuid(struct json_object *to, const char *name, struct error *err)
{
	uint8_t hash[SHA256_SIZE];
	struct uuid id;

	if (sha256(bytes_text(name), hash, err) < 0)
		return -1;
	memcpy(id.octets, hash, sizeof(id.octets));
	id.octets[6] = (uint8_t)((id.octets[6] & 0x0f) | 0x80);
	id.octets[8] = (uint8_t)((id.octets[8] & 0x3f) | 0x80);
	json_add_uuid(to, "uuid", &id);
	return 0;
}

/*
 * Users and applications have an object id. An administrator's certificate is one of its own, as in
 * the audit: the ids that come with it are those of whoever first asked for it.
 */
static int
add_id(struct json_object *to, const struct principal *principal, struct error *err)
{
	if (principal->kind == PRINCIPAL_ADMIN)
		return add_made_uuid(to, principal->fingerprint, err);
	json_add_text(to, "uuid", principal->object);
	return 0;
}

static void
add_name(struct json_object *to, const struct principal *principal)
{
	char certificate[PRINCIPAL_ACTOR_MAX];
	const char *name = principal->object;

	if (principal->kind == PRINCIPAL_ADMIN) {
		principal_write_actor(principal, certificate);
		name = certificate;
	} else if (principal->upn[0] != '\0')
		name = principal->upn;
	else if (principal->application[0] != '\0')
		name = principal->application;
	json_add_text(to, "username", name);
}

static int
add_role(struct json_object *roles, const char *name, struct error *err)
{
	cleanup(json_object_putp) struct json_object *role = json_object_new_object();

	if (add_made_uuid(role, name, err) < 0)
		return -1;
	json_add_text(role, "name", name);
	json_add_bool(role, "systemRole", false);
	(void)json_object_array_add(roles, take(role));
	return 0;
}

/* One of [Admin] Certificates may everything, so it shows as the role that may. */
static int
add_roles(struct json_object *to, const struct principal *principal, struct error *err)
{
	cleanup(json_object_putp) struct json_object *roles = json_object_new_array();

	for (size_t i = 0; i < principal->role_count; i++)
		if (add_role(roles, principal->roles[i], err) < 0)
			return -1;
	if (principal->kind == PRINCIPAL_ADMIN && add_role(roles, ROLE_ADMIN, err) < 0)
		return -1;
	json_add(to, "roles", take(roles));
	return 0;
}

int
front_end_get_profile(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_object();

	(void)request;
	(void)params;
	if (add_id(made, &app->principal, err) < 0)
		return -1;
	add_name(made, &app->principal);
	json_add(made, "groups", json_object_new_array());
	json_add_bool(made, "enabled", true);
	json_add_bool(made, "systemUser", false);
	if (add_roles(made, &app->principal, err) < 0)
		return -1;
	return answer_json(response, 200, take(made), err);
}

int
front_end_get_settings(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct json_object *made = json_object_new_object();

	(void)app;
	(void)request;
	(void)params;
	json_add(made, "utils", json_object_new_object());
	return answer_json(response, 200, made, err);
}

int
front_end_get_enums(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)app;
	(void)request;
	(void)params;
	return answer_json(response, 200, front_end_enums(), err);
}

int
front_end_get_notifications(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct json_object *made = json_object_new_object();

	(void)app;
	(void)request;
	(void)params;
	json_add(made, "items", json_object_new_array());
	json_add_int(made, "itemsPerPage", 10);
	json_add_int(made, "pageNumber", 1);
	json_add_int(made, "totalPages", 0);
	json_add_int(made, "totalItems", 0);
	return answer_json(response, 200, made, err);
}

int
front_end_get_health(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct json_object *made;

	(void)request;
	(void)params;
	if (db_ping(app->db, err) < 0)
		return -1;
	made = json_object_new_object();
	json_add_text(made, "status", "UP");
	return answer_json(response, 200, made, err);
}

int
front_end_get_info(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	struct json_object *made = json_object_new_object();
	struct json_object *program = json_object_new_object();

	(void)app;
	(void)request;
	(void)params;
	json_add_text(program, "name", "certwright");
	json_add_text(program, "version", PACKAGE_VERSION);
	json_add(made, "app", program);
	return answer_json(response, 200, made, err);
}

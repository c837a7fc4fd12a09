/* GET /probe: is every part there that enrolling needs? */
#include "api/status/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/access/auth.h"
#include "api/access/client_cert.h"
#include "api/context.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "enroll/jobs/job.h"
#include "store/migrate.h"

enum { MAX_CLOCK_SKEW_S = 60 };

static const char *const part_names[HEALTH_PARTS] = {
	[HEALTH_DATABASE] = "database",
	[HEALTH_SCHEMA] = "schema",
	[HEALTH_CLOCK] = "clock",
	[HEALTH_CA_KEY] = "ca_key",
	[HEALTH_IDENTITY_KEYS] = "identity_keys",
};

static void
set_part(struct health *health, enum health_part part, int result, const struct error *err)
{
	health->parts[part].failed = result < 0;
	(void)snprintf(health->parts[part].text, sizeof(health->parts[part].text), "%.*s",
	    (int)sizeof(health->parts[part].text) - 1, result < 0 ? err->text : "");
}

static int
check_clock(struct db *db, struct error *err)
{
	int64_t skew = 0;

	if (db_clock_skew(db, &skew, err) < 0)
		return -1;
	if (llabs(skew) > MAX_CLOCK_SKEW_S)
		return error_set(
		    err, ERR_DATABASE, "the database's clock is %" PRId64 " s off", skew);
	return 0;
}

/* The signing test costs a signature, so it is done less often than the rest. */
static int
check_ca_key(struct app *app, struct error *err)
{
	const struct profile_choice by_default = { .name = NULL };
	struct profile_use use = { .profile = NULL };
	int64_t now = clock_monotonic_ms();

	if (profile_cache_get(app->profiles, &by_default, &use, err) < 0)
		return -1;
	if (app->health.signed_ms != 0 && now - app->health.signed_ms < HEALTH_SIGNING_REUSE_MS)
		return 0;
	if (issuer_test(use.issuer, err) < 0)
		return -1;
	app->health.signed_ms = now;
	return 0;
}

static int
check_identity_keys(struct app *app, struct error *err)
{
	app->health.identity_keys_age = identity_keys_age(app->identity_keys, clock_now());
	if (app->health.identity_keys_age >= 0)
		return 0;
	app->wishes |= JOB_WISH_IDENTITY_KEYS;
	return error_set(err, ERR_IDENTITY_KEYS, "no identity keys were fetched yet");
}

static void
check_all(struct app *app)
{
	struct health *health = &app->health;
	struct error errors[HEALTH_PARTS] = { { .code = ERR_NONE } };
	const struct error *database = &errors[HEALTH_DATABASE];
	int is_up = db_ping(app->db, &errors[HEALTH_DATABASE]);

	set_part(health, HEALTH_DATABASE, is_up, database);
	set_part(health, HEALTH_SCHEMA,
	    is_up < 0 ? 0 : migrate_check(app->db, &errors[HEALTH_SCHEMA]), &errors[HEALTH_SCHEMA]);
	set_part(health, HEALTH_CLOCK, is_up < 0 ? 0 : check_clock(app->db, &errors[HEALTH_CLOCK]),
	    &errors[HEALTH_CLOCK]);
	set_part(health, HEALTH_CA_KEY, is_up < 0 ? 0 : check_ca_key(app, &errors[HEALTH_CA_KEY]),
	    &errors[HEALTH_CA_KEY]);
	set_part(health, HEALTH_IDENTITY_KEYS,
	    check_identity_keys(app, &errors[HEALTH_IDENTITY_KEYS]), &errors[HEALTH_IDENTITY_KEYS]);
	health->not_durable = is_up == 0 && !db_is_durable(app->db);
	health->checked_ms = clock_monotonic_ms();
}

static struct json_object *
failed_names(const struct health *health)
{
	struct json_object *names = json_object_new_array();

	for (unsigned i = 0; i < HEALTH_PARTS; i++)
		if (health->parts[i].failed)
			(void)json_object_array_add(names, json_object_new_string(part_names[i]));
	return names;
}

static struct json_object *
details(struct app *app)
{
	const struct health *health = &app->health;
	struct json_object *all = json_object_new_object();

	for (unsigned i = 0; i < HEALTH_PARTS; i++)
		(void)json_object_object_add(all, part_names[i],
		    json_object_new_string(health->parts[i].failed ? health->parts[i].text : "ok"));
	(void)json_object_object_add(
	    all, "identity_keys_age_seconds", json_object_new_int64(health->identity_keys_age));
	if (health->not_durable)
		(void)json_object_object_add(all, "warning",
		    json_object_new_string("innodb_flush_log_at_trx_commit is not 1: "
					   "a crash may lose issued certificates"));
	health_warnings_add(app, all);
	return all;
}

static bool
may_see_details(const struct principal *principal)
{
	return principal->kind == PRINCIPAL_ADMIN || principal_has_role(principal, ROLE_ADMIN) ||
	       principal_has_role(principal, ROLE_MANAGE) ||
	       principal_has_role(principal, ROLE_MANAGE_READ);
}

/* Without the database no certificate can be verified; what failed is told all the same. */
static int
read_admin(struct app *app, struct request *request, struct error *err)
{
	if (client_cert_authenticate_admin(app, request, err) == 0)
		return 0;
	return error_forgive(err, ERR_DATABASE);
}

static int
read_token(struct app *app, struct request *request, struct response *response, struct error *err)
{
	if (auth_require_tls(app, request, err) < 0)
		return -1;
	return auth_bearer(app, request, response, err);
}

/*
 * Details only for whoever presents a good token with a role for it, or without any token a
 * certificate of [Admin] Certificates.
 */
static int
read_caller(struct app *app, struct request *request, struct response *response, bool *sees_details,
    struct error *err)
{
	bool has_token = request->authorization[0] != '\0';

	*sees_details = false;
	if ((has_token ? read_token(app, request, response, err) : read_admin(app, request, err)) <
	    0)
		return -1;
	*sees_details = may_see_details(&app->principal);
	return 0;
}

int
health_get_probe(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *answer = json_object_new_object();
	cleanup(buf_release) struct buf body = BUF_INIT(65536);
	struct json_object *failed = NULL;
	bool sees_details = false;
	bool is_ok;

	(void)params;
	if (read_caller(app, request, response, &sees_details, err) < 0)
		return -1;
	if (app->health.checked_ms == 0 ||
	    clock_monotonic_ms() - app->health.checked_ms >= HEALTH_REUSE_MS)
		check_all(app);
	failed = failed_names(&app->health);
	is_ok = json_object_array_length(failed) == 0;
	(void)json_object_object_add(
	    answer, "status", json_object_new_string(is_ok ? "ok" : "fail"));
	(void)json_object_object_add(answer, "failed", failed);
	if (sees_details)
		(void)json_object_object_add(answer, "details", details(app));
	buf_add_text(&body, json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN));
	if (!is_ok)
		response_header(response, "Retry-After", "10");
	response_take(response, is_ok ? 200 : 503, "application/json", &body);
	return 0;
}

/* Makes and changes SCEP profiles, each with an audit row that says what changed. */
#include "enroll/profiles/scep_profile_change.h"

#include <string.h>

#include "base/json.h"
#include "enroll/audit_change.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/scep_profile_apply.h"
#include "enroll/profiles/scep_profile_audit.h"
#include "enroll/transaction_retry.h"

/* One change; what it makes is made anew when the transaction is tried again. */
struct change {
	const struct scep_profile_context *context;
	const struct uuid *id;
	const struct scep_profile_request *request;
	const struct uuid *ra_profile_id;
	const char *action;
	bool enabled; /* as it shall be */
	struct scep_profile *result;
};

static int
run(struct change *change, int (*fn)(struct db *db, void *arg, struct error *err),
    struct error *err)
{
	return transaction_retry(change->context->db, fn, change, err);
}

static int
insert_audit(const struct change *change, const struct scep_profile *profile,
    struct json_object *before, struct json_object *after, struct error *err)
{
	const struct audit_change row = {
		.action = change->action,
		.object_type = "scep_profile",
		.object_name = profile->name,
		.before = before,
		.after = after,
	};

	return audit_change_insert(change->context->db, change->context->actor, &row, err);
}

/* Locks the profile and reads it twice: as it is, and to be changed. */
static int
lock(const struct change *change, struct scep_profile **before, struct scep_profile **after,
    struct error *err)
{
	struct db *db = change->context->db;

	if (scep_profiles_lock(db, change->id, before, err) < 0 ||
	    scep_profiles_find_id(db, change->id, after, err) < 0) {
		(void)object_id_not_found(err, "ScepProfile", change->id);
		return -1;
	}
	return 0;
}

/* Writes what differs, if anything does. */
static int
write_change(const struct change *change, const struct scep_profile *before,
    const struct scep_profile *after, struct error *err)
{
	cleanup(json_object_putp) struct json_object *old = NULL;
	cleanup(json_object_putp) struct json_object *new = NULL;

	if (scep_profile_audit_json(before, &old, err) < 0 ||
	    scep_profile_audit_json(after, &new, err) < 0)
		return -1;
	scep_profile_audit_secrets(before, after, new);
	if (json_object_equal(old, new))
		return 0;
	if (scep_profiles_update(change->context->db, after, err) < 0)
		return object_id_not_found(err, "RaProfile", &after->ra_profile_id);
	return insert_audit(change, after, old, new, err);
}

static int
name_is_taken(struct error *err)
{
	error_clear(err);
	return error_set(err, ERR_BAD_REQUEST, "SCEP Profile with same name already exists");
}

static int
check_name(struct db *db, const char *name, struct error *err)
{
	bool is_taken = false;

	if (scep_profile_rules_check_name(name, err) < 0 ||
	    scep_profiles_has_name(db, name, &is_taken, err) < 0)
		return -1;
	return is_taken ? name_is_taken(err) : 0;
}

static int
insert(struct db *db, const struct scep_profile *profile, struct error *err)
{
	if (scep_profiles_insert(db, profile, err) == 0)
		return 0;
	/* The name was free a moment ago; the key of the table has the last word. */
	return error_is(err, ERR_CONFLICT)
		   ? name_is_taken(err)
		   : object_id_not_found(err, "RaProfile", &profile->ra_profile_id);
}

static int
insert_creation(const struct change *change, const struct scep_profile *profile, struct error *err)
{
	cleanup(json_object_putp) struct json_object *new = NULL;

	if (scep_profile_audit_json(profile, &new, err) < 0)
		return -1;
	scep_profile_audit_secrets(NULL, profile, new);
	return insert_audit(change, profile, NULL, new, err);
}

static int
run_create(struct db *db, void *arg, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *profile = scep_profile_new();
	struct change *change = arg;
	const struct scep_profile_request *request = change->request;

	scep_profile_freep(&change->result);
	if (profile == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a SCEP profile");
	if (check_name(db, request->name, err) < 0)
		return -1;
	memcpy(profile->name, request->name, strlen(request->name) + 1);
	profile->id = uuid_new();
	profile->revision = 1;
	profile->created_at = change->context->now;
	if (scep_profile_apply(change->context, request, profile, err) < 0 ||
	    scep_profile_apply_secrets(change->context, request, profile, err) < 0 ||
	    insert(db, profile, err) < 0 || insert_creation(change, profile, err) < 0)
		return -1;
	return scep_profiles_find_id(db, &profile->id, &change->result, err);
}

int
scep_profile_change_create(const struct scep_profile_context *context,
    const struct scep_profile_request *request, struct scep_profile **out, struct error *err)
{
	struct change change = {
		.context = context,
		.request = request,
		.action = "scep_profile.create",
	};
	cleanup(scep_profile_freep) struct scep_profile *result = NULL;
	int status = run(&change, run_create, err);

	result = change.result;
	if (status < 0)
		return -1;
	*out = take(result);
	return 0;
}

/* A profile that is not there, for the checks that come before whether it is. */
static int
pose(const struct change *change, struct scep_profile **after, struct error *err)
{
	*after = scep_profile_new();
	if (*after == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a SCEP profile");
	(*after)->id = *change->id;
	return 0;
}

static int
run_update(struct db *db, void *arg, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *before = NULL;
	cleanup(scep_profile_freep) struct scep_profile *after = NULL;
	struct change *change = arg;

	scep_profile_freep(&change->result);
	if (lock(change, &before, &after, err) < 0 &&
	    (error_forgive(err, ERR_NOT_FOUND) < 0 || pose(change, &after, err) < 0))
		return -1;
	if (scep_profile_apply(change->context, change->request, after, err) < 0)
		return -1;
	if (before == NULL)
		return object_id_not_found(err, "ScepProfile", change->id);
	if (change->request->revision != 0 && change->request->revision != before->revision)
		return error_set(
		    err, ERR_STATE, "SCEP profile %.200s was changed in between", before->name);
	if (scep_profile_apply_secrets(change->context, change->request, after, err) < 0 ||
	    write_change(change, before, after, err) < 0)
		return -1;
	return scep_profiles_find_id(db, change->id, &change->result, err);
}

int
scep_profile_change_update(const struct scep_profile_context *context, const struct uuid *id,
    const struct scep_profile_request *request, struct scep_profile **out, struct error *err)
{
	struct change change = {
		.context = context,
		.id = id,
		.request = request,
		.action = "scep_profile.update",
	};
	cleanup(scep_profile_freep) struct scep_profile *result = NULL;
	int status = run(&change, run_update, err);

	result = change.result;
	if (status < 0)
		return -1;
	*out = take(result);
	return 0;
}

static int
run_ra(struct db *db, void *arg, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *before = NULL;
	cleanup(scep_profile_freep) struct scep_profile *after = NULL;
	const struct change *change = arg;

	if (lock(change, &before, &after, err) < 0 ||
	    scep_profile_apply_ra(db, change->ra_profile_id, after, err) < 0)
		return -1;
	return write_change(change, before, after, err);
}

int
scep_profile_change_ra(const struct scep_profile_context *context, const struct uuid *id,
    const struct uuid *ra_profile_id, struct error *err)
{
	struct change change = {
		.context = context,
		.id = id,
		.ra_profile_id = ra_profile_id,
		.action = "scep_profile.update",
	};

	return run(&change, run_ra, err);
}

static int
run_enabled(struct db *db, void *arg, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *before = NULL;
	cleanup(scep_profile_freep) struct scep_profile *after = NULL;
	const struct change *change = arg;

	(void)db;
	if (lock(change, &before, &after, err) < 0)
		return -1;
	after->enabled = change->enabled;
	return write_change(change, before, after, err);
}

int
scep_profile_change_enable(
    const struct scep_profile_context *context, const struct uuid *id, struct error *err)
{
	struct change change = {
		.context = context,
		.id = id,
		.enabled = true,
		.action = "scep_profile.enable",
	};

	return run(&change, run_enabled, err);
}

int
scep_profile_change_disable(
    const struct scep_profile_context *context, const struct uuid *id, struct error *err)
{
	struct change change = {
		.context = context,
		.id = id,
		.enabled = false,
		.action = "scep_profile.disable",
	};

	return run(&change, run_enabled, err);
}

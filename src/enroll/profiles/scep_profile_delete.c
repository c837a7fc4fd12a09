/* Deletes SCEP profiles; one that is active on an RA profile only by force. */
#include "enroll/profiles/scep_profile_delete.h"

#include <string.h>

#include "base/json.h"
#include "enroll/audit_change.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/scep_profile_audit.h"
#include "enroll/transaction_retry.h"
#include "store/ra_profile_scep.h"

enum { NAMES_MAX = 65536 };

/* One deletion; what it finds is found anew when the transaction is tried again. */
struct deletion {
	const struct scep_profile_context *context;
	const struct uuid *id;
	bool by_force;
	struct scep_profile_deleted *deleted;
	struct json_object *dependants; /* names of RA profiles, owned */
};

static int
lock(const struct deletion *deletion, struct scep_profile **out, struct error *err)
{
	deletion->deleted->name[0] = '\0';
	if (scep_profiles_lock(deletion->context->db, deletion->id, out, err) < 0)
		return object_id_not_found(err, "ScepProfile", deletion->id);
	memcpy(deletion->deleted->name, (*out)->name, sizeof((*out)->name));
	return 0;
}

static int
add_dependant(const struct ra_profile_scep_use *use, void *arg, struct error *err)
{
	struct json_object *name = json_object_new_string(use->ra_profile);

	if (name != NULL && json_object_array_add(arg, name) == 0)
		return 0;
	json_object_put(name);
	return error_set(err, ERR_INTERNAL, "out of memory");
}

static int
find_dependants(struct deletion *deletion, struct error *err)
{
	json_object_putp(&deletion->dependants);
	deletion->dependants = json_object_new_array();
	if (deletion->dependants == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	return ra_profile_scep_each(
	    deletion->context->db, deletion->id, add_dependant, deletion->dependants, err);
}

static int
refuse(struct json_object *dependants, struct error *err)
{
	cleanup(buf_release) struct buf names = BUF_INIT(NAMES_MAX);
	size_t count = json_object_array_length(dependants);

	for (size_t i = 0; i < count; i++)
		buf_printf(&names, "%s%s", i > 0 ? "," : "",
		    json_object_get_string(json_object_array_get_idx(dependants, i)));
	return error_set(
	    err, ERR_VALIDATION, "Dependent SCEP Profiles (%zu): %s", count, buf_text(&names));
}

/* None is left, or it is none of a deletion without force. */
static int
clear_dependants(struct deletion *deletion, struct error *err)
{
	if (find_dependants(deletion, err) < 0)
		return -1;
	if (json_object_array_length(deletion->dependants) == 0)
		return 0;
	if (!deletion->by_force)
		return refuse(deletion->dependants, err);
	return ra_profile_scep_unlink(deletion->context->db, deletion->id, err);
}

/* "raProfiles": where it was active until now. */
static int
insert_audit(const struct deletion *deletion, const struct scep_profile *profile, struct error *err)
{
	cleanup(json_object_putp) struct json_object *before = NULL;
	struct audit_change row = {
		.action = "scep_profile.delete",
		.object_type = "scep_profile",
		.object_name = profile->name,
	};

	if (scep_profile_audit_json(profile, &before, err) < 0)
		return -1;
	if (json_object_array_length(deletion->dependants) > 0)
		(void)json_object_object_add(
		    before, "raProfiles", json_object_get(deletion->dependants));
	row.before = before;
	return audit_change_insert(deletion->context->db, deletion->context->actor, &row, err);
}

static int
run(struct db *db, void *arg, struct error *err)
{
	cleanup(scep_profile_freep) struct scep_profile *profile = NULL;
	struct deletion *deletion = arg;

	if (lock(deletion, &profile, err) < 0 || clear_dependants(deletion, err) < 0 ||
	    scep_profiles_delete(db, profile, err) < 0)
		return -1;
	return insert_audit(deletion, profile, err);
}

static int
delete_one(struct deletion *deletion, struct error *err)
{
	int status = transaction_retry(deletion->context->db, run, deletion, err);

	json_object_putp(&deletion->dependants);
	return status;
}

int
scep_profile_delete(const struct scep_profile_context *context, const struct uuid *id,
    struct scep_profile_deleted *deleted, struct error *err)
{
	struct deletion deletion = { .context = context, .id = id, .deleted = deleted };

	return delete_one(&deletion, err);
}

int
scep_profile_delete_force(const struct scep_profile_context *context, const struct uuid *id,
    struct scep_profile_deleted *deleted, struct error *err)
{
	struct deletion deletion = {
		.context = context,
		.id = id,
		.by_force = true,
		.deleted = deleted,
	};

	return delete_one(&deletion, err);
}

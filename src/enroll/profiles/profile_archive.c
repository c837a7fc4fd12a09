/* Takes RA profiles out of use: archives or deletes them. */
#include "enroll/profiles/profile_archive.h"

#include "base/clock.h"
#include "base/json.h"
#include "enroll/audit_change.h"
#include "enroll/profiles/profile_audit.h"
#include "enroll/profiles/profile_change.h"
#include "store/ra_profile_scep.h"
#include "store/scep_profiles.h"

struct removal {
	const struct audit_actor *actor;
	const struct ra_profile *profile;
	struct json_object *before;
	enum profile_fate fate;
};

static bool
must_stay(const struct ra_profile_use *use)
{
	return use->has_certificates || use->is_enroller || use->may_issue;
}

static int
archive(struct db *db, const struct ra_profile *profile, struct error *err)
{
	struct ra_profile archived = *profile; /* its enrollers are those of profile */

	archived.archived = true;
	archived.enabled = false;
	return ra_profiles_update(db, &archived, err);
}

static int
add_name(const char *name, void *arg, struct error *err)
{
	struct json_object *text = json_object_new_string(name);

	if (text != NULL && json_object_array_add(arg, text) == 0)
		return 0;
	json_object_put(text);
	return error_set(err, ERR_INTERNAL, "out of memory");
}

/* Before it is let go of: which SCEP profile is active on it, and whose default it is. */
static int
describe_scep(struct db *db, const struct uuid *id, struct json_object *scep, struct error *err)
{
	cleanup(ra_profile_scep_release) struct ra_profile_scep active = { .activated_at = 0 };
	struct json_object *names = json_object_new_array();

	if (names == NULL || json_object_object_add(scep, "scepProfiles", names) < 0)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (scep_profiles_each_of_ra(db, id, add_name, names, err) < 0)
		return -1;
	if (ra_profile_scep_find(db, id, &active, err) == 0) {
		(void)json_object_object_add(
		    scep, "scepProfile", json_object_new_string(active.scep_profile));
		return 0;
	}
	return error_forgive(err, ERR_NOT_FOUND);
}

/* Into the state before, in place of what an earlier try found. */
static void
add_scep(const char *name, struct json_object *value, void *arg)
{
	if (!json_object_is_type(value, json_type_array) || json_object_array_length(value) > 0)
		(void)json_object_object_add(arg, name, json_object_get(value));
}

static int
write_audit(
    struct db *db, const struct removal *removal, struct json_object *scep, struct error *err)
{
	cleanup(json_object_putp) struct json_object *after = NULL;
	struct audit_change change = {
		.action = "profile.delete",
		.object_type = "ra_profile",
		.object_name = removal->profile->name,
		.before = removal->before,
	};

	json_object_object_del(removal->before, "scepProfile");
	json_object_object_del(removal->before, "scepProfiles");
	if (removal->fate == PROFILE_ARCHIVED) {
		change.action = "profile.archive";
		if (json_object_deep_copy(removal->before, &after, NULL) < 0)
			return error_set(err, ERR_INTERNAL, "out of memory");
		(void)json_object_object_add(after, "Enabled", json_object_new_boolean(false));
		(void)json_object_object_add(after, "Archived", json_object_new_boolean(true));
		change.after = after;
	}
	json_each_member(scep, add_scep, removal->before);
	return audit_change_insert(db, removal->actor, &change, err);
}

/* The lock comes first, so that all that follows sees what was committed before it. */
static int
run(struct db *db, void *arg, struct error *err)
{
	struct removal *removal = arg;
	const struct ra_profile *profile = removal->profile;
	struct ra_profile_use use;
	cleanup(json_object_putp) struct json_object *scep = json_object_new_object();
	bool was_active = false;

	if (scep == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (ra_profiles_lock_use(db, profile, &use, err) < 0 ||
	    describe_scep(db, &profile->id, scep, err) < 0 ||
	    ra_profile_scep_deactivate(db, &profile->id, &was_active, err) < 0 ||
	    scep_profiles_unset_ra(db, &profile->id, err) < 0)
		return -1;
	removal->fate = must_stay(&use) ? PROFILE_ARCHIVED : PROFILE_DELETED;
	if (removal->fate == PROFILE_ARCHIVED && profile->archived)
		return 0;
	if ((removal->fate == PROFILE_DELETED ? ra_profiles_delete(db, profile, err)
					      : archive(db, profile, err)) < 0)
		return -1;
	return write_audit(db, removal, scep, err);
}

static int
remove_once(struct db *db, struct removal *removal, const struct uuid *id, struct error *err)
{
	cleanup(buf_release) struct buf attributes = BUF_INIT(RA_PROFILE_ATTRIBUTES_MAX);
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	cleanup(json_object_putp) struct json_object *before = NULL;

	if (ra_profiles_find_id(db, id, &profile, err) < 0 ||
	    ra_profiles_attributes(db, id, &attributes, err) < 0 ||
	    profile_audit_json(profile, buf_text(&attributes), &before, err) < 0)
		return -1;
	removal->profile = profile;
	removal->before = before;
	return db_transaction(db, run, removal, err);
}

int
profile_archive_remove(struct db *db, const struct audit_actor *actor, const struct uuid *id,
    enum profile_fate *fate, struct error *err)
{
	struct removal removal = { .actor = actor };
	int64_t start_ms = clock_monotonic_ms();

	while (remove_once(db, &removal, id, err) < 0)
		if (!profile_change_is_lost(start_ms, err))
			return -1;
	*fate = removal.fate;
	return 0;
}

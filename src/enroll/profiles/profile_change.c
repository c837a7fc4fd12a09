/* Writes new and changed RA profiles, each with an audit row that says what changed. */
#include "enroll/profiles/profile_change.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "enroll/audit_change.h"
#include "enroll/authorities/authority_generation.h"
#include "enroll/profiles/profile_audit.h"
#include "enroll/profiles/profile_rules.h"

enum { PATIENCE_MS = 5000 };

/* One transaction; what it writes is ready before it starts, for it may be tried again. */
struct transaction {
	const struct audit_actor *actor;
	const struct audit_change *change;
	const struct ra_profile *before; /* NULL: a new one */
	const struct ra_profile *profile;
	const char *attributes;
	int (*write)(struct db *db, const struct ra_profile *profile, struct error *err);
};

static bool
has_enroller(const struct ra_profile *profile, const struct enroller *wanted)
{
	for (size_t i = 0; profile != NULL && i < profile->enroller_count; i++)
		if (profile->enrollers[i].kind == wanted->kind &&
		    strcmp(profile->enrollers[i].value, wanted->value) == 0)
			return true;
	return false;
}

/* A profile that admits the certificates of one that is not there would admit a later namesake. */
static int
refuse_enroller(const struct enroller *enroller, struct error *err)
{
	error_clear(err);
	return error_set(err, ERR_CONFIG, "Enroller: there is no RA profile %s", enroller->value);
}

/* One that is named already stays: its certificates may outlive it, archived. */
static bool
is_new_name(const struct transaction *transaction, const struct enroller *enroller)
{
	return enroller->kind == ENROLLER_RA_PROFILE &&
	       strcmp(enroller->value, transaction->profile->name) != 0 &&
	       !has_enroller(transaction->before, enroller);
}

static int
hold_enrollers(struct db *db, const struct transaction *transaction, struct error *err)
{
	const struct ra_profile *profile = transaction->profile;

	for (size_t i = 0; i < profile->enroller_count; i++) {
		const struct enroller *enroller = &profile->enrollers[i];

		if (!is_new_name(transaction, enroller) ||
		    ra_profiles_hold(db, enroller->value, err) == 0)
			continue;
		return error_is(err, ERR_NOT_FOUND) ? refuse_enroller(enroller, err) : -1;
	}
	return 0;
}

static int
run(struct db *db, void *arg, struct error *err)
{
	const struct transaction *transaction = arg;

	if (hold_enrollers(db, transaction, err) < 0 ||
	    transaction->write(db, transaction->profile, err) < 0)
		return -1;
	if (transaction->attributes != NULL &&
	    ra_profiles_set_attributes(
		db, &transaction->profile->id, transaction->attributes, err) < 0)
		return -1;
	return audit_change_insert(db, transaction->actor, transaction->change, err);
}

/* Names are exact texts; the column compares more kindly. */
static int
check_enrollers(struct db *db, const struct transaction *transaction, struct error *err)
{
	const struct ra_profile *profile = transaction->profile;

	for (size_t i = 0; i < profile->enroller_count; i++) {
		const struct enroller *enroller = &profile->enrollers[i];
		cleanup(ra_profile_freep) struct ra_profile *named = NULL;

		if (!is_new_name(transaction, enroller) ||
		    ra_profiles_find(db, enroller->value, &named, err) == 0)
			continue;
		return error_is(err, ERR_NOT_FOUND) ? refuse_enroller(enroller, err) : -1;
	}
	return 0;
}

int
profile_change_create(struct db *db, const struct profile_creation *creation, struct error *err)
{
	cleanup(json_object_putp) struct json_object *after = NULL;
	static const struct uuid zero = { { 0 } };
	struct ra_profile *profile = creation->profile;
	struct authority row;
	struct audit_change change = {
		.action = "profile.create",
		.object_type = "ra_profile",
		.object_name = profile->name,
	};
	struct transaction transaction = {
		.actor = creation->actor,
		.change = &change,
		.profile = profile,
		.attributes = creation->attributes,
		.write = ra_profiles_insert,
	};

	if (profile_rules_check_name(profile->name, err) < 0 ||
	    profile_rules_check(profile, err) < 0 || check_enrollers(db, &transaction, err) < 0 ||
	    authority_find(db, creation->authority, &row, err) < 0 ||
	    profile_audit_json(profile, creation->attributes, &after, err) < 0)
		return -1;
	(void)json_object_object_add(after, "Authority", json_object_new_string(row.name));
	change.after = after;
	if (memcmp(&profile->id, &zero, sizeof(zero)) == 0)
		profile->id = uuid_new();
	profile->authority_id = row.id;
	profile->created_at = clock_now();
	profile->revision = 1;
	return db_transaction(db, run, &transaction, err);
}

/* Sealed anew, a secret's blob is another one: `changed` where nothing else can be shown. */
static void
mark_attributes(struct json_object *before, struct json_object *after)
{
	struct json_object *old = json_object_object_get(before, "customAttributes");
	struct json_object *new = json_object_object_get(after, "customAttributes");

	if (json_object_equal(old, new))
		(void)json_object_object_add(
		    after, "customAttributeSecrets", json_object_new_string("changed"));
}

static int
write_change(struct db *db, struct profile_change *change, const struct transaction *transaction,
    struct error *err)
{
	cleanup(buf_release) struct buf stored = BUF_INIT(RA_PROFILE_ATTRIBUTES_MAX);
	cleanup(json_object_putp) struct json_object *before = NULL;
	cleanup(json_object_putp) struct json_object *after = NULL;
	const char *attributes = change->attributes;
	struct audit_change row = {
		.action = "profile.set",
		.object_type = "ra_profile",
		.object_name = change->after->name,
	};
	struct transaction written = *transaction;

	if (ra_profiles_attributes(db, &change->before->id, &stored, err) < 0)
		return -1;
	if (attributes == NULL || strcmp(attributes, buf_text(&stored)) == 0)
		written.attributes = NULL;
	if (attributes == NULL)
		attributes = buf_text(&stored);
	if (profile_audit_json(change->before, buf_text(&stored), &before, err) < 0 ||
	    profile_audit_json(change->after, attributes, &after, err) < 0)
		return -1;
	row.before = before;
	row.after = after;
	if (written.attributes != NULL)
		mark_attributes(before, after);
	written.change = &row;
	change->changed = !json_object_equal(before, after);
	return change->changed ? db_transaction(db, run, &written, err) : 0;
}

int
profile_change_update(struct db *db, struct profile_change *change, struct error *err)
{
	const struct transaction transaction = {
		.actor = change->actor,
		.before = change->before,
		.profile = change->after,
		.attributes = change->attributes,
		.write = ra_profiles_update,
	};

	if (profile_rules_check(change->after, err) < 0 ||
	    check_enrollers(db, &transaction, err) < 0)
		return -1;
	return write_change(db, change, &transaction, err);
}

bool
profile_change_is_lost(int64_t start_ms, struct error *err)
{
	if (!error_is(err, ERR_CONFLICT))
		return false;
	error_clear(err);
	if (clock_monotonic_ms() - start_ms < PATIENCE_MS)
		return true;
	(void)error_set(err, ERR_DATABASE, "others keep changing the RA profile");
	return false;
}

static int
switch_once(struct db *db, const struct audit_actor *actor, const struct ra_profile *wanted,
    struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *before = NULL;
	struct ra_profile after; /* its enrollers are those of before */
	struct profile_change change = { .actor = actor, .after = &after };

	if (ra_profiles_find_id(db, &wanted->id, &before, err) < 0)
		return -1;
	if (before->archived)
		return error_set(err, ERR_NOT_FOUND, "RA profile %s is archived", before->name);
	after = *before;
	after.enabled = wanted->enabled;
	change.before = before;
	return profile_change_update(db, &change, err);
}

static int
switch_profile(struct db *db, const struct audit_actor *actor, const struct ra_profile *wanted,
    struct error *err)
{
	int64_t start_ms = clock_monotonic_ms();

	while (switch_once(db, actor, wanted, err) < 0)
		if (!profile_change_is_lost(start_ms, err))
			return -1;
	return 0;
}

int
profile_change_enable(
    struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err)
{
	const struct ra_profile wanted = { .id = *id, .enabled = true };

	return switch_profile(db, actor, &wanted, err);
}

int
profile_change_disable(
    struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err)
{
	const struct ra_profile wanted = { .id = *id, .enabled = false };

	return switch_profile(db, actor, &wanted, err);
}

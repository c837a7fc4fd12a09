/* Activates and deactivates SCEP profiles on RA profiles. */
#include "enroll/profiles/profile_scep.h"

#include "base/clock.h"
#include "base/json.h"
#include "enroll/audit_change.h"
#include "enroll/issuing/issue_attributes.h"
#include "store/ra_profile_scep.h"

struct transaction {
	const struct profile_scep_activation *activation; /* NULL: deactivate */
	const struct audit_actor *actor;
	const struct ra_profile *profile;
	struct json_object *stored; /* issue attributes */
};

/* What the audit says of an activation: the SCEP profile and what it narrows. */
static struct json_object *
describe(const char *scep_profile, struct json_object *attributes)
{
	struct json_object *json = json_object_new_object();

	(void)json_object_object_add(json, "scepProfile", json_object_new_string(scep_profile));
	(void)json_object_object_add(json, "issueCertificateAttributes", attributes);
	return json;
}

/* *out stays NULL where none is active. */
static int
describe_active(
    struct db *db, const struct uuid *ra_profile_id, struct json_object **out, struct error *err)
{
	cleanup(ra_profile_scep_release) struct ra_profile_scep active = { 0 };
	struct json_object *attributes = NULL;

	if (ra_profile_scep_find(db, ra_profile_id, &active, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND);
	if (json_parse_stored(buf_bytes(&active.issue_attributes), &attributes, err) < 0)
		return -1;
	*out = describe(active.scep_profile, attributes);
	return 0;
}

static int
write_activation(struct db *db, const struct transaction *transaction, struct error *err)
{
	cleanup(ra_profile_scep_release) struct ra_profile_scep active = {
		.ra_profile_id = transaction->profile->id,
		.scep_profile_id = transaction->activation->scep_profile->id,
		.issue_attributes = BUF_INIT(RA_PROFILE_SCEP_ATTRIBUTES_MAX),
		.activated_at = clock_now(),
	};

	buf_add_text(&active.issue_attributes,
	    json_object_to_json_string_ext(transaction->stored, JSON_C_TO_STRING_PLAIN));
	if (buf_failed(&active.issue_attributes))
		return error_set(err, ERR_VALIDATION, "the issue attributes are too long");
	return ra_profile_scep_activate(db, &active, err);
}

static int
write_change(struct db *db, const struct transaction *transaction, struct error *err)
{
	bool was_active = false;

	if (transaction->activation != NULL)
		return write_activation(db, transaction, err);
	return ra_profile_scep_deactivate(db, &transaction->profile->id, &was_active, err);
}

static int
run(struct db *db, void *arg, struct error *err)
{
	const struct transaction *transaction = arg;
	const struct profile_scep_activation *activation = transaction->activation;
	cleanup(json_object_putp) struct json_object *before = NULL;
	cleanup(json_object_putp) struct json_object *after = NULL;
	const struct audit_change change = {
		.action = activation != NULL ? "profile.scep_activate" : "profile.scep_deactivate",
		.object_type = "ra_profile",
		.object_name = transaction->profile->name,
	};
	struct audit_change written = change;

	if (scep_profiles_hold_ra(db, &transaction->profile->id, err) < 0 ||
	    describe_active(db, &transaction->profile->id, &before, err) < 0)
		return -1;
	if (activation == NULL && before == NULL)
		return 0;
	if (activation != NULL)
		after =
		    describe(activation->scep_profile->name, json_object_get(transaction->stored));
	written.before = before;
	written.after = after;
	if (write_change(db, transaction, err) < 0)
		return -1;
	return audit_change_insert(db, transaction->actor, &written, err);
}

int
profile_scep_activate(
    struct db *db, const struct profile_scep_activation *activation, struct error *err)
{
	cleanup(json_object_putp) struct json_object *stored = NULL;
	struct transaction transaction = {
		.activation = activation,
		.actor = activation->actor,
		.profile = activation->ra_profile,
	};

	if (issue_attributes_check(activation->ra_profile, activation->attributes, &stored, err) <
	    0)
		return -1;
	transaction.stored = stored;
	return db_transaction(db, run, &transaction, err);
}

int
profile_scep_deactivate(struct db *db, const struct audit_actor *actor,
    const struct ra_profile *ra_profile, struct error *err)
{
	struct transaction transaction = { .actor = actor, .profile = ra_profile };

	return db_transaction(db, run, &transaction, err);
}

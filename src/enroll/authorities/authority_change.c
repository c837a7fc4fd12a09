/* Writes what a use case on an authority changes, in one transaction with its audit row. */
#include "enroll/authorities/authority_change.h"

#include <stdio.h>
#include <string.h>

#include "store/audit.h"

/* What the transaction is about; what it notes is set anew when it is tried again. */
struct transaction {
	const struct authority_context *context;
	const struct authority_change *change;
	char former[49];
	bool profile_made;
};

static int
lock_authority(struct db *db, const struct authority_change *change, struct error *err)
{
	unsigned number;

	if (change->is_new && authorities_insert(db, change->authority, err) < 0)
		return -1;
	if (authorities_next_number(db, &change->authority->id, &number, err) < 0)
		return -1;
	if (change->insert != NULL && change->insert->number != number)
		return error_set(err, ERR_CONFLICT,
		    "CA %s got another generation meanwhile; look at certwright ca list and try "
		    "again",
		    change->authority->name);
	return 0;
}

static int
insert_rows(struct db *db, const struct authority_change *change, struct error *err)
{
	if (change->key != NULL && keys_insert(db, &change->key->row, err) < 0)
		return -1;
	if (change->insert != NULL && generations_insert(db, change->insert, err) < 0)
		return -1;
	if (change->certified != NULL &&
	    generations_set_certificate(db, change->certified, err) < 0)
		return -1;
	for (size_t i = 0; i < change->cross_count; i++)
		if (cross_certificates_insert(db, &change->crosses[i], err) < 0)
			return -1;
	return 0;
}

/* The index that allows one active generation wants the old one out of the way first. */
static int
activate(struct db *db, struct transaction *transaction, struct error *err)
{
	const struct generation *generation = transaction->change->activate;
	cleanup(generation_release) struct generation former = { .number = 0 };

	if (generations_find_active(db, &generation->authority_id, &former, err) == 0) {
		(void)snprintf(
		    transaction->former, sizeof(transaction->former), "%s", former.label);
		if (generations_set_state(
			db, &former.id, GENERATION_ACTIVE, GENERATION_RETIRED, err) < 0)
			return -1;
	} else if (error_forgive(err, ERR_NOT_FOUND) < 0) {
		return -1;
	}
	return generations_set_state(
	    db, &generation->id, GENERATION_PENDING, GENERATION_ACTIVE, err);
}

static int
insert_profile(struct db *db, struct transaction *transaction, struct error *err)
{
	const struct ra_profile *profile = transaction->change->profile;
	cleanup(ra_profile_freep) struct ra_profile *present = NULL;

	if (ra_profiles_find(db, profile->name, &present, err) == 0)
		return 0;
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	transaction->profile_made = true;
	return ra_profiles_insert(db, profile, err);
}

static int
insert_audit(struct db *db, const struct transaction *transaction, struct error *err)
{
	const struct audit_event event = {
		.actor = transaction->context->actor,
		.remote_address = "",
		.action = transaction->change->action,
		.object_type = "authority",
		.object_name = transaction->change->authority->name,
		.outcome = "done",
		.detail = transaction->change->detail,
	};

	return audit_insert(db, &event, err);
}

static int
run(struct db *db, void *arg, struct error *err)
{
	struct transaction *transaction = arg;
	const struct authority_change *change = transaction->change;

	transaction->former[0] = '\0';
	transaction->profile_made = false;
	if (lock_authority(db, change, err) < 0 || insert_rows(db, change, err) < 0)
		return -1;
	if (change->activate != NULL && activate(db, transaction, err) < 0)
		return -1;
	if (change->retire != NULL && generations_set_state(db, &change->retire->id,
					  change->retire->state, GENERATION_RETIRED, err) < 0)
		return -1;
	if (change->profile != NULL && insert_profile(db, transaction, err) < 0)
		return -1;
	return insert_audit(db, transaction, err);
}

int
authority_change_apply(const struct authority_context *context,
    const struct authority_change *change, struct error *err)
{
	struct transaction transaction = { .context = context, .change = change };
	struct authority_outcome *outcome = change->outcome;

	if (db_transaction(context->db, run, &transaction, err) < 0) {
		if (db_outcome_unknown(err))
			return error_prefix(err,
			    "it is not known whether this was recorded, look at certwright ca "
			    "list");
		return -1;
	}
	memcpy(outcome->former, transaction.former, sizeof(outcome->former));
	outcome->activated = change->activate != NULL;
	outcome->profile_made = transaction.profile_made;
	outcome->cross_count = change->cross_count;
	return 0;
}

/* Writes new and changed RA profiles, each with an audit row that says what changed. */
#include "enroll/profile_change.h"

#include "base/buf.h"
#include "base/clock.h"
#include "enroll/authority_generation.h"
#include "enroll/profile_rules.h"
#include "store/audit.h"

enum { VALUE_MAX = 16384, DETAIL_MAX = 65536 };

struct transaction {
	const char *actor;
	const struct ra_profile *profile;
	const char *action;
	const char *detail;
	int (*write)(struct db *db, const struct ra_profile *profile, struct error *err);
};

static int
run(struct db *db, void *arg, struct error *err)
{
	const struct transaction *transaction = arg;
	const struct audit_event event = {
		.actor = transaction->actor,
		.remote_address = "",
		.action = transaction->action,
		.object_type = "ra_profile",
		.object_name = transaction->profile->name,
		.outcome = "done",
		.detail = transaction->detail,
	};

	if (transaction->write(db, transaction->profile, err) < 0)
		return -1;
	return audit_insert(db, &event, err);
}

/* A profile that admits the certificates of one that is not there would admit a later namesake. */
static int
check_enrollers(struct db *db, const struct ra_profile *profile, struct error *err)
{
	for (size_t i = 0; i < profile->enroller_count; i++) {
		const struct enroller *enroller = &profile->enrollers[i];
		cleanup(ra_profile_freep) struct ra_profile *named = NULL;

		if (enroller->kind != ENROLLER_RA_PROFILE)
			continue;
		if (ra_profiles_find(db, enroller->value, &named, err) == 0)
			continue;
		if (!error_is(err, ERR_NOT_FOUND))
			return -1;
		error_clear(err);
		return error_set(
		    err, ERR_CONFIG, "Enroller: there is no RA profile %s", enroller->value);
	}
	return 0;
}

static void
print_enrollers(const struct ra_profile *profile, struct buf *out)
{
	for (size_t i = 0; i < profile->enroller_count; i++)
		buf_printf(out, "%s%s:%s", i > 0 ? "," : "",
		    enroller_kind_name(profile->enrollers[i].kind), profile->enrollers[i].value);
}

static void
add_difference(const char *name, struct buf *before, struct buf *after, struct buf *detail)
{
	if (bytes_equal(buf_bytes(before), buf_bytes(after)))
		return;
	buf_printf(detail, "%s%s: \"%s\" -> \"%s\"", detail->len > 0 ? "; " : "", name,
	    buf_text(before), buf_text(after));
}

static void
describe_enrollers(
    const struct ra_profile *before, const struct ra_profile *after, struct buf *detail)
{
	cleanup(buf_release) struct buf old = BUF_INIT(VALUE_MAX);
	cleanup(buf_release) struct buf new = BUF_INIT(VALUE_MAX);

	print_enrollers(before, &old);
	print_enrollers(after, &new);
	add_difference("Enroller", &old, &new, detail);
}

static void
describe(const struct ra_profile *before, const struct ra_profile *after, struct buf *detail)
{
	size_t count;
	const struct rule_field *fields = profile_rules_fields(&count);

	describe_enrollers(before, after, detail);
	for (size_t i = 0; i < count; i++) {
		cleanup(buf_release) struct buf old = BUF_INIT(VALUE_MAX);
		cleanup(buf_release) struct buf new = BUF_INIT(VALUE_MAX);

		profile_rules_print(before, &fields[i], &old);
		profile_rules_print(after, &fields[i], &new);
		add_difference(fields[i].name, &old, &new, detail);
	}
}

int
profile_change_create(struct db *db, const char *actor, const char *authority,
    struct ra_profile *profile, struct error *err)
{
	struct authority row;
	struct transaction transaction = {
		.actor = actor,
		.profile = profile,
		.action = "profile.create",
		.detail = authority,
		.write = ra_profiles_insert,
	};

	if (profile_rules_check_name(profile->name, err) < 0 ||
	    profile_rules_check(profile, err) < 0 || check_enrollers(db, profile, err) < 0 ||
	    authority_find(db, authority, &row, err) < 0)
		return -1;
	profile->id = uuid_new();
	profile->authority_id = row.id;
	profile->created_at = clock_now();
	profile->revision = 1;
	return db_transaction(db, run, &transaction, err);
}

int
profile_change_update(struct db *db, struct profile_change *change, struct error *err)
{
	cleanup(buf_release) struct buf detail = BUF_INIT(DETAIL_MAX);
	struct transaction transaction = {
		.actor = change->actor,
		.profile = change->after,
		.action = "profile.set",
		.write = ra_profiles_update,
	};

	if (profile_rules_check(change->after, err) < 0 ||
	    check_enrollers(db, change->after, err) < 0)
		return -1;
	describe(change->before, change->after, &detail);
	if (buf_failed(&detail))
		return error_set(err, ERR_INTERNAL, "out of memory");
	transaction.detail = buf_text(&detail);
	if (detail.len > 0 && db_transaction(db, run, &transaction, err) < 0)
		return -1;
	change->changed = detail.len > 0;
	return 0;
}

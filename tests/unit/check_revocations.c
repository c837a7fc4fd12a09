/* Hold, release and revocation, their events and compromised keys, against a real MariaDB. */
#include "store/revocations.h"

#include "fixture_store.h"

static struct fixture_record one, other;

static void
setup(void)
{
	fixture_store_setup();
	fixture_record(1, &one);
	fixture_record(2, &other);
	fixture_insert(&one);
	fixture_insert(&other);
}

static void
teardown(void)
{
	with_db_teardown();
}

static struct revocation_event
event_of(enum revocation_action action, int reason)
{
	return (struct revocation_event){ .id = uuid_new(),
		.certificate_id = one.r.id,
		.action = action,
		.reason = reason,
		.at = FIXTURE_ISSUED + 100,
		.actor = "uid:0",
		.remote_address = "" };
}

struct application {
	const struct revocation_event *event;
	bool changed;
};

static int
apply_event(struct db *db, void *arg, struct error *err)
{
	struct application *application = arg;

	return revocations_apply(db, application->event, &application->changed, err);
}

static int
apply(const struct revocation_event *event, bool *changed)
{
	struct application application = { event, false };

	error_clear(&with_db_err);
	if (db_transaction(with_db, apply_event, &application, &with_db_err) < 0)
		return -1;
	*changed = application.changed;
	return 0;
}

static bool
act(enum revocation_action action, int reason)
{
	struct revocation_event event = event_of(action, reason);
	bool changed = false;

	with_db_ok(apply(&event, &changed));
	return changed;
}

#define ONE "WHERE subject = 'CN=host1.example.test'"

static long long
is_state(const char *status, int reason)
{
	return with_db_sql("SELECT status = '%s' AND revocation_reason <=> %s AND"
			   " revoked_at <=> %s FROM certificate " ONE,
	    status, reason < 0 ? "NULL" : (char[]){ (char)('0' + reason), '\0' },
	    reason < 0 ? "NULL" : "FROM_UNIXTIME(1700086500)");
}

static long long
events(void)
{
	return with_db_sql("SELECT COUNT(*) FROM revocation_event");
}

/* RFC 5280, 5.3.1: only a hold is ever taken back. */
static const struct {
	enum revocation_action actions[3];
	size_t count;
	bool changes; /* the last one */
	const char *status;
	int reason;
} STEPS[] = {
	{ { REVOCATION_HOLD }, 1, true, "hold", 6 },
	{ { REVOCATION_HOLD, REVOCATION_RELEASE }, 2, true, "good", -1 },
	{ { REVOCATION_HOLD, REVOCATION_REVOKE }, 2, true, "revoked", 4 },
	{ { REVOCATION_REVOKE }, 1, true, "revoked", 4 },
	{ { REVOCATION_HOLD, REVOCATION_RELEASE, REVOCATION_REVOKE }, 3, true, "revoked", 4 },
	{ { REVOCATION_HOLD, REVOCATION_RELEASE, REVOCATION_HOLD }, 3, true, "hold", 6 },
	{ { REVOCATION_RELEASE }, 1, false, "good", -1 },
	{ { REVOCATION_HOLD, REVOCATION_HOLD }, 2, false, "hold", 6 },
	{ { REVOCATION_REVOKE, REVOCATION_REVOKE }, 2, false, "revoked", 4 },
	{ { REVOCATION_REVOKE, REVOCATION_HOLD }, 2, false, "revoked", 4 },
	{ { REVOCATION_REVOKE, REVOCATION_RELEASE }, 2, false, "revoked", 4 },
};

START_TEST(only_a_hold_is_taken_back)
	{
		for (size_t i = 0; i < STEPS[_i].count; i++)
			ck_assert(act(STEPS[_i].actions[i], 4) ==
				  (STEPS[_i].changes || i + 1 < STEPS[_i].count));
		ck_assert_int_eq(is_state(STEPS[_i].status, STEPS[_i].reason), 1);
		ck_assert_int_eq(events(), (int)STEPS[_i].count - (STEPS[_i].changes ? 0 : 1));
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate WHERE status ="
					     " 'good' AND subject = 'CN=host2.example.test'"),
		    1);
	}
END_TEST

START_TEST(an_unknown_certificate_does_not_change)
	{
		struct revocation_event event = event_of(REVOCATION_REVOKE, 1);
		bool changed = true;

		event.certificate_id = fixture_uuid('x');
		with_db_ok(apply(&event, &changed));
		ck_assert(!changed);
		ck_assert_int_eq(events(), 0);
	}
END_TEST

START_TEST(without_its_event_no_state_changes)
	{
		struct revocation_event event = event_of(REVOCATION_REVOKE, 1);
		char actor[130];
		bool changed;

		memset(actor, 'a', sizeof(actor) - 1);
		actor[sizeof(actor) - 1] = '\0';
		event.actor = actor;
		ck_assert_int_eq(apply(&event, &changed), -1);
		ck_assert_int_eq(with_db_err.code, ERR_DATABASE);
		ck_assert_int_eq(is_state("good", -1), 1);
		actor[128] = '\0';
		with_db_ok(apply(&event, &changed));
		ck_assert_int_eq(is_state("revoked", 1), 1);
	}
END_TEST

static int
stop_at_event(const struct revocation_event *event, void *arg, struct error *err)
{
	(void)event;
	(void)arg;
	return error_set(err, ERR_LIMIT, "enough");
}

/* What each event of the test below must be, and how many came. */
struct expected {
	struct revocation_event events[3];
	size_t count;
};

static int
compare_event(const struct revocation_event *event, void *arg, struct error *err)
{
	struct expected *expected = arg;
	const struct revocation_event *e = &expected->events[expected->count++];

	(void)err;
	ck_assert_mem_eq(&event->id, &e->id, sizeof(e->id));
	ck_assert_mem_eq(&event->certificate_id, &e->certificate_id, sizeof(e->id));
	ck_assert_int_eq(event->action, e->action);
	ck_assert_int_eq(event->reason, e->reason);
	ck_assert_int_eq(event->at, e->at);
	ck_assert_str_eq(event->actor, e->actor);
	ck_assert_str_eq(event->remote_address, e->remote_address);
	ck_assert((event->request_id == NULL) == (e->request_id == NULL));
	if (e->request_id != NULL)
		ck_assert_mem_eq(event->request_id, e->request_id, sizeof(e->id));
	ck_assert((event->comment == NULL) == (e->comment == NULL));
	if (e->comment != NULL)
		ck_assert_str_eq(event->comment, e->comment);
	return 0;
}

START_TEST(events_come_back_as_they_went_in_oldest_first)
	{
		static char comment[1024 * 4 + 1], actor[128 * 4 + 1];
		struct uuid request = uuid_new();
		struct expected expected = { .count = 0 };
		bool changed;

		for (size_t i = 0; i < sizeof(comment) - 1; i++)
			comment[i] = "\xf0\x9f\x98\x80"[i % 4];
		memcpy(actor, comment, sizeof(actor) - 1);
		expected.events[0] = event_of(REVOCATION_HOLD, 6);
		expected.events[1] = event_of(REVOCATION_RELEASE, 8);
		expected.events[1].at++;
		expected.events[1].comment = "";
		expected.events[2] = event_of(REVOCATION_REVOKE, 1);
		expected.events[2].at += 2;
		expected.events[2].actor = actor;
		expected.events[2].comment = comment;
		expected.events[2].remote_address = "2001:db8:1111:2222:3333:4444:255.255.255.255";
		expected.events[2].request_id = &request;
		for (size_t i = 0; i < 3; i++)
			with_db_ok(apply(&expected.events[i], &changed));
		with_db_ok(
		    revocations_each(with_db, &one.r.id, compare_event, &expected, &with_db_err));
		ck_assert_uint_eq(expected.count, 3);
		with_db_ok(
		    revocations_each(with_db, &other.r.id, compare_event, &expected, &with_db_err));
		ck_assert_uint_eq(expected.count, 3);
		with_db_fails(
		    revocations_each(with_db, &one.r.id, stop_at_event, NULL, &with_db_err),
		    ERR_LIMIT);
	}
END_TEST

/* The reason is the action's own, whatever the caller said. */
START_TEST(a_hold_and_a_release_have_their_reasons)
	{
		ck_assert(act(REVOCATION_HOLD, 1));
		ck_assert(act(REVOCATION_RELEASE, 0));
		ck_assert_int_eq(with_db_sql("SELECT SUM(action = 'hold' AND reason = 6) +"
					     " SUM(action = 'release' AND reason = 8)"
					     " FROM revocation_event"),
		    2);
	}
END_TEST

/* Three of the lineage of `one`, of which the second was issued last. */
static struct fixture_record family[3];

static void
make_family(void)
{
	family[0] = one;
	fixture_renewal(4, &one, &family[1]);
	fixture_renewal(3, &one, &family[2]);
	fixture_insert(&family[1]);
	fixture_insert(&family[2]);
}

static int
expect_family(const struct uuid *id, void *arg, struct error *err)
{
	static const size_t order[] = { 0, 2, 1 };
	size_t *count = arg;

	(void)err;
	ck_assert_uint_lt(*count, 3);
	ck_assert_mem_eq(id, &family[order[(*count)++]].r.id, sizeof(*id));
	return 0;
}

static int
list_family(struct db *db, void *arg, struct error *err)
{
	return revocations_lock_lineage(db, &one.r.lineage, expect_family, arg, err);
}

static int
mark_family(struct db *db, void *arg, struct error *err)
{
	(void)arg;
	return revocations_mark_lineage(db, &one.r.lineage, err);
}

START_TEST(a_lineage_is_listed_by_issue_and_marked_alone)
	{
		size_t count = 0;

		make_family();
		with_db_ok(db_transaction(with_db, list_family, &count, &with_db_err));
		ck_assert_uint_eq(count, 3);
		for (int i = 0; i < 2; i++) {
			with_db_ok(db_transaction(with_db, mark_family, NULL, &with_db_err));
			ck_assert_int_eq(
			    with_db_sql("SELECT SUM(lineage_compromised) FROM certificate"), 3);
			ck_assert_int_eq(with_db_sql("SELECT lineage_compromised FROM certificate"
						     " WHERE subject = 'CN=host2.example.test'"),
			    0);
		}
	}
END_TEST

static bool
is_compromised(const struct fixture_record *record)
{
	bool compromised = false;

	with_db_ok(
	    revocations_is_compromised(with_db, record->r.spki_hash, &compromised, &with_db_err));
	return compromised;
}

static int
add_keys(struct db *db, void *arg, struct error *err)
{
	(void)arg;
	/* A duplicate must not end the transaction that it happens in. */
	if (revocations_add_compromised_key(db, &one.r.id, FIXTURE_ISSUED, err) < 0 ||
	    revocations_add_compromised_key(db, &one.r.id, FIXTURE_ISSUED + 1, err) < 0)
		return -1;
	return revocations_add_compromised_key(db, &other.r.id, FIXTURE_ISSUED, err);
}

START_TEST(a_compromised_key_is_remembered_once)
	{
		struct uuid nobody = fixture_uuid('x');
		struct fixture_record same;

		ck_assert(!is_compromised(&one));
		with_db_ok(revocations_add_compromised_key(
		    with_db, &one.r.id, FIXTURE_ISSUED, &with_db_err));
		ck_assert(is_compromised(&one));
		ck_assert(!is_compromised(&other));
		with_db_ok(db_transaction(with_db, add_keys, NULL, &with_db_err));
		ck_assert(is_compromised(&other));
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM compromised_key"), 2);
		/* The same key in another certificate. */
		fixture_renewal(5, &one, &same);
		same.r.spki_hash = one.r.spki_hash;
		fixture_insert(&same);
		with_db_ok(revocations_add_compromised_key(
		    with_db, &same.r.id, FIXTURE_ISSUED, &with_db_err));
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM compromised_key"), 2);
		with_db_fails(
		    revocations_add_compromised_key(with_db, &nobody, FIXTURE_ISSUED, &with_db_err),
		    ERR_NOT_FOUND);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("revocations");
	TCase *tc = tcase_create("revocations");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, only_a_hold_is_taken_back, 0, (int)(sizeof(STEPS) / sizeof(STEPS[0])));
	tcase_add_test(tc, an_unknown_certificate_does_not_change);
	tcase_add_test(tc, without_its_event_no_state_changes);
	tcase_add_test(tc, events_come_back_as_they_went_in_oldest_first);
	tcase_add_test(tc, a_hold_and_a_release_have_their_reasons);
	tcase_add_test(tc, a_lineage_is_listed_by_issue_and_marked_alone);
	tcase_add_test(tc, a_compromised_key_is_remembered_once);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

/* Revoking one certificate or a lineage, with its events and audit, against a real MariaDB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include "base/clock.h"
#include "enroll/status/revoke.h"
#include "fixture_store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { NOW = 1800000000 };

/* How often COMMIT is made to fail, and with what. */
static struct {
	unsigned number;
	unsigned times;
	unsigned failed;
} fault;
static MYSQL_STMT *committing;

int STDCALL
mysql_stmt_prepare(MYSQL_STMT *stmt, const char *query, unsigned long length)
{
	int (*real)(MYSQL_STMT *, const char *, unsigned long);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_prepare");
	if (strcmp(query, "COMMIT") == 0)
		committing = stmt;
	else if (stmt == committing)
		committing = NULL;
	return real(stmt, query, length);
}

int STDCALL
mysql_stmt_execute(MYSQL_STMT *stmt)
{
	int (*real)(MYSQL_STMT *);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_execute");
	if (stmt != committing || fault.failed == fault.times)
		return real(stmt);
	fault.failed++;
	stmt->last_errno = fault.number;
	(void)snprintf(
	    stmt->last_error, sizeof(stmt->last_error), "made to fail with %u", fault.number);
	return 1;
}

/* Three of one lineage, the third with the key of the first, and a stranger with it too. */
static struct fixture_record family[3], stranger;
static struct revoke_outcome outcome;

static void
setup(void)
{
	fixture_store_setup();
	clock_fix(NOW);
	fixture_record(1, &family[0]);
	fixture_renewal(2, &family[0], &family[1]);
	fixture_renewal(3, &family[1], &family[2]);
	fixture_record(4, &stranger);
	family[2].r.spki_hash = family[0].r.spki_hash;
	stranger.r.spki_hash = family[0].r.spki_hash;
	for (size_t i = 0; i < COUNT(family); i++)
		fixture_insert(&family[i]);
	fixture_insert(&stranger);
	db_disconnect(with_db); /* so that every statement is prepared again */
}

static void
teardown(void)
{
	with_db_teardown();
}

static struct revoke_request
request_of(enum revocation_action action, int reason)
{
	return (struct revoke_request){
		.action = action,
		.reason = reason,
		.actor = "uid:7",
		.remote_address = "192.0.2.7",
	};
}

static int
ask(size_t member, const struct revoke_request *request)
{
	error_clear(&with_db_err);
	outcome = (struct revoke_outcome){ 99, 99 };
	return revoke_certificate(with_db, &family[member].r.id, request, &outcome, &with_db_err);
}

static void
assert_outcome(size_t changed, size_t unchanged)
{
	ck_assert_uint_eq(outcome.changed, changed);
	ck_assert_uint_eq(outcome.unchanged, unchanged);
}

static void
act(size_t member, enum revocation_action action, int reason)
{
	struct revoke_request request = request_of(action, reason);

	with_db_ok(ask(member, &request));
	assert_outcome(1, 0);
}

/* The three letters of the family's states, as "ghr" for good, on hold, revoked. */
static const char *
states(void)
{
	static char text[4];

	for (size_t i = 0; i < COUNT(family); i++)
		text[i] = (char)with_db_sql("SELECT ORD(status) FROM certificate WHERE issued_at ="
					    " FROM_UNIXTIME(%d)",
		    FIXTURE_ISSUED + 1 + (int)i);
	return text;
}

static long long
count_of(const char *rows)
{
	return with_db_sql("SELECT COUNT(*) FROM %s", rows);
}

/* Nothing at all has happened, of what a transaction writes. */
static void
assert_untouched(void)
{
	ck_assert_str_eq(states(), "ggg");
	ck_assert_int_eq(count_of("revocation_event"), 0);
	ck_assert_int_eq(count_of("compromised_key"), 0);
	ck_assert_int_eq(count_of("audit"), 0);
	ck_assert_int_eq(count_of("certificate WHERE lineage_compromised OR revoked_at IS NOT NULL"
				  " OR revocation_reason IS NOT NULL"),
	    0);
}

START_TEST(reasons_have_names_and_numbers)
	{
		static const char *const names[] = { "unspecified", "keyCompromise", "cACompromise",
			"affiliationChanged", "superseded", "cessationOfOperation",
			"certificateHold", NULL, "removeFromCRL", "privilegeWithdrawn",
			"aACompromise", NULL };

		for (int i = -1; i < (int)COUNT(names); i++) {
			const char *expected = i < 0 ? NULL : names[i];

			ck_assert_pstr_eq(revoke_reason_name(i), expected);
			if (expected != NULL)
				ck_assert_int_eq(revoke_reason_number(expected), i);
		}
		ck_assert_int_eq(revoke_reason_number("keycompromise"), -1);
		ck_assert_int_eq(revoke_reason_number(""), -1);
	}
END_TEST

START_TEST(a_revocation_has_one_of_its_reasons)
	{
		static const int wrong[] = { 6, 7, 8, 11, -1, 257 };
		static const int right[] = { 0, 1, 2, 3, 4, 5, 9, 10 };
		struct revoke_request request = request_of(REVOCATION_REVOKE, 0);

		for (size_t i = 0; i < COUNT(wrong); i++) {
			request.reason = wrong[i];
			with_db_fails(ask(0, &request), ERR_BAD_REQUEST);
		}
		assert_untouched();
		request.reason = right[_i];
		with_db_ok(ask(0, &request));
		ck_assert_int_eq(with_db_sql("SELECT revocation_reason FROM certificate"
					     " WHERE status = 'revoked'"),
		    right[_i]);
		ck_assert_int_eq(with_db_sql("SELECT reason FROM revocation_event"), right[_i]);
	}
END_TEST

/* RFC 5280, 5.3.1: what leads from where to where; the last step is the one in question. */
static const struct {
	const char *after;
	enum revocation_action steps[3];
	unsigned count;
	bool allowed;
} TRANSITIONS[] = {
	{ "hgg", { REVOCATION_HOLD }, 1, true },
	{ "rgg", { REVOCATION_REVOKE }, 1, true },
	{ "ggg", { REVOCATION_RELEASE }, 1, false },
	{ "hgg", { REVOCATION_HOLD, REVOCATION_HOLD }, 2, false },
	{ "ggg", { REVOCATION_HOLD, REVOCATION_RELEASE }, 2, true },
	{ "rgg", { REVOCATION_HOLD, REVOCATION_REVOKE }, 2, true },
	{ "hgg", { REVOCATION_HOLD, REVOCATION_RELEASE, REVOCATION_HOLD }, 3, true },
	{ "ggg", { REVOCATION_HOLD, REVOCATION_RELEASE, REVOCATION_RELEASE }, 3, false },
	{ "rgg", { REVOCATION_REVOKE, REVOCATION_HOLD }, 2, false },
	{ "rgg", { REVOCATION_REVOKE, REVOCATION_RELEASE }, 2, false },
	{ "rgg", { REVOCATION_REVOKE, REVOCATION_REVOKE }, 2, false },
};

START_TEST(states_change_as_they_may_and_each_change_is_on_record)
	{
		size_t count = TRANSITIONS[_i].count;
		struct revoke_request last = request_of(TRANSITIONS[_i].steps[count - 1], 4);

		for (size_t i = 0; i + 1 < count; i++)
			act(0, TRANSITIONS[_i].steps[i], 4);
		if (TRANSITIONS[_i].allowed) {
			with_db_ok(ask(0, &last));
			assert_outcome(1, 0);
		} else {
			with_db_fails(ask(0, &last), ERR_CONFLICT);
			assert_outcome(99, 99);
			count--;
		}
		ck_assert_str_eq(states(), TRANSITIONS[_i].after);
		ck_assert_int_eq(count_of("revocation_event"), (int)count);
		ck_assert_int_eq(count_of("audit"), (int)count);
		ck_assert_int_eq(count_of("compromised_key"), 0);
	}
END_TEST

START_TEST(an_unknown_certificate_is_not_found)
	{
		struct revoke_request request = request_of(REVOCATION_REVOKE, 0);

		family[0].r.id = fixture_uuid('x');
		with_db_fails(ask(0, &request), ERR_NOT_FOUND);
		ck_assert_int_eq(count_of("audit"), 0);
	}
END_TEST

/* A whole lineage, whichever member is named; what its state forbids is counted, not changed. */
static const struct {
	const char *before; /* states of the family */
	enum revocation_action action;
	const char *after; /* NULL: a conflict */
	size_t changed;
} LINEAGES[] = {
	{ "ggg", REVOCATION_REVOKE, "rrr", 3 },
	{ "ghr", REVOCATION_REVOKE, "rrr", 2 },
	{ "rrh", REVOCATION_REVOKE, "rrr", 1 },
	{ "rrr", REVOCATION_REVOKE, NULL, 0 },
	{ "ggg", REVOCATION_HOLD, "hhh", 3 },
	{ "ghr", REVOCATION_HOLD, "hhr", 1 },
	{ "hhr", REVOCATION_HOLD, NULL, 0 },
	{ "hhh", REVOCATION_RELEASE, "ggg", 3 },
	{ "ghr", REVOCATION_RELEASE, "ggr", 1 },
	{ "ggr", REVOCATION_RELEASE, NULL, 0 },
};

START_TEST(a_whole_lineage_changes_as_far_as_it_may)
	{
		struct revoke_request request = request_of(LINEAGES[_i].action, 4);
		int before;

		for (size_t i = 0; i < COUNT(family); i++)
			if (LINEAGES[_i].before[i] != 'g')
				act(i,
				    LINEAGES[_i].before[i] == 'h' ? REVOCATION_HOLD
								  : REVOCATION_REVOKE,
				    5);
		before = (int)count_of("revocation_event");
		request.whole_lineage = true;
		if (LINEAGES[_i].after == NULL) {
			with_db_fails(ask(1, &request), ERR_CONFLICT);
			ck_assert_str_eq(states(), LINEAGES[_i].before);
			ck_assert_int_eq(count_of("audit"), before);
			return;
		}
		with_db_ok(ask(1, &request));
		assert_outcome(LINEAGES[_i].changed, 3 - LINEAGES[_i].changed);
		ck_assert_str_eq(states(), LINEAGES[_i].after);
		ck_assert_int_eq(count_of("revocation_event"), before + (int)LINEAGES[_i].changed);
		ck_assert_int_eq(count_of("audit"), before + 1);
		ck_assert_int_eq(count_of("certificate WHERE subject = 'CN=host4.example.test'"
					  " AND status = 'good'"),
		    1);
	}
END_TEST

static long long
is_compromised(const struct fixture_record *record)
{
	bool compromised = false;

	with_db_ok(
	    revocations_is_compromised(with_db, record->r.spki_hash, &compromised, &with_db_err));
	return compromised;
}

START_TEST(key_compromise_marks_the_lineage_and_the_key_alone)
	{
		act(1, REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);
		ck_assert_str_eq(states(), "grg");
		ck_assert_int_eq(count_of("certificate WHERE lineage_compromised"), 3);
		ck_assert_int_eq(count_of("certificate WHERE lineage_compromised AND subject ="
					  " 'CN=host4.example.test'"),
		    0);
		ck_assert(is_compromised(&family[1]));
		ck_assert(!is_compromised(&family[0]));
		/* the third has the key of the first */
		act(2, REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);
		ck_assert(is_compromised(&family[0]));
		act(0, REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);
		ck_assert_int_eq(count_of("compromised_key"), 2);
		ck_assert_int_eq(
		    count_of("compromised_key WHERE at BETWEEN UTC_TIMESTAMP() - INTERVAL 1"
			     " MINUTE AND UTC_TIMESTAMP()"),
		    2);
	}
END_TEST

START_TEST(no_other_reason_and_no_hold_marks_anything)
	{
		static const int others[] = { 0, 2, 3, 4, 5, 9, 10 };
		struct revoke_request hold = request_of(REVOCATION_HOLD, REVOKE_KEY_COMPROMISE);

		hold.whole_lineage = true;
		with_db_ok(ask(0, &hold));
		hold.action = REVOCATION_RELEASE;
		with_db_ok(ask(0, &hold));
		act(0, REVOCATION_REVOKE, others[_i]);
		ck_assert_int_eq(count_of("certificate WHERE lineage_compromised"), 0);
		ck_assert_int_eq(count_of("compromised_key"), 0);
	}
END_TEST

/* It was revoked for another reason before its key was known to be stolen. */
START_TEST(key_compromise_of_a_lineage_is_of_every_key_in_it)
	{
		struct revoke_request request =
		    request_of(REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);

		act(1, REVOCATION_REVOKE, 4);
		ck_assert(!is_compromised(&family[1]));
		request.whole_lineage = true;
		with_db_ok(ask(0, &request));
		assert_outcome(2, 1);
		ck_assert(is_compromised(&family[1]));
		ck_assert(is_compromised(&family[0]));
		ck_assert_int_eq(with_db_sql("SELECT revocation_reason FROM certificate WHERE"
					     " subject = 'CN=host2.example.test'"),
		    4);
	}
END_TEST

START_TEST(events_and_audit_say_who_what_and_from_where)
	{
		struct revoke_request request =
		    request_of(REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);
		struct uuid request_id = fixture_uuid('q');

		request.whole_lineage = true;
		request.request_id = &request_id;
		request.comment = "lost 'it'; at sea";
		with_db_ok(ask(2, &request));
		ck_assert_int_eq(count_of("audit WHERE actor = 'uid:7' AND remote_address ="
					  " '192.0.2.7' AND request_id = REPEAT('q', 16) AND"
					  " action = 'certificate.revoke' AND object_type ="
					  " 'certificate' AND object_name ="
					  " '50030303030303030303030303030303' AND outcome ="
					  " 'done' AND detail = 'keyCompromise, 3 of 3"
					  " certificates: lost ''it''; at sea'"),
		    1);
		ck_assert_int_eq(count_of("revocation_event WHERE actor = 'uid:7' AND"
					  " remote_address = '192.0.2.7' AND request_id ="
					  " REPEAT('q', 16) AND action = 'revoke' AND reason = 1"
					  " AND at BETWEEN UTC_TIMESTAMP() - INTERVAL 1 MINUTE AND"
					  " UTC_TIMESTAMP() AND comment ="
					  " 'lost ''it''; at sea'"),
		    3);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(DISTINCT certificate_id) FROM"
					     " revocation_event"),
		    3);
	}
END_TEST

/* Every character of two octets, at each place where a cut might fall. */
START_TEST(a_long_comment_is_kept_whole)
	{
		struct revoke_request request = request_of(REVOCATION_HOLD, 0);
		char comment[REVOKE_COMMENT_MAX + 2] = "";
		size_t len = (size_t)_i;

		memset(comment, 'x', len);
		while (len + 2 <= REVOKE_COMMENT_MAX) {
			memcpy(comment + len, "\xc3\xa4", 3);
			len += 2;
		}
		request.comment = comment;
		with_db_ok(ask(0, &request));
		ck_assert_int_eq(count_of("revocation_event JOIN audit ON detail = CONCAT("
					  "'certificateHold, 1 of 1 certificates: ', comment)"),
		    1);
	}
END_TEST

START_TEST(a_comment_is_short_and_clean)
	{
		static char longest[REVOKE_COMMENT_MAX + 2];
		const char *const wrong[] = { longest, "\xc3", "x\xe4y", "two\nlines", "\x1b[31m",
			"\xed\xa0\x80" };
		struct revoke_request request = request_of(REVOCATION_HOLD, 0);

		memset(longest, 'x', sizeof(longest) - 1);
		for (size_t i = 0; i < COUNT(wrong); i++) {
			request.comment = wrong[i];
			with_db_fails(ask(0, &request), ERR_BAD_REQUEST);
		}
		assert_untouched();
		longest[REVOKE_COMMENT_MAX] = '\0';
		request.comment = longest;
		with_db_ok(ask(0, &request));
		request = request_of(REVOCATION_RELEASE, 0);
		request.comment = "";
		with_db_ok(ask(0, &request));
	}
END_TEST

/* A table that takes no row: whatever was written before it is undone. */
static const char *const FAILING[] = { "audit", "compromised_key", "revocation_event" };

START_TEST(without_its_records_nothing_is_revoked)
	{
		struct revoke_request request =
		    request_of(REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);

		with_db_sql("CREATE TRIGGER refuse BEFORE INSERT ON %s FOR EACH ROW"
			    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'",
		    FAILING[_i]);
		with_db_fails(ask(0, &request), ERR_DATABASE);
		assert_outcome(99, 99);
		assert_untouched();
		request.whole_lineage = true;
		with_db_fails(ask(0, &request), ERR_DATABASE);
		assert_untouched();
		with_db_sql("DROP TRIGGER refuse");
		with_db_ok(ask(0, &request));
		ck_assert_str_eq(states(), "rrr");
	}
END_TEST

/* Renewals on another node of a Galera cluster make a commit fail, time and again. */
START_TEST(whoever_is_in_the_way_for_long_does_not_stop_a_revocation)
	{
		struct revoke_request request =
		    request_of(REVOCATION_REVOKE, REVOKE_KEY_COMPROMISE);

		fault.number = ER_LOCK_DEADLOCK;
		fault.times = 12;
		request.whole_lineage = true;
		with_db_ok(ask(0, &request));
		ck_assert_uint_eq(fault.failed, 12);
		assert_outcome(3, 0);
		ck_assert_str_eq(states(), "rrr");
		ck_assert_int_eq(count_of("revocation_event"), 3);
		ck_assert_int_eq(count_of("audit"), 1);
	}
END_TEST

START_TEST(a_lost_commit_is_told_and_not_repeated)
	{
		struct revoke_request request = request_of(REVOCATION_REVOKE, 4);

		fault.number = CR_SERVER_LOST;
		fault.times = 2;
		with_db_fails(ask(0, &request), ERR_DATABASE);
		ck_assert_uint_eq(fault.failed, 1);
		assert_untouched();
		fault.times = 0;
		fault.failed = 0;
		with_db_ok(ask(0, &request));
	}
END_TEST

static TCase *
one_case(void)
{
	TCase *tc = tcase_create("one certificate");

	tcase_add_test(tc, reasons_have_names_and_numbers);
	tcase_add_loop_test(tc, a_revocation_has_one_of_its_reasons, 0, 8);
	tcase_add_loop_test(
	    tc, states_change_as_they_may_and_each_change_is_on_record, 0, (int)COUNT(TRANSITIONS));
	tcase_add_test(tc, an_unknown_certificate_is_not_found);
	tcase_add_test(tc, events_and_audit_say_who_what_and_from_where);
	tcase_add_loop_test(tc, a_long_comment_is_kept_whole, 0, 2);
	tcase_add_test(tc, a_comment_is_short_and_clean);
	tcase_add_loop_test(tc, without_its_records_nothing_is_revoked, 0, (int)COUNT(FAILING));
	return tc;
}

static TCase *
lineage_case(void)
{
	TCase *tc = tcase_create("lineage");

	tcase_add_loop_test(tc, a_whole_lineage_changes_as_far_as_it_may, 0, (int)COUNT(LINEAGES));
	tcase_add_test(tc, key_compromise_marks_the_lineage_and_the_key_alone);
	tcase_add_loop_test(tc, no_other_reason_and_no_hold_marks_anything, 0, 7);
	tcase_add_test(tc, key_compromise_of_a_lineage_is_of_every_key_in_it);
	tcase_add_test(tc, whoever_is_in_the_way_for_long_does_not_stop_a_revocation);
	tcase_add_test(tc, a_lost_commit_is_told_and_not_repeated);
	return tc;
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("revoke");
	TCase *cases[] = { one_case(), lineage_case() };

	(void)argc;
	with_db_ensure(argv);
	for (size_t i = 0; i < COUNT(cases); i++) {
		tcase_add_checked_fixture(cases[i], setup, teardown);
		tcase_set_timeout(cases[i], 60);
		suite_add_tcase(suite, cases[i]);
	}
	return with_db_run(suite);
}

/* Issuing on the authority of another certificate, its faults and races, against a real MariaDB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errmsg.h>
#include <mysqld_error.h>
#include <sys/wait.h>

#include "fixture_store.h"
#include "store/certificates.h"
#include "store/revocations.h"

enum { FAULTS = 4 };

/* The statement that is made to fail: what the next executions of it answer, whatever they do. */
static struct {
	const char *prefix;
	unsigned numbers[FAULTS]; /* 0: the truth */
	bool runs[FAULTS];        /* whether it is carried out before it fails */
	unsigned at;
	unsigned executed;
	const char *then; /* run as root on the connection that follows a failure */
	int tell, wait;   /* before it is executed, tell a pipe and wait for the other */
} fault = { .tell = -1, .wait = -1 };
static MYSQL_STMT *failing;

int STDCALL
mysql_stmt_prepare(MYSQL_STMT *stmt, const char *query, unsigned long length)
{
	int (*real)(MYSQL_STMT *, const char *, unsigned long);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_prepare");
	if (fault.then != NULL && fault.executed > 0) {
		with_db_sql("%s", fault.then);
		fault.then = NULL;
	}
	if (fault.prefix != NULL && strncmp(query, fault.prefix, strlen(fault.prefix)) == 0)
		failing = stmt;
	else if (stmt == failing)
		failing = NULL;
	return real(stmt, query, length);
}

static void
pause_here(void)
{
	char octet = 'x';

	if (fault.tell < 0)
		return;
	ck_assert_int_eq(write(fault.tell, &octet, 1), 1);
	ck_assert_int_eq(read(fault.wait, &octet, 1), 1);
}

int STDCALL
mysql_stmt_execute(MYSQL_STMT *stmt)
{
	int (*real)(MYSQL_STMT *);
	unsigned number;

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_execute");
	if (stmt != failing)
		return real(stmt);
	pause_here();
	fault.executed++;
	number = fault.at < FAULTS ? fault.numbers[fault.at++] : 0;
	if (number == 0 || fault.runs[fault.at - 1]) {
		int result = real(stmt);

		if (number == 0 || result != 0)
			return result;
	}
	stmt->last_errno = number;
	(void)snprintf(stmt->last_error, sizeof(stmt->last_error), "made to fail with %u", number);
	return 1;
}

#define CLAIM "UPDATE certificate SET renewals"
#define INSERT "INSERT INTO certificate "
#define COMMIT "COMMIT"

static struct fixture_record old, new;

static void
setup(void)
{
	fixture_store_setup();
	fixture_record(1, &old);
	fixture_insert(&old);
	fixture_renewal(2, &old, &new);
	db_disconnect(with_db); /* so that every statement is prepared again */
}

static void
teardown(void)
{
	with_db_teardown();
}

static int
insert_claimed(void)
{
	error_clear(&with_db_err);
	return certificates_insert_claimed(with_db, &new.r, &old.r.id, &with_db_err);
}

static long long
certificates(void)
{
	return with_db_sql("SELECT COUNT(*) FROM certificate");
}

static long long
renewals(void)
{
	return with_db_sql("SELECT renewals FROM certificate WHERE issued_at ="
			   " FROM_UNIXTIME(%d)",
	    FIXTURE_ISSUED + 1);
}

START_TEST(a_good_certificate_is_claimed_again_and_again)
	{
		with_db_ok(insert_claimed());
		ck_assert_int_eq(renewals(), 1);
		fixture_renewal(3, &old, &new);
		with_db_ok(insert_claimed());
		ck_assert_int_eq(renewals(), 2);
		ck_assert_int_eq(certificates(), 3);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate c JOIN certificate o"
					     " ON c.requester_certificate = o.id AND c.renewed_from"
					     " = o.id AND c.lineage = o.id"),
		    2);
		ck_assert_int_eq(with_db_sql("SELECT SUM(requester_certificate IS NULL)"
					     " FROM certificate"),
		    1);
	}
END_TEST

static const char *const NO_CLAIM[] = {
	"UPDATE certificate SET status = 'hold'",
	"UPDATE certificate SET status = 'revoked'",
	"UPDATE certificate SET lineage_compromised = TRUE",
	"UPDATE certificate SET id = REPEAT('x', 16)",
	"INSERT INTO lineage_gate (lineage, closed) SELECT lineage, TRUE FROM certificate",
	("INSERT INTO lineage_gate SELECT lineage, TRUE, UTC_TIMESTAMP() - INTERVAL 590 SECOND"
	 " FROM certificate"),
};

START_TEST(what_is_not_good_is_not_claimed)
	{
		with_db_sql("%s", NO_CLAIM[_i]);
		with_db_fails(insert_claimed(), ERR_CLIENT_CERT);
		ck_assert_int_eq(certificates(), 1);
		ck_assert_int_eq(with_db_sql("SELECT SUM(renewals) FROM certificate"), 0);
	}
END_TEST

/* The one who closed it has ended without opening it, or has opened it. */
static const char *const NO_GATE[] = {
	("INSERT INTO lineage_gate SELECT lineage, TRUE, UTC_TIMESTAMP() - INTERVAL 600 SECOND"
	 " FROM certificate"),
	"INSERT INTO lineage_gate SELECT lineage, FALSE, UTC_TIMESTAMP() FROM certificate",
	"INSERT INTO lineage_gate VALUES (REPEAT('x', 16), TRUE, UTC_TIMESTAMP())",
};

START_TEST(a_gate_that_is_not_closed_any_more_keeps_nobody_off)
	{
		with_db_sql("%s", NO_GATE[_i]);
		with_db_ok(insert_claimed());
		ck_assert_int_eq(renewals(), 1);
	}
END_TEST

START_TEST(without_an_insert_there_is_no_claim)
	{
		new.r.serial = old.r.serial;
		with_db_fails(insert_claimed(), ERR_CONFLICT);
		ck_assert_int_eq(with_db_err.number, ER_DUP_ENTRY);
		new.r.serial = bytes_of(new.serial, 16);
		new.r.type = "a type of more than thirty-two characters";
		with_db_fails(insert_claimed(), ERR_DATABASE);
		ck_assert_int_eq(with_db_err.number, ER_DATA_TOO_LONG);
		ck_assert_int_eq(certificates(), 1);
		ck_assert_int_eq(renewals(), 0);
	}
END_TEST

static const struct {
	const char *prefix;
	unsigned numbers[FAULTS];
	bool runs[FAULTS];
	int result;
	unsigned executed;
	int issued;
} OUTCOMES[] = {
	/* committed, then lost: the second attempt finds it, and its own claim is undone */
	{ COMMIT, { CR_SERVER_LOST }, { true }, 0, 1, 1 },
	{ COMMIT, { CR_SERVER_GONE_ERROR }, { true }, 0, 1, 1 },
	{ COMMIT, { ER_ERROR_DURING_COMMIT }, { true }, 0, 1, 1 },
	/* lost before it arrived: the second attempt does it */
	{ COMMIT, { CR_SERVER_LOST }, { false }, 0, 2, 1 },
	{ COMMIT, { CR_SERVER_GONE_ERROR }, { false }, 0, 2, 1 },
	{ COMMIT, { ER_ERROR_DURING_COMMIT }, { false }, 0, 2, 1 },
	/* lost in the middle, so rolled back */
	{ CLAIM, { CR_SERVER_LOST }, { true }, 0, 2, 1 },
	{ CLAIM, { CR_SERVER_GONE_ERROR }, { false }, 0, 2, 1 },
	{ INSERT, { CR_SERVER_LOST }, { true }, 0, 2, 1 },
	{ INSERT, { CR_SERVER_LOST }, { false }, 0, 2, 1 },
	/* known not to have happened; tried again with the claim */
	{ CLAIM, { ER_LOCK_DEADLOCK }, { false }, 0, 2, 1 },
	{ INSERT, { ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT }, { false }, 0, 3, 1 },
	{ COMMIT, { ER_LOCK_DEADLOCK }, { false }, 0, 2, 1 },
	{ COMMIT, { ER_UNKNOWN_COM_ERROR }, { false }, 0, 2, 1 },
	{ COMMIT, { CR_SERVER_LOST, ER_LOCK_DEADLOCK }, { false, false }, 0, 3, 1 },
	/* two losses in a row are an outage */
	{ COMMIT, { CR_SERVER_LOST, CR_SERVER_LOST }, { false, false }, -1, 2, 0 },
	{ COMMIT, { CR_SERVER_LOST, CR_SERVER_LOST }, { false, true }, -1, 2, 1 },
	{ INSERT, { CR_SERVER_LOST, CR_SERVER_LOST }, { true, true }, -1, 2, 0 },
	{ CLAIM, { ER_DATA_TOO_LONG }, { false }, -1, 1, 0 },
};

static void
inject(int which)
{
	fault.prefix = OUTCOMES[which].prefix;
	memcpy(fault.numbers, OUTCOMES[which].numbers, sizeof(fault.numbers));
	memcpy(fault.runs, OUTCOMES[which].runs, sizeof(fault.runs));
}

START_TEST(an_unknown_outcome_is_settled_claim_and_all)
	{
		inject(_i);
		if (OUTCOMES[_i].result == 0)
			with_db_ok(insert_claimed());
		else
			with_db_fails(insert_claimed(), ERR_DATABASE);
		ck_assert_uint_eq(fault.executed, OUTCOMES[_i].executed);
		ck_assert_int_eq(certificates(), 1 + OUTCOMES[_i].issued);
		ck_assert_int_eq(renewals(), OUTCOMES[_i].issued);
	}
END_TEST

START_TEST(a_revocation_after_the_lost_commit_makes_no_difference)
	{
		fault.prefix = COMMIT;
		fault.numbers[0] = CR_SERVER_LOST;
		fault.runs[0] = _i == 0;
		fault.then = "UPDATE certificate SET status = 'revoked'";
		if (_i == 0) {
			with_db_ok(insert_claimed());
			ck_assert_int_eq(
			    with_db_sql("SELECT SUM(status = 'revoked') FROM certificate"), 2);
		} else {
			with_db_fails(insert_claimed(), ERR_CLIENT_CERT);
			ck_assert_int_eq(certificates(), 1);
		}
	}
END_TEST

START_TEST(another_certificate_of_the_serial_is_no_success)
	{
		fixture_record(3, &new);
		fixture_insert(&new);
		fixture_renewal(2, &old, &new);
		new.serial[1] = 3;
		memset(new.serial + 1, 3, sizeof(new.serial) - 1);
		fault.prefix = COMMIT;
		fault.numbers[0] = CR_SERVER_LOST;
		with_db_fails(insert_claimed(), ERR_CONFLICT);
		ck_assert_int_eq(certificates(), 2);
		ck_assert_int_eq(renewals(), 0);
	}
END_TEST

START_TEST(the_loss_of_an_idle_connection_costs_nothing)
	{
		with_db_ok(db_ping(with_db, &with_db_err));
		with_db_kill(
		    with_db_admin, with_db_sql("SELECT ID FROM information_schema.PROCESSLIST"
					       " WHERE DB = DATABASE() AND ID <> CONNECTION_ID()"));
		with_db_ok(insert_claimed());
		ck_assert_int_eq(renewals(), 1);
	}
END_TEST

START_TEST(the_certificates_of_a_lineage_are_counted)
	{
		static const struct {
			int64_t since;
			int64_t count;
		} cases[] = { { 0, 3 }, { FIXTURE_ISSUED + 1, 3 }, { FIXTURE_ISSUED + 2, 2 },
			{ FIXTURE_ISSUED + 3, 1 }, { FIXTURE_ISSUED + 4, 0 } };
		struct uuid nobody = fixture_uuid('n');
		int64_t count = -1;

		with_db_ok(insert_claimed());
		fixture_renewal(3, &old, &new);
		with_db_ok(insert_claimed());
		fixture_record(4, &new); /* a lineage of its own */
		fixture_insert(&new);
		with_db_ok(certificates_count_lineage_since(
		    with_db, &old.r.lineage, cases[_i].since, &count, &with_db_err));
		ck_assert_int_eq(count, cases[_i].count);
		with_db_ok(certificates_count_lineage_since(
		    with_db, &nobody, cases[_i].since, &count, &with_db_err));
		ck_assert_int_eq(count, 0);
	}
END_TEST

static int
revoke_one(const struct uuid *id, void *arg, struct error *err)
{
	struct revocation_event event = { .id = uuid_new(),
		.certificate_id = *id,
		.action = REVOCATION_REVOKE,
		.reason = 1,
		.at = FIXTURE_ISSUED,
		.actor = "uid:0",
		.remote_address = "" };
	bool changed = false;

	return revocations_apply(arg, &event, &changed, err);
}

static int
revoke_lineage(struct db *db, void *arg, struct error *err)
{
	(void)arg;
	if (revocations_lock_lineage(db, &old.r.lineage, revoke_one, db, err) < 0)
		return -1;
	return revocations_mark_lineage(db, &old.r.lineage, err);
}

/* What a process ends with: the error's code. */
static int
run_revoke(struct db *db, struct error *err)
{
	return db_transaction(db, revoke_lineage, NULL, err);
}

static int
run_issue(struct db *db, struct error *err)
{
	return certificates_insert_claimed(db, &new.r, &old.r.id, err);
}

/* Runs it in a process and on a connection of its own. */
static pid_t
start(int (*run)(struct db *db, struct error *err))
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct db *db = db_new(&with_db_settings);
		struct error err = { .code = ERR_NONE };

		if (run(db, &err) < 0 && err.code != ERR_CLIENT_CERT)
			(void)fprintf(stderr, "%s\n", err.text);
		db_free(db);
		_exit((int)err.code);
	}
	return pid;
}

static int
finish(pid_t pid)
{
	int status = -1;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Until somebody waits for a lock; InnoDB renews that table after 100 ms without a look at it. */
static void
await_lock_wait(void)
{
	for (int i = 0; i < 250; i++) {
		with_db_sleep_ms(120);
		if (with_db_sql("SELECT COUNT(*) FROM information_schema.INNODB_TRX"
				" WHERE trx_state = 'LOCK WAIT'") > 0)
			return;
	}
	ck_abort_msg("nobody waits for a lock");
}

/* Makes `prefix` tell *told and wait for *go in what is started from here. */
static void
hold_before(const char *prefix, int *told, int *go)
{
	int out[2], in[2];

	ck_assert_int_eq(pipe(out), 0);
	ck_assert_int_eq(pipe(in), 0);
	fault.prefix = prefix;
	fault.tell = out[1];
	fault.wait = in[0];
	*told = out[0];
	*go = in[1];
}

static int
mark_lineage(struct db *db, void *arg, struct error *err)
{
	(void)arg;
	return revocations_mark_lineage(db, &old.r.lineage, err);
}

static int
run_mark(struct db *db, struct error *err)
{
	return db_transaction(db, mark_lineage, NULL, err);
}

typedef int (*run_fn)(struct db *db, struct error *err);

/* The first is held before a statement, the second started, the first let go when that one waits.
 */
static void
race(const char *prefix, run_fn first, run_fn second, int codes[2])
{
	char octet;
	int told, go;
	pid_t a, b;

	hold_before(prefix, &told, &go);
	a = start(first);
	ck_assert_int_eq(read(told, &octet, 1), 1);
	fault.prefix = NULL;
	b = start(second);
	await_lock_wait();
	ck_assert_int_eq(write(go, "x", 1), 1);
	codes[0] = finish(a);
	codes[1] = finish(b);
}

START_TEST(what_is_issued_while_its_lineage_is_revoked_is_refused)
	{
		int codes[2];

		race(COMMIT, _i == 0 ? run_revoke : run_mark, run_issue, codes);
		ck_assert_int_eq(codes[0], ERR_NONE);
		ck_assert_int_eq(codes[1], ERR_CLIENT_CERT);
		ck_assert_int_eq(certificates(), 1);
	}
END_TEST

/* Held when all is done or half of it; the clock goes right, or is behind by a second, so that the
 * new one comes to stand before the old. */
static void
race_with_issue(int which, run_fn second)
{
	int codes[2];

	new.r.issued_at = which < 2 ? new.r.issued_at : old.r.issued_at - 1;
	race(which % 2 == 0 ? COMMIT : INSERT, run_issue, second, codes);
	ck_assert_int_eq(codes[0], ERR_NONE);
	ck_assert_int_eq(codes[1], ERR_NONE);
	ck_assert_int_eq(certificates(), 2);
	ck_assert_int_eq(with_db_sql("SELECT SUM(lineage_compromised) FROM certificate"), 2);
}

START_TEST(a_revocation_waits_for_an_issue_under_way_and_takes_it_too)
	{
		race_with_issue(_i, run_revoke);
		ck_assert_int_eq(with_db_sql("SELECT SUM(status = 'revoked') FROM certificate"), 2);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM revocation_event"), 2);
	}
END_TEST

START_TEST(a_marked_lineage_takes_in_what_is_under_way)
	{
		race_with_issue(_i, run_mark);
		ck_assert_int_eq(with_db_sql("SELECT SUM(status = 'good') FROM certificate"), 2);
	}
END_TEST

START_TEST(whoever_comes_first_no_good_certificate_is_left)
	{
		pid_t pids[2];
		int code;

		/* A clock that is behind sorts it before the old one. */
		new.r.issued_at = FIXTURE_ISSUED + (_i % 2 == 0 ? 2 : 0);
		pids[0] = start(_i % 4 < 2 ? run_issue : run_revoke);
		pids[1] = start(_i % 4 < 2 ? run_revoke : run_issue);
		code = finish(pids[_i % 4 < 2 ? 0 : 1]);
		ck_assert_int_eq(finish(pids[_i % 4 < 2 ? 1 : 0]), ERR_NONE);
		ck_assert(code == ERR_NONE || code == ERR_CLIENT_CERT);
		ck_assert_int_eq(certificates(), code == ERR_NONE ? 2 : 1);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM certificate WHERE status = 'good'"), 0);
	}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("certificates");
	TCase *tc = tcase_create("certificates");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_good_certificate_is_claimed_again_and_again);
	tcase_add_loop_test(tc, what_is_not_good_is_not_claimed, 0, LENGTH(NO_CLAIM));
	tcase_add_loop_test(
	    tc, a_gate_that_is_not_closed_any_more_keeps_nobody_off, 0, LENGTH(NO_GATE));
	tcase_add_test(tc, without_an_insert_there_is_no_claim);
	tcase_add_loop_test(tc, an_unknown_outcome_is_settled_claim_and_all, 0, LENGTH(OUTCOMES));
	tcase_add_loop_test(tc, a_revocation_after_the_lost_commit_makes_no_difference, 0, 2);
	tcase_add_test(tc, another_certificate_of_the_serial_is_no_success);
	tcase_add_test(tc, the_loss_of_an_idle_connection_costs_nothing);
	tcase_add_loop_test(tc, the_certificates_of_a_lineage_are_counted, 0, 5);
	tcase_add_loop_test(tc, what_is_issued_while_its_lineage_is_revoked_is_refused, 0, 2);
	tcase_add_loop_test(tc, a_revocation_waits_for_an_issue_under_way_and_takes_it_too, 0, 4);
	tcase_add_loop_test(tc, a_marked_lineage_takes_in_what_is_under_way, 0, 4);
	tcase_add_loop_test(tc, whoever_comes_first_no_good_certificate_is_left, 0, 12);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

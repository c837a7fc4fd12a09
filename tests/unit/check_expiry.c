/* The job "expiry": who is warned of, the command that is run for it, and what has ended. */
#include "enroll/jobs/expiry.h"

#include <fcntl.h>
#include <signal.h>

#include "base/clock.h"
#include "enroll/jobs/warn_command.h"
#include "fixture_store.h"
#include "store/expiring.h"
#include "store/jobs.h"

enum { NOW = 1760000000, WARN_DAYS = 30, TEXT_MAX = 4096 };

static char folder[128], command[160], output[160], told[TEXT_MAX];
static const struct keyring *keyring;

static void
write_command(const char *body)
{
	FILE *file = fopen(command, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(fprintf(file, "#!/bin/sh\n%s\n", body), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(command, 0755), 0);
}

static void
setup(void)
{
	static char nothing[] = "";

	fixture_store_setup();
	(void)snprintf(folder, sizeof(folder), "/tmp/certwright-expiry-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(command, sizeof(command), "%s/warn", folder);
	(void)snprintf(output, sizeof(output), "%s/told", folder);
	with_db_settings.maintain.warn_days = WARN_DAYS;
	with_db_settings.maintain.warn_command = nothing;
	with_db_settings.ocsp.use_authorized_responder = true;
	/* only whether there is one is looked at */
	keyring = (const struct keyring *)(const void *)folder;
	told[0] = '\0';
}

static void
teardown(void)
{
	(void)unlink(command);
	(void)unlink(output);
	ck_assert_int_eq(rmdir(folder), 0);
	with_db_teardown();
}

/* The generation of the fixture, or another one of its authority, ends so many seconds from NOW. */
static void
ca_ends(long long in_s)
{
	with_db_sql("UPDATE authority_generation SET not_before = '2020-01-01', not_after ="
		    " FROM_UNIXTIME(%lld) WHERE label = 'demo-1'",
	    NOW + in_s);
}

static void
add_generation(unsigned number, const char *state, long long in_s)
{
	with_db_sql("INSERT INTO authority_generation (id, authority_id, number, label, key_id,"
		    " state, subject, certificate, not_before, not_after, created_at) VALUES"
		    " (REPEAT('%u', 16), REPEAT('a', 16), %u, 'demo-%u', REPEAT('k', 16), '%s',"
		    " 'CN=Demo', 'the CA', '2020-01-01', FROM_UNIXTIME(%lld), UTC_TIMESTAMP())",
	    number, number, number, state, NOW + in_s);
}

static void
add_leaf(uint8_t number, char generation, int64_t in_s)
{
	struct fixture_record leaf;

	fixture_record(number, &leaf);
	leaf.r.generation_id = fixture_uuid((uint8_t)generation);
	leaf.r.not_after = NOW + in_s;
	fixture_insert(&leaf);
}

static void
add_ra(uint8_t number, char key, int64_t in_s)
{
	add_leaf(number, 'g', in_s);
	with_db_sql("INSERT IGNORE INTO managed_key VALUES (REPEAT('%c', 16), 'ra-%c', 'rsa', 2048,"
		    " 'file:y', NULL, 'y', 'scep', 'active', UTC_TIMESTAMP())",
	    key, key);
	with_db_sql("INSERT INTO ra_certificate SELECT id, REPEAT('a', 16), REPEAT('%c', 16),"
		    " UTC_TIMESTAMP() FROM certificate WHERE subject = 'CN=host%u.example.test'",
	    key, number);
}

static void
add_responder(char id, char generation, long long begun_s, long long in_s)
{
	with_db_sql(
	    "INSERT INTO ocsp_responder VALUES (REPEAT('%c', 16), REPEAT('%c', 16), 'x', 'x',"
	    " FROM_UNIXTIME(%lld), FROM_UNIXTIME(%lld), UTC_TIMESTAMP())",
	    id, generation, NOW - begun_s, NOW + in_s);
}

static int
tell(const struct expiring *expiring, void *arg, struct error *err)
{
	size_t len = strlen(told);

	(void)arg;
	(void)err;
	(void)snprintf(told + len, sizeof(told) - len, "%s %s %lld\n",
	    expiring_kind_name(expiring->kind), expiring->name,
	    (long long)expiring->not_after - NOW);
	return 0;
}

static const char *
expiring(void)
{
	const struct expiring_query query = { NOW, WARN_DAYS, true };

	told[0] = '\0';
	with_db_ok(expiring_each(with_db, &query, tell, NULL, &with_db_err));
	return told;
}

#define END (WARN_DAYS * FIXTURE_DAY)

START_TEST(a_ca_is_warned_of_within_its_last_days)
	{
		ca_ends(END);
		ck_assert_str_eq(expiring(), "");
		ca_ends(END - 1);
		ck_assert_str_eq(expiring(), "ca demo-1 2591999\n");
		ca_ends(-1);
		ck_assert_str_eq(expiring(), "ca demo-1 -1\n");
	}
END_TEST

START_TEST(a_retired_ca_counts_while_it_has_good_leaves)
	{
		add_generation(2, "retired", 1000);
		add_generation(3, "pending", 1000);
		add_generation(4, "expired", -1000);
		add_generation(5, "retired", -1);
		ca_ends(2 * END);
		ck_assert_str_eq(expiring(), "");
		add_leaf(1, '2', 0); /* has just ended */
		add_leaf(2, '5', 1000);
		ck_assert_str_eq(expiring(), "");
		add_leaf(3, '2', 1000);
		ck_assert_str_eq(expiring(), "ca demo-2 1000\n");
		with_db_sql("UPDATE certificate SET status = 'revoked'"
			    " WHERE subject = 'CN=host3.example.test'");
		ck_assert_str_eq(expiring(), "");
		add_leaf(4, '2', 1);
		ck_assert_str_eq(expiring(), "ca demo-2 1000\n");
		/* a responder of its own is none */
		with_db_sql(
		    "INSERT INTO ocsp_responder SELECT id, generation_id, 'x', 'x', not_before,"
		    " not_after, issued_at FROM certificate"
		    " WHERE subject = 'CN=host4.example.test'");
		ck_assert_str_eq(expiring(), "ocsp-responder demo-2 1\n");
	}
END_TEST

START_TEST(an_ra_certificate_counts_while_it_can_be_used)
	{
		ca_ends(2 * END);
		add_ra(1, 'x', END);
		ck_assert_str_eq(expiring(), "");
		add_ra(2, 'y', END - 1);
		ck_assert_str_eq(expiring(), "ra CN=host2.example.test 2591999\n");
		with_db_sql("UPDATE managed_key SET state = 'retired' WHERE name = 'ra-y'");
		ck_assert_str_eq(expiring(), "");
		add_ra(3, 'z', 0); /* has ended */
		ck_assert_str_eq(expiring(), "");
		with_db_sql("INSERT INTO scep_profile (id, name, enabled, revision,"
			    " ca_certificate_id, include_ca_certificate, include_ca_chain,"
			    " enable_intune, issue_attributes, custom_attributes, created_at)"
			    " SELECT REPEAT('s', 16), 's', 1, 1, id, 0, 0, 0, '[]', '[]',"
			    " UTC_TIMESTAMP() FROM certificate WHERE subject ="
			    " 'CN=host3.example.test'");
		ck_assert_str_eq(expiring(), "ra CN=host3.example.test 0\n");
		with_db_sql("UPDATE certificate SET status = 'revoked'");
		ck_assert_str_eq(expiring(), "");
	}
END_TEST

/* Of 1000 seconds the last 100 are too few. */
START_TEST(a_responder_counts_once_its_successor_is_overdue)
	{
		ca_ends(2 * END);
		add_responder('1', 'g', 900, 100);
		ck_assert_str_eq(expiring(), "");
		add_responder('2', 'g', 901, 99);
		ck_assert_str_eq(expiring(), ""); /* the other one lasts longer */
		with_db_sql("DELETE FROM ocsp_responder WHERE id = REPEAT('1', 16)");
		ck_assert_str_eq(expiring(), "ocsp-responder demo-1 99\n");
		with_db_sql(
		    "UPDATE authority_generation SET not_after = FROM_UNIXTIME(%d)", NOW + 99);
		ck_assert_str_eq(expiring(), "ca demo-1 99\n");
	}
END_TEST

START_TEST(without_days_there_is_no_warning)
	{
		const struct expiring_query query = { NOW, 0, true };

		ca_ends(5);
		with_db_ok(expiring_each(with_db, &query, tell, NULL, &with_db_err));
		ck_assert_str_eq(told, "");
	}
END_TEST

static int
run_job(const char *then)
{
	const struct job_claim claim = { .name = "expiry", .holder = "test", .lease_s = 60 };
	struct job_context context = { .settings = &with_db_settings,
		.db = with_db,
		.keyring = keyring,
		.now = NOW,
		.lease_s = 60 };
	struct job_lease lease;
	bool is_claimed = false;

	with_db_ok(jobs_claim(with_db, &claim, &lease, &is_claimed, &with_db_err));
	ck_assert(is_claimed);
	if (then != NULL)
		with_db_sql("%s", then);
	context.lease = &lease;
	return expiry_job.run(&context, &with_db_err);
}

static const char *
output_text(void)
{
	static char text[TEXT_MAX];
	FILE *file = fopen(output, "re");
	size_t len;

	if (file == NULL)
		return "";
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	(void)fclose(file);
	return text;
}

START_TEST(the_command_is_told_of_each_once)
	{
		char body[256];

		(void)setenv("SECRET_OF_OURS", "1", 1);
		(void)snprintf(body, sizeof(body),
		    "env | grep -v -e ^PWD -e ^_ -e ^SHLVL | sort >>%s", output);
		write_command(body);
		with_db_settings.maintain.warn_command = command;
		ca_ends(FIXTURE_DAY - 1);
		add_ra(1, 'x', -1);
		add_ra(2, 'y', 2 * FIXTURE_DAY);
		with_db_ok(run_job(NULL));
		ck_assert_str_eq(output_text(),
		    "CERTWRIGHT_DAYS_LEFT=0\nCERTWRIGHT_KIND=ca\nCERTWRIGHT_NAME=demo-1\n"
		    "CERTWRIGHT_NOT_AFTER=2025-10-10T08:53:19Z\n"
		    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		    "CERTWRIGHT_DAYS_LEFT=2\nCERTWRIGHT_KIND=ra\n"
		    "CERTWRIGHT_NAME=CN=host2.example.test\n"
		    "CERTWRIGHT_NOT_AFTER=2025-10-11T08:53:20Z\n"
		    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
	}
END_TEST

START_TEST(a_command_that_fails_stops_no_other_warning)
	{
		char body[256];

		(void)snprintf(body, sizeof(body), "echo x >>%s; exit 3", output);
		write_command(body);
		with_db_settings.maintain.warn_command = command;
		ca_ends(1);
		add_ra(1, 'x', 1);
		with_db_ok(run_job(NULL));
		ck_assert_str_eq(output_text(), "x\nx\n");
	}
END_TEST

START_TEST(what_has_ended_is_expired)
	{
		add_generation(2, "retired", 0);
		add_generation(3, "retired", 1);
		ca_ends(-1);
		with_db_ok(run_job(NULL));
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM authority_generation WHERE state ="
				" 'expired'"),
		    1);
		ck_assert_int_eq(with_db_sql("SELECT number FROM authority_generation WHERE state ="
					     " 'expired'"),
		    2);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'ca.expire' AND"
				" object_name = 'demo-2'"),
		    1);
	}
END_TEST

START_TEST(a_database_whose_clock_is_ahead_expires_nothing)
	{
		add_generation(2, "retired", 0);
		clock_fix(NOW - 1);
		with_db_ok(run_job(NULL));
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM authority_generation WHERE state ="
				" 'expired'"),
		    0);
		with_db_sql("UPDATE job SET lease_until = NULL");
		clock_fix(NOW);
		with_db_ok(run_job(NULL));
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM authority_generation WHERE state ="
				" 'expired'"),
		    1);
	}
END_TEST

START_TEST(who_has_lost_the_lease_changes_nothing)
	{
		add_generation(2, "retired", 0);
		ck_assert_int_eq(run_job("UPDATE job SET token = token + 1"), -1);
		ck_assert_int_eq(with_db_err.code, ERR_CONFLICT);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM authority_generation WHERE state ="
				" 'expired'"),
		    0);
	}
END_TEST

static const char *const NOTHING[] = { NULL };

START_TEST(a_command_that_others_can_change_is_not_run)
	{
		struct error err = { .code = ERR_NONE };

		write_command("exit 0");
		ck_assert_int_eq(warn_command_run(command, NOTHING, 5000, &err), 0);
		ck_assert_int_eq(chmod(command, 0775), 0);
		ck_assert_int_eq(warn_command_run(command, NOTHING, 5000, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		error_clear(&err);
		ck_assert_int_eq(chmod(command, 0755), 0);
		ck_assert_int_eq(chmod(folder, 0777), 0);
		ck_assert_int_eq(warn_command_run(command, NOTHING, 5000, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		error_clear(&err);
		/* the near miss: as /tmp is */
		ck_assert_int_eq(chmod(folder, 01777), 0);
		ck_assert_int_eq(warn_command_run(command, NOTHING, 5000, &err), 0);
		/* by a link beside it, which is looked through */
		ck_assert_int_eq(symlink("warn", output), 0);
		ck_assert_int_eq(warn_command_run(output, NOTHING, 5000, &err), 0);
		ck_assert_int_eq(chmod(command, 0775), 0);
		ck_assert_int_eq(warn_command_run(output, NOTHING, 5000, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
	}
END_TEST

START_TEST(what_is_no_program_is_not_run)
	{
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(warn_command_run(folder, NOTHING, 5000, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		error_clear(&err);
		ck_assert_int_eq(warn_command_run("bin/true", NOTHING, 5000, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		error_clear(&err);
		write_command("exit 0");
		ck_assert_int_eq(chmod(command, 0644), 0);
		ck_assert_int_eq(warn_command_run(command, NOTHING, 5000, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		error_clear(&err);
		ck_assert_int_eq(warn_command_run("/bin/true", NOTHING, 5000, &err), 0);
		ck_assert_int_eq(warn_command_run("/bin/false", NOTHING, 5000, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "ended with status 1"));
	}
END_TEST

/* What it started goes with it. */
START_TEST(a_command_that_hangs_is_killed)
	{
		struct error err = { .code = ERR_NONE };
		int64_t started = clock_monotonic_ms();
		char body[256];

		(void)snprintf(body, sizeof(body), "sleep 60 & echo $! >%s; wait", output);
		write_command(body);
		ck_assert_int_eq(warn_command_run(command, NOTHING, 500, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "killed after 500 ms"));
		ck_assert_int_lt(clock_monotonic_ms() - started, 20000);
		(void)snprintf(
		    body, sizeof(body), "/proc/%ld/exe", strtol(output_text(), NULL, 10));
		for (int i = 0; i < 200 && access(body, F_OK) == 0; i++)
			with_db_sleep_ms(20);
		ck_assert_int_ne(access(body, F_OK), 0);
	}
END_TEST

/* Neither our files nor our signal mask. */
START_TEST(a_command_gets_nothing_of_ours)
	{
		struct error err = { .code = ERR_NONE };
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), kept = dup2(fd, 77);
		char body[256];
		sigset_t all;

		ck_assert_int_eq(kept, 77);
		(void)sigfillset(&all);
		ck_assert_int_eq(sigprocmask(SIG_BLOCK, &all, NULL), 0);
		(void)snprintf(body, sizeof(body),
		    "[ -e /proc/self/fd/77 ] && exit 5\n[ -s /dev/stdin ] && exit 6\n"
		    "grep -q '^SigBlk:.0000000000000000$' /proc/self/status || exit 7");
		write_command(body);
		ck_assert_msg(warn_command_run(command, NOTHING, 5000, &err) == 0, "%s", err.text);
		(void)close(fd);
		(void)close(kept);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("expiry");
	TCase *tcase = tcase_create("expiry");

	(void)argc;
	with_db_ensure(argv);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_ca_is_warned_of_within_its_last_days);
	tcase_add_test(tcase, a_retired_ca_counts_while_it_has_good_leaves);
	tcase_add_test(tcase, an_ra_certificate_counts_while_it_can_be_used);
	tcase_add_test(tcase, a_responder_counts_once_its_successor_is_overdue);
	tcase_add_test(tcase, without_days_there_is_no_warning);
	tcase_add_test(tcase, the_command_is_told_of_each_once);
	tcase_add_test(tcase, a_command_that_fails_stops_no_other_warning);
	tcase_add_test(tcase, what_has_ended_is_expired);
	tcase_add_test(tcase, a_database_whose_clock_is_ahead_expires_nothing);
	tcase_add_test(tcase, who_has_lost_the_lease_changes_nothing);
	tcase_add_test(tcase, a_command_that_others_can_change_is_not_run);
	tcase_add_test(tcase, what_is_no_program_is_not_run);
	tcase_add_test(tcase, a_command_that_hangs_is_killed);
	tcase_add_test(tcase, a_command_gets_nothing_of_ours);
	suite_add_tcase(suite, tcase);
	return with_db_run(suite);
}

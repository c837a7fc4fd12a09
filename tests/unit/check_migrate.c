/* The migrations against a real MariaDB, in every state that a schema may be found in. */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "store/migrate.h"
#include "with_db.h"

/* All but three make a table; one more is schema_migration. */
enum { KNOWN = 34, TABLES = KNOWN - 10 + 1 };

static char *report_text;
static size_t report_len;

/* Runs and keeps what was reported. */
static int
run(bool dry_run)
{
	FILE *report;
	int result;

	free(report_text);
	error_clear(&with_db_err);
	report = open_memstream(&report_text, &report_len);
	ck_assert_ptr_nonnull(report);
	result = migrate_run(with_db, dry_run, report, &with_db_err);
	(void)fclose(report);
	return result;
}

static int
status(void)
{
	FILE *report;
	int result;

	free(report_text);
	error_clear(&with_db_err);
	report = open_memstream(&report_text, &report_len);
	ck_assert_ptr_nonnull(report);
	result = migrate_status(with_db, report, &with_db_err);
	(void)fclose(report);
	return result;
}

static void
setup(void)
{
	with_db_setup();
	report_text = NULL;
}

static void
teardown(void)
{
	free(report_text);
	with_db_teardown();
}

static unsigned
lines_with(const char *word)
{
	unsigned count = 0;

	for (const char *at = report_text; (at = strstr(at, word)) != NULL; at++)
		count++;
	return count;
}

static long long
tables(void)
{
	return with_db_sql("SELECT COUNT(*) FROM information_schema.TABLES"
			   " WHERE TABLE_SCHEMA = '%s'",
	    with_db_name);
}

START_TEST(a_fresh_database_gets_everything_once)
	{
		with_db_fails(migrate_check(with_db, &with_db_err), ERR_CONFIG);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "certwright migrate"));
		with_db_ok(run(false));
		ck_assert_uint_eq(lines_with(" applied\n"), KNOWN);
		ck_assert_int_eq(tables(), TABLES);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM schema_migration WHERE attempt = 1"
				" AND finished_at IS NOT NULL"
				" AND compatible_from = '0.1.0'"),
		    KNOWN);
		with_db_ok(migrate_check(with_db, &with_db_err));
		with_db_ok(run(false));
		ck_assert_str_eq(report_text, "the schema is up to date\n");
		ck_assert_int_eq(with_db_sql("SELECT SUM(attempt) FROM schema_migration"), KNOWN);
	}
END_TEST

START_TEST(a_dry_run_changes_nothing)
	{
		with_db_ok(run(true));
		ck_assert_uint_eq(lines_with("would be applied"), KNOWN);
		ck_assert_int_eq(tables(), 0);
		with_db_ok(run(false));
		with_db_sql("DELETE FROM schema_migration WHERE name = '0008-audit'");
		with_db_ok(run(true));
		ck_assert_uint_eq(lines_with("would be applied"), 1);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM schema_migration"), KNOWN - 1);
	}
END_TEST

START_TEST(a_report_that_cannot_be_written_is_an_error)
	{
		FILE *full = fopen("/dev/full", "we");

		ck_assert_ptr_nonnull(full);
		with_db_fails(migrate_run(with_db, true, full, &with_db_err), ERR_INTERNAL);
		with_db_fails(migrate_run(with_db, false, full, &with_db_err), ERR_INTERNAL);
		error_clear(&with_db_err);
		with_db_ok(migrate_check(with_db, &with_db_err));
		with_db_fails(migrate_status(with_db, full, &with_db_err), ERR_INTERNAL);
		(void)fclose(full);
	}
END_TEST

static void
add_later(const char *compatible_from)
{
	with_db_sql("INSERT INTO schema_migration VALUES ('9999-later', REPEAT('x', 32), '%s',"
		    " '9.9.9', 1, UTC_TIMESTAMP(), UTC_TIMESTAMP())",
	    compatible_from);
}

static const struct {
	const char *compatible_from;
	bool is_good;
} LATER[] = {
	{ "0.1.0", true },
	{ "0.0.9", true },
	{ "0.1", true },
	{ "0.1.1", false },
	{ "0.2.0", false },
	{ "0.10.0", false },
	{ "1.0.0", false },
};

START_TEST(a_later_migration_is_accepted_only_when_compatible)
	{
		with_db_ok(run(false));
		add_later(LATER[_i].compatible_from);
		if (LATER[_i].is_good) {
			with_db_ok(run(false));
			with_db_ok(migrate_check(with_db, &with_db_err));
			with_db_ok(status());
			ck_assert_uint_eq(
			    lines_with("9999-later applied by a later program, compatible"), 1);
		} else {
			with_db_sql("DELETE FROM schema_migration WHERE name = '0008-audit'");
			with_db_fails(run(false), ERR_CONFIG);
			ck_assert_ptr_nonnull(strstr(with_db_err.text, LATER[_i].compatible_from));
			ck_assert_int_eq(
			    with_db_sql("SELECT COUNT(*) FROM schema_migration"), KNOWN);
			with_db_fails(run(true), ERR_CONFIG);
			with_db_fails(migrate_check(with_db, &with_db_err), ERR_CONFIG);
			ck_assert_int_eq(status(), -1);
			ck_assert_uint_eq(
			    lines_with("9999-later applied by a later program, not"), 1);
		}
	}
END_TEST

START_TEST(a_changed_migration_is_refused)
	{
		with_db_ok(run(false));
		with_db_sql("UPDATE schema_migration SET checksum = REPEAT('x', 32)"
			    " WHERE name = '0002-authority'");
		with_db_sql("DELETE FROM schema_migration WHERE name = '0008-audit'");
		with_db_fails(run(false), ERR_CONFIG);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "0002-authority"));
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM schema_migration"), KNOWN - 1);
		with_db_fails(migrate_check(with_db, &with_db_err), ERR_CONFIG);
	}
END_TEST

START_TEST(a_begun_migration_is_finished)
	{
		with_db_ok(run(false));
		with_db_sql(
		    "UPDATE schema_migration SET finished_at = NULL WHERE name LIKE '000%%-audit'");
		if (_i == 0)
			with_db_sql("DROP TABLE audit");
		with_db_fails(migrate_check(with_db, &with_db_err), ERR_CONFIG);
		with_db_ok(status());
		ck_assert_uint_eq(lines_with("0008-audit begun and not finished"), 1);
		with_db_ok(run(false));
		ck_assert_uint_eq(lines_with("0008-audit applied (was begun before"), 1);
		with_db_ok(migrate_check(with_db, &with_db_err));
		ck_assert_int_eq(tables(), TABLES);
		ck_assert_int_eq(
		    with_db_sql("SELECT attempt FROM schema_migration WHERE name = '0008-audit'"),
		    2);
	}
END_TEST

START_TEST(every_migration_may_be_run_twice)
	{
		with_db_ok(run(false));
		with_db_sql("UPDATE schema_migration SET finished_at = NULL");
		with_db_ok(run(false));
		ck_assert_uint_eq(lines_with("applied (was begun before"), KNOWN);
		with_db_ok(migrate_check(with_db, &with_db_err));
		ck_assert_int_eq(tables(), TABLES);
	}
END_TEST

/* The INSERT of certwright 0.1.0's first schema, which knows nothing of later columns. */
static const char FIRST_INSERT[] =
    "INSERT INTO certificate (id, generation_id, serial, fingerprint, type, source, subject,"
    " common_name, sans, not_before, not_after, key_type, key_bits, spki_hash, csr_hash, der,"
    " ra_profile_id, requester_kind, requester_tenant, requester_object, requester_application,"
    " requester_upn, token_id, remote_address, request_id, dropped, renewed_from, lineage,"
    " issued_at) VALUES (REPEAT('%c', 16), '', REPEAT('%c', 16), REPEAT('%c', 32), '', '', '', "
    "NULL,"
    " '', NOW(), NOW(), '', 0, '', '', '', '', '', NULL, NULL, NULL, NULL, NULL, '', '', '', NULL,"
    " REPEAT('l', 16), NOW())";

/* The schema as it was before renewal, with a row in it. */
static void
go_back(void)
{
	with_db_ok(run(false));
	with_db_sql("DROP TABLE journal_outbox, revocation_event, compromised_key");
	with_db_sql("ALTER TABLE certificate DROP COLUMN renewals,"
		    " DROP COLUMN lineage_compromised, DROP COLUMN requester_certificate,"
		    " DROP KEY certificate_lineage");
	with_db_sql("ALTER TABLE ra_profile_enroller MODIFY kind ENUM('role', 'application',"
		    " 'principal', 'ra_profile') CHARACTER SET ascii NOT NULL");
	with_db_sql("ALTER TABLE certificate DROP KEY certificate_common_name,"
		    " DROP KEY certificate_ra_profile, DROP KEY certificate_not_after");
	with_db_sql("ALTER TABLE audit DROP COLUMN changes");
	with_db_sql("ALTER TABLE ra_profile DROP COLUMN custom_attributes");
	with_db_sql("DELETE FROM schema_migration WHERE name > '0009'");
	with_db_sql(FIRST_INSERT, 'a', 'a', 'a');
}

START_TEST(a_schema_with_certificates_is_extended_and_the_former_program_goes_on)
	{
		go_back();
		if (_i == 1) /* it was ended in the middle */
			with_db_sql("ALTER TABLE certificate ADD COLUMN renewals INT UNSIGNED"
				    " NOT NULL DEFAULT 0");
		with_db_ok(run(false));
		ck_assert_uint_eq(lines_with(" applied\n"), KNOWN - 8);
		with_db_sql(FIRST_INSERT, 'b', 'b', 'b');
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM certificate FORCE INDEX"
				" (certificate_lineage) WHERE lineage = REPEAT('l', 16)"
				" AND renewals = 0 AND NOT lineage_compromised"
				" AND requester_certificate IS NULL"),
		    2);
	}
END_TEST

START_TEST(runs_at_once_apply_each_migration_once)
	{
		enum { RUNS = 4 };
		pid_t pids[RUNS];

		for (int i = 0; i < RUNS; i++) {
			pids[i] = fork();
			if (pids[i] == 0) {
				struct db *db = db_new(&with_db_settings);
				struct error err = { .code = ERR_NONE };
				FILE *null = fopen("/dev/null", "we");
				int result = null != NULL ? migrate_run(db, false, null, &err) : -1;

				if (result < 0)
					(void)fprintf(stderr, "%s\n", err.text);
				db_free(db);
				_exit(result == 0 ? 0 : 1);
			}
		}
		for (int i = 0; i < RUNS; i++) {
			int result = -1;

			ck_assert_int_eq(waitpid(pids[i], &result, 0), pids[i]);
			ck_assert_int_eq(result, 0);
		}
		ck_assert_int_eq(with_db_sql("SELECT SUM(attempt) FROM schema_migration"), KNOWN);
		with_db_ok(migrate_check(with_db, &with_db_err));
	}
END_TEST

START_TEST(a_failing_statement_stays_unfinished_and_named)
	{
		/* Something else stands where a table belongs. */
		with_db_sql("CREATE VIEW authority AS SELECT 1 AS one");
		with_db_fails(run(false), ERR_DATABASE);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "0003-authority-generation"));
		with_db_fails(migrate_check(with_db, &with_db_err), ERR_CONFIG);
		with_db_sql("DROP VIEW authority");
		with_db_sql("DELETE FROM schema_migration WHERE name = '0002-authority'");
		with_db_ok(run(false));
		with_db_ok(migrate_check(with_db, &with_db_err));
	}
END_TEST

START_TEST(the_lock_is_given_back)
	{
		with_db_ok(run(false));
		ck_assert_int_eq(
		    with_db_sql("SELECT IS_FREE_LOCK(CONCAT('certwright.', MD5(DATABASE())))"), 1);
	}
END_TEST

START_TEST(a_dead_database_is_no_wrong_schema)
	{
		char nowhere[] = "/nonexistent/socket";
		struct text_list none = { NULL, 0 };

		with_db_point_at(&none, nowhere);
		with_db_fails(migrate_check(with_db, &with_db_err), ERR_DATABASE);
	}
END_TEST

/* Runs deploy/sql/grants.sql against this test's own database and accounts. */
static void
run_grants(void)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], *line = NULL, statement[4096] = "";
	size_t size = 0, len = 0;
	FILE *file;

	(void)snprintf(
	    path, sizeof(path), "%s/deploy/sql/grants.sql", srcdir != NULL ? srcdir : ".");
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (getline(&line, &size, file) > 0) {
		if (strncmp(line, "--", 2) == 0)
			continue;
		for (const char *at = line; *at != '\0'; at++) {
			bool is_name = strncmp(at, "certwright", 10) == 0;

			ck_assert_uint_lt(len + sizeof(with_db_name), sizeof(statement));
			len += (size_t)snprintf(statement + len, sizeof(statement) - len,
			    is_name ? "%s" : "%.1s", is_name ? with_db_name : at);
			at += is_name ? 9 : 0;
		}
		if (strstr(statement, ";\n") != NULL) {
			*strstr(statement, ";\n") = '\0';
			with_db_sql("%s", statement);
			statement[0] = '\0';
			len = 0;
		}
	}
	free(line);
	(void)fclose(file);
}

/* As src/store/revocations.c has them, of a certificate that is not there. */
#define ADD_EVENT \
	"INSERT INTO revocation_event (id, certificate_id, action, reason, at, actor," \
	" remote_address) SELECT '', id, 'revoke', 0, NOW(), '', '' FROM certificate WHERE id = " \
	"''"
#define ADD_KEY \
	"INSERT INTO compromised_key (spki_hash, certificate_id, at)" \
	" SELECT spki_hash, id, NOW() FROM certificate WHERE id = ''"
#define ADD_LATE \
	"INSERT INTO journal_outbox (event_id, sequence, whole_lineage, added_at)" \
	" SELECT id, 1, FALSE, NOW() FROM revocation_event WHERE id = ''"

static const struct {
	const char *account;
	const char *sql;
	bool is_allowed;
} GRANTS[] = {
	{ "serve", "SELECT * FROM schema_migration", true },
	{ "serve", "SELECT id FROM authority WHERE id = '' FOR UPDATE", true },
	{ "serve", "UPDATE certificate SET status = 'hold' WHERE id = ''", true },
	{ "serve", "UPDATE certificate SET renewals = renewals + 1 WHERE id = ''", true },
	{ "serve", "UPDATE certificate SET lineage_compromised = 1 WHERE lineage = ''", true },
	{ "serve", "UPDATE certificate SET requester_certificate = NULL WHERE id = ''", false },
	{ "serve", "UPDATE certificate SET lineage = '' WHERE id = ''", false },
	{ "serve", "SELECT id FROM certificate WHERE lineage = '' FOR UPDATE", true },
	{ "serve", "UPDATE certificate SET subject = '' WHERE id = ''", false },
	{ "serve", "UPDATE certificate SET der = '', status = 'good' WHERE id = ''", false },
	{ "serve", "DELETE FROM certificate WHERE id = ''", false },
	{ "serve", ADD_EVENT, true },
	{ "serve", "UPDATE revocation_event SET reason = 0", false },
	{ "serve", "DELETE FROM revocation_event", false },
	{ "serve", ADD_LATE, true },
	{ "serve", "DELETE FROM journal_outbox WHERE event_id = ''", true },
	{ "serve", "UPDATE journal_outbox SET sequence = 1", false },
	{ "serve", ADD_KEY, true },
	{ "serve", "UPDATE compromised_key SET at = NOW()", false },
	{ "serve", "DELETE FROM compromised_key", false },
	{ "serve", "DELETE FROM revoked_certificate", true },
	{ "serve", "UPDATE revocation_event SET crl_number = 1", false },
	{ "serve",
	    "INSERT INTO crl_part (crl_id, part, created_at, data) VALUES ('', 0, NOW(), '')",
	    false },
	{ "serve", "UPDATE job SET holder = ''", false },
	{ "serve", "DELETE FROM ocsp_responder", false },
	{ "serve", "DELETE FROM audit", false },
	{ "serve", "UPDATE audit SET detail = ''", false },
	{ "serve", "UPDATE ra_profile SET enabled = 1", true },
	{ "serve", "DELETE FROM ra_profile_enroller", true },
	{ "serve", "DELETE FROM scep_profile", true },
	{ "serve", "DELETE FROM certificate_group_member", true },
	{ "serve", "UPDATE authority_generation SET state = 'retired'", false },
	{ "serve", "UPDATE managed_key SET uri = ''", false },
	{ "serve", "DELETE FROM ra_certificate", false },
	{ "serve", "DROP TABLE audit", false },
	{ "maintain", "UPDATE ra_profile SET enabled = 1", true },
	{ "maintain", "DELETE FROM ra_profile_enroller", true },
	{ "maintain", "UPDATE authority_generation SET state = 'retired'", true },
	{ "maintain", ADD_EVENT, true },
	{ "maintain", ADD_LATE, true },
	{ "maintain", "DELETE FROM journal_outbox WHERE event_id = ''", true },
	{ "maintain", ADD_KEY, true },
	{ "maintain", "UPDATE certificate SET renewals = 0, lineage_compromised = 1", true },
	{ "maintain", "DELETE FROM certificate", true },
	{ "maintain", "DELETE FROM revocation_event", true },
	{ "maintain", "DELETE FROM compromised_key", false },
	{ "maintain", "DELETE FROM managed_key", false },
	{ "maintain", "UPDATE certificate SET serial = ''", false },
	{ "maintain", "DELETE FROM audit", true },
	{ "maintain", "UPDATE revocation_event SET crl_number = 1", true },
	{ "maintain", "UPDATE revocation_event SET reason = 1", false },
	{ "maintain", "UPDATE job SET holder = ''", true },
	{ "maintain", "UPDATE crl SET number = 1", false },
	{ "maintain", "ALTER TABLE audit ADD x INT", false },
	{ "migrate", "ALTER TABLE audit ADD x INT", true },
};

START_TEST(the_sample_grants_allow_just_enough)
	{
		static const char *const accounts[] = { "migrate", "serve", "maintain" };
		char user[64];
		MYSQL *mysql = mysql_init(NULL);
		int result;

		with_db_ok(run(false));
		run_grants();
		(void)snprintf(user, sizeof(user), "%s_%s", with_db_name, GRANTS[_i].account);
		ck_assert_ptr_nonnull(mysql_real_connect(mysql, NULL, user,
		    strcmp(GRANTS[_i].account, "migrate") == 0 ? "CHANGE-ME-1"
		    : strcmp(GRANTS[_i].account, "serve") == 0 ? "CHANGE-ME-2"
							       : "CHANGE-ME-3",
		    with_db_name, 0, with_db_env("CERTWRIGHT_TEST_DB_SOCKET"), 0));
		result = mysql_real_query(mysql, GRANTS[_i].sql, strlen(GRANTS[_i].sql));
		ck_assert_msg((result == 0) == GRANTS[_i].is_allowed, "%s: %s: %s",
		    GRANTS[_i].account, GRANTS[_i].sql, mysql_error(mysql));
		mysql_close(mysql);
		for (int i = 0; i < 3; i++)
			with_db_sql("DROP USER %s_%s", with_db_name, accounts[i]);
	}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("migrate");
	TCase *tc = tcase_create("migrate");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_fresh_database_gets_everything_once);
	tcase_add_test(tc, a_dry_run_changes_nothing);
	tcase_add_test(tc, a_report_that_cannot_be_written_is_an_error);
	tcase_add_loop_test(
	    tc, a_later_migration_is_accepted_only_when_compatible, 0, COUNT(LATER));
	tcase_add_test(tc, a_changed_migration_is_refused);
	tcase_add_loop_test(tc, a_begun_migration_is_finished, 0, 2);
	tcase_add_test(tc, every_migration_may_be_run_twice);
	tcase_add_loop_test(
	    tc, a_schema_with_certificates_is_extended_and_the_former_program_goes_on, 0, 2);
	tcase_add_test(tc, runs_at_once_apply_each_migration_once);
	tcase_add_test(tc, a_failing_statement_stays_unfinished_and_named);
	tcase_add_test(tc, the_lock_is_given_back);
	tcase_add_test(tc, a_dead_database_is_no_wrong_schema);
	tcase_add_loop_test(tc, the_sample_grants_allow_just_enough, 0, COUNT(GRANTS));
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

/* Leases of cluster jobs against a real MariaDB, with the host's clock right and a day off. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "store/jobs.h"
#include "with_db.h"

enum { DAY = 86400, LEASE = 30, LINE_MAX_OCTETS = 1024 };

/* By how much the host's clock is off, by the loop's index; the database's never is. */
static const int64_t OFFSETS[] = { 0, DAY, -DAY };

static const char NAME[] = "publish-crls";

/* The one table; the whole schema would take most of the time. */
static void
setup(void)
{
	const char *srcdir = getenv("srcdir");
	char path[LINE_MAX_OCTETS], sql[4 * LINE_MAX_OCTETS] = "";
	FILE *file;

	with_db_setup();
	(void)snprintf(
	    path, sizeof(path), "%s/deploy/sql/0025-job.sql", srcdir != NULL ? srcdir : ".");
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(sql, 1, sizeof(sql) - 1, file), 0);
	(void)fclose(file);
	with_db_sql("%s", sql);
	with_db_sql("CREATE TABLE work (id INT PRIMARY KEY)");
}

static void
set_clock(int i)
{
	if (OFFSETS[i] != 0)
		clock_fix(clock_now() + OFFSETS[i]);
}

static int
claim_by(struct db *db, const char *holder, uint32_t min_interval_s, struct job_lease *lease,
    bool *claimed)
{
	const struct job_claim claim = {
		.name = NAME,
		.holder = holder,
		.lease_s = LEASE,
		.min_interval_s = min_interval_s,
	};

	return jobs_claim(db, &claim, lease, claimed, &with_db_err);
}

/* Whether it got the job. */
static bool
claims(const char *holder, uint32_t min_interval_s, struct job_lease *lease)
{
	bool claimed = false;

	with_db_ok(claim_by(with_db, holder, min_interval_s, lease, &claimed));
	return claimed;
}

static void
end_lease(void)
{
	with_db_sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND");
}

static int
write_under_lease(struct db *db, void *arg, struct error *err)
{
	const struct job_lease *lease = arg;

	if (jobs_check_lease(db, lease, err) < 0)
		return -1;
	return db_exec(
	    db, "INSERT INTO work VALUES (?)", db_args(db_int((int64_t)lease->token)), NULL, err);
}

/* As one that writes first and asks then. */
static int
write_before_asking(struct db *db, void *arg, struct error *err)
{
	if (db_exec(db, "INSERT INTO work VALUES (99)", db_no_args, NULL, err) < 0)
		return -1;
	return jobs_check_lease(db, arg, err);
}

static long long
rows_of_work(void)
{
	return with_db_sql("SELECT COUNT(*) FROM work");
}

/* Whatever the holder of a lost lease does is refused, and writes nothing. */
static void
must_be_late(struct job_lease *lease)
{
	long long before = rows_of_work();

	with_db_fails(jobs_check_lease(with_db, lease, &with_db_err), ERR_CONFLICT);
	with_db_fails(jobs_extend(with_db, lease, LEASE, &with_db_err), ERR_CONFLICT);
	with_db_fails(jobs_end(with_db, lease, true, "late", &with_db_err), ERR_CONFLICT);
	with_db_fails(
	    db_transaction(with_db, write_under_lease, lease, &with_db_err), ERR_CONFLICT);
	with_db_fails(
	    db_transaction(with_db, write_before_asking, lease, &with_db_err), ERR_CONFLICT);
	error_clear(&with_db_err);
	ck_assert_int_eq(rows_of_work(), before);
	ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM job WHERE detail = 'late'"), 0);
}

/* What a child does, in a process and a connection of its own; the exit status. */
typedef int child_work(struct db *db, int go, void *arg);

static pid_t
start_child(child_work *work, int go, void *arg)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct db *db = db_new(&with_db_settings);
		int status = work(db, go, arg);

		db_free(db);
		_exit(status);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static int
end_of(pid_t pid)
{
	int status = -1;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

enum { CLAIMED = 10, REFUSED = 11, BROKEN = 12 };

/* Connects, waits until all have, and claims. */
static int
claim_with_the_others(struct db *db, int go, void *arg)
{
	struct job_lease lease;
	bool claimed = false;
	int64_t now;
	char octet;

	(void)close(*(int *)arg);
	if (jobs_now(db, &now, &with_db_err) < 0)
		return BROKEN;
	(void)!read(go, &octet, 1); /* ends when every writing end is closed */
	if (claim_by(db, "one of many", 0, &lease, &claimed) < 0) {
		(void)fprintf(stderr, "%s\n", with_db_err.text);
		return BROKEN;
	}
	return claimed ? CLAIMED : REFUSED;
}

enum { RUNS = 6 };

/* How many of the claims at once got it. */
static int
winners(void)
{
	pid_t pids[RUNS];
	int ends[2], count = 0;

	ck_assert_int_eq(pipe(ends), 0);
	for (int i = 0; i < RUNS; i++)
		pids[i] = start_child(claim_with_the_others, ends[0], &ends[1]);
	(void)close(ends[0]);
	(void)close(ends[1]);
	for (int i = 0; i < RUNS; i++) {
		int status = end_of(pids[i]);

		ck_assert_int_ne(status, BROKEN);
		count += status == CLAIMED;
	}
	return count;
}

START_TEST(of_many_claims_at_once_one_wins)
	{
		set_clock(_i);
		for (int round = 1; round <= 5; round++) {
			ck_assert_int_eq(winners(), 1);
			ck_assert_int_eq(with_db_sql("SELECT token FROM job"), round);
			end_lease();
		}
	}
END_TEST

START_TEST(while_a_lease_is_valid_nobody_else_claims)
	{
		struct job_lease first, second;

		set_clock(_i);
		ck_assert(claims("first", 0, &first));
		ck_assert(!claims("second", 0, &second));
		with_db_sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3) + INTERVAL 2 SECOND");
		ck_assert(!claims("second", 0, &second));
		ck_assert_int_eq(with_db_sql("SELECT holder = 'first' FROM job"), 1);
		with_db_ok(jobs_check_lease(with_db, &first, &with_db_err));
		with_db_ok(db_transaction(with_db, write_under_lease, &first, &with_db_err));
		with_db_ok(jobs_end(with_db, &first, true, NULL, &with_db_err));
		ck_assert_int_eq(rows_of_work(), 1);
		/* What has ended may be claimed at once, and be ended once. */
		must_be_late(&first);
		ck_assert(claims("second", 0, &second));
		ck_assert_uint_gt(second.token, first.token);
	}
END_TEST

START_TEST(the_time_of_a_claim_is_the_databases)
	{
		struct job_lease lease;
		int64_t now;

		set_clock(_i);
		ck_assert(claims("first", 0, &lease));
		with_db_ok(jobs_now(with_db, &now, &with_db_err));
		ck_assert_int_le(lease.now, now);
		ck_assert_int_ge(lease.now, now - 30);
		ck_assert_int_le(
		    llabs(with_db_sql("SELECT UNIX_TIMESTAMP()") - (long long)lease.now), 30);
		ck_assert_int_eq(with_db_sql("SELECT lease_until BETWEEN UTC_TIMESTAMP() + INTERVAL"
					     " 20 SECOND AND UTC_TIMESTAMP() + INTERVAL 31 SECOND"
					     " FROM job"),
		    1);
	}
END_TEST

/* It ends by itself, also where nobody takes it over. */
START_TEST(after_its_end_a_lease_is_worth_nothing)
	{
		struct job_lease first, second;
		const struct job_claim brief = { .name = NAME, .holder = "first", .lease_s = 2 };
		bool claimed = false;

		set_clock(_i);
		with_db_ok(jobs_claim(with_db, &brief, &first, &claimed, &with_db_err));
		ck_assert(claimed);
		with_db_ok(jobs_check_lease(with_db, &first, &with_db_err));
		for (int i = 0; i < 1000 && jobs_check_lease(with_db, &first, &with_db_err) == 0;
		     i++)
			with_db_sleep_ms(20);
		must_be_late(&first);
		ck_assert(claims("second", 0, &second));
		ck_assert_uint_gt(second.token, first.token);
		must_be_late(&first);
		with_db_ok(jobs_check_lease(with_db, &second, &with_db_err));
		with_db_ok(db_transaction(with_db, write_under_lease, &second, &with_db_err));
	}
END_TEST

START_TEST(a_lease_of_a_clock_gone_wrong_keeps_nobody_off)
	{
		struct job_lease first, second;

		ck_assert(claims("first", 0, &first));
		with_db_sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3) + INTERVAL 23 HOUR");
		ck_assert(!claims("second", 0, &second));
		with_db_sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3) + INTERVAL 25 HOUR");
		ck_assert(claims("second", 0, &second));
		must_be_late(&first);
		with_db_ok(jobs_check_lease(with_db, &second, &with_db_err));
	}
END_TEST

START_TEST(a_lease_may_be_prolonged_while_it_is_valid)
	{
		struct job_lease lease;

		set_clock(_i);
		ck_assert(claims("first", 0, &lease));
		with_db_sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3) + INTERVAL 5 SECOND");
		with_db_ok(jobs_extend(with_db, &lease, 600, &with_db_err));
		ck_assert_int_eq(
		    with_db_sql(
			"SELECT lease_until > UTC_TIMESTAMP() + INTERVAL 500 SECOND FROM job"),
		    1);
		with_db_ok(jobs_end(with_db, &lease, true, NULL, &with_db_err));
	}
END_TEST

struct slow {
	const struct job_lease *lease;
	int told; /* an octet goes here once the lease was checked */
};

/* Checks in time, and writes and commits after the end of the lease. */
static int
write_slowly(struct db *db, void *arg, struct error *err)
{
	const struct slow *slow = arg;

	if (jobs_check_lease(db, slow->lease, err) < 0)
		return -1;
	(void)!write(slow->told, "", 1);
	with_db_sleep_ms(3500);
	return db_exec(db, "INSERT INTO work VALUES (1)", db_no_args, NULL, err);
}

static int
run_slowly(struct db *db, int go, void *arg)
{
	struct slow slow = { .lease = arg, .told = go };

	return db_transaction(db, write_slowly, &slow, &with_db_err) == 0 ? 0 : BROKEN;
}

/* So what it wrote was there before the next holder read anything. */
START_TEST(a_claim_waits_for_a_transaction_that_has_asked)
	{
		struct job_lease first, second;
		const struct job_claim brief = { .name = NAME, .holder = "first", .lease_s = 3 };
		bool claimed = false;
		int ends[2];
		char octet;
		pid_t pid;

		with_db_ok(jobs_claim(with_db, &brief, &first, &claimed, &with_db_err));
		ck_assert_int_eq(pipe(ends), 0);
		pid = start_child(run_slowly, ends[1], &first);
		(void)close(ends[1]);
		ck_assert_int_eq(read(ends[0], &octet, 1), 1);
		while (!claims("second", 0, &second))
			with_db_sleep_ms(20);
		ck_assert_int_eq(rows_of_work(), 1);
		ck_assert_int_eq(end_of(pid), 0);
		must_be_late(&first);
	}
END_TEST

static int
hang_half_way(struct db *db, void *arg, struct error *err)
{
	int told = *(int *)arg;

	if (db_exec(db, "INSERT INTO work VALUES (2)", db_no_args, NULL, err) < 0)
		return -1;
	(void)!write(told, "", 1);
	for (;;)
		(void)pause();
}

static int
claim_and_hang(struct db *db, int go, void *arg)
{
	struct job_lease lease;
	bool claimed = false;

	(void)arg;
	if (claim_by(db, "to be killed", 0, &lease, &claimed) < 0 || !claimed)
		return BROKEN;
	return db_transaction(db, hang_half_way, &go, &with_db_err) == 0 ? 0 : BROKEN;
}

START_TEST(what_was_killed_half_way_is_taken_over_after_its_lease)
	{
		struct job_lease next;
		int ends[2], status;
		char octet;
		pid_t pid;

		set_clock(_i);
		ck_assert_int_eq(pipe(ends), 0);
		pid = start_child(claim_and_hang, ends[1], NULL);
		(void)close(ends[1]);
		ck_assert_int_eq(read(ends[0], &octet, 1), 1);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(!claims("next", 0, &next));
		end_lease();
		ck_assert(claims("next", 0, &next));
		ck_assert_uint_eq(next.token, 2);
		ck_assert_int_eq(rows_of_work(), 0);
		with_db_ok(db_transaction(with_db, write_under_lease, &next, &with_db_err));
	}
END_TEST

START_TEST(the_least_interval_counts_from_the_last_success)
	{
		struct job_lease lease;

		set_clock(_i);
		ck_assert(claims("first", 60, &lease));
		with_db_ok(jobs_end(with_db, &lease, false, "no", &with_db_err));
		/* A failure is no reason to wait. */
		ck_assert(claims("second", 60, &lease));
		with_db_ok(jobs_end(with_db, &lease, true, NULL, &with_db_err));
		ck_assert(!claims("third", 60, &lease));
		with_db_sql("UPDATE job SET succeeded_at = UTC_TIMESTAMP(3) - INTERVAL 58 SECOND");
		ck_assert(!claims("third", 60, &lease));
		with_db_sql("UPDATE job SET succeeded_at = UTC_TIMESTAMP(3) - INTERVAL 60 SECOND");
		ck_assert(claims("third", 60, &lease));
		with_db_ok(jobs_end(with_db, &lease, true, NULL, &with_db_err));
		/* Forced. */
		ck_assert(claims("fourth", 0, &lease));
		with_db_ok(jobs_end(with_db, &lease, true, NULL, &with_db_err));
		/* The database's clock was wrong then. */
		with_db_sql("UPDATE job SET succeeded_at = UTC_TIMESTAMP(3) + INTERVAL 1 DAY");
		ck_assert(claims("fifth", 60, &lease));
	}
END_TEST

/* The one row that there is. */
static int
keep_row(const struct job_row *row, void *arg, struct error *err)
{
	(void)err;
	*(struct job_row *)arg = *row;
	return 0;
}

static struct job_row
only_row(void)
{
	struct job_row row = { .name = "" };

	ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM job"), 1);
	with_db_ok(jobs_each(with_db, keep_row, &row, &with_db_err));
	ck_assert_str_eq(row.name, NAME);
	return row;
}

START_TEST(result_and_detail_are_on_record)
	{
		struct job_lease lease;
		struct job_row row;

		set_clock(_i);
		ck_assert(claims("host:1", 0, &lease));
		row = only_row();
		ck_assert(row.is_running && !row.has_failed && row.ended_at == 0);
		ck_assert_str_eq(row.holder, "host:1");
		ck_assert_int_ge(row.started_at, lease.now - 1);
		ck_assert_int_eq(row.succeeded_at, 0);
		with_db_ok(jobs_end(with_db, &lease, false, "no keyring", &with_db_err));
		row = only_row();
		ck_assert(!row.is_running && row.has_failed);
		ck_assert_int_ge(row.ended_at, row.started_at);
		ck_assert_int_eq(row.succeeded_at, 0);
		ck_assert_str_eq(row.detail, "no keyring");
		ck_assert(claims("host:2", 0, &lease));
		with_db_ok(jobs_end(with_db, &lease, true, NULL, &with_db_err));
		row = only_row();
		ck_assert(!row.is_running && !row.has_failed);
		ck_assert_int_eq(row.succeeded_at, row.ended_at);
		ck_assert_str_eq(row.detail, "");
		ck_assert_int_eq(with_db_sql("SELECT detail IS NULL FROM job"), 1);
	}
END_TEST

START_TEST(a_long_detail_is_cut_between_characters)
	{
		char text[LINE_MAX_OCTETS];
		struct job_lease lease;
		struct job_row row;
		size_t len;

		memset(text, 'x', sizeof(text));
		/* Two octets each, the first one at an odd place. */
		for (size_t i = 1; i + 2 < sizeof(text); i += 2)
			memcpy(text + i, "\xc3\xa4", 2);
		text[sizeof(text) - 1] = '\0';
		ck_assert(claims("first", 0, &lease));
		with_db_ok(jobs_end(with_db, &lease, false, text, &with_db_err));
		row = only_row();
		len = strlen(row.detail);
		ck_assert_uint_eq(len, JOB_DETAIL_MAX - 1);
		ck_assert_mem_eq(row.detail, text, len);
	}
END_TEST

START_TEST(a_name_that_is_too_long_is_refused)
	{
		char name[JOB_NAME_MAX + 2];
		struct job_claim claim = { .name = name, .holder = "first", .lease_s = LEASE };
		struct job_lease lease;
		bool claimed = false;

		memset(name, 'n', sizeof(name));
		name[JOB_NAME_MAX + 1] = '\0';
		with_db_fails(
		    jobs_claim(with_db, &claim, &lease, &claimed, &with_db_err), ERR_INTERNAL);
		error_clear(&with_db_err);
		name[JOB_NAME_MAX] = '\0';
		with_db_ok(jobs_claim(with_db, &claim, &lease, &claimed, &with_db_err));
		ck_assert(claimed);
	}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("jobs");
	TCase *tc = tcase_create("jobs");
	const int clocks = COUNT(OFFSETS);

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, with_db_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, of_many_claims_at_once_one_wins, 0, clocks);
	tcase_add_loop_test(tc, while_a_lease_is_valid_nobody_else_claims, 0, clocks);
	tcase_add_loop_test(tc, the_time_of_a_claim_is_the_databases, 0, clocks);
	tcase_add_loop_test(tc, after_its_end_a_lease_is_worth_nothing, 0, clocks);
	tcase_add_test(tc, a_lease_of_a_clock_gone_wrong_keeps_nobody_off);
	tcase_add_loop_test(tc, a_lease_may_be_prolonged_while_it_is_valid, 0, clocks);
	tcase_add_test(tc, a_claim_waits_for_a_transaction_that_has_asked);
	tcase_add_loop_test(tc, what_was_killed_half_way_is_taken_over_after_its_lease, 0, clocks);
	tcase_add_loop_test(tc, the_least_interval_counts_from_the_last_success, 0, clocks);
	tcase_add_loop_test(tc, result_and_detail_are_on_record, 0, clocks);
	tcase_add_test(tc, a_long_detail_is_cut_between_characters);
	tcase_add_test(tc, a_name_that_is_too_long_is_refused);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

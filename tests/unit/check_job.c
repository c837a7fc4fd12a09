/* Running one job: on this host alone, or once in the cluster, with the host's clock a day off too.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "enroll/jobs/job.h"
#include "with_db.h"

enum { DAY = 86400, LEASE = 30, PATH_OCTETS = 512, SQL_OCTETS = 4096 };

/* By how much the host's clock is off, by the loop's index; the database's never is. */
static const int64_t OFFSETS[] = { 0, DAY, -DAY };

static char state_dir[PATH_OCTETS];
static struct job_context context;

/* What the job at hand does, and what it has seen. */
static struct {
	bool is_due, fails, loses_its_lease, makes_progress;
	int hangs_after; /* not 0: an octet goes there, and it never ends */
	unsigned asked, runs;
	int64_t now;
	uint64_t token;
} seen;

static int
is_due(const struct job_context *given, bool *due, struct error *err)
{
	(void)given;
	(void)err;
	seen.asked++;
	*due = seen.is_due;
	return 0;
}

static int
run(const struct job_context *given, struct error *err)
{
	seen.runs++;
	while (seen.hangs_after != 0) {
		(void)!write(seen.hangs_after, "", 1);
		(void)pause();
	}
	seen.now = given->now;
	seen.token = given->lease != NULL ? given->lease->token : 0;
	if (seen.loses_its_lease)
		with_db_sql("UPDATE job SET token = token + 1, holder = 'another'");
	if (seen.makes_progress && job_progress(given, err) < 0)
		return -1;
	return seen.fails ? error_set(err, ERR_INTERNAL, "it broke") : 0;
}

static const struct job CLUSTER = {
	.name = "cluster", .lease_s = LEASE, .interval_s = 60, .is_due = is_due, .run = run
};
static const struct job HOST = { .name = "host", .is_due = is_due, .run = run };

static void
setup(void)
{
	const char *srcdir = getenv("srcdir");
	char path[PATH_OCTETS], sql[SQL_OCTETS] = "";
	FILE *file;

	with_db_setup();
	ck_assert_int_eq(log_open("stderr", "error", &with_db_err), 0);
	(void)snprintf(
	    path, sizeof(path), "%s/deploy/sql/0025-job.sql", srcdir != NULL ? srcdir : ".");
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(sql, 1, sizeof(sql) - 1, file), 0);
	(void)fclose(file);
	with_db_sql("%s", sql);
	with_db_path(state_dir, sizeof(state_dir), "state.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(state_dir));
	with_db_settings.server.state_dir = state_dir;
	context = (struct job_context){ .settings = &with_db_settings, .db = with_db };
	memset(&seen, 0, sizeof(seen));
	seen.is_due = true;
}

static void
set_clock(int i)
{
	if (OFFSETS[i] != 0)
		clock_fix(clock_now() + OFFSETS[i]);
}

static enum job_result
result_of(const struct job *job)
{
	error_clear(&with_db_err);
	return job_run(job, &context, &with_db_err);
}

START_TEST(a_cluster_job_runs_once_and_is_on_record)
	{
		set_clock(_i);
		ck_assert_int_eq(result_of(&CLUSTER), JOB_DONE);
		ck_assert_uint_eq(seen.runs, 1);
		ck_assert_uint_eq(seen.token, 1);
		ck_assert_int_le(
		    llabs(with_db_sql("SELECT UNIX_TIMESTAMP()") - (long long)seen.now), 30);
		ck_assert_int_eq(with_db_sql("SELECT result = 'done' AND lease_until IS NULL"
					     " AND detail IS NULL FROM job"),
		    1);
		ck_assert_ptr_null(context.lease);
		/* It is due, but was done a moment ago. */
		ck_assert_int_eq(result_of(&CLUSTER), JOB_ELSEWHERE);
		context.is_forced = true;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_DONE);
		ck_assert_uint_eq(seen.runs, 2);
	}
END_TEST

START_TEST(a_cluster_job_that_another_runs_is_left_to_it)
	{
		set_clock(_i);
		with_db_sql("INSERT INTO job (name, holder, token, checks, lease_until) VALUES"
			    " ('cluster', 'another', 7, 0, UTC_TIMESTAMP(3) + INTERVAL 5 SECOND)");
		ck_assert_int_eq(result_of(&CLUSTER), JOB_ELSEWHERE);
		context.is_forced = true;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_ELSEWHERE);
		ck_assert_uint_eq(seen.runs, 0);
		with_db_sql("UPDATE job SET lease_until = UTC_TIMESTAMP(3)");
		ck_assert_int_eq(result_of(&CLUSTER), JOB_DONE);
		ck_assert_uint_eq(seen.token, 8);
	}
END_TEST

START_TEST(a_job_that_is_not_due_is_not_claimed)
	{
		seen.is_due = false;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_NOT_DUE);
		ck_assert_int_eq(result_of(&HOST), JOB_NOT_DUE);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM job"), 0);
		ck_assert_uint_eq(seen.runs, 0);
		ck_assert_uint_eq(seen.asked, 2);
		context.is_forced = true;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_DONE);
		ck_assert_int_eq(result_of(&HOST), JOB_DONE);
		ck_assert_uint_eq(seen.asked, 2);
	}
END_TEST

START_TEST(a_failure_is_on_record_and_tried_again_at_once)
	{
		seen.fails = true;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_FAILED);
		ck_assert(error_is(&with_db_err, ERR_INTERNAL));
		ck_assert_int_eq(
		    with_db_sql("SELECT result = 'failed' AND detail LIKE '%%it broke%%'"
				" AND lease_until IS NULL FROM job"),
		    1);
		ck_assert_int_eq(result_of(&HOST), JOB_FAILED);
		seen.fails = false;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_DONE);
		ck_assert_int_eq(with_db_sql("SELECT detail IS NULL FROM job"), 1);
	}
END_TEST

/* Whatever the job itself says: another has it now, and its record is not touched. */
START_TEST(a_job_whose_lease_was_lost_has_failed)
	{
		seen.loses_its_lease = true;
		seen.makes_progress = _i == 1;
		seen.fails = _i == 2;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_FAILED);
		ck_assert(error_is(&with_db_err, _i == 2 ? ERR_INTERNAL : ERR_CONFLICT));
		ck_assert_int_eq(
		    with_db_sql("SELECT holder = 'another' AND result IS NULL AND ended_at IS NULL"
				" AND lease_until > UTC_TIMESTAMP(3) FROM job"),
		    1);
	}
END_TEST

START_TEST(progress_prolongs_the_lease)
	{
		seen.makes_progress = true;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_DONE);
		ck_assert_int_eq(with_db_sql("SELECT checks FROM job"), 1);
		/* A host job has none. */
		ck_assert_int_eq(result_of(&HOST), JOB_DONE);
	}
END_TEST

START_TEST(a_host_job_is_for_one_process_of_the_host)
	{
		int ends[2], status;
		char octet;
		pid_t pid;

		set_clock(_i);
		ck_assert_int_eq(pipe(ends), 0);
		pid = fork();
		if (pid == 0) {
			seen.hangs_after = ends[1];
			(void)result_of(&HOST);
			_exit(0);
		}
		(void)close(ends[1]);
		ck_assert_int_eq(read(ends[0], &octet, 1), 1);
		ck_assert_int_eq(result_of(&HOST), JOB_ELSEWHERE);
		context.is_forced = true;
		ck_assert_int_eq(result_of(&HOST), JOB_ELSEWHERE);
		ck_assert_uint_eq(seen.runs, 0);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(result_of(&HOST), JOB_DONE);
		ck_assert_int_eq(result_of(&HOST), JOB_DONE);
		ck_assert_uint_eq(seen.runs, 2);
		ck_assert_uint_eq(seen.token, 0);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM job"), 0);
	}
END_TEST

START_TEST(a_state_dir_that_is_not_there_is_named)
	{
		static char nowhere[] = "/nonexistent/state";

		with_db_settings.server.state_dir = nowhere;
		ck_assert_int_eq(result_of(&HOST), JOB_FAILED);
		ck_assert(error_is(&with_db_err, ERR_CONFIG));
		ck_assert_ptr_nonnull(strstr(with_db_err.text, nowhere));
		ck_assert_uint_eq(seen.runs, 0);
	}
END_TEST

/* As root, for an account's folder; the near miss is every other test here. */
START_TEST(root_leaves_no_files_in_the_way_of_an_account)
	{
		if (geteuid() == 0) {
			ck_assert_int_eq(chown(state_dir, 65534, 65534), 0);
			ck_assert_int_eq(result_of(&HOST), JOB_FAILED);
			ck_assert_ptr_nonnull(strstr(with_db_err.text, "another account"));
			ck_assert_uint_eq(seen.runs, 0);
			ck_assert_int_eq(chown(state_dir, 0, 0), 0);
			with_db_err.code = ERR_NONE;
		}
		ck_assert_int_eq(result_of(&HOST), JOB_DONE);
	}
END_TEST

START_TEST(a_dead_database_fails_cluster_jobs_alone)
	{
		static char nowhere[] = "/nonexistent/sock";
		struct text_list none = { NULL, 0 };
		struct db *dead;

		with_db_point_at(&none, nowhere);
		dead = db_new(&with_db_settings);
		context.db = dead;
		ck_assert_int_eq(result_of(&CLUSTER), JOB_FAILED);
		ck_assert_int_eq(result_of(&HOST), JOB_DONE);
		ck_assert_uint_eq(seen.runs, 1);
		db_free(dead);
	}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("job");
	TCase *tc = tcase_create("job");
	const int clocks = COUNT(OFFSETS);

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, with_db_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_cluster_job_runs_once_and_is_on_record, 0, clocks);
	tcase_add_loop_test(tc, a_cluster_job_that_another_runs_is_left_to_it, 0, clocks);
	tcase_add_test(tc, a_job_that_is_not_due_is_not_claimed);
	tcase_add_test(tc, a_failure_is_on_record_and_tried_again_at_once);
	tcase_add_loop_test(tc, a_job_whose_lease_was_lost_has_failed, 0, 3);
	tcase_add_test(tc, progress_prolongs_the_lease);
	tcase_add_loop_test(tc, a_host_job_is_for_one_process_of_the_host, 0, clocks);
	tcase_add_test(tc, a_state_dir_that_is_not_there_is_named);
	tcase_add_test(tc, root_leaves_no_files_in_the_way_of_an_account);
	tcase_add_test(tc, a_dead_database_fails_cluster_jobs_alone);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

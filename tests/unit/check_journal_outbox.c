/* Events between their commit and their line in the issuance journal: full disks, killed workers,
 * and the job that writes what is missing; against a real MariaDB. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/log.h"
#include "enroll/journal/journal_job.h"
#include "enroll/journal/journal_record.h"
#include "enroll/status/revoke.h"
#include "fixture_store.h"
#include "store/journal_outbox.h"

enum { PATH_SIZE = 256, CONTENT_MAX = 1 << 20, JOBS = 4, MANY = JOURNAL_OUTBOX_PAGE + 1 };

/* What befalls the process, and what it has said to the database. */
enum fate { LIVES, DIES_AFTER_COMMIT, DIES_BEFORE_REMOVAL };
static enum fate fate;
static MYSQL_STMT *committing, *removing;
static unsigned outbox_statements;
static bool loses_its_lease;

int STDCALL
mysql_stmt_prepare(MYSQL_STMT *stmt, const char *query, unsigned long length)
{
	int (*real)(MYSQL_STMT *, const char *, unsigned long);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_prepare");
	committing = strcmp(query, "COMMIT") == 0 ? stmt : stmt == committing ? NULL : committing;
	removing = strstr(query, "DELETE FROM journal_outbox") == query ? stmt
		   : stmt == removing                                   ? NULL
									: removing;
	outbox_statements += strstr(query, "journal_outbox") != NULL;
	return real(stmt, query, length);
}

int STDCALL
mysql_stmt_execute(MYSQL_STMT *stmt)
{
	int (*real)(MYSQL_STMT *);
	int result;

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_execute");
	if (stmt == removing && fate == DIES_BEFORE_REMOVAL)
		(void)raise(SIGKILL);
	result = real(stmt);
	if (stmt == committing && fate == DIES_AFTER_COMMIT)
		(void)raise(SIGKILL);
	return result;
}

/* The moment when lines are on the disk and their rows still there. */
int
fdatasync(int fd)
{
	int (*real)(int);

	*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	if (loses_its_lease)
		with_db_sql("UPDATE job SET token = token + 1, holder = 'another'");
	return real(fd);
}

/* Two of one lineage, and a stranger. */
static struct fixture_record family[2], stranger;
static char journal[PATH_SIZE], content[CONTENT_MAX];
static struct job_context context;

static void
setup(void)
{
	fixture_store_setup();
	ck_assert_int_eq(log_open("stderr", "error", &with_db_err), 0);
	fixture_record(1, &family[0]);
	fixture_renewal(2, &family[0], &family[1]);
	fixture_record(3, &stranger);
	fixture_insert(&family[0]);
	fixture_insert(&family[1]);
	fixture_insert(&stranger);
	with_db_path(journal, sizeof(journal), "journal");
	(void)unlink(journal);
	with_db_settings.server.issued_log = journal;
	context = (struct job_context){ .settings = &with_db_settings, .db = with_db };
	db_disconnect(with_db); /* so that every statement is prepared again */
	outbox_statements = 0;
}

static void
teardown(void)
{
	with_db_teardown();
	(void)unlink(journal);
}

static const char *
read_journal(void)
{
	int fd = open(journal, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, content, sizeof(content) - 1) : 0;

	ck_assert_int_ge(len, 0);
	ck_assert_int_lt(len, (ssize_t)sizeof(content) - 1);
	content[len] = '\0';
	if (fd >= 0)
		ck_assert_int_eq(close(fd), 0);
	return content;
}

/* How many whole lines it has; *last is the last one. */
static size_t
lines(struct bytes *last)
{
	size_t count = 0;

	for (const char *at = read_journal(); *at != '\0'; at += *at == '\n') {
		const char *end = strchrnul(at, '\n');

		if (end > at && end[-1] == '}') {
			count++;
			*last = bytes_of(at, (size_t)(end - at));
		}
		at = end;
	}
	return count;
}

static size_t
line_count(void)
{
	struct bytes unused;

	return lines(&unused);
}

static long long
rows(void)
{
	return with_db_sql("SELECT COUNT(*) FROM journal_outbox");
}

static int
revoke_by(struct db *db, const struct fixture_record *which, enum revocation_action action,
    bool whole_lineage)
{
	const struct revoke_request request = {
		.action = action,
		.reason = 4,
		.whole_lineage = whole_lineage,
		.actor = "uid:7",
		.remote_address = "192.0.2.7",
		.request_id = whole_lineage ? &stranger.r.request_id : NULL,
		.comment = whole_lineage ? "\xe2\x80\x9cgone\xe2\x80\x9d \\ \"now\"/" : NULL,
	};
	struct revoke_outcome outcome;

	return revoke_certificate(db, &which->r.id, &request, &outcome, &with_db_err);
}

static int
act(const struct fixture_record *which, enum revocation_action action)
{
	error_clear(&with_db_err);
	return revoke_by(with_db, which, action, false);
}

static enum job_result
run_job(bool is_forced)
{
	error_clear(&with_db_err);
	context.is_forced = is_forced;
	return job_run(&journal_job, &context, &with_db_err);
}

static void
let_a_minute_pass(void)
{
	with_db_sql("UPDATE journal_outbox SET added_at = added_at - INTERVAL 61 SECOND");
}

/* So many octets more fit into the file; -1: all. */
static void
leave_room(long octets)
{
	struct rlimit limit;
	struct stat st;

	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = RLIM_INFINITY;
	if (octets >= 0)
		limit.rlim_cur =
		    (rlim_t)octets + (stat(journal, &st) == 0 ? (rlim_t)st.st_size : 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_change_has_one_line_and_leaves_no_row)
	{
		with_db_ok(act(&stranger, REVOCATION_HOLD));
		with_db_ok(act(&stranger, REVOCATION_RELEASE));
		with_db_ok(act(&stranger, REVOCATION_REVOKE));
		ck_assert_uint_eq(line_count(), 3);
		with_db_ok(revoke_by(with_db, &family[0], REVOCATION_REVOKE, true));
		ck_assert_uint_eq(line_count(), 5);
		ck_assert_int_eq(rows(), 0);
		with_db_fails(act(&stranger, REVOCATION_REVOKE), ERR_CONFLICT);
		ck_assert_int_eq(rows(), 0);
		ck_assert_int_eq(run_job(false), JOB_NOT_DUE);
		ck_assert_int_eq(run_job(true), JOB_DONE);
		ck_assert_uint_eq(line_count(), 5);
	}
END_TEST

START_TEST(without_a_journal_the_outbox_is_not_asked)
	{
		static char empty[] = "";

		with_db_settings.server.issued_log = _i == 0 ? NULL : empty;
		with_db_ok(act(&stranger, REVOCATION_REVOKE));
		ck_assert_int_eq(run_job(false), JOB_NOT_DUE);
		ck_assert_uint_eq(outbox_statements, 0);
		/* rows of another host's are not this one's to claim, nor to lose */
		with_db_sql("INSERT INTO journal_outbox SELECT id, 1, FALSE, UTC_TIMESTAMP()"
			    " - INTERVAL 1 HOUR FROM revocation_event");
		ck_assert_int_eq(run_job(false), JOB_NOT_DUE);
		ck_assert_int_eq(run_job(true), JOB_DONE);
		ck_assert_int_eq(rows(), 1);
	}
END_TEST

START_TEST(a_full_disk_keeps_a_line_off_until_the_job_writes_it_once)
	{
		int result;
		enum job_result ended;

		with_db_ok(act(&family[0], REVOCATION_HOLD));
		leave_room(20);
		result = act(&stranger, REVOCATION_REVOKE);
		leave_room(-1);
		ck_assert_int_eq(result, -1);
		ck_assert_int_eq(with_db_err.code, ERR_DATABASE);
		with_db_fails(act(&stranger, REVOCATION_REVOKE), ERR_CONFLICT);
		ck_assert_int_eq(rows(), 1);
		ck_assert_int_eq(run_job(false), JOB_NOT_DUE);
		let_a_minute_pass();
		leave_room(0);
		ended = run_job(false);
		leave_room(-1);
		ck_assert_int_eq(ended, JOB_FAILED);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "1 events have waited"));
		ck_assert_ptr_nonnull(strstr(with_db_err.text, journal));
		ck_assert_int_eq(rows(), 1);
		ck_assert_uint_eq(line_count(), 1);
		ck_assert_int_eq(run_job(false), JOB_DONE);
		ck_assert_int_eq(rows(), 0);
		ck_assert_uint_eq(line_count(), 2);
		ck_assert_int_eq(run_job(false), JOB_NOT_DUE);
	}
END_TEST

START_TEST(a_disk_that_fills_meanwhile_gets_no_line_twice)
	{
		struct bytes last;
		enum job_result ended;

		with_db_ok(act(&stranger, REVOCATION_HOLD));
		(void)lines(&last);
		with_db_sql("INSERT INTO journal_outbox SELECT id, 1, FALSE, UTC_TIMESTAMP(3)"
			    " FROM revocation_event");
		leave_room(0);
		(void)act(&family[0], REVOCATION_HOLD);
		leave_room((long)last.len + 10);
		ended = run_job(true);
		leave_room(-1);
		ck_assert_int_eq(ended, JOB_FAILED);
		ck_assert_uint_eq(line_count(), 2);
		ck_assert_int_eq(rows(), 1);
		ck_assert_int_eq(run_job(true), JOB_DONE);
		ck_assert_uint_eq(line_count(), 3);
		ck_assert_int_eq(rows(), 0);
	}
END_TEST

START_TEST(a_late_line_says_what_a_timely_one_does)
	{
		static char timely[4096];
		struct journal_record record;
		struct bytes last;

		with_db_ok(act(&family[1], REVOCATION_HOLD));
		with_db_ok(revoke_by(with_db, &family[1], (enum revocation_action)_i, _i != 1));
		ck_assert_uint_eq(lines(&last), _i == REVOCATION_REVOKE ? 3 : 2);
		ck_assert_uint_lt(last.len, sizeof(timely));
		memcpy(timely, last.ptr, last.len);
		with_db_ok(journal_record_parse(last, &record, &with_db_err));
		with_db_ok(journal_outbox_add(with_db, &record.event.row.id, record.event.sequence,
		    record.event.whole_lineage, &with_db_err));
		journal_record_release(&record);
		ck_assert_int_eq(unlink(journal), 0);
		ck_assert_int_eq(run_job(true), JOB_DONE);
		ck_assert_uint_eq(lines(&last), 1);
		ck_assert_mem_eq(timely, last.ptr, last.len);
		ck_assert_int_eq(timely[last.len], '\0');
	}
END_TEST

/* In a process of its own, which its fate befalls. */
static void
die(enum fate how)
{
	int status = 0;
	pid_t pid;

	db_disconnect(with_db);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		fate = how;
		(void)act(&stranger, REVOCATION_REVOKE);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

START_TEST(a_worker_that_is_killed_leaves_the_line_to_the_job)
	{
		size_t before = _i == DIES_AFTER_COMMIT ? 0 : 1;

		die((enum fate)_i);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM certificate WHERE status = 'revoked'"), 1);
		ck_assert_uint_eq(line_count(), before);
		ck_assert_int_eq(rows(), 1);
		let_a_minute_pass();
		ck_assert_int_eq(run_job(false), JOB_DONE);
		ck_assert_uint_eq(line_count(), before + 1);
		ck_assert_int_eq(rows(), 0);
	}
END_TEST

/* More than a page of them. */
static void
fill_outbox(void)
{
	with_db_sql(
	    "INSERT INTO revocation_event (id, certificate_id, generation_id, action, reason,"
	    " at, actor, remote_address) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT"
	    " i + 1 FROM n WHERE i < %d) SELECT UNHEX(MD5(i)), c.id, c.generation_id, 'hold',"
	    " 6, UTC_TIMESTAMP(), 'uid:0', '' FROM n JOIN certificate c"
	    " ON c.subject = 'CN=host3.example.test'",
	    MANY);
	with_db_sql("INSERT INTO journal_outbox SELECT id, 1, FALSE, UTC_TIMESTAMP(3)"
		    " FROM revocation_event");
	ck_assert_int_eq(rows(), MANY);
}

START_TEST(jobs_at_once_write_each_line_once)
	{
		pid_t pids[JOBS];
		int status;

		fill_outbox();
		db_disconnect(with_db);
		for (int i = 0; i < JOBS; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				_exit((int)run_job(true));
		}
		for (int i = 0; i < JOBS; i++) {
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert(WIFEXITED(status));
			ck_assert(WEXITSTATUS(status) == JOB_DONE ||
				  WEXITSTATUS(status) == JOB_ELSEWHERE);
		}
		ck_assert_int_eq(rows(), 0);
		ck_assert_uint_eq(line_count(), MANY);
	}
END_TEST

START_TEST(a_job_that_has_lost_its_lease_deletes_nothing)
	{
		fill_outbox();
		loses_its_lease = true;
		ck_assert_int_eq(run_job(true), JOB_FAILED);
		ck_assert_int_eq(with_db_err.code, ERR_CONFLICT);
		loses_its_lease = false;
		ck_assert_int_eq(rows(), MANY);
		ck_assert_uint_eq(line_count(), JOURNAL_OUTBOX_PAGE);
	}
END_TEST

START_TEST(a_certificate_that_is_purged_takes_its_row_along)
	{
		int result;

		leave_room(0);
		result = act(&stranger, REVOCATION_REVOKE);
		leave_room(-1);
		ck_assert_int_eq(result, -1);
		ck_assert_int_eq(rows(), 1);
		with_db_sql("DELETE FROM revocation_event");
		ck_assert_int_eq(rows(), 0);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("journal_outbox");
	TCase *tests = tcase_create("journal_outbox");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_change_has_one_line_and_leaves_no_row);
	tcase_add_loop_test(tests, without_a_journal_the_outbox_is_not_asked, 0, 2);
	tcase_add_test(tests, a_full_disk_keeps_a_line_off_until_the_job_writes_it_once);
	tcase_add_test(tests, a_disk_that_fills_meanwhile_gets_no_line_twice);
	tcase_add_loop_test(tests, a_late_line_says_what_a_timely_one_does, REVOCATION_RELEASE,
	    REVOCATION_REVOKE + 1);
	tcase_add_loop_test(tests, a_worker_that_is_killed_leaves_the_line_to_the_job,
	    DIES_AFTER_COMMIT, DIES_BEFORE_REMOVAL + 1);
	tcase_add_test(tests, jobs_at_once_write_each_line_once);
	tcase_add_test(tests, a_job_that_has_lost_its_lease_deletes_nothing);
	tcase_add_test(tests, a_certificate_that_is_purged_takes_its_row_along);
	suite_add_tcase(suite, tests);
	return with_db_run(suite);
}

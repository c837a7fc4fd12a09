/* enroll/status/crl_files: whole files or none, never an older CRL, whoever is killed and whoever
 * else writes. */
#define _GNU_SOURCE
#include "enroll/status/crl_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/enc.h"
#include "base/random.h"
#include "fixture_crl.h"

static void
write_files(void)
{
	with_db_ok(crl_files_write(with_db, &with_db_settings, &with_db_err));
}

static struct stat
status(const char *name)
{
	struct stat st = { .st_ino = 0 };
	char path[256];

	crl_path(path, name);
	ck_assert_msg(lstat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st;
}

static bool
exists(const char *name)
{
	char path[256];

	crl_path(path, name);
	return access(path, F_OK) == 0;
}

static size_t
count_files(void)
{
	DIR *dir = opendir(crl_folder);
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count - 2;
}

static void
put_file(const char *name, struct bytes octets)
{
	char path[256];
	FILE *file;

	crl_path(path, name);
	(void)unlink(path);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(octets.ptr, 1, octets.len, file), octets.len);
	(void)fclose(file);
}

/* 48 octets make a line of PEM; the last CRL has two parts, and a line that stands in both. */
static void
assert_pem(struct bytes der)
{
	cleanup(buf_release) struct buf expected = BUF_INIT(CRL_MAX);
	cleanup(buf_release) struct buf text = BUF_INIT(CRL_MAX);
	cleanup(buf_release) struct buf pem = BUF_INIT(CRL_MAX);

	base64_encode(der, &text);
	buf_add_text(&expected, "-----BEGIN X509 CRL-----\n");
	for (size_t at = 0; at < text.len; at += 64)
		buf_printf(&expected, "%.64s\n", buf_text(&text) + at);
	buf_add_text(&expected, "-----END X509 CRL-----\n");
	crl_read_file("demo-1.crl.pem", &pem);
	ck_assert(bytes_equal(buf_bytes(&pem), buf_bytes(&expected)));
}

START_TEST(the_files_are_the_published_crl)
	{
		static const uint32_t entries[] = { 0, 1, 2, 3, 4, 5, 29000 };

		(void)umask(077);
		for (size_t i = 0; i < COUNT(entries); i++) {
			cleanup(buf_release) struct buf der = BUF_INIT(CRL_MAX);
			uint64_t number = crl_publish(0, entries[i]);
			int64_t time = NOW + (int64_t)number;

			write_files();
			ck_assert_uint_eq(crl_file_number("demo-1.crl"), number);
			crl_read_file("demo-1.crl", &der);
			assert_pem(buf_bytes(&der));
			ck_assert_int_eq(status("demo-1.crl").st_mtim.tv_sec, time);
			ck_assert_int_eq(status("demo-1.crl.pem").st_mtim.tv_sec, time);
		}
		ck_assert_uint_eq(status("").st_mode & 07777, 0755);
		ck_assert_uint_eq(status("demo-1.crl").st_mode & 07777, 0644);
		ck_assert_uint_eq(status("demo-1.crl.pem").st_mode & 07777, 0644);
		ck_assert_uint_eq(count_files(), 3); /* the lock */
	}
END_TEST

START_TEST(the_folder_of_the_settings_is_used_and_keeps_its_mode)
	{
		char directory[128];

		(void)snprintf(directory, sizeof(directory), "%s/elsewhere", folder);
		ck_assert_int_eq(mkdir(directory, 0750), 0);
		with_db_settings.crl.directory = directory;
		(void)snprintf(crl_folder, sizeof(crl_folder), "%s", directory);
		(void)crl_publish(0, 1);
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), 1);
		ck_assert_uint_eq(status("").st_mode & 07777, 0750);
	}
END_TEST

/* RFC 5280, 5.2.4: a delta CRL goes with its base and every later one. */
START_TEST(a_delta_crl_is_written_with_its_base_and_not_without)
	{
		uint64_t base = crl_publish(0, 10), delta = crl_publish(base, 2), next;

		with_db_sql("UPDATE crl SET base_number = 9 WHERE number = 2");
		write_files();
		ck_assert(!exists("demo-1-delta.crl"));
		with_db_sql("UPDATE crl SET base_number = 1 WHERE number = 2");
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), base);
		ck_assert_uint_eq(crl_file_number("demo-1-delta.crl"), delta);
		ck_assert_uint_eq(crl_file_number("demo-1-delta.crl.pem"), delta);
		next = crl_publish(0, 11);
		delta = crl_publish(base, 3);
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), next);
		ck_assert_uint_eq(crl_file_number("demo-1-delta.crl"), delta);
	}
END_TEST

static bool
is_due(void)
{
	const struct job_context job = { .settings = &with_db_settings, .db = with_db };
	bool due = false;

	with_db_ok(crl_files_job.is_due(&job, &due, &with_db_err));
	return due;
}

START_TEST(what_is_there_is_not_written_again)
	{
		ino_t der, pem;

		ck_assert(!is_due());
		(void)crl_publish(0, 5);
		ck_assert(is_due());
		write_files();
		ck_assert(!is_due());
		der = status("demo-1.crl").st_ino;
		pem = status("demo-1.crl.pem").st_ino;
		write_files();
		ck_assert_uint_eq(status("demo-1.crl").st_ino, der);
		ck_assert_uint_eq(status("demo-1.crl.pem").st_ino, pem);
		(void)crl_publish(0, 5);
		ck_assert(is_due());
	}
END_TEST

/* As after restoring an older backup. */
START_TEST(an_older_crl_never_replaces_a_newer_one)
	{
		(void)crl_publish(0, 1);
		(void)crl_publish(0, 2);
		write_files();
		with_db_sql("DELETE FROM crl WHERE number = 2");
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), 2);
		ck_assert_uint_eq(crl_file_number("demo-1.crl.pem"), 2);
		ck_assert(!is_due());
		(void)crl_publish(0, 3);
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), 3);
	}
END_TEST

/* Another CA had this name and this folder before: its numbers mean nothing. */
START_TEST(a_greater_number_of_another_ca_keeps_nothing)
	{
		cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
		cleanup(key_freep) struct key *key = NULL;
		struct key *own = crl_issuer->key;
		struct key_facts facts = { KEY_P256, 256 };
		char path[128], uri[160];

		(void)snprintf(path, sizeof(path), "%s/other.key", folder);
		(void)snprintf(uri, sizeof(uri), "file:%s", path);
		with_db_ok(key_generate_file(path, NULL, facts, &with_db_err));
		with_db_ok(key_open(uri, NULL, &key, &with_db_err));
		(void)crl_publish(0, 1);
		write_files();
		crl_issuer->key = key;
		crl_sign(&writer, 1000, 0, 4);
		crl_issuer->key = own;
		put_file("demo-1.crl", buf_bytes(&writer.der));
		ck_assert(is_due());
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), 1);
	}
END_TEST

enum fault {
	FAULT_GARBAGE,
	FAULT_EMPTY,
	FAULT_CUT,
	FAULT_LONGER,
	FAULT_OTHER_DATE,
	FAULT_SYMLINK,
	FAULT_FIFO,
	FAULT_NO_DER,
	FAULT_NO_PEM,
	FAULT_CUT_PEM,
	FAULT_PEM_SYMLINK,
	FAULTS
};

/* A CRL of the same number and length, of another time. */
static void
put_other_date(void)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CRL_MAX);

	crl_read_file("demo-1.crl", &der);
	for (size_t i = 0; i + 15 < der.len; i++)
		if (der.data[i] == 0x17 && der.data[i + 1] == 13) {
			der.data[i + 2 + 11] ^= 1;
			break;
		}
	put_file("demo-1.crl", buf_bytes(&der));
}

static void
make_link(const char *name)
{
	char path[256], target[256];

	crl_path(path, name);
	(void)snprintf(target, sizeof(target), "%s/target", folder);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(target, path), 0);
}

static void
break_file(enum fault fault)
{
	char path[256];

	crl_path(path,
	    fault == FAULT_NO_PEM || fault == FAULT_CUT_PEM ? "demo-1.crl.pem" : "demo-1.crl");
	if (fault == FAULT_GARBAGE)
		put_file("demo-1.crl", bytes_text("garbage"));
	if (fault == FAULT_EMPTY)
		put_file("demo-1.crl", bytes_text(""));
	if (fault == FAULT_CUT || fault == FAULT_CUT_PEM)
		ck_assert_int_eq(truncate(path, 200), 0);
	if (fault == FAULT_LONGER)
		ck_assert_int_eq(truncate(path, 20000), 0);
	if (fault == FAULT_OTHER_DATE)
		put_other_date();
	if (fault == FAULT_SYMLINK)
		make_link("demo-1.crl");
	if (fault == FAULT_PEM_SYMLINK)
		make_link("demo-1.crl.pem");
	if (fault == FAULT_FIFO)
		ck_assert(unlink(path) == 0 && mkfifo(path, 0600) == 0);
	if (fault == FAULT_NO_DER || fault == FAULT_NO_PEM)
		ck_assert_int_eq(unlink(path), 0);
}

START_TEST(what_is_no_whole_file_of_ours_is_replaced)
	{
		char target[256];
		struct stat st;

		(void)crl_publish(0, 5);
		write_files();
		(void)snprintf(target, sizeof(target), "%s/target", folder);
		ck_assert_int_eq(close(creat(target, 0600)), 0);
		for (int fault = 0; fault < FAULTS; fault++) {
			break_file((enum fault)fault);
			ck_assert_msg(is_due(), "fault %d", fault);
			write_files();
			ck_assert_msg(!is_due(), "fault %d", fault);
			ck_assert_uint_eq(crl_file_number("demo-1.crl"), 1);
			ck_assert_uint_eq(crl_file_number("demo-1.crl.pem"), 1);
			ck_assert(S_ISREG(status("demo-1.crl").st_mode));
			ck_assert(S_ISREG(status("demo-1.crl.pem").st_mode));
		}
		/* nobody wrote where the links lead */
		ck_assert(lstat(target, &st) == 0 && st.st_size == 0);
	}
END_TEST

/* A hash, a length, a part that is missing, one that is changed, a row of another number. */
static const struct {
	const char *sql;
	enum error_code code;
} DAMAGES[] = {
	{ "UPDATE crl SET sha256 = REPEAT('x', 32) WHERE number = 2", ERR_INTERNAL },
	{ "UPDATE crl SET size = size - 1 WHERE number = 2", ERR_DATABASE },
	/* taken for one that was replaced and deleted meanwhile */
	{ "UPDATE crl SET size = size + 1 WHERE number = 2", ERR_NONE },
	{ "DELETE FROM crl_part WHERE part = 1", ERR_NONE },
	{ "UPDATE crl_part SET data = CONCAT(SUBSTR(data, 2), 'x') WHERE part = 1", ERR_INTERNAL },
	{ "UPDATE crl SET number = 3 WHERE number = 2", ERR_INTERNAL },
};

START_TEST(octets_that_are_not_those_of_the_row_are_not_written)
	{
		(void)crl_publish(0, 5);
		write_files();
		(void)crl_publish(0, 29000);
		with_db_sql("%s", DAMAGES[_i].sql);
		error_clear(&with_db_err);
		(void)crl_files_write(with_db, &with_db_settings, &with_db_err);
		ck_assert_msg(with_db_err.code == DAMAGES[_i].code, "%s", with_db_err.text);
		error_clear(&with_db_err);
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), 1);
		ck_assert_uint_eq(crl_file_number("demo-1.crl.pem"), 1);
		ck_assert_uint_eq(count_files(), 3);
	}
END_TEST

/* A folder stands where the file of one CRL should be. */
START_TEST(one_crl_that_cannot_be_written_does_not_keep_the_others)
	{
		uint64_t base = crl_publish(0, 1);
		char path[256];

		(void)crl_publish(base, 1);
		ck_assert_int_eq(mkdir(crl_folder, 0755), 0);
		crl_path(path, "demo-1.crl.pem");
		ck_assert_int_eq(mkdir(path, 0755), 0);
		with_db_fails(
		    crl_files_write(with_db, &with_db_settings, &with_db_err), ERR_INTERNAL);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "demo-1"));
		error_clear(&with_db_err);
		ck_assert_uint_eq(crl_file_number("demo-1-delta.crl"), base + 1);
		ck_assert(!exists("demo-1.crl"));
	}
END_TEST

START_TEST(what_a_killed_run_left_is_removed_and_nothing_else)
	{
		(void)crl_publish(0, 1);
		write_files();
		put_file(".demo-1.crl.new", bytes_text("half"));
		put_file(".demo-7-delta.crl.pem.new", bytes_text("half"));
		put_file("notes.new", bytes_text("an administrator's"));
		put_file("gone-1.crl", bytes_text("of a CA that is no more"));
		write_files();
		ck_assert(!exists(".demo-1.crl.new") && !exists(".demo-7-delta.crl.pem.new"));
		ck_assert(exists("notes.new") && exists("gone-1.crl"));
	}
END_TEST

START_TEST(without_the_database_the_files_stay)
	{
		char nowhere[] = "/nonexistent/socket";
		char *socket = with_db_settings.database.socket;
		cleanup(db_freep) struct db *db = NULL;

		(void)crl_publish(0, 1);
		write_files();
		with_db_settings.database.socket = nowhere;
		db = db_new(&with_db_settings);
		with_db_fails(crl_files_write(db, &with_db_settings, &with_db_err), ERR_DATABASE);
		with_db_settings.database.socket = socket;
		error_clear(&with_db_err);
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), 1);
		ck_assert_uint_eq(crl_file_number("demo-1.crl.pem"), 1);
	}
END_TEST

/* In a process of its own, until it is done or killed. */
static pid_t
fork_writer(void)
{
	struct error err = { .code = ERR_NONE };
	pid_t pid = fork();
	struct db *db;

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	(void)signal(SIGTERM, SIG_DFL);
	db = db_new(&with_db_settings);
	_exit(db != NULL && crl_files_write(db, &with_db_settings, &err) == 0 ? 0 : 1);
}

static long
random_below(long limit)
{
	uint32_t value;

	random_bytes(&value, sizeof(value));
	return (long)(value % (uint32_t)limit);
}

static int64_t
now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
nap_us(long us)
{
	const struct timespec pause = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	(void)nanosleep(&pause, NULL);
}

/* How long a whole run takes, so that the signals are spread over it. */
static long
measure_us(void)
{
	int64_t began = now_us();
	int status;

	ck_assert_int_eq(waitpid(fork_writer(), &status, 0) > 0, 1);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return (long)(now_us() - began);
}

START_TEST(sigkill_at_any_point_leaves_the_old_file_or_the_new_one)
	{
		enum { ROUNDS = 24, ENTRIES = 8000 };
		uint64_t old = crl_publish(0, ENTRIES), old_pem = old, killed = 0;
		long whole_us = measure_us();

		for (int i = 0; i < ROUNDS; i++) {
			uint64_t new = crl_publish(0, ENTRIES), der, pem;
			pid_t pid = fork_writer();
			int status;

			nap_us(random_below(whole_us));
			(void)kill(pid, SIGKILL);
			ck_assert_int_eq(waitpid(pid, &status, 0), pid);
			killed += WIFSIGNALED(status);
			/* The measured run may have met a busier machine than those that follow. */
			whole_us -= WIFSIGNALED(status) ? 0 : whole_us / 4;
			der = crl_file_number("demo-1.crl");
			pem = crl_file_number("demo-1.crl.pem");
			ck_assert(der == old || der == new);
			ck_assert(pem == old_pem || pem == new);
			/* PEM is renamed first */
			ck_assert(der == old || pem == new);
			old = der;
			old_pem = pem;
		}
		ck_assert_uint_gt(killed, ROUNDS / 4);
		old = crl_publish(0, 1);
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), old);
		ck_assert_uint_eq(crl_file_number("demo-1.crl.pem"), old);
		ck_assert_uint_eq(count_files(), 3);
	}
END_TEST

START_TEST(two_at_once_do_not_disturb_each_other)
	{
		enum { ROUNDS = 8 };
		uint64_t seen = 0, number = 0;

		for (int i = 0; i < ROUNDS; i++) {
			pid_t pids[3];
			int status;

			number = crl_publish(0, (uint32_t)(i * 500));
			for (int j = 0; j < 3; j++)
				pids[j] = fork_writer();
			if (i > 0) {
				uint64_t now = crl_file_number("demo-1.crl");

				ck_assert(now >= seen);
				seen = now;
			}
			for (int j = 0; j < 3; j++) {
				ck_assert_int_eq(waitpid(pids[j], &status, 0), pids[j]);
				ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
			}
			ck_assert_uint_eq(crl_file_number("demo-1.crl"), number);
		}
		ck_assert_uint_eq(crl_file_number("demo-1.crl.pem"), number);
		ck_assert_uint_eq(count_files(), 3);
	}
END_TEST

START_TEST(a_generation_that_signs_no_more_keeps_its_files_as_they_are)
	{
		(void)crl_publish(0, 1);
		write_files();
		(void)crl_publish(0, 2);
		with_db_sql("UPDATE authority_generation SET state = 'expired'");
		write_files();
		ck_assert_uint_eq(crl_file_number("demo-1.crl"), 1);
	}
END_TEST

static TCase *
files(void)
{
	TCase *tc = tcase_create("files");

	tcase_add_test(tc, the_files_are_the_published_crl);
	tcase_add_test(tc, the_folder_of_the_settings_is_used_and_keeps_its_mode);
	tcase_add_test(tc, a_delta_crl_is_written_with_its_base_and_not_without);
	tcase_add_test(tc, what_is_there_is_not_written_again);
	tcase_add_test(tc, an_older_crl_never_replaces_a_newer_one);
	tcase_add_test(tc, a_greater_number_of_another_ca_keeps_nothing);
	tcase_add_test(tc, what_is_no_whole_file_of_ours_is_replaced);
	tcase_add_loop_test(
	    tc, octets_that_are_not_those_of_the_row_are_not_written, 0, COUNT(DAMAGES));
	tcase_add_test(tc, one_crl_that_cannot_be_written_does_not_keep_the_others);
	tcase_add_test(tc, what_a_killed_run_left_is_removed_and_nothing_else);
	tcase_add_test(tc, without_the_database_the_files_stay);
	tcase_add_test(tc, a_generation_that_signs_no_more_keeps_its_files_as_they_are);
	return tc;
}

static TCase *
races(void)
{
	TCase *tc = tcase_create("races");

	tcase_add_test(tc, sigkill_at_any_point_leaves_the_old_file_or_the_new_one);
	tcase_add_test(tc, two_at_once_do_not_disturb_each_other);
	return tc;
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("crl_files");
	TCase *cases[] = { files(), races() };

	(void)argc;
	with_db_ensure(argv);
	for (size_t i = 0; i < COUNT(cases); i++) {
		tcase_add_checked_fixture(cases[i], crl_setup, crl_teardown);
		tcase_set_timeout(cases[i], 60);
		suite_add_tcase(suite, cases[i]);
	}
	return with_db_run(suite);
}

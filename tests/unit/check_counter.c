/* base/counter: what several processes add, what a killed one leaves behind, and the file of
 * --single. */
#define _GNU_SOURCE
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counter.h"
#include "http/response.h"

enum { CHILDREN = 5, ROUNDS = 20000, PATH_LEN = 64, OTHER_ACCOUNT = 65534 };

static char folder[PATH_LEN], path[PATH_LEN + 16], lock_path[PATH_LEN + 16];

static void
setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_counter.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/counters", folder);
	(void)snprintf(lock_path, sizeof(lock_path), "%s/counters.lock", folder);
}

static void
teardown(void)
{
	char temp[PATH_LEN + 16];

	(void)snprintf(temp, sizeof(temp), "%s/counters.new", folder);
	(void)unlink(temp);
	(void)unlink(path);
	(void)rmdir(path);
	(void)unlink(lock_path);
	(void)rmdir(folder);
}

static void
share(void)
{
	struct error err = { .code = ERR_NONE };

	ck_assert_msg(counter_share(&err) == 0, "%s", err.text);
}

static void
share_file(void)
{
	struct error err = { .code = ERR_NONE };

	ck_assert_msg(counter_share_file(folder, &err) == 0, "%s", err.text);
}

static void
refuse_file(const char *reason)
{
	struct error err = { .code = ERR_NONE };

	ck_assert_int_lt(counter_share_file(folder, &err), 0);
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_msg(strstr(err.text, reason) != NULL, "%s", err.text);
	ck_assert_int_eq(counter_since(), 0);
	counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 1);
	ck_assert_uint_eq(counter_total(COUNTER_CRLS, COUNTER_CRL_FULL, 0), 0);
}

static uint64_t
full_crls(void)
{
	return counter_total(COUNTER_CRLS, COUNTER_CRL_FULL, 0);
}

START_TEST(without_memory_nothing_is_counted)
	{
		counter_use_worker_slot(3);
		counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 1);
		counter_add_text(COUNTER_ISSUED, "rest", "Static", 1);
		counter_observe(COUNTER_REQUEST_TIME, COUNTER_ENROLL, 5);
		ck_assert_uint_eq(full_crls(), 0);
		ck_assert_int_eq(counter_since(), 0);
	}
END_TEST

START_TEST(each_series_counts_for_itself)
	{
		const struct counter_family *family;
		uint64_t n = 1;

		share();
		for (unsigned id = 0; id < COUNTER_FAMILIES; id++) {
			family = counter_family_of((enum counter_id)id);
			if (family->kind == COUNTER_HISTOGRAM)
				continue;
			for (unsigned i = 0; i < family->labels[0].count; i++)
				for (unsigned j = 0; j == 0 || j < family->labels[1].count; j++)
					counter_add((enum counter_id)id, i, j, n++);
		}
		n = 1;
		for (unsigned id = 0; id < COUNTER_FAMILIES; id++) {
			family = counter_family_of((enum counter_id)id);
			if (family->kind == COUNTER_HISTOGRAM)
				continue;
			for (unsigned i = 0; i < family->labels[0].count; i++)
				for (unsigned j = 0; j == 0 || j < family->labels[1].count; j++)
					ck_assert_uint_eq(
					    counter_total((enum counter_id)id, i, j), n++);
		}
	}
END_TEST

START_TEST(a_value_that_is_none_is_counted_as_the_last)
	{
		share();
		counter_add_text(COUNTER_ISSUED, "est", "Static", 1);
		counter_add_text(COUNTER_ISSUED, "carrier pigeon", "Static", 2);
		counter_add_text(COUNTER_ISSUED, "est", NULL, 4);
		counter_add(COUNTER_REFUSED, 100000, 0, 8);
		ck_assert_uint_eq(counter_total(COUNTER_ISSUED, 1, 0), 1);
		ck_assert_uint_eq(counter_total(COUNTER_ISSUED, 3, 0), 2);
		ck_assert_uint_eq(counter_total(COUNTER_ISSUED, 1, 3), 4);
		ck_assert_uint_eq(counter_total(COUNTER_REFUSED, ERROR_CODES - 1, 0), 8);
	}
END_TEST

START_TEST(a_duration_falls_into_the_first_bucket_that_holds_it)
	{
		struct counter_histogram totals;

		share();
		counter_observe(COUNTER_REQUEST_TIME, COUNTER_RENEW, -1);
		for (unsigned i = 0; i < COUNTER_BOUNDS; i++) {
			counter_observe(COUNTER_REQUEST_TIME, COUNTER_RENEW, counter_bound_us(i));
			counter_observe(
			    COUNTER_REQUEST_TIME, COUNTER_RENEW, counter_bound_us(i) + 1);
		}
		counter_histogram_total(COUNTER_REQUEST_TIME, COUNTER_RENEW, &totals);
		for (unsigned i = 0; i < COUNTER_BUCKETS; i++)
			ck_assert_uint_eq(totals.buckets[i], i < COUNTER_BOUNDS ? 2 : 1);
		for (unsigned i = 0; i < COUNTER_BOUNDS; i++)
			totals.sum_us -= 2 * (uint64_t)counter_bound_us(i) + 1;
		ck_assert_uint_eq(totals.sum_us, 0);
		counter_histogram_total(COUNTER_REQUEST_TIME, COUNTER_ENROLL, &totals);
		ck_assert_uint_eq(totals.sum_us, 0);
	}
END_TEST

/* A child that counts in this slot, says so, and then waits for its end. */
static pid_t
count_in_child(size_t slot, int ready_fd)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	counter_use_worker_slot(slot);
	for (unsigned i = 0; i < ROUNDS; i++) {
		counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 1);
		counter_observe(COUNTER_REQUEST_TIME, COUNTER_ENROLL, 7);
	}
	if (write(ready_fd, "", 1) == 1)
		(void)pause();
	_exit(1);
}

/* Killed outright when each has counted; slots[i] is the i-th child's. */
static void
count_and_kill(const size_t slots[static CHILDREN])
{
	pid_t pids[CHILDREN];
	int fds[2], status;
	char byte;

	ck_assert_int_eq(pipe(fds), 0);
	for (unsigned i = 0; i < CHILDREN; i++)
		pids[i] = count_in_child(slots[i], fds[1]);
	for (unsigned i = 0; i < CHILDREN; i++)
		ck_assert_int_eq(read(fds[0], &byte, 1), 1);
	for (unsigned i = 0; i < CHILDREN; i++) {
		ck_assert_int_eq(kill(pids[i], SIGKILL), 0);
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* Worker slots of their own; and of two that share one, by their number or beyond the last. */
static const size_t slots[][CHILDREN] = {
	{ 0, 1, 2, 3, 4 },
	{ 0, 0, 0, 0, 0 },
	{ 61, 62, 123, 124, 1000000 },
};

START_TEST(what_killed_processes_counted_stays)
	{
		struct counter_histogram totals;

		share();
		counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 3);
		count_and_kill(slots[_i]);
		ck_assert_uint_eq(full_crls(), CHILDREN * ROUNDS + 3);
		/* those that take their places go on from there */
		count_and_kill(slots[_i]);
		ck_assert_uint_eq(full_crls(), 2 * CHILDREN * ROUNDS + 3);
		counter_histogram_total(COUNTER_REQUEST_TIME, COUNTER_ENROLL, &totals);
		ck_assert_uint_eq(totals.sum_us, UINT64_C(14) * CHILDREN * ROUNDS);
		ck_assert_uint_eq(totals.buckets[0], UINT64_C(2) * CHILDREN * ROUNDS);
	}
END_TEST

START_TEST(names_are_prometheus_names_and_differ)
	{
		static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";

		for (unsigned id = 0; id < COUNTER_FAMILIES; id++) {
			const struct counter_family *family =
			    counter_family_of((enum counter_id)id);
			size_t len = strlen(family->name);

			ck_assert_uint_eq(strspn(family->name, letters), len);
			if (family->kind != COUNTER_HISTOGRAM)
				ck_assert_str_eq(family->name + len - 6, "_total");
			for (unsigned other = 0; other < id; other++)
				ck_assert_str_ne(
				    family->name, counter_family_of((enum counter_id)other)->name);
			for (unsigned i = 0; i < COUNTER_LABELS; i++)
				for (unsigned j = 0; j < family->labels[i].count; j++)
					for (unsigned k = 0; k < j; k++)
						ck_assert_str_ne(family->labels[i].values[j],
						    family->labels[i].values[k]);
		}
	}
END_TEST

START_TEST(a_reason_has_the_name_of_its_error_code)
	{
		const char *const *names = counter_family_of(COUNTER_REFUSED)->labels[0].values;

		ck_assert_str_eq(names[ERR_NONE], "none");
		ck_assert_str_eq(names[ERR_BAD_REQUEST], "bad_request");
		ck_assert_str_eq(names[ERR_TOKEN], "token");
		ck_assert_str_eq(names[ERR_NEEDS_TLS], "needs_tls");
		ck_assert_str_eq(names[ERR_LIMIT], "limit");
		ck_assert_str_eq(names[ERR_DATABASE], "database");
		ck_assert_str_eq(names[ERR_CA_KEY], "ca_key");
		/* each one that is answered has its own name */
		for (int code = ERROR_CODES; code < ERROR_CODES + 100; code++)
			ck_assert_int_eq(error_number((enum error_code)code), 5000);
	}
END_TEST

START_TEST(the_file_outlives_the_processes_that_count_in_it)
	{
		struct stat st;

		(void)umask(0);
		for (unsigned i = 0; i < 3; i++) {
			share_file();
			count_and_kill(slots[i]);
			ck_assert_uint_eq(full_crls(), (uint64_t)(i + 1) * CHILDREN * ROUNDS);
			counter_close();
		}
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
		/* no page of it is missing on the disk */
		ck_assert_int_ge(st.st_blocks * 512, st.st_size);
	}
END_TEST

START_TEST(processes_that_open_the_file_at_once_share_it)
	{
		pid_t pids[CHILDREN];
		int status;

		for (unsigned i = 0; i < CHILDREN; i++) {
			pids[i] = fork();
			ck_assert_int_ge(pids[i], 0);
			if (pids[i] > 0)
				continue;
			share_file();
			counter_use_worker_slot((size_t)getpid());
			for (unsigned j = 0; j < ROUNDS; j++)
				counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 1);
			_exit(0);
		}
		for (unsigned i = 0; i < CHILDREN; i++) {
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert_int_eq(status, 0);
		}
		share_file();
		ck_assert_uint_eq(full_crls(), CHILDREN * ROUNDS);
	}
END_TEST

/* Leaves a file in which 5 is counted. */
static off_t
make_file(void)
{
	struct stat st;

	share_file();
	counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 5);
	ck_assert_uint_eq(full_crls(), 5);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_size;
}

static void
write_at(off_t at, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, len, at), (ssize_t)len);
	(void)close(fd);
}

/* The same file with one thing wrong; the mapping of it is given up first. */
static void
spoil(int how, off_t size)
{
	const uint64_t wrong = UINT64_C(0x1234567812345678), nothing = 0;
	char other[PATH_LEN + 16];

	counter_close();
	(void)snprintf(other, sizeof(other), "%s/counters.new", folder);
	switch (how) {
	case 0:
		ck_assert_int_eq(truncate(path, 0), 0);
		break;
	case 1:
		ck_assert_int_eq(truncate(path, 16), 0);
		break;
	case 2:
		ck_assert_int_eq(truncate(path, size - 1), 0);
		break;
	case 3:
		ck_assert_int_eq(truncate(path, size + 1), 0);
		break;
	case 4: /* some other file */
		write_at(0, &wrong, sizeof(wrong));
		break;
	case 5: /* another layout */
		write_at(8, &wrong, sizeof(wrong));
		break;
	case 6: /* no date */
		write_at(16, &nothing, sizeof(nothing));
		break;
	case 7:
		ck_assert_int_eq(chmod(path, 0640), 0);
		break;
	case 8: /* whoever has the other name might read along */
		ck_assert_int_eq(link(path, other), 0);
		break;
	default:
		ck_abort();
	}
}

START_TEST(a_file_that_is_not_as_wanted_is_replaced)
	{
		off_t size = make_file();
		struct stat before, after;

		ck_assert_int_eq(stat(path, &before), 0);
		/* the near miss: with nothing wrong it is kept */
		counter_close();
		share_file();
		ck_assert_uint_eq(full_crls(), 5);
		spoil(_i, size);
		share_file();
		ck_assert_uint_eq(full_crls(), 0);
		counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 1);
		ck_assert_uint_eq(full_crls(), 1);
		ck_assert_int_eq(stat(path, &after), 0);
		ck_assert_int_eq(after.st_size, size);
		ck_assert_uint_eq(after.st_mode & 07777, 0600);
		ck_assert_uint_eq(after.st_nlink, 1);
		ck_assert_uint_ne(before.st_ino, after.st_ino);
	}
END_TEST

START_TEST(who_counts_in_a_file_that_is_replaced_goes_on)
	{
		const uint64_t other_layout = 1;
		int status;
		pid_t pid;

		(void)make_file();
		write_at(8, &other_layout, sizeof(other_layout));
		pid = fork();
		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			share_file();
			counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 1);
			_exit(full_crls() == 1 ? 0 : 1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		counter_add(COUNTER_CRLS, COUNTER_CRL_FULL, 0, 1);
		ck_assert_uint_eq(full_crls(), 6);
	}
END_TEST

START_TEST(what_is_no_file_of_ours_is_refused)
	{
		switch (_i) {
		case 0:
			ck_assert_int_eq(symlink("/dev/null", path), 0);
			refuse_file("symbolic link");
			break;
		case 1:
			ck_assert_int_eq(mkfifo(path, 0600), 0);
			refuse_file("not a regular file");
			break;
		case 2:
			ck_assert_int_eq(mkdir(path, 0700), 0);
			refuse_file(path);
			break;
		case 3:
			ck_assert_int_eq(symlink(path, lock_path), 0);
			refuse_file(lock_path);
			break;
		default:
			if (geteuid() != 0) {
				(void)puts("SKIP: only root can give a file away");
				return;
			}
			(void)make_file();
			counter_close();
			ck_assert_int_eq(
			    chown(_i == 4 ? path : lock_path, OTHER_ACCOUNT, OTHER_ACCOUNT), 0);
			refuse_file("belongs to another account");
		}
	}
END_TEST

START_TEST(without_its_folder_nothing_is_counted)
	{
		ck_assert_int_eq(rmdir(folder), 0);
		refuse_file("No such file");
	}
END_TEST

START_TEST(a_lock_that_is_never_let_go_holds_nobody_up)
	{
		int64_t started_ms = clock_monotonic_ms();
		int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(flock(fd, LOCK_EX), 0);
		refuse_file("locked");
		ck_assert_int_lt(clock_monotonic_ms() - started_ms, 30000);
		(void)close(fd);
		share_file();
	}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("counter");
	TCase *memory = tcase_create("memory");
	TCase *file = tcase_create("file");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(memory, without_memory_nothing_is_counted);
	tcase_add_test(memory, each_series_counts_for_itself);
	tcase_add_test(memory, a_value_that_is_none_is_counted_as_the_last);
	tcase_add_test(memory, a_duration_falls_into_the_first_bucket_that_holds_it);
	tcase_add_loop_test(memory, what_killed_processes_counted_stays, 0, COUNT(slots));
	tcase_add_test(memory, names_are_prometheus_names_and_differ);
	tcase_add_test(memory, a_reason_has_the_name_of_its_error_code);
	suite_add_tcase(suite, memory);
	tcase_add_checked_fixture(file, setup, teardown);
	tcase_add_test(file, the_file_outlives_the_processes_that_count_in_it);
	tcase_add_test(file, processes_that_open_the_file_at_once_share_it);
	tcase_add_loop_test(file, a_file_that_is_not_as_wanted_is_replaced, 0, 9);
	tcase_add_test(file, who_counts_in_a_file_that_is_replaced_goes_on);
	tcase_add_loop_test(file, what_is_no_file_of_ours_is_refused, 0, 6);
	tcase_add_test(file, without_its_folder_nothing_is_counted);
	tcase_add_test(file, a_lock_that_is_never_let_go_holds_nobody_up);
	suite_add_tcase(suite, file);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

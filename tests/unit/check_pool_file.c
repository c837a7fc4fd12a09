/* Files as answers: sent in pieces, closed in every case, and never passed off as whole. */
#define _GNU_SOURCE
#include <dirent.h>

#include "fixture_pool.h"

#include "http/connection.h"

enum { FILE_LEN = 12 << 20 }; /* more than RESPONSE_MAX_BODY */

static pid_t pool;

static void
path_in_folder(const char *name, char out[static 2 * PATH_LEN])
{
	(void)snprintf(out, 2 * PATH_LEN, "%s/%s", folder, name);
}

/* A file whose octets tell their place. */
static void
make_file(void)
{
	static uint32_t words[FILE_LEN / 4];
	char path[2 * PATH_LEN];
	FILE *file;

	for (uint32_t i = 0; i < FILE_LEN / 4; i++)
		words[i] = i * 2654435761U;
	path_in_folder("file", path);
	file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(words, 1, sizeof(words), file), sizeof(words));
	ck_assert_int_eq(fclose(file), 0);
}

static void
start(void)
{
	pool = start_toy("Workers = 1\nRequestTimeoutSeconds = 3", false);
	make_file();
}

static void
start_single(void)
{
	pool = start_toy("RequestTimeoutSeconds = 3", true);
	make_file();
}

static void
end(void)
{
	int status;

	if (pool > 0 && kill(pool, SIGTERM) == 0 && wait_exit(pool, 30000) == 1000)
		(void)kill(pool, SIGKILL);
	while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
		errno = 0;
	remove_folder();
}

/* Descriptors of the process that lead to the file. */
static int
count_open(pid_t pid)
{
	char fds[PATH_LEN], link[512], target[2 * PATH_LEN], wanted[2 * PATH_LEN];
	struct dirent *entry;
	int found = 0;
	DIR *dir;

	path_in_folder("file", wanted);
	(void)snprintf(fds, sizeof(fds), "/proc/%d/fd", (int)pid);
	dir = opendir(fds);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL) {
		ssize_t len;

		(void)snprintf(link, sizeof(link), "%s/%s", fds, entry->d_name);
		len = readlink(link, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		found += strcmp(target, wanted) == 0;
	}
	(void)closedir(dir);
	return found;
}

static bool
log_has(const char *text)
{
	char path[2 * PATH_LEN], line[4097];
	bool found = false;
	FILE *file;

	path_in_folder("log", path);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, text) != NULL;
	(void)fclose(file);
	return found;
}

/* What follows the head in the answer's records; -1 where they end without END_REQUEST. */
static ssize_t
get_body(int fd, unsigned char *to, size_t size, int nap)
{
	static unsigned char content[65536 + 256];
	unsigned char head[8];
	size_t total = 0;
	ssize_t skip = -1;

	while (get_exactly(fd, head, sizeof(head))) {
		size_t len = (size_t)head[4] << 8 | head[5];

		if (!get_exactly(fd, content, len + head[6]))
			return -1;
		if (head[1] == FCGI_END)
			return skip < 0 ? -1 : (ssize_t)total - skip;
		ck_assert(total + len <= size);
		memcpy(to + total, content, len);
		total += len;
		if (skip < 0 && memmem(to, total, "\r\n\r\n", 4) != NULL) {
			unsigned char *body = memmem(to, total, "\r\n\r\n", 4);

			skip = body + 4 - to;
		}
		nap_ms(nap);
	}
	return -1;
}

static unsigned char answer_octets[FILE_LEN + 65536];

/* Slowly in all, longer than RequestTimeoutSeconds; each piece starts the clock anew. */
START_TEST(a_file_of_any_size_arrives_whole)
	{
		static unsigned char expected[FILE_LEN];
		char path[2 * PATH_LEN];
		ssize_t got;
		FILE *file;
		int fd = dial();

		put_request(fd, "/file");
		got = get_body(fd, answer_octets, sizeof(answer_octets), 2 * _i);
		(void)close(fd);
		ck_assert_int_eq(got, FILE_LEN);
		path_in_folder("file", path);
		file = fopen(path, "re");
		ck_assert_uint_eq(fread(expected, 1, FILE_LEN, file), FILE_LEN);
		(void)fclose(file);
		ck_assert_ptr_nonnull(memmem(
		    answer_octets, sizeof(answer_octets), "Content-Length: 12582912\r\n", 26));
		ck_assert_ptr_nonnull(
		    memmem(answer_octets, sizeof(answer_octets), expected, FILE_LEN));
		ck_assert_int_eq(count_open(ask_pid()), 0);
	}
END_TEST

START_TEST(head_of_a_file_has_no_body)
	{
		struct answer answer;
		int fd = dial();

		put_begin(fd, false);
		put_param(fd, "REQUEST_METHOD", "HEAD");
		put_param(fd, "REQUEST_URI", "/file");
		put_record(fd, FCGI_PARAMS, NULL, 0);
		put_record(fd, FCGI_STDIN, NULL, 0);
		answer = get_answer(fd);
		(void)close(fd);
		ck_assert(answer.is_whole);
		ck_assert_uint_lt(answer.len, 1000);
		ck_assert_ptr_nonnull(strstr(answer.text, "Content-Length: 12582912\r\n\r\n"));
		ck_assert_int_eq(count_open(ask_pid()), 0);
	}
END_TEST

/* It hangs up, or it just stops taking. */
START_TEST(a_file_is_closed_when_its_reader_is_gone)
	{
		pid_t worker = ask_pid();
		unsigned char octets[4096];
		int fd = dial();

		put_request(fd, "/file");
		ck_assert_int_gt(recv(fd, octets, sizeof(octets), MSG_WAITALL), 0);
		ck_assert_int_eq(count_open(worker), 1);
		if (_i == 0)
			(void)close(fd);
		ck_assert_int_eq(ask_pid(), worker);
		ck_assert_int_eq(count_open(worker), 0);
		ck_assert(log_has("event=answer_cut"));
		if (_i == 1)
			(void)close(fd);
	}
END_TEST

/* The web server sees that the request did not end, and tells the client. */
START_TEST(a_file_that_shrinks_meanwhile_is_no_whole_answer)
	{
		char path[2 * PATH_LEN], octet;
		pid_t worker = ask_pid();
		int fd = dial();

		put_request(fd, "/file");
		ck_assert_int_eq(recv(fd, &octet, 1, MSG_PEEK), 1);
		ck_assert_int_eq(count_open(worker), 1);
		path_in_folder("file", path);
		ck_assert_int_eq(truncate(path, FILE_LEN / 2), 0);
		ck_assert_int_eq(get_body(fd, answer_octets, sizeof(answer_octets), 0), -1);
		(void)close(fd);
		ck_assert_int_eq(ask_pid(), worker);
		ck_assert_int_eq(count_open(worker), 0);
		ck_assert(log_has("shorter than it was"));
	}
END_TEST

START_TEST(a_reader_of_drops_is_too_slow)
	{
		const uint64_t minute_s = 60;

		ck_assert(!connection_is_too_slow(30000, 0));
		ck_assert(connection_is_too_slow(30001, 0));
		ck_assert(!connection_is_too_slow(90000, minute_s * 16384));
		ck_assert(connection_is_too_slow(90001, minute_s * 16384));
		ck_assert(connection_is_too_slow(90000, minute_s * 16384 - 1));
	}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("pool_file");
	TCase *tc = tcase_create("workers");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start, end);
	tcase_add_loop_test(tc, a_file_of_any_size_arrives_whole, 0, 2);
	tcase_add_test(tc, head_of_a_file_has_no_body);
	tcase_add_loop_test(tc, a_file_is_closed_when_its_reader_is_gone, 0, 2);
	tcase_add_test(tc, a_file_that_shrinks_meanwhile_is_no_whole_answer);
	suite_add_tcase(s, tc);
	tc = tcase_create("single");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, start_single, end);
	tcase_add_test(tc, head_of_a_file_has_no_body);
	tcase_add_loop_test(tc, a_file_of_any_size_arrives_whole, 0, 2);
	suite_add_tcase(s, tc);
	tc = tcase_create("pace");
	tcase_add_test(tc, a_reader_of_drops_is_too_slow);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

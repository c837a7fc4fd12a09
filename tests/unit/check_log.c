/* base/log: the form of a line, escaping, limits, and that no reader can hold the writer up. */
#define _GNU_SOURCE
#include <check.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

enum { TEXT_MAX = 1 << 20 };

static char folder[] = "/tmp/check_log.XXXXXX";
static char path[64], other[64], target[80];

static void
setup(void)
{
	struct error err = { 0 };

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/log", folder);
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	(void)snprintf(target, sizeof(target), "file:%s", path);
	clock_fix(1795309134);
	ck_assert_int_eq(log_open(target, "debug", &err), 0);
}

static void
teardown(void)
{
	(void)unlink(path);
	(void)unlink(other);
	(void)rmdir(folder);
}

static const char *
contents(const char *name, struct buf *out)
{
	char bytes[4096];
	ssize_t len;
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	while ((len = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes_of(bytes, (size_t)len));
	(void)close(fd);
	return buf_text(out);
}

#define TS "ts=2026-11-22T00:58:54.000Z "

START_TEST(a_line_has_time_level_event_request_and_fields)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

		log_set_request("0123abcd");
		log_event(LOG_LEVEL_WARNING, "refused", log_text("code", "4030"),
		    log_text("none", NULL), log_number("status", -403));
		log_set_request(NULL);
		log_event(LOG_LEVEL_ERROR, "x", log_number("n", INT64_MIN));
		ck_assert_str_eq(contents(path, &text),
		    TS "level=warning event=refused req=0123abcd code=4030 status=-403\n" TS
		       "level=error event=x n=-9223372036854775808\n");
	}
END_TEST

static const struct {
	struct bytes value;
	const char *text;
} VALUES[] = {
#define V(literal) \
	{ \
		(const uint8_t *)(literal), sizeof(literal) - 1 \
	}
	{ V("azAZ09._:/@+-"), "azAZ09._:/@+-" },
	{ V(""), "\"\"" },
	{ V("a b"), "\"a b\"" },
	{ V("a=b"), "\"a=b\"" },
	{ V("say \"x\\y\""), "\"say \\\"x\\\\y\\\"\"" },
	{ V("a\nts=1 level=error"), "\"a\\x0ats=1 level=error\"" },
	{ V("a\0b"), "\"a\\x00b\"" },
	{ V("caf\xc3\xa9"), "\"caf\\xc3\\xa9\"" },
	{ V("\x1b[31m\x7f"), "\"\\x1b[31m\\x7f\"" },
	{ V("~!"), "\"~!\"" },
};

START_TEST(what_could_break_a_line_is_escaped)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX),
						expected = BUF_INIT(TEXT_MAX);

		log_event(
		    LOG_LEVEL_INFO, "e", log_bytes("v", VALUES[_i].value), log_number("n", 1));
		buf_printf(&expected, TS "level=info event=e v=%s n=1\n", VALUES[_i].text);
		ck_assert_str_eq(contents(path, &text), buf_text(&expected));
	}
END_TEST

START_TEST(levels_below_the_limit_are_left_out)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
		struct error err = { 0 };

		ck_assert_int_eq(log_open(target, "warning", &err), 0);
		log_event(LOG_LEVEL_INFO, "quiet", log_number("n", 1));
		log_event(LOG_LEVEL_WARNING, "loud", log_number("n", 2));
		ck_assert_str_eq(contents(path, &text), TS "level=warning event=loud n=2\n");
	}
END_TEST

/* Lengths round the limit, of plain bytes and of bytes that each take four. */
START_TEST(a_line_is_at_most_4096_bytes_and_stays_whole)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX),
						value = BUF_INIT(TEXT_MAX);
		bool is_plain = _i % 2 == 0;
		size_t len = (is_plain ? 4000 : 990) + (size_t)_i / 2;
		const char *line, *end;

		while (value.len < len)
			buf_add_byte(&value, is_plain ? 'x' : '\n');
		log_event(
		    LOG_LEVEL_INFO, "e", log_bytes("v", buf_bytes(&value)), log_text("after", "1"));
		line = contents(path, &text);
		end = strchr(line, '\n');
		ck_assert_uint_le(text.len, 4096);
		ck_assert_ptr_nonnull(end);
		ck_assert_ptr_eq(end, line + text.len - 1);
		if (strstr(line, " after=1\n") == NULL) {
			ck_assert_ptr_eq(strstr(line, " cut=1\n"), end - 6);
			ck_assert(line[text.len - 8] == '"' || strstr(line, " v=\"") == NULL);
		}
	}
END_TEST

START_TEST(a_file_is_made_for_owner_and_group_whatever_the_umask)
	{
		struct error err = { 0 };
		struct stat st;
		char text[80];

		(void)umask(077);
		(void)snprintf(text, sizeof(text), "file:%s", other);
		ck_assert_int_eq(log_open(text, "info", &err), 0);
		ck_assert_int_eq(stat(other, &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0640);
	}
END_TEST

START_TEST(a_symbolic_link_and_what_is_no_file_are_refused)
	{
		struct error link = { 0 }, directory = { 0 }, fifo = { 0 };
		char text[80];

		(void)snprintf(text, sizeof(text), "file:%s", other);
		ck_assert_int_eq(symlink(path, other), 0);
		ck_assert_int_eq(log_open(text, "info", &link), -1);
		ck_assert_int_eq(unlink(other), 0);
		ck_assert_int_eq(mkfifo(other, 0600), 0);
		ck_assert_int_eq(log_open(text, "info", &fifo), -1);
		(void)snprintf(text, sizeof(text), "file:%s", folder);
		ck_assert_int_eq(log_open(text, "info", &directory), -1);
		ck_assert_int_eq(directory.code, ERR_CONFIG);
	}
END_TEST

static const struct {
	const char *target;
	const char *level;
	int result;
} TARGETS[] = { { "stderr", "info", 0 }, { "syslog", "debug", 0 }, { "stdout", "info", -1 },
	{ "file:log", "info", -1 }, { "file:", "info", -1 }, { "stderr", "loud", -1 },
	{ "stderr", "INFO", -1 }, { "file:/nonexistent/log", "info", -1 } };

START_TEST(targets_and_levels_are_checked)
	{
		struct error err = { 0 };

		ck_assert_int_eq(
		    log_open(TARGETS[_i].target, TARGETS[_i].level, &err), TARGETS[_i].result);
		ck_assert_int_eq(err.code, TARGETS[_i].result < 0 ? ERR_CONFIG : ERR_NONE);
	}
END_TEST

START_TEST(reopening_follows_a_rotation)
	{
		cleanup(buf_release) struct buf old = BUF_INIT(TEXT_MAX), new = BUF_INIT(TEXT_MAX);

		log_event(LOG_LEVEL_INFO, "one", log_number("n", 1));
		ck_assert_int_eq(rename(path, other), 0);
		log_event(LOG_LEVEL_INFO, "two", log_number("n", 2));
		log_reopen();
		log_event(LOG_LEVEL_INFO, "three", log_number("n", 3));
		ck_assert_str_eq(contents(other, &old),
		    TS "level=info event=one n=1\n" TS "level=info event=two n=2\n");
		ck_assert_str_eq(contents(path, &new), TS "level=info event=three n=3\n");
	}
END_TEST

START_TEST(reopening_that_fails_keeps_the_old_file)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

		ck_assert_int_eq(rename(path, other), 0);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		log_reopen();
		log_event(LOG_LEVEL_INFO, "on", log_number("n", 1));
		ck_assert_ptr_nonnull(strstr(contents(other, &text), "event=log_reopen_failed"));
		ck_assert_ptr_nonnull(strstr(buf_text(&text), "event=on n=1\n"));
		ck_assert_int_eq(rmdir(path), 0);
	}
END_TEST

/* stderr becomes one end of a pipe (or a socket pair); returns the other. */
static int
stderr_into(bool is_socket)
{
	struct error err = { 0 };
	int ends[2];

	if (is_socket)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	else
		ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(close(ends[1]), 0);
	ck_assert_int_eq(log_open("stderr", "info", &err), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	return ends[0];
}

static void
drain(int fd, struct buf *out)
{
	static char bytes[65536];
	ssize_t len;

	while ((len = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes_of(bytes, (size_t)len));
}

/* Check's own time limit ends this test, should a write ever wait. */
START_TEST(a_full_pipe_drops_lines_and_says_how_many)
	{
		cleanup(buf_release) struct buf first = BUF_INIT(TEXT_MAX),
						rest = BUF_INIT(TEXT_MAX);
		int reader = stderr_into(_i == 1);
		size_t seen = 0;
		char dropped[64];

		for (int i = 0; i < 20000; i++)
			log_event(LOG_LEVEL_INFO, "flood", log_number("n", i));
		drain(reader, &first);
		for (const char *p = buf_text(&first); (p = strstr(p, "event=flood")) != NULL; p++)
			seen++;
		ck_assert_uint_gt(seen, 0);
		ck_assert_uint_lt(seen, 20000);
		log_event(LOG_LEVEL_INFO, "after", log_number("n", 1));
		log_event(LOG_LEVEL_INFO, "after", log_number("n", 2));
		drain(reader, &rest);
		(void)snprintf(
		    dropped, sizeof(dropped), "event=log_lines_dropped count=%zu\n", 20000 - seen);
		ck_assert_ptr_nonnull(strstr(buf_text(&rest), dropped));
		ck_assert_ptr_nonnull(strstr(buf_text(&rest), "event=after n=1\n" TS));
		ck_assert_int_eq(close(reader), 0);
	}
END_TEST

START_TEST(a_reader_that_is_gone_does_no_harm)
	{
		int reader = stderr_into(false);

		(void)signal(SIGPIPE, SIG_IGN);
		ck_assert_int_eq(close(reader), 0);
		log_event(LOG_LEVEL_ERROR, "lost", log_number("n", 1));
		ck_assert_int_eq(close(STDERR_FILENO), 0);
		log_event(LOG_LEVEL_ERROR, "lost", log_number("n", 2));
	}
END_TEST

/* With a /dev of our own, which only this forked test sees. */
START_TEST(a_receiver_of_syslog_that_has_stopped_drops_lines)
	{
		struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
		struct error err = { 0 };
		char line[8192];
		ssize_t len;
		int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (unshare(CLONE_NEWNS) < 0 ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", "/dev", "tmpfs", 0, NULL) < 0) {
			(void)puts("SKIP: syslog: no mount namespace here");
			(void)close(fd);
			return;
		}
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		ck_assert_int_eq(log_open("syslog", "info", &err), 0);
		for (int i = 0; i < 5000; i++)
			log_event(LOG_LEVEL_WARNING, "flood", log_number("n", i));
		len = recv(fd, line, sizeof(line) - 1, 0);
		ck_assert_int_gt(len, 0);
		line[len] = '\0';
		ck_assert_ptr_nonnull(strstr(line, "<28>certwright["));
		ck_assert_ptr_nonnull(strstr(line, "]: " TS "level=warning event=flood n=0"));
		while (recv(fd, line, sizeof(line), 0) > 0)
			continue;
		log_event(LOG_LEVEL_INFO, "after", log_number("n", 1));
		len = recv(fd, line, sizeof(line) - 1, 0);
		ck_assert_int_gt(len, 0);
		line[len] = '\0';
		ck_assert_ptr_nonnull(strstr(line, "event=log_lines_dropped count="));
		(void)close(fd);
	}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tests = tcase_create("log");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_line_has_time_level_event_request_and_fields);
	tcase_add_loop_test(tests, what_could_break_a_line_is_escaped, 0, COUNT(VALUES));
	tcase_add_test(tests, levels_below_the_limit_are_left_out);
	tcase_add_loop_test(tests, a_line_is_at_most_4096_bytes_and_stays_whole, 0, 160);
	tcase_add_test(tests, a_file_is_made_for_owner_and_group_whatever_the_umask);
	tcase_add_test(tests, a_symbolic_link_and_what_is_no_file_are_refused);
	tcase_add_loop_test(tests, targets_and_levels_are_checked, 0, COUNT(TARGETS));
	tcase_add_test(tests, reopening_follows_a_rotation);
	tcase_add_test(tests, reopening_that_fails_keeps_the_old_file);
	tcase_add_loop_test(tests, a_full_pipe_drops_lines_and_says_how_many, 0, 2);
	tcase_add_test(tests, a_receiver_of_syslog_that_has_stopped_drops_lines);
	tcase_add_test(tests, a_reader_that_is_gone_does_no_harm);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

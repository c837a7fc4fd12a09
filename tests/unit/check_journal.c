/* The issuance journal: lines of many writers, torn ones, rotation, a full disk, what is refused.
 */
#define _GNU_SOURCE
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "enroll/journal/journal_file.h"
#include "enroll/journal/journal_record.h"

enum { WRITERS = 4, LINES = 200, PATH_SIZE = 128 };

static char folder[] = "/tmp/certwright-journal-XXXXXX", path[PATH_SIZE], other[PATH_SIZE];
static struct error err;

static void
setup(void)
{
	(void)umask(0);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/journal", folder);
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	err = (struct error){ .code = ERR_NONE };
}

static void
teardown(void)
{
	(void)unlink(path);
	(void)unlink(other);
	(void)rmdir(path);
	(void)rmdir(folder);
}

/* How often the disk fails yet; it tells of a fault but once. */
static unsigned faults;

int
fdatasync(int fd)
{
	int (*real)(int);

	*(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
	if (faults == 0)
		return real(fd);
	faults--;
	errno = EIO;
	return -1;
}

#define OK(call) ck_assert_msg((call) == 0, "%s: %s", #call, err.text)

static void
refused(int result, enum error_code code, const char *text)
{
	ck_assert_int_eq(result, -1);
	ck_assert_msg(err.code == code && strstr(err.text, text) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
	error_clear(&err);
}

static int
append(const char *text)
{
	return journal_file_append(path, bytes_text(text), &err);
}

/* What was read, as texts of a line each with the number in front. */
static char found[4096];

static int
note(const struct journal_file_line *line, void *arg, struct error *unused)
{
	size_t len = strlen(found);

	(void)arg;
	(void)unused;
	ck_assert_str_eq(line->path, path);
	(void)snprintf(found + len, sizeof(found) - len, "%lu:%.*s%s\n", line->number,
	    (int)(line->text.len < 40 ? line->text.len : 40), (const char *)line->text.ptr,
	    line->is_too_long ? "..." : "");
	return 0;
}

static const char *
read_back(void)
{
	const struct journal_file_visit visit = { note, NULL };

	found[0] = '\0';
	OK(journal_file_each(path, &visit, &err));
	return found;
}

static void
write_raw(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

START_TEST(lines_come_back_in_their_order_and_the_file_is_ours_alone)
	{
		struct stat st;

		OK(append("one"));
		OK(append("two"));
		OK(journal_file_sync(&err));
		ck_assert_str_eq(read_back(), "2:one\n4:two\n");
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 0777U, 0600);
	}
END_TEST

START_TEST(a_torn_line_spoils_nothing_but_itself)
	{
		OK(append("one"));
		write_raw(path, "\n{\"torn\":", 0600);
		OK(append("two"));
		write_raw(path, "\n{\"torn", 0600);
		ck_assert_str_eq(read_back(), "2:one\n4:{\"torn\":\n5:two\n7:{\"torn\n");
	}
END_TEST

START_TEST(a_line_has_a_longest_length)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(JOURNAL_FILE_LINE_MAX + 8);

		for (size_t i = 0; i < JOURNAL_FILE_LINE_MAX; i++)
			buf_add_byte(&text, 'x');
		OK(journal_file_append(path, buf_bytes(&text), &err));
		buf_add_byte(&text, 'y');
		refused(
		    journal_file_append(path, buf_bytes(&text), &err), ERR_INTERNAL, "too long");
		ck_assert_ptr_null(strstr(read_back(), "..."));
		write_raw(path, "\n", 0600);
		write_raw(path, buf_text(&text), 0600);
		write_raw(path, "\nend", 0600);
		ck_assert_ptr_nonnull(strstr(read_back(), "x...\n"));
		ck_assert_ptr_nonnull(strstr(found, ":end\n"));
	}
END_TEST

/* Its end, when the file has been moved away, lets the first writer go on. */
static int gate[2];

/* Lines of different lengths, so that a mixed one shows. */
static void
write_many(int writer)
{
	char text[3000];

	(void)close(gate[1]);
	for (int i = 0; i < LINES; i++) {
		if (writer == 0 && i == LINES / 2 && read(gate[0], text, 1) != 0)
			_exit(1);
		memset(text, 'a' + writer, sizeof(text));
		text[(i * 37) % (int)sizeof(text)] = '\0';
		if (text[0] != '\0' && append(text) < 0)
			_exit(1);
	}
	_exit(journal_file_sync(&err) < 0);
}

static size_t counts[WRITERS];

static int
count(const struct journal_file_line *line, void *arg, struct error *unused)
{
	int writer = line->text.ptr[0] - 'a';

	(void)arg;
	(void)unused;
	ck_assert_int_ge(writer, 0);
	ck_assert_int_lt(writer, WRITERS);
	for (size_t i = 0; i < line->text.len; i++)
		ck_assert_uint_eq(line->text.ptr[i], line->text.ptr[0]);
	counts[writer]++;
	return 0;
}

/* Meanwhile the file is moved away once. */
START_TEST(many_processes_write_at_once)
	{
		const struct journal_file_visit visit = { count, NULL };
		struct stat st;
		int status;

		ck_assert_int_eq(pipe(gate), 0);
		for (int i = 0; i < WRITERS; i++)
			if (fork() == 0)
				write_many(i);
		while (stat(path, &st) < 0 || st.st_size < 20000)
			(void)usleep(100);
		ck_assert_int_eq(rename(path, other), 0);
		(void)close(gate[1]);
		while (wait(&status) > 0)
			ck_assert_int_eq(status, 0);
		OK(journal_file_each(path, &visit, &err));
		OK(journal_file_each(other, &visit, &err));
		for (int i = 0; i < WRITERS; i++)
			ck_assert_uint_eq(counts[i], LINES - 1);
	}
END_TEST

START_TEST(a_file_that_was_moved_away_is_left_and_a_deleted_one_made_anew)
	{
		OK(append("one"));
		ck_assert_int_eq(rename(path, other), 0);
		OK(append("two"));
		ck_assert_str_eq(read_back(), "2:two\n");
		ck_assert_int_eq(rename(other, path), 0);
		OK(append("three"));
		ck_assert_str_eq(read_back(), "2:one\n4:three\n");
		ck_assert_int_eq(unlink(path), 0);
		OK(append("four"));
		ck_assert_str_eq(read_back(), "2:four\n");
	}
END_TEST

/* Whoever has appended before must not take a later success for its own. */
START_TEST(a_disk_that_fails_is_told_to_whoever_waits_for_it)
	{
		OK(append("one"));
		faults = 1;
		refused(journal_file_sync(&err), ERR_DATABASE, "fdatasync: ");
		OK(journal_file_sync(&err));
		OK(append("two"));
		ck_assert_int_eq(rename(path, other), 0);
		faults = 1;
		refused(append("three"), ERR_DATABASE, "fdatasync: ");
		refused(journal_file_sync(&err), ERR_DATABASE, "may be lost");
		OK(append("three"));
		OK(journal_file_sync(&err));
		ck_assert_str_eq(read_back(), "2:three\n");
	}
END_TEST

/* What is written in part is a failure, and the next line is whole again. */
START_TEST(a_full_disk_is_told)
	{
		struct rlimit limit;

		OK(append("one"));
		ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
		ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
		limit.rlim_cur = 12;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		refused(append("{\"two\":2}"), ERR_DATABASE, "only 7 of 11");
		refused(append("three"), ERR_DATABASE, "write: ");
		limit.rlim_cur = RLIM_INFINITY;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		OK(append("four"));
		ck_assert_str_eq(read_back(), "2:one\n4:{\"two\"\n5:four\n");
	}
END_TEST

START_TEST(only_a_file_of_ours_is_written)
	{
		ck_assert_int_eq(symlink("/dev/null", path), 0);
		refused(append("x"), ERR_CONFIG, "symbolic link");
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(mkfifo(path, 0600), 0);
		refused(append("x"), ERR_CONFIG, "");
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		refused(journal_file_check(path, &err), ERR_CONFIG, "directory");
		ck_assert_int_eq(rmdir(path), 0);
		write_raw(path, "", 0620);
		refused(append("x"), ERR_CONFIG, "mode 620");
		ck_assert_int_eq(chmod(path, 0602), 0);
		refused(append("x"), ERR_CONFIG, "mode 602");
		ck_assert_int_eq(chmod(path, 0640), 0);
		OK(append("x"));
	}
END_TEST

START_TEST(only_a_file_of_ours_is_read)
	{
		const struct journal_file_visit visit = { note, NULL };

		refused(journal_file_each(path, &visit, &err), ERR_CONFIG, "No such file");
		write_raw(path, "x\n", 0666);
		refused(journal_file_each(path, &visit, &err), ERR_CONFIG, "mode 666");
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(symlink("/etc/passwd", path), 0);
		refused(journal_file_each(path, &visit, &err), ERR_CONFIG, "symbolic link");
	}
END_TEST

/* So that a command of root's makes no file that the service cannot write. */
START_TEST(a_file_that_root_makes_belongs_to_the_folders_owner)
	{
		const struct journal_file_visit visit = { note, NULL };
		struct stat st;

		if (geteuid() != 0) {
			(void)printf("SKIP: only root can give files away\n");
			return;
		}
		ck_assert_int_eq(chown(folder, 12345, (gid_t)-1), 0);
		OK(append("x"));
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_uid, 12345);
		OK(append("y"));
		ck_assert_int_eq(chmod(folder, 0755), 0);
		ck_assert_int_eq(chmod(path, 0644), 0);
		ck_assert_int_eq(seteuid(12346), 0);
		refused(
		    journal_file_each(path, &visit, &err), ERR_CONFIG, "must belong to user 12346");
		ck_assert_int_eq(seteuid(0), 0);
		OK(journal_file_each(path, &visit, &err));
	}
END_TEST

#define ID "01a202fd-84ac-7502-8392-4f7bc97e1ef4"
#define EVENT \
	"{\"version\":1,\"kind\":\"event\",\"at\":1800000000,\"action\":\"%s\",\"id\":\"" ID "\"," \
	"\"certificateId\":\"" ID "\",\"generationId\":\"" ID "\",\"serial\":\"%s\"," \
	"\"notAfter\":1900000000,\"sequence\":%s,\"reason\":%s,\"wholeLineage\":false," \
	"\"actor\":\"uid:0\",\"remoteAddress\":\"\"%s}"

static int
parse_event(const char *action, const char *serial, const char *sequence, const char *rest)
{
	struct journal_record record;
	char text[1024];
	int result;

	(void)snprintf(text, sizeof(text), EVENT, action, serial, sequence, "1", rest);
	result = journal_record_parse(bytes_text(text), &record, &err);
	if (result == 0) {
		ck_assert_int_eq(record.kind, JOURNAL_EVENT);
		ck_assert_uint_eq(record.event.sequence, 7);
		ck_assert_int_eq(record.event.row.at, 1800000000);
		ck_assert_str_eq(record.event.row.actor, "uid:0");
	}
	journal_record_release(&record);
	error_clear(&err);
	return result;
}

START_TEST(an_event_has_its_form)
	{
		static const char *const bad[][4] = {
			{ "bless", "50AA", "7", "" },
			{ "revoke", "", "7", "" },
			{ "revoke", "5", "7", "" },
			{ "revoke", "505050505050505050505050505050505050505050", "7", "" },
			{ "revoke", "50AA", "-7", "" },
			{ "revoke", "50AA", "\"7\"", "" },
			{ "revoke", "50AA", "4294967296", "" },
			{ "revoke", "50AA", "7", ",\"comment\":5" },
			{ "revoke", "50AA", "7", ",\"requestId\":\"x\"" },
			{ "revoke", "50AA", "7", ",\"actor\":\"twice\"" },
			{ "revoke", "50AA", "7", "} {" },
		};

		ck_assert_int_eq(parse_event("hold", "50AA", "7", ""), 0);
		ck_assert_int_eq(parse_event("revoke", "50AA", "7",
				     ",\"comment\":\"c\",\"requestId\":\"" ID "\""),
		    0);
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			ck_assert_msg(
			    parse_event(bad[i][0], bad[i][1], bad[i][2], bad[i][3]) < 0, "%zu", i);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("journal");
	TCase *tests = tcase_create("journal");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, lines_come_back_in_their_order_and_the_file_is_ours_alone);
	tcase_add_test(tests, a_torn_line_spoils_nothing_but_itself);
	tcase_add_test(tests, a_line_has_a_longest_length);
	tcase_add_test(tests, many_processes_write_at_once);
	tcase_add_test(tests, a_file_that_was_moved_away_is_left_and_a_deleted_one_made_anew);
	tcase_add_test(tests, a_disk_that_fails_is_told_to_whoever_waits_for_it);
	tcase_add_test(tests, a_full_disk_is_told);
	tcase_add_test(tests, only_a_file_of_ours_is_written);
	tcase_add_test(tests, only_a_file_of_ours_is_read);
	tcase_add_test(tests, a_file_that_root_makes_belongs_to_the_folders_owner);
	tcase_add_test(tests, an_event_has_its_form);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Who could change the program at the end of a path, whichever links and folders lead there. */
#define _GNU_SOURCE
#include "enroll/jobs/command_path.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { FOLDER_MAX = 64, PATH_SIZE = 256, STRANGER = 65533 };

static char folder[FOLDER_MAX];

/* A path within the folder; used up with the next but three. */
static const char *
in(const char *name)
{
	static char paths[4][PATH_SIZE];
	static unsigned at;
	char *path = paths[at++ % 4];

	(void)snprintf(path, PATH_SIZE, "%s/%s", folder, name);
	return path;
}

static void
make_folder(const char *name, mode_t mode)
{
	ck_assert_int_eq(mkdir(in(name), 0700), 0);
	ck_assert_int_eq(chmod(in(name), mode), 0);
}

static void
make_program(const char *name, mode_t mode)
{
	FILE *file = fopen(in(name), "we");

	ck_assert_ptr_nonnull(file);
	(void)fclose(file);
	ck_assert_int_eq(chmod(in(name), mode), 0);
}

/* Relative, as it stands. */
static void
make_link(const char *name, const char *target)
{
	ck_assert_int_eq(symlink(target, in(name)), 0);
}

/*
 * good/ (0755) with prog, bad/ (0777) with prog, group/ (0775), sticky/ (01777) with prog, and
 * bad/inner/ (0755) with prog.
 */
static void
setup(void)
{
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = { { "good", 0755 }, { "bad", 0777 }, { "group", 0775 }, { "sticky", 01777 },
		{ "bad/inner", 0755 } };
	char name[PATH_SIZE / 2];

	(void)snprintf(folder, sizeof(folder), "/tmp/cwpathXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		make_folder(folders[i].name, folders[i].mode);
		(void)snprintf(name, sizeof(name), "%s/prog", folders[i].name);
		make_program(name, 0755);
	}
}

static int
remove_one(const char *path, const struct stat *seen, int kind, struct FTW *where)
{
	(void)seen;
	(void)kind;
	(void)where;
	return remove(path);
}

static void
teardown(void)
{
	ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static bool
is_refused(const char *path, const char *why)
{
	struct error err = { .code = ERR_NONE };

	if (command_path_check(path, &err) == 0)
		return false;
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s", err.text);
	return true;
}

static const char OTHERS[] = "others may write it";

/* Each is a link at `name` to `target`; refused is NULL for a near miss. */
static const struct {
	const char *name, *target, *refused;
} LINKS[] = {
	{ "good/link", "prog", NULL },
	{ "good/link", "../good/prog", NULL },
	{ "good/link", ".././good//prog", NULL },
	{ "good/link", "../sticky/prog", NULL },
	{ "sticky/link", "../good/prog", NULL },
	{ "good/link", "/bin/sh", NULL },
	{ "good/link", "/bin/../bin/sh", NULL },
	{ "good/link", "../bad/prog", OTHERS },
	{ "good/link", "../group/prog", OTHERS },
	{ "good/link", "../bad/inner/prog", OTHERS },
	{ "good/link", "../bad/../good/prog", OTHERS },
	{ "bad/link", "../good/prog", OTHERS },
	{ "group/link", "../good/prog", OTHERS },
	{ "good/link", "nothing", "No such file" },
	{ "good/link", "link", "Too many levels" },
	{ "good/link", "prog/more", "Not a directory" },
	{ "good/link", "../good", "is not a program" },
	{ "good/link", "/", "is not a program" },
	{ "good/link", "/dev/null", "is not a program" },
};

START_TEST(a_link_is_as_good_as_its_folder_and_all_on_the_way)
	{
		make_link(LINKS[_i].name, LINKS[_i].target);
		if (LINKS[_i].refused == NULL)
			ck_assert(!is_refused(in(LINKS[_i].name), ""));
		else
			ck_assert(is_refused(in(LINKS[_i].name), LINKS[_i].refused));
	}
END_TEST

START_TEST(a_chain_is_as_good_as_its_worst_link)
	{
		make_link("good/second", "../sticky/third");
		make_link("sticky/third", in("good/prog"));
		make_link("good/first", "second");
		ck_assert(!is_refused(in("good/first"), ""));
		/* Both ends are good, and what realpath says. */
		make_link("bad/between", "../good/prog");
		make_link("good/attack", "../bad/between");
		ck_assert(is_refused(in("good/attack"), OTHERS));
	}
END_TEST

START_TEST(folders_may_be_links_too)
	{
		make_link("good/folder", "../sticky");
		ck_assert(!is_refused(in("good/folder/prog"), ""));
		make_link("good/attack", "../bad/inner");
		ck_assert(is_refused(in("good/attack/prog"), OTHERS));
		make_link("bad/back", "../good");
		ck_assert(is_refused(in("bad/back/prog"), OTHERS));
	}
END_TEST

START_TEST(every_folder_above_counts)
	{
		ck_assert(!is_refused(in("good/prog"), ""));
		ck_assert(is_refused(in("bad/inner/prog"), OTHERS));
		ck_assert_int_eq(chmod(folder, 0770), 0);
		ck_assert(is_refused(in("good/prog"), OTHERS));
		ck_assert_int_eq(chmod(folder, 0750), 0);
		ck_assert(!is_refused(in("good/prog"), ""));
		ck_assert_int_eq(chmod(in("good/prog"), 0775), 0);
		ck_assert(is_refused(in("good/prog"), OTHERS));
		ck_assert_int_eq(chmod(in("good/prog"), 0644), 0);
		ck_assert(is_refused(in("good/prog"), "is not a program"));
	}
END_TEST

START_TEST(what_belongs_to_others_is_refused)
	{
		if (geteuid() != 0) {
			(void)printf("SKIP: only root can give files away\n");
			return;
		}
		make_link("sticky/link", "../good/prog");
		ck_assert(!is_refused(in("sticky/link"), ""));
		ck_assert_int_eq(lchown(in("sticky/link"), STRANGER, STRANGER), 0);
		ck_assert(is_refused(in("sticky/link"), "neither to us nor to root"));
		ck_assert_int_eq(chown(in("sticky/prog"), STRANGER, STRANGER), 0);
		ck_assert(is_refused(in("sticky/prog"), "neither to us nor to root"));
		ck_assert_int_eq(chown(in("good"), STRANGER, STRANGER), 0);
		ck_assert(is_refused(in("good/prog"), "neither to us nor to root"));
	}
END_TEST

START_TEST(paths_that_lead_nowhere_are_refused)
	{
		static char longest[2 * 4096];

		ck_assert(is_refused("bin/true", "not an absolute path"));
		ck_assert(is_refused("", "not an absolute path"));
		ck_assert(is_refused("/", "is not a program"));
		ck_assert(is_refused("//./..", "is not a program"));
		memset(longest, '/', sizeof(longest) - 1);
		ck_assert(is_refused(longest, "/"));
		memset(longest + 1, 'x', 300);
		longest[301] = '\0';
		ck_assert(is_refused(longest, "too long"));
	}
END_TEST

/* As long as the kernel goes along, and no further. */
START_TEST(forty_links_are_followed)
	{
		char name[32], target[32];

		for (int i = 1; i <= 41; i++) {
			(void)snprintf(name, sizeof(name), "good/%d", i);
			(void)snprintf(target, sizeof(target), "%d", i - 1);
			make_link(name, i == 1 ? "prog" : target);
		}
		ck_assert(!is_refused(in("good/40"), ""));
		ck_assert(is_refused(in("good/41"), "Too many levels"));
		ck_assert_int_eq(access(in("good/40"), X_OK), 0);
		ck_assert_int_ne(access(in("good/41"), X_OK), 0);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("command_path");
	TCase *tc = tcase_create("command_path");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_link_is_as_good_as_its_folder_and_all_on_the_way, 0,
	    (int)(sizeof(LINKS) / sizeof(LINKS[0])));
	tcase_add_test(tc, a_chain_is_as_good_as_its_worst_link);
	tcase_add_test(tc, folders_may_be_links_too);
	tcase_add_test(tc, every_folder_above_counts);
	tcase_add_test(tc, what_belongs_to_others_is_refused);
	tcase_add_test(tc, paths_that_lead_nowhere_are_refused);
	tcase_add_test(tc, forty_links_are_followed);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* base/config: the file's form, the environment, and where faults are said to be. */
#define _GNU_SOURCE
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config_apply.h"

struct sample {
	uint32_t days;
	uint32_t hours_s;
	bool is_on;
	bool one;
	bool two;
	char *path;
	char *word;
	struct text_list list;
	struct text_list texts;
};

static bool
check_word(const char *value, struct buf *out)
{
	buf_add_text(out, value);
	return strcmp(value, "bad") != 0;
}

static const char *const CHOICES[] = { "one", "two", NULL };

#define AT(member) offsetof(struct sample, member)

static const struct config_key KEYS[] = {
	{ .section = "",
	    .name = "Days",
	    .type = CONFIG_NUMBER,
	    .offset = AT(days),
	    .fallback = "7",
	    .min = 1,
	    .max = 4294967295 },
	{ .section = "",
	    .name = "Hours",
	    .type = CONFIG_DECIMAL,
	    .unit = 3600,
	    .offset = AT(hours_s),
	    .fallback = "2.4",
	    .min = 60,
	    .max = 360000,
	    .expected = "a number of hours from 0.02 to 100" },
	{ .section = "",
	    .name = "On",
	    .type = CONFIG_BOOLEAN,
	    .offset = AT(is_on),
	    .fallback = "false" },
	{ .section = "Part",
	    .name = "Days",
	    .type = CONFIG_TEXT,
	    .offset = AT(path),
	    .fallback = "",
	    .marks = CONFIG_SECRET,
	    .check = check_word,
	    .expected = "a secret" },
	{ .section = "Part",
	    .name = "Word",
	    .type = CONFIG_TEXT,
	    .offset = AT(word),
	    .fallback = "hi",
	    .marks = CONFIG_NEEDED,
	    .check = check_word,
	    .expected = "a good word" },
	{ .section = "Lists",
	    .name = "Items",
	    .type = CONFIG_LIST,
	    .offset = AT(list),
	    .fallback = "a, b",
	    .max = 3,
	    .check = check_word,
	    .expected = "at most 3 items" },
	{ .section = "Lists",
	    .name = "Texts",
	    .type = CONFIG_COMMA_LIST,
	    .offset = AT(texts),
	    .fallback = "",
	    .check = check_word,
	    .expected = "texts" },
	{ .section = "Lists",
	    .name = "Choices",
	    .type = CONFIG_CHOICES,
	    .offset = AT(one),
	    .fallback = "one",
	    .expected = "one or two",
	    .choices = CHOICES },
};
enum { KEY_COUNT = sizeof(KEYS) / sizeof(KEYS[0]) };

static void
sample_release(struct sample *sample)
{
	config_apply_release(KEYS, KEY_COUNT, sample);
}

/* Reads text, then environment, into *out. */
static int
load_bytes(struct bytes text, char *const *environment, struct sample *out, struct error *err)
{
	cleanup(config_freep) struct config *config = config_new("f.conf", KEYS, KEY_COUNT);

	ck_assert_ptr_nonnull(config);
	if (config_parse(config, text, err) < 0 ||
	    config_environment(config, "AppConfig", environment, err) < 0)
		return -1;
	return config_apply(config, out, err);
}

static int
load(const char *text, struct sample *out, struct error *err)
{
	char *const none[] = { NULL };

	return load_bytes(bytes_text(text), none, out, err);
}

static const struct {
	const char *text;
	const char *fault; /* NULL: it is good */
} FORMS[] = {
	{ "", NULL },
	{ "\n\n  \t\n", NULL },
	{ "# Days = 0\n; Days = 0\n  # indented\n", NULL },
	{ "Days=8", NULL },
	{ "Days = 8\r\nOn = yes\r\n", NULL },
	{ "  days\t=\t8  \n[ part ]\nDAYS = x = y\n", NULL },
	{ "[Part]\nWord = a#b;c\n", NULL },
	{ "[Part]\nDays =\n", NULL },
	{ "\xef\xbb\xbf"
	  "Days = 8\n",
	    "f.conf:1: begins with a byte order mark, expected plain text" },
	{ "Days = 8\rOn = yes\n", "f.conf:1: control character 0x0d at column 9" },
	{ "On = yes\nDays = 8\x7f\n", "f.conf:2: control character 0x7f at column 9" },
	{ "Days\n", "f.conf:1: expected \"Key = value\" or \"[Section]\"" },
	{ "Days: 8\n", "f.conf:1: expected \"Key = value\" or \"[Section]\"" },
	{ "= 8\n", "f.conf:1: expected a key of letters and digits before \"=\"" },
	{ "Da ys = 8\n", "f.conf:1: expected a key of letters and digits before \"=\"" },
	{ "[Part\n", "f.conf:1: expected \"]\" at the end of a section's line" },
	{ "[Part] Days = 8\n", "f.conf:1: expected \"]\" at the end of a section's line" },
	{ "[]\n", "f.conf:1: expected a section's name of letters and digits" },
	{ "\n[Other]\n", "f.conf:2: unknown section [Other]" },
	{ "Word = x\n", "f.conf:1: unknown key Word before the first section" },
	{ "[Part]\nOn = true\n", "f.conf:2: unknown key On in [Part]" },
	{ "Days = 8\n\ndays = 8\n", "f.conf:3: key Days repeated, first on line 1" },
	{ "[Part]\n[Lists]\n[PART]\n", "f.conf:3: section [Part] repeated, first on line 1" },
	{ "Days = 8 ; a week\n", "f.conf:1: Days: a comment must stand on a line of its own" },
	{ "Days = 0\n", "f.conf:1: Days: expected a number from 1 to 4294967295, not \"0\"" },
	{ "Days = 4294967295\n", NULL },
	{ "Days = 4294967296\n",
	    "f.conf:1: Days: expected a number from 1 to 4294967295, not \"4294967296\"" },
	{ "Days = +8\n", "f.conf:1: Days: expected a number from 1 to 4294967295, not \"+8\"" },
	{ "Days = 8x\n", "f.conf:1: Days: expected a number from 1 to 4294967295, not \"8x\"" },
	{ "Days =\n", "f.conf:1: Days: expected a number from 1 to 4294967295, not nothing" },
	{ "Hours = 100\n", NULL },
	{ "Hours = 0.016667\n", NULL },
	{ "Hours = 100.0003\n",
	    "f.conf:1: Hours: expected a number of hours from 0.02 to 100, not \"100.0003\"" },
	{ "Hours = 1.\n",
	    "f.conf:1: Hours: expected a number of hours from 0.02 to 100, not \"1.\"" },
	{ "Hours = .5\n",
	    "f.conf:1: Hours: expected a number of hours from 0.02 to 100, not \".5\"" },
	{ "Hours = 1,5\n",
	    "f.conf:1: Hours: expected a number of hours from 0.02 to 100, not \"1,5\"" },
	{ "Hours = 1.0000000\n",
	    "f.conf:1: Hours: expected a number of hours from 0.02 to 100, not \"1.0000000\"" },
	{ "Hours = -1\n",
	    "f.conf:1: Hours: expected a number of hours from 0.02 to 100, not \"-1\"" },
	{ "On = NO\n", NULL },
	{ "On = 1\n", NULL },
	{ "On = on\n", "f.conf:1: On: expected true or false, not \"on\"" },
	{ "[Part]\nWord = bad\n", "f.conf:2: [Part] Word: expected a good word, not \"bad\"" },
	{ "[Part]\nWord =\n", "f.conf:2: [Part] Word: expected a good word, not nothing" },
	{ "[Part]\nDays = bad\n", "f.conf:2: [Part] Days: expected a secret" },
	{ "[Lists]\nItems = a b,c\n", NULL },
	{ "[Lists]\nItems = a b,c d\n",
	    "f.conf:2: [Lists] Items: expected at most 3 items, not \"d\"" },
	{ "[Lists]\nItems = a bad\n",
	    "f.conf:2: [Lists] Items: expected at most 3 items, not \"bad\"" },
	{ "[Lists]\nChoices = ONE two\n", NULL },
	{ "[Lists]\nChoices = one, six\n",
	    "f.conf:2: [Lists] Choices: expected one or two, not \"six\"" },
};

START_TEST(a_fault_names_file_line_and_what_was_expected)
	{
		cleanup(sample_release) struct sample sample = { 0 };
		struct error err = { 0 };
		int result = load(FORMS[_i].text, &sample, &err);

		ck_assert_str_eq(err.text, FORMS[_i].fault != NULL ? FORMS[_i].fault : "");
		ck_assert_int_eq(result, FORMS[_i].fault != NULL ? -1 : 0);
		ck_assert_int_eq(err.code, FORMS[_i].fault != NULL ? ERR_CONFIG : ERR_NONE);
	}
END_TEST

START_TEST(values_and_defaults_arrive)
	{
		cleanup(sample_release) struct sample sample = { 0 };
		struct error err = { 0 };

		ck_assert_int_eq(load("Days = 8\n[Part]\nDays = a  b\n[Lists]\nTexts = , x y ,z,,\n"
				      "Choices = two\n",
				     &sample, &err),
		    0);
		ck_assert_uint_eq(sample.days, 8);
		ck_assert(!sample.is_on && !sample.one && sample.two);
		ck_assert_str_eq(sample.path, "a  b");
		ck_assert_str_eq(sample.word, "hi");
		ck_assert_uint_eq(sample.list.count, 2);
		ck_assert_str_eq(sample.list.items[1], "b");
		ck_assert_uint_eq(sample.texts.count, 2);
		ck_assert_str_eq(sample.texts.items[0], "x y");
		ck_assert_str_eq(sample.texts.items[1], "z");
	}
END_TEST

/* "Word = xxx" of just this many bytes. */
static int
load_long_line(size_t len, struct sample *out, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(CONFIG_FILE_MAX);

	buf_add_text(&text, "[Part]\nWord = ");
	while (text.len < len + strlen("[Part]\n"))
		buf_add_byte(&text, 'x');
	buf_add_text(&text, "\n[Lists]\n");
	return load(buf_text(&text), out, err);
}

START_TEST(a_line_of_4096_bytes_is_read_whole)
	{
		cleanup(sample_release) struct sample sample = { 0 };
		struct error err = { 0 };

		ck_assert_int_eq(load_long_line(CONFIG_LINE_MAX, &sample, &err), 0);
		ck_assert_uint_eq(strlen(sample.word), CONFIG_LINE_MAX - strlen("Word = "));
	}
END_TEST

START_TEST(a_longer_line_is_refused)
	{
		cleanup(sample_release) struct sample sample = { 0 };
		struct error err = { 0 };

		ck_assert_int_eq(load_long_line(CONFIG_LINE_MAX + 1, &sample, &err), -1);
		ck_assert_str_eq(err.text, "f.conf:2: line of 4097 bytes, at most 4096");
	}
END_TEST

START_TEST(a_nul_is_refused)
	{
		cleanup(sample_release) struct sample sample = { 0 };
		char *const none[] = { NULL };
		struct error err = { 0 };

		ck_assert_int_eq(load_bytes(bytes_of("Days = 8\0\n", 10), none, &sample, &err), -1);
		ck_assert_str_eq(err.text, "f.conf:1: control character 0x00 at column 9");
	}
END_TEST

static char VARIABLES[][48] = { "AppConfig:Days=9", "AppConfig__Days=9", "APPCONFIG__days=9",
	"AppConfig:Part:Word=w", "AppConfig__Part__Word= w ", "AppConfig__Part:Word=w" };

START_TEST(the_environment_wins_in_each_spelling)
	{
		cleanup(sample_release) struct sample sample = { 0 };
		char other[] = "AppConfigDays=1", unknown[] = "AppConfig__LicenseKey=x";
		char *const environment[] = { other, VARIABLES[_i], unknown, NULL };
		struct error err = { 0 };

		ck_assert_int_eq(load_bytes(bytes_text("Days = 8\n[Part]\nWord = v\n"), environment,
				     &sample, &err),
		    0);
		ck_assert_uint_eq(sample.days, _i < 3 ? 9 : 8);
		ck_assert_str_eq(sample.word, _i < 3 ? "v" : "w");
	}
END_TEST

static const struct {
	const char *first;
	const char *second;
	const char *fault;
} CLASHES[] = {
	{ "AppConfig:Days=9", "AppConfig__Days=9", NULL },
	{ "AppConfig:Days=9", "AppConfig__Days=8",
	    "environment AppConfig:Days and AppConfig__Days: both are set, to different values" },
	{ "AppConfig:Days=", "X=Y",
	    "environment AppConfig:Days: Days: expected a number from 1 to 4294967295, not "
	    "nothing" },
	{ "AppConfig:Part:Days=bad", "X=Y",
	    "environment AppConfig:Part:Days: [Part] Days: expected a secret" },
	{ "AppConfig:Part:Word=a\nb", "X=Y",
	    "environment AppConfig:Part:Word: control character 0x0a" },
	{ "AppConfig:Part:Word:More=bad", "X=Y", NULL },
	{ "AppConfig:=bad", "AppConfig__=bad", NULL },
	{ "AppConfig", "X", NULL },
};

START_TEST(faults_of_the_environment_name_the_variable)
	{
		cleanup(sample_release) struct sample sample = { 0 };
		char first[64], second[64];
		char *const environment[] = { first, second, NULL };
		struct error err = { 0 };

		(void)snprintf(first, sizeof(first), "%s", CLASHES[_i].first);
		(void)snprintf(second, sizeof(second), "%s", CLASHES[_i].second);
		ck_assert_int_eq(load_bytes(bytes_text(""), environment, &sample, &err),
		    CLASHES[_i].fault != NULL ? -1 : 0);
		ck_assert_str_eq(err.text, CLASHES[_i].fault != NULL ? CLASHES[_i].fault : "");
	}
END_TEST

START_TEST(printing_shows_where_from_and_hides_secrets)
	{
		cleanup(config_freep) struct config *config = config_new("f.conf", KEYS, KEY_COUNT);
		cleanup(sample_release) struct sample sample = { 0 };
		char on[] = "AppConfig__On=1", unknown[] = "AppConfig__Licen\x1bse=hush";
		char *const environment[] = { on, unknown, NULL };
		struct error err = { 0 };
		char text[1024] = "";
		FILE *to = fmemopen(text, sizeof(text), "w");

		ck_assert_ptr_nonnull(to);
		ck_assert_int_eq(
		    config_parse(config, bytes_text("\n[Part]\nDays = hunter2\n"), &err), 0);
		ck_assert_int_eq(config_environment(config, "AppConfig", environment, &err), 0);
		ck_assert_int_eq(config_apply(config, &sample, &err), 0);
		config_apply_print(config, &sample, to);
		config_print_ignored(config, "AppConfig", environment, to);
		ck_assert_int_eq(fclose(to), 0);
		ck_assert_str_eq(text,
		    "Days = 7  (default)\n"
		    "Hours = 2.4  (default)\n"
		    "On = true  (environment AppConfig__On)\n"
		    "[Part] Days = (hidden)  (f.conf:3)\n"
		    "[Part] Word = hi  (default)\n"
		    "[Lists] Items = a, b  (default)\n"
		    "[Lists] Texts =  (default)\n"
		    "[Lists] Choices = one  (default)\n"
		    "ignored: environment \"AppConfig__Licen\\x1bse\", no such setting\n");
	}
END_TEST

static const struct {
	const char *text;
	uint32_t seconds;
} DECIMALS[] = { { "1", 3600 }, { "0.5", 1800 }, { "24.0", 86400 }, { "0.016667", 60 },
	{ "1.000139", 3601 }, { "1.000138", 3600 } };

START_TEST(a_decimal_counts_its_unit)
	{
		cleanup(config_freep) struct config *config = config_new("f.conf", KEYS, KEY_COUNT);
		cleanup(sample_release) struct sample sample = { 0 };
		struct error err = { 0 };
		char line[64];

		(void)snprintf(line, sizeof(line), "Hours = %s\n", DECIMALS[_i].text);
		ck_assert_int_eq(config_parse(config, bytes_text(line), &err), 0);
		ck_assert_int_eq(config_apply(config, &sample, &err), 0);
		ck_assert_uint_eq(sample.hours_s, DECIMALS[_i].seconds);
	}
END_TEST

static int
read_path(const char *path, struct error *err)
{
	cleanup(config_freep) struct config *config = config_new(path, KEYS, KEY_COUNT);

	return config_read(config, path, err);
}

START_TEST(only_a_regular_file_is_read)
	{
		char folder[] = "/tmp/check_config.XXXXXX", path[64];
		struct error missing = { 0 }, directory = { 0 }, fifo = { 0 };

		ck_assert_ptr_nonnull(mkdtemp(folder));
		(void)snprintf(path, sizeof(path), "%s/f", folder);
		ck_assert_int_eq(read_path(path, &missing), -1);
		ck_assert_ptr_nonnull(strstr(missing.text, "No such file"));
		ck_assert_int_eq(read_path(folder, &directory), -1);
		ck_assert_ptr_nonnull(strstr(directory.text, "not a regular file"));
		ck_assert_int_eq(mkfifo(path, 0600), 0);
		ck_assert_int_eq(read_path(path, &fifo), -1);
		ck_assert_ptr_nonnull(strstr(fifo.text, "not a regular file"));
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(rmdir(folder), 0);
	}
END_TEST

START_TEST(a_file_beyond_the_limit_is_refused)
	{
		char path[] = "/tmp/check_config.XXXXXX";
		int fd = mkstemp(path);
		struct error at_limit = { 0 }, beyond = { 0 };
		char line[1024];

		ck_assert_int_ge(fd, 0);
		memset(line, '#', sizeof(line));
		line[sizeof(line) - 1] = '\n';
		for (size_t i = 0; i < CONFIG_FILE_MAX / sizeof(line); i++)
			ck_assert_int_eq(write(fd, line, sizeof(line)), sizeof(line));
		ck_assert_int_eq(read_path(path, &at_limit), 0);
		ck_assert_int_eq(write(fd, "\n", 1), 1);
		ck_assert_int_eq(read_path(path, &beyond), -1);
		ck_assert_ptr_nonnull(strstr(beyond.text, "more than 1048576 bytes"));
		ck_assert_int_eq(close(fd), 0);
		ck_assert_int_eq(unlink(path), 0);
	}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("config");
	TCase *tests = tcase_create("config");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tests, a_fault_names_file_line_and_what_was_expected, 0, COUNT(FORMS));
	tcase_add_loop_test(tests, a_decimal_counts_its_unit, 0, COUNT(DECIMALS));
	tcase_add_test(tests, values_and_defaults_arrive);
	tcase_add_test(tests, a_line_of_4096_bytes_is_read_whole);
	tcase_add_test(tests, a_longer_line_is_refused);
	tcase_add_test(tests, a_nul_is_refused);
	tcase_add_loop_test(tests, the_environment_wins_in_each_spelling, 0, COUNT(VARIABLES));
	tcase_add_loop_test(tests, faults_of_the_environment_name_the_variable, 0, COUNT(CLASHES));
	tcase_add_test(tests, printing_shows_where_from_and_hides_secrets);
	tcase_add_test(tests, only_a_regular_file_is_read);
	tcase_add_test(tests, a_file_beyond_the_limit_is_refused);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

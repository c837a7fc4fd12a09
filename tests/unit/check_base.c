/* base/bytes, buf, error, clock, random, utf8 and uuid. */
#define _GNU_SOURCE
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "base/utf8.h"
#include "base/uuid.h"

enum { NOW = 1795309134 }; /* 2026-11-22T00:58:54Z */

START_TEST(bytes_compare_by_length_and_content)
	{
		ck_assert(bytes_equal(bytes_text("abc"), bytes_of("abcd", 3)));
		ck_assert(!bytes_equal(bytes_text("abc"), bytes_text("abd")));
		ck_assert(!bytes_equal(bytes_text("abc"), bytes_text("abcd")));
		ck_assert(bytes_equal_text(bytes_of("a", 1), "a"));
		ck_assert(!bytes_equal_text(bytes_of("a\0b", 3), "a"));
	}
END_TEST

START_TEST(empty_bytes_may_have_no_pointer)
	{
		ck_assert_uint_eq(bytes_text(NULL).len, 0);
		ck_assert(bytes_equal(bytes_of(NULL, 0), bytes_text("")));
		ck_assert(bytes_equal_nocase(bytes_of(NULL, 0), bytes_of(NULL, 0)));
	}
END_TEST

static const struct {
	const char *a, *b;
	bool equal;
} nocase_rows[] = {
	{ "Bearer", "bEARER", true },
	{ "az", "AZ", true },
	{ "[", "{", false },               /* 0x20 apart like letters, but none */
	{ "@", "`", false },               /* just below A and a */
	{ "\xc3\x84", "\xc3\xa4", false }, /* only ASCII letters fold */
	{ "K", "\xe2\x84\xaa", false },    /* KELVIN SIGN is not k */
	{ "abc", "ab", false },
};

START_TEST(nocase_folds_ascii_letters_only)
	{
		ck_assert(bytes_equal_nocase(bytes_text(nocase_rows[_i].a),
			      bytes_text(nocase_rows[_i].b)) == nocase_rows[_i].equal);
	}
END_TEST

START_TEST(buf_takes_up_to_its_maximum)
	{
		struct buf buf = BUF_INIT(4);

		buf_add_text(&buf, "abc");
		buf_add_byte(&buf, 'd');
		ck_assert(!buf_failed(&buf));
		ck_assert_str_eq(buf_text(&buf), "abcd");
		buf_release(&buf);
	}
END_TEST

START_TEST(buf_past_its_maximum_fails_and_keeps_what_it_had)
	{
		struct buf buf = BUF_INIT(4);

		buf_add_text(&buf, "abc");
		buf_add_text(&buf, "de");
		ck_assert(buf_failed(&buf));
		ck_assert(bytes_equal_text(buf_bytes(&buf), "abc"));
		ck_assert_str_eq(buf_text(&buf), "");
		buf_add_byte(&buf, 'd');
		ck_assert_msg(buf.len == 3, "a failed buffer takes nothing more");
		buf_release(&buf);
	}
END_TEST

START_TEST(buf_refuses_a_length_that_would_wrap)
	{
		struct buf buf = BUF_INIT(SIZE_MAX - 8);

		buf_add_text(&buf, "abcdefghijkl");
		buf_add(&buf, bytes_of("x", SIZE_MAX - 10));
		ck_assert(buf_failed(&buf));
		ck_assert_uint_eq(buf.len, 12);
		buf_release(&buf);
	}
END_TEST

START_TEST(buf_grows_without_changing_what_it_holds)
	{
		struct buf buf = BUF_INIT(100000);

		for (int i = 0; i < 20000; i++)
			buf_printf(&buf, "%05d", i);
		ck_assert(!buf_failed(&buf));
		ck_assert_uint_eq(buf.len, 100000);
		ck_assert_int_eq(memcmp(buf.data + 5 * 12345, "12345", 5), 0);
		buf_printf(&buf, "%s", "");
		ck_assert(!buf_failed(&buf));
		buf_printf(&buf, "%d", 1);
		ck_assert(buf_failed(&buf));
		buf_release(&buf);
	}
END_TEST

START_TEST(buf_reset_clears_the_failure)
	{
		struct buf buf = BUF_INIT(2);

		buf_add_text(&buf, "abc");
		ck_assert(buf_failed(&buf));
		buf_reset(&buf);
		buf_add_text(&buf, "ab");
		ck_assert_str_eq(buf_text(&buf), "ab");
		buf_release(&buf);
		ck_assert_uint_eq(buf.max, 2);
	}
END_TEST

START_TEST(buf_text_of_nothing_is_empty)
	{
		struct buf buf = BUF_INIT(8);

		ck_assert_str_eq(buf_text(&buf), "");
		ck_assert_uint_eq(buf_bytes(&buf).len, 0);
		buf_release(&buf);
	}
END_TEST

START_TEST(buf_move_empties_the_source)
	{
		struct buf from = BUF_INIT(8), to = BUF_INIT(8);

		buf_add_text(&from, "new");
		buf_add_text(&to, "old");
		buf_move(&to, &from);
		ck_assert_str_eq(buf_text(&to), "new");
		ck_assert_ptr_null(from.data);
		ck_assert_uint_eq(from.len, 0);
		buf_release(&from);
		buf_release(&to);
	}
END_TEST

START_TEST(first_error_wins)
	{
		struct error err = { 0 };

		ck_assert_int_eq(error_set(&err, ERR_KEY, "RSA of %d bits", 1024), -1);
		ck_assert_int_eq(error_set(&err, ERR_INTERNAL, "later"), -1);
		ck_assert(error_is(&err, ERR_KEY));
		ck_assert_str_eq(err.text, "RSA of 1024 bits");
		error_clear(&err);
		ck_assert(error_is(&err, ERR_NONE));
		ck_assert_str_eq(err.text, "");
	}
END_TEST

START_TEST(only_the_error_that_is_named_is_forgiven)
	{
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(error_forgive(&err, ERR_NOT_FOUND), -1);
		(void)error_set(&err, ERR_CONFLICT, "kept");
		ck_assert_int_eq(error_forgive(&err, ERR_NOT_FOUND), -1);
		ck_assert_str_eq(err.text, "kept");
		ck_assert_int_eq(error_forgive(&err, ERR_CONFLICT), 0);
		ck_assert(error_is(&err, ERR_NONE));
	}
END_TEST

/* A character of each length: 1, 2, 3 and 4 octets. */
#define CHARACTERS "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"

START_TEST(only_the_error_that_is_named_is_replaced)
	{
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(error_replace(&err, ERR_CONFLICT, ERR_STATE, "none yet"), -1);
		ck_assert(error_is(&err, ERR_NONE));
		err.number = 7;
		(void)error_set(&err, ERR_CONFLICT, "kept");
		ck_assert_int_eq(error_replace(&err, ERR_NOT_FOUND, ERR_STATE, "not this"), -1);
		ck_assert(error_is(&err, ERR_CONFLICT));
		ck_assert_str_eq(err.text, "kept");
		ck_assert_int_eq(error_replace(&err, ERR_CONFLICT, ERR_STATE, "row %d", 3), -1);
		ck_assert(error_is(&err, ERR_STATE));
		ck_assert_str_eq(err.text, "row 3");
		ck_assert_int_eq(err.number, 0);
	}
END_TEST

START_TEST(texts_are_counted_and_cut_by_characters)
	{
		static const size_t ends[] = { 0, 1, 3, 6, 10, 10 };
		const struct bytes text = bytes_text(CHARACTERS);
		size_t end = 0;

		ck_assert_uint_eq(utf8_count(text), 4);
		ck_assert_uint_eq(utf8_count(bytes_text(NULL)), 0);
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			ck_assert_uint_eq(utf8_cut(text, i).len, ends[i]);
		for (size_t i = 0; i <= text.len + 1; i++) {
			while (end < 4 && ends[end + 1] <= i)
				end++;
			ck_assert_uint_eq(utf8_cut_octets(text, i).len, ends[end]);
		}
	}
END_TEST

START_TEST(error_prefix_adds_the_context)
	{
		struct error err = { 0 };

		(void)error_set(&err, ERR_CONFIG, "unknown key");
		ck_assert_int_eq(error_prefix(&err, "%s:%d", "a.conf", 7), -1);
		ck_assert_str_eq(err.text, "a.conf:7: unknown key");
		ck_assert(error_is(&err, ERR_CONFIG));
	}
END_TEST

START_TEST(error_text_is_cut_not_overrun)
	{
		struct error err = { 0 };
		char text[2 * ERROR_TEXT_MAX];

		memset(text, 'x', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		(void)error_set(&err, ERR_CONFIG, "%s", text);
		ck_assert_uint_eq(strlen(err.text), ERROR_TEXT_MAX - 1);
		(void)error_prefix(&err, "%s", text);
		ck_assert_uint_lt(strlen(err.text), ERROR_TEXT_MAX);
	}
END_TEST

START_TEST(clock_can_be_fixed_and_let_go)
	{
		int64_t before = clock_now();

		clock_fix(NOW);
		ck_assert_int_eq(clock_now(), NOW);
		ck_assert_int_eq(clock_now_ms(), NOW * 1000LL);
		clock_fix(-1);
		ck_assert_int_ge(clock_now(), before);
		ck_assert_int_le(clock_now(), before + 60);
	}
END_TEST

START_TEST(monotonic_clock_does_not_go_back)
	{
		int64_t before = clock_monotonic_ms();

		clock_fix(0);
		ck_assert_int_ge(clock_monotonic_ms(), before);
		clock_fix(-1);
	}
END_TEST

static const struct {
	int64_t seconds;
	const char *text;
} clock_rows[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ NOW, "2026-11-22T00:58:54Z" },
	{ 951782400, "2000-02-29T00:00:00Z" },
	{ 2147483648, "2038-01-19T03:14:08Z" }, /* beyond 32 bits */
	{ 253402300799, "9999-12-31T23:59:59Z" },
};

START_TEST(clock_text_is_rfc_3339)
	{
		char text[CLOCK_TEXT_MAX];

		clock_text(clock_rows[_i].seconds, text);
		ck_assert_str_eq(text, clock_rows[_i].text);
	}
END_TEST

START_TEST(clock_text_ms_has_three_digits)
	{
		char text[CLOCK_TEXT_MAX];

		clock_text_ms(NOW * 1000LL + 7, text);
		ck_assert_str_eq(text, "2026-11-22T00:58:54.007Z");
	}
END_TEST

START_TEST(random_fills_everything)
	{
		uint8_t a[64] = { 0 }, b[64] = { 0 };

		random_bytes(a, sizeof(a));
		random_bytes(b, sizeof(b) - 1);
		ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
		ck_assert_uint_eq(b[63], 0);
		random_bytes(a, 0);
	}
END_TEST

START_TEST(uuid_is_version_7_of_now)
	{
		char text[UUID_TEXT_MAX];
		struct uuid uuid;

		clock_fix(NOW);
		uuid = uuid_new();
		clock_fix(-1);
		uuid_text(&uuid, text);
		ck_assert_uint_eq(strlen(text), UUID_TEXT_MAX - 1);
		/* RFC 9562, 5.7: 48 bits of milliseconds, version 7, variant 10 */
		ck_assert_int_eq(strncmp(text, "01a200c3-60b0-7", 15), 0);
		ck_assert_ptr_nonnull(strchr("89ab", text[19]));
	}
END_TEST

START_TEST(uuids_differ_and_later_ones_sort_behind)
	{
		struct uuid a, b, c;

		clock_fix(NOW);
		a = uuid_new();
		b = uuid_new();
		clock_fix(NOW + 1);
		c = uuid_new();
		clock_fix(-1);
		ck_assert_int_ne(memcmp(&a, &b, sizeof(a)), 0);
		ck_assert_int_lt(memcmp(&b, &c, sizeof(b)), 0);
	}
END_TEST

START_TEST(uuid_text_survives_the_round_trip_in_either_case)
	{
		struct error err = { 0 };
		struct uuid uuid, again;
		char text[UUID_TEXT_MAX];

		ck_assert_int_eq(
		    uuid_parse("0123ABCD-4567-89ef-FEDC-ba9876543210", &uuid, &err), 0);
		uuid_text(&uuid, text);
		ck_assert_str_eq(text, "0123abcd-4567-89ef-fedc-ba9876543210");
		ck_assert_int_eq(uuid_parse(text, &again, &err), 0);
		ck_assert_mem_eq(&uuid, &again, sizeof(uuid));
	}
END_TEST

static const char *const bad_uuids[] = {
	"",
	"0123abcd-4567-89ef-fedc-ba987654321",
	"0123abcd-4567-89ef-fedc-ba98765432100",
	"0123abcd-4567-89ef-fedc-ba987654321g",
	"0123abcd-4567-89ef-fedcba-9876543210",
	"0123abcd04567089ef0fedc0ba9876543210",
	"-123abcd-4567-89ef-fedc-ba9876543210",
	"{123abcd-4567-89ef-fedc-ba987654321}",
	" 123abcd-4567-89ef-fedc-ba9876543210",
};

START_TEST(uuid_parse_refuses_and_leaves_out_alone)
	{
		struct error err = { 0 };
		struct uuid uuid = { { 0x5a } };

		ck_assert_int_eq(uuid_parse(bad_uuids[_i], &uuid, &err), -1);
		ck_assert(error_is(&err, ERR_BAD_REQUEST));
		ck_assert_uint_eq(uuid.octets[0], 0x5a);
	}
END_TEST

static void
add_buf_tests(TCase *tcase)
{
	tcase_add_test(tcase, buf_takes_up_to_its_maximum);
	tcase_add_test(tcase, buf_past_its_maximum_fails_and_keeps_what_it_had);
	tcase_add_test(tcase, buf_refuses_a_length_that_would_wrap);
	tcase_add_test(tcase, buf_grows_without_changing_what_it_holds);
	tcase_add_test(tcase, buf_reset_clears_the_failure);
	tcase_add_test(tcase, buf_text_of_nothing_is_empty);
	tcase_add_test(tcase, buf_move_empties_the_source);
}

static Suite *
base_suite(void)
{
	Suite *suite = suite_create("base");
	TCase *tcase = tcase_create("base");

	tcase_add_test(tcase, bytes_compare_by_length_and_content);
	tcase_add_test(tcase, empty_bytes_may_have_no_pointer);
	tcase_add_loop_test(tcase, nocase_folds_ascii_letters_only, 0,
	    sizeof(nocase_rows) / sizeof(nocase_rows[0]));
	add_buf_tests(tcase);
	tcase_add_test(tcase, first_error_wins);
	tcase_add_test(tcase, only_the_error_that_is_named_is_forgiven);
	tcase_add_test(tcase, only_the_error_that_is_named_is_replaced);
	tcase_add_test(tcase, error_prefix_adds_the_context);
	tcase_add_test(tcase, error_text_is_cut_not_overrun);
	tcase_add_test(tcase, clock_can_be_fixed_and_let_go);
	tcase_add_test(tcase, monotonic_clock_does_not_go_back);
	tcase_add_loop_test(
	    tcase, clock_text_is_rfc_3339, 0, sizeof(clock_rows) / sizeof(clock_rows[0]));
	tcase_add_test(tcase, clock_text_ms_has_three_digits);
	tcase_add_test(tcase, texts_are_counted_and_cut_by_characters);
	tcase_add_test(tcase, random_fills_everything);
	tcase_add_test(tcase, uuid_is_version_7_of_now);
	tcase_add_test(tcase, uuids_differ_and_later_ones_sort_behind);
	tcase_add_test(tcase, uuid_text_survives_the_round_trip_in_either_case);
	tcase_add_loop_test(tcase, uuid_parse_refuses_and_leaves_out_alone, 0,
	    sizeof(bad_uuids) / sizeof(bad_uuids[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(base_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

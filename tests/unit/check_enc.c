/* base/enc: the vectors of RFC 4648, 10, and everything that strict decoders refuse. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"

static const struct {
	const char *data, *base64, *base64url;
} good_rows[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/", "-_-_" },
};

START_TEST(both_alphabets_there_and_back)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct bytes data = bytes_text(good_rows[_i].data);
		struct error err = { .code = ERR_NONE };

		base64_encode(data, &out);
		ck_assert_str_eq(buf_text(&out), good_rows[_i].base64);
		buf_reset(&out);
		base64url_encode(data, &out);
		ck_assert_str_eq(buf_text(&out), good_rows[_i].base64url);
		buf_reset(&out);
		ck_assert_int_eq(base64_decode(bytes_text(good_rows[_i].base64), &out, &err), 0);
		ck_assert(bytes_equal(buf_bytes(&out), data));
		buf_reset(&out);
		ck_assert_int_eq(
		    base64url_decode(bytes_text(good_rows[_i].base64url), &out, &err), 0);
		ck_assert(bytes_equal(buf_bytes(&out), data));
	}
END_TEST

START_TEST(every_length_survives)
	{
		uint8_t data[600];
		struct error err = { .code = ERR_NONE };

		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)(i * 7 + i / 256);
		for (size_t len = 0; len <= sizeof(data); len++) {
			cleanup(buf_release) struct buf text = BUF_INIT(1024);
			cleanup(buf_release) struct buf back = BUF_INIT(600);

			base64url_encode(bytes_of(data, len), &text);
			ck_assert_int_eq(base64url_decode(buf_bytes(&text), &back, &err), 0);
			ck_assert(bytes_equal(buf_bytes(&back), bytes_of(data, len)));
		}
	}
END_TEST

static const char *const bad_base64[] = { "Z", "Zg", "Zg=", "Zm8", "====", "=",
	"Zg==Zg==", "Z===", "Zh==", "Zm9=", "Zm9v ", " Zm9v", "Zm9v\n\n\n\n", "-_-_", "Zm=v",
	"Zm9\xc3", "Zm9:", "Zm9`", "Zm9@", "Zm9[", "Zm9{" };

START_TEST(base64_refuses)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };

		ck_assert_msg(base64_decode(bytes_text(bad_base64[_i]), &out, &err) < 0, "%s",
		    bad_base64[_i]);
		ck_assert(error_is(&err, ERR_BAD_REQUEST));
	}
END_TEST

static const char *const bad_base64url[] = { "Z", "Zg==", "Zm8=", "Zh", "Zm9", "+/+/", "Zm9v ",
	"Zm 9", "Zm9vY", "Zm\n8" };

START_TEST(base64url_refuses)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };

		ck_assert_msg(base64url_decode(bytes_text(bad_base64url[_i]), &out, &err) < 0, "%s",
		    bad_base64url[_i]);
		ck_assert(error_is(&err, ERR_BAD_REQUEST));
	}
END_TEST

START_TEST(a_nul_is_no_character)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(base64url_decode(bytes_of("Zm\0v", 4), &out, &err), -1);
	}
END_TEST

START_TEST(the_buffers_maximum_is_an_error)
	{
		struct error err = { .code = ERR_NONE };
		cleanup(buf_release) struct buf enough = BUF_INIT(6);
		cleanup(buf_release) struct buf small = BUF_INIT(5);

		ck_assert_int_eq(base64_decode(bytes_text("Zm9vYmFy"), &enough, &err), 0);
		ck_assert_int_eq(base64_decode(bytes_text("Zm9vYmFy"), &small, &err), -1);
		error_clear(&err);
		buf_reset(&small);
		ck_assert_int_eq(hex_decode(bytes_text("000102030405"), &small, &err), -1);
	}
END_TEST

START_TEST(hex_there_and_back)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };

		hex_encode(bytes_of("\x00\x9a\xff", 3), &out);
		hex_encode_upper(bytes_of("\x00\x9a\xff", 3), &out);
		ck_assert_str_eq(buf_text(&out), "009aff009AFF");
		buf_reset(&out);
		ck_assert_int_eq(hex_decode(bytes_text("009aFF"), &out, &err), 0);
		ck_assert(bytes_equal(buf_bytes(&out), bytes_of("\x00\x9a\xff", 3)));
	}
END_TEST

static const char *const bad_hex[] = { "0", "0g", "g0", " 00", "0x00", "0\xc3", "00 0" };

START_TEST(hex_refuses)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };

		ck_assert_msg(
		    hex_decode(bytes_text(bad_hex[_i]), &out, &err) < 0, "%s", bad_hex[_i]);
	}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("enc");
	TCase *tcase = tcase_create("enc");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, both_alphabets_there_and_back, 0, ROWS(good_rows));
	tcase_add_test(tcase, every_length_survives);
	tcase_add_loop_test(tcase, base64_refuses, 0, ROWS(bad_base64));
	tcase_add_loop_test(tcase, base64url_refuses, 0, ROWS(bad_base64url));
	tcase_add_test(tcase, a_nul_is_no_character);
	tcase_add_test(tcase, the_buffers_maximum_is_an_error);
	tcase_add_test(tcase, hex_there_and_back);
	tcase_add_loop_test(tcase, hex_refuses, 0, ROWS(bad_hex));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

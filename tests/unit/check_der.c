/* crypto/der: strictness of the reader, exactness of the writer. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/der.h"

#define B(literal) literal, sizeof(literal) - 1

static const struct {
	const char *what;
	const char *der;
	size_t len;
	bool ok;
} ELEMENTS[] = {
	{ "short length", B("\x04\x02\x61\x62"), true },
	{ "no content", B("\x05\x00"), true },
	{ "cut in content", B("\x04\x02\x61"), false },
	{ "cut before the length", B("\x04"), false },
	{ "nothing", B(""), false },
	{ "long form for a short length", B("\x04\x81\x01\x61"), false },
	{ "leading zero in the length", B("\x04\x82\x00\x01\x61"), false },
	{ "indefinite length", B("\x30\x80\x00\x00"), false },
	{ "length of five octets", B("\x04\x85\x00\x00\x00\x00\x01\x61"), false },
	{ "length beyond everything", B("\x04\x84\xff\xff\xff\xff\x61"), false },
	{ "high tag number", B("\x1f\x81\x01\x00"), false },
	{ "end of contents", B("\x00\x00"), false },
};

START_TEST(only_shortest_definite_forms_are_read)
	{
		struct bytes rest = bytes_of(ELEMENTS[_i].der, ELEMENTS[_i].len), before = rest;
		struct der_item item;

		ck_assert_msg(der_next(&rest, &item) == ELEMENTS[_i].ok, "%s", ELEMENTS[_i].what);
		if (ELEMENTS[_i].ok)
			ck_assert_uint_eq(rest.len, 0);
		else
			ck_assert(rest.ptr == before.ptr && rest.len == before.len);
	}
END_TEST

enum kind { FLAG, INTEGER, BITS, OID };

static const struct {
	const char *what;
	const char *der;
	size_t len;
	enum kind kind;
	bool ok;
} VALUES[] = {
	{ "TRUE", B("\x01\x01\xff"), FLAG, true },
	{ "TRUE as 01", B("\x01\x01\x01"), FLAG, false },
	{ "FALSE written out", B("\x01\x01\x00"), FLAG, false },
	{ "absent flag", B(""), FLAG, true },
	{ "zero", B("\x02\x01\x00"), INTEGER, true },
	{ "128", B("\x02\x02\x00\x80"), INTEGER, true },
	{ "127 with a zero too many", B("\x02\x02\x00\x7f"), INTEGER, false },
	{ "-1 with an octet too many", B("\x02\x02\xff\xff"), INTEGER, false },
	{ "empty integer", B("\x02\x00"), INTEGER, false },
	{ "no bits", B("\x03\x01\x00"), BITS, true },
	{ "seven unused bits", B("\x03\x02\x07\x80"), BITS, true },
	{ "unused bit that is set", B("\x03\x02\x07\x81"), BITS, false },
	{ "eight unused bits", B("\x03\x02\x08\x00"), BITS, false },
	{ "unused bits of nothing", B("\x03\x01\x01"), BITS, false },
	{ "empty bit string", B("\x03\x00"), BITS, false },
	{ "OID", B("\x06\x03\x55\x1d\x11"), OID, true },
	{ "OID with padding", B("\x06\x04\x55\x1d\x80\x11"), OID, false },
	{ "OID that is cut", B("\x06\x02\x55\x9d"), OID, false },
	{ "empty OID", B("\x06\x00"), OID, false },
};

static bool
take_value(enum kind kind, struct bytes *rest)
{
	struct bytes content;
	unsigned unused;
	bool flag;

	switch (kind) {
	case FLAG:
		return der_take_flag(rest, &flag) && rest->len == 0;
	case INTEGER:
		return der_take_integer(rest, &content);
	case BITS:
		return der_take_bits(rest, &content, &unused);
	case OID:
		break;
	}
	return der_take_oid(rest, &content);
}

START_TEST(values_are_read_in_their_only_form)
	{
		struct bytes rest = bytes_of(VALUES[_i].der, VALUES[_i].len);

		ck_assert_msg(
		    take_value(VALUES[_i].kind, &rest) == VALUES[_i].ok, "%s", VALUES[_i].what);
	}
END_TEST

static const struct {
	const char *der;
	size_t len;
	int64_t seconds; /* -1: refused */
} TIMES[] = {
	{ B("\x17\x0d"
	    "700101000000Z"),
	    0 },
	{ B("\x17\x0d"
	    "491231235959Z"),
	    2524607999 },
	{ B("\x18\x0f"
	    "20500101000000Z"),
	    2524608000 },
	{ B("\x17\x0d"
	    "240229120000Z"),
	    1709208000 },
	{ B("\x17\x0d"
	    "230229120000Z"),
	    -1 },
	{ B("\x17\x0d"
	    "231301120000Z"),
	    -1 },
	{ B("\x17\x0d"
	    "231200120000Z"),
	    -1 },
	{ B("\x17\x0d"
	    "231201240000Z"),
	    -1 },
	{ B("\x17\x0d"
	    "231201126000Z"),
	    -1 },
	{ B("\x17\x0b"
	    "2312011200Z"),
	    -1 },
	{ B("\x17\x0d"
	    "23120112000 Z"),
	    -1 },
	{ B("\x17\x0d"
	    "2312011200000"),
	    -1 },
	{ B("\x18\x11"
	    "20500101000000.1Z"),
	    -1 },
	{ B("\x17\x01"
	    "Z"
	    "\x18\x0f"
	    "20500101000000Z"),
	    -1 },
};

START_TEST(times_are_read_as_rfc_5280_says)
	{
		struct bytes rest = bytes_of(TIMES[_i].der, TIMES[_i].len);
		int64_t seconds = -1;
		bool ok = der_take_time(&rest, &seconds);

		ck_assert_msg(ok == (TIMES[_i].seconds >= 0), "row %d", _i);
		if (ok)
			ck_assert_int_eq(seconds, TIMES[_i].seconds);
	}
END_TEST

START_TEST(times_are_written_as_they_are_read)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };

		if (TIMES[_i].seconds < 0)
			return;
		ck_assert_int_eq(der_add_time(&out, TIMES[_i].seconds, &err), 0);
		ck_assert(bytes_equal(buf_bytes(&out), bytes_of(TIMES[_i].der, TIMES[_i].len)));
	}
END_TEST

START_TEST(years_beyond_9999_are_refused)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(der_add_time(&out, 253402300799, &err), 0);
		ck_assert_int_eq(der_add_time(&out, 253402300800, &err), -1);
	}
END_TEST

static const struct {
	const char *text;
	bool ok;
} OIDS[] = {
	{ "2.5.29.17", true },
	{ "1.2.840.113549.1.1.11", true },
	{ "0.9.2342.19200300.100.1.25", true },
	{ "2.999.1", true },
	{ "1.3.6.1.4.1.311.21.8.16735922.7437492.10570883.2539024.15756463.185", true },
	{ "1.39", true },
	{ "1.40", false },
	{ "3.1", false },
	{ "1", false },
	{ "", false },
	{ "1.2.", false },
	{ "1..2", false },
	{ "1.02", false },
	{ "1.2.x", false },
	{ "1.2.99999999999999999999", false },
};

START_TEST(oids_survive_the_way_there_and_back)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(128);
		struct error err = { .code = ERR_NONE };
		struct bytes rest, content;
		char text[128];

		ck_assert_msg((der_add_oid(&out, OIDS[_i].text, &err) == 0) == OIDS[_i].ok, "%s",
		    OIDS[_i].text);
		if (!OIDS[_i].ok)
			return;
		rest = buf_bytes(&out);
		ck_assert(der_take_oid(&rest, &content));
		ck_assert(der_oid_text(content, text, sizeof(text)));
		ck_assert_str_eq(text, OIDS[_i].text);
		ck_assert(der_oid_text(content, text, strlen(OIDS[_i].text) + 1));
		ck_assert(!der_oid_text(content, text, strlen(OIDS[_i].text)));
	}
END_TEST

START_TEST(lengths_are_written_in_the_fewest_octets)
	{
		static const size_t LENGTHS[] = { 0, 1, 127, 128, 255, 256, 65535, 65536 };
		static const uint8_t zeros[65536];
		cleanup(buf_release) struct buf out = BUF_INIT(70000);
		struct bytes content;

		buf_add_byte(&out, 0x55);
		der_add(&out, DER_OCTET_STRING, bytes_of(zeros, LENGTHS[_i]));
		ck_assert(!buf_failed(&out));
		ck_assert(
		    der_only(bytes_of(out.data + 1, out.len - 1), DER_OCTET_STRING, &content));
		ck_assert_uint_eq(content.len, LENGTHS[_i]);
	}
END_TEST

START_TEST(a_full_buffer_fails_and_nothing_is_overrun)
	{
		for (size_t max = 0; max < 140; max++) {
			cleanup(buf_release) struct buf out = { .max = max };
			size_t outer = der_open(&out, DER_SEQUENCE);
			static const uint8_t zeros[130];

			der_add(&out, DER_OCTET_STRING, bytes_of(zeros, sizeof(zeros)));
			der_close(&out, outer);
			ck_assert(buf_failed(&out) == (max < 136));
		}
	}
END_TEST

START_TEST(an_element_of_another_tag_is_left_alone)
	{
		struct bytes rest = DER_BYTES("\x04\x01\x61"), before = rest, out;

		ck_assert(!der_take(&rest, DER_SEQUENCE, &out));
		ck_assert(rest.ptr == before.ptr);
		ck_assert(!der_only(DER_BYTES("\x04\x01\x61\x00"), DER_OCTET_STRING, &out));
		ck_assert(der_only(DER_BYTES("\x04\x01\x61"), DER_OCTET_STRING, &out));
	}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("der");
	TCase *tests = tcase_create("der");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, only_shortest_definite_forms_are_read, 0, COUNT(ELEMENTS));
	tcase_add_loop_test(tests, values_are_read_in_their_only_form, 0, COUNT(VALUES));
	tcase_add_loop_test(tests, times_are_read_as_rfc_5280_says, 0, COUNT(TIMES));
	tcase_add_loop_test(tests, times_are_written_as_they_are_read, 0, COUNT(TIMES));
	tcase_add_test(tests, years_beyond_9999_are_refused);
	tcase_add_loop_test(tests, oids_survive_the_way_there_and_back, 0, COUNT(OIDS));
	tcase_add_loop_test(tests, lengths_are_written_in_the_fewest_octets, 0, 8);
	tcase_add_test(tests, a_full_buffer_fails_and_nothing_is_overrun);
	tcase_add_test(tests, an_element_of_another_tag_is_left_alone);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* base/json: what json-c lets pass and we do not, and that ordinary JSON goes through. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_add.h"

static const struct json_limits LIMITS = { .max_bytes = 4096, .max_depth = 4, .max_members = 8 };

static int
parse(struct bytes text, struct json_object **out, struct error *err)
{
	*err = (struct error){ .code = ERR_NONE };
	return json_parse(text, &LIMITS, out, err);
}

static const char *const good_rows[] = {
	"{}", "[]", " \t\r\n{ \"a\" : 1 , \"b\" : [ true , false , null ] } \n",
	"[0,-0,-1,1.5,1e5,1E-5,-0.0e+2,0.1]", "[9223372036854775807,-9223372036854775808]",
	"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\uD83D\\uDE00\"]",
	"[\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"]",
	"[\"\x7f\"]", "{\"\":1}",
	"{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}", /* the same name on other levels */
	"{\"a\":1,\"A\":2}", "[[[[]]]]", "[1,2,3,4,5,6,7,8]",
	"{\"a\":\"\\\\u0000\"}", /* a backslash, not a NUL */
};

START_TEST(takes_what_rfc_8259_allows)
	{
		cleanup(json_object_putp) struct json_object *out = NULL;
		struct error err;

		ck_assert_msg(parse(bytes_text(good_rows[_i]), &out, &err) == 0, "%s: %s",
		    good_rows[_i], err.text);
		ck_assert_ptr_nonnull(out);
	}
END_TEST

static const char *const bad_rows[] = {
	"",
	" ",
	"{",
	"[",
	"{}x",
	"{}{}",
	"[1,]",
	"[,1]",
	"{,}",
	"{\"a\":1,}",
	"{\"a\"}",
	"{\"a\" 1}",
	"{\"a\":}",
	"{a:1}",
	"{1:1}",
	"{'a':1}",
	"['a']",
	"[1 2]",
	"[1}",
	"{\"a\":1]",
	"[NaN]",
	"[Infinity]",
	"[-Infinity]",
	"[nul]",
	"[True]",
	"[truefalse]",
	"/**/[]",
	"[]//",
	"\xef\xbb\xbf[]", /* BOM */
	"[\"a\nb\"]",
	"[\"a\tb\"]",
	"[\"\x1f\"]",
	"[\"abc]",
	"[\"abc\\",
	"[\"\\x41\"]",
	"[\"\\u12\"]",
	"[\"\\u12G4\"]",
	"[\"\\u0000\"]",
	"{\"\\u0000\":1}",
	"[\"\\uD800\"]",
	"[\"\\uD800\\n\"]",
	"[\"\\uD800\\u0041\"]",
	"[\"\\uD800\\uD800\"]",
	"[\"\\uDC00\"]",
	"[\"\xff\"]",
	"[\"\x80\"]",
	"[\"\xc3\"]",
	"[\"\xc3(\"]",
	"[\"\xc0\xaf\"]",         /* overlong */
	"[\"\xc1\xbf\"]",         /* overlong */
	"[\"\xe0\x80\xaf\"]",     /* overlong */
	"[\"\xf0\x80\x80\xaf\"]", /* overlong */
	"[\"\xed\xa0\x80\"]",     /* a surrogate */
	"[\"\xf4\x90\x80\x80\"]", /* beyond U+10FFFF */
	"[\"\xf5\x80\x80\x80\"]",
	"[01]",
	"[-]",
	"[-01]",
	"[+1]",
	"[.5]",
	"[1.]",
	"[1e]",
	"[1e+]",
	"[0x10]",
	"[17abc]",
	"[9223372036854775808]",
	"[-9223372036854775809]",
	"[99999999999999999999999]",
	"[1e999]",
	"[-1e999]",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"a\":1}",
	"{\"a\":1,\"\\u0061\":2}", /* the same after unescaping */
	"{\"\\u00e4\":1,\"\xc3\xa4\":2}",
	"{\"x\":{\"a\":1,\"b\":2,\"a\":{}}}",
	"[{\"a\":{\"c\":1},\"a\":2}]",
	"[[[[[]]]]]",
	"{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}",
	"[1,2,3,4,5,6,7,8,9]",
	"{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1}",
	"1",
	"\"a\"",
	"true",
	"null",
};

START_TEST(refuses)
	{
		struct json_object *out = NULL;
		struct error err;

		ck_assert_msg(parse(bytes_text(bad_rows[_i]), &out, &err) < 0, "%s", bad_rows[_i]);
		ck_assert(error_is(&err, ERR_BAD_REQUEST));
		ck_assert_ptr_null(out);
	}
END_TEST

START_TEST(a_raw_nul_is_refused_everywhere)
	{
		static const char text[] = "[\"a\",1]";
		struct json_object *out = NULL;
		struct error err;

		for (size_t i = 0; i <= strlen(text); i++) {
			char with[sizeof(text)];

			memcpy(with, text, i);
			with[i] = '\0';
			memcpy(with + i + 1, text + i, strlen(text) - i);
			ck_assert_int_eq(parse(bytes_of(with, strlen(text) + 1), &out, &err), -1);
		}
	}
END_TEST

START_TEST(the_limit_of_bytes_is_exact)
	{
		static char text[4098];
		cleanup(json_object_putp) struct json_object *out = NULL;
		struct json_object *none = NULL;
		struct error err;

		memset(text, ' ', sizeof(text));
		memcpy(text, "[]", 2);
		ck_assert_int_eq(parse(bytes_of(text, 4096), &out, &err), 0);
		ck_assert_int_eq(parse(bytes_of(text, 4097), &none, &err), -1);
	}
END_TEST

START_TEST(no_limit_allows_more_than_the_stack_of_the_scan)
	{
		static const struct json_limits deep = {
			.max_bytes = 8192, .max_depth = 4000, .max_members = 8
		};
		char text[8000];
		struct json_object *out = NULL;
		struct error err = { .code = ERR_NONE };

		memset(text, '[', 4000);
		memset(text + 4000, ']', 4000);
		ck_assert_int_eq(json_parse(bytes_of(text, sizeof(text)), &deep, &out, &err), -1);
		error_clear(&err);
		ck_assert_int_eq(json_parse(bytes_of(text + 4000 - 64, 128), &deep, &out, &err), 0);
		json_object_put(out);
	}
END_TEST

START_TEST(no_prefix_of_a_document_is_one)
	{
		static const char text[] =
		    "{\"a\":[1,-2.5e3,\"\\u00e4\\uD83D\\uDE00\xe2\x82\xac\",true,null],\"b\":{}}";
		struct json_object *out = NULL;
		struct error err;

		for (size_t len = 0; len < strlen(text); len++) {
			/* Of its own size, so that a read behind the end is seen. */
			char *copy = malloc(len + 1);

			ck_assert_ptr_nonnull(copy);
			memcpy(copy, text, len);
			ck_assert_int_eq(parse(bytes_of(copy, len), &out, &err), -1);
			free(copy);
		}
	}
END_TEST

START_TEST(errors_name_the_offset)
	{
		struct json_object *out = NULL;
		struct error err;

		ck_assert_int_eq(parse(bytes_text("{\"a\": x}"), &out, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "offset 6"));
	}
END_TEST

START_TEST(getters_never_convert)
	{
		cleanup(json_object_putp) struct json_object *out = NULL;
		struct json_object *inner = NULL;
		const char *text = "untouched";
		int64_t number = 42;
		bool boolean = false;
		struct error err;

		ck_assert_int_eq(
		    parse(bytes_text("{\"t\":\"17\",\"i\":17,\"d\":17.0,\"b\":true,\"n\":null,"
				     "\"a\":[],\"o\":{}}"),
			&out, &err),
		    0);
		ck_assert(!json_get_int(out, "t", &number) && !json_get_int(out, "d", &number));
		ck_assert(
		    !json_get_int(out, "b", &number) && !json_get_int(out, "missing", &number));
		ck_assert(!json_get_text(out, "i", &text) && !json_get_text(out, "n", &text));
		ck_assert(
		    !json_get_boolean(out, "i", &boolean) && !json_get_array(out, "o", &inner));
		ck_assert(
		    !json_get_object(out, "a", &inner) && !json_get_object(NULL, "a", &inner));
		ck_assert_int_eq(number, 42);
		ck_assert_str_eq(text, "untouched");
		ck_assert(json_get_int(out, "i", &number) && number == 17);
		ck_assert(json_get_text(out, "t", &text) && strcmp(text, "17") == 0);
		ck_assert(json_get_boolean(out, "b", &boolean) && boolean);
		ck_assert(json_get_array(out, "a", &inner) && json_get_object(out, "o", &inner));
		ck_assert(json_has(out, "n") && !json_has(out, "N") && !json_has(NULL, "n"));
	}
END_TEST

START_TEST(what_was_stored_may_be_nothing)
	{
		cleanup(json_object_putp) struct json_object *out = NULL;
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(json_parse_stored(bytes_text("[1]"), &out, &err), 0);
		ck_assert_uint_eq(json_object_array_length(out), 1);
		json_object_putp(&out);
		out = (struct json_object *)&err;
		ck_assert_int_eq(json_parse_stored(bytes_text(""), &out, &err), 0);
		ck_assert_ptr_null(out);
		ck_assert_int_eq(json_parse_stored(bytes_text("[1"), &out, &err), -1);
		ck_assert(error_is(&err, ERR_BAD_REQUEST));
	}
END_TEST

START_TEST(what_is_null_is_not_added)
	{
		cleanup(json_object_putp) struct json_object *out = json_object_new_object();
		const struct uuid id = { { 1, 0x23 } };

		json_add(out, "null", NULL);
		json_add_text(out, "null", NULL);
		json_add_text(out, "empty", "");
		json_add_filled(out, "null", NULL);
		json_add_filled(out, "null", "");
		json_add_filled(out, "filled", "x");
		json_add_uuid(out, "uuid", &id);
		json_add_bool(out, "bool", false);
		json_add_int(out, "int", INT64_MIN);
		ck_assert_str_eq(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN),
		    "{\"empty\":\"\",\"filled\":\"x\","
		    "\"uuid\":\"01230000-0000-0000-0000-000000000000\","
		    "\"bool\":false,\"int\":-9223372036854775808}");
	}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, takes_what_rfc_8259_allows, 0, ROWS(good_rows));
	tcase_add_loop_test(tcase, refuses, 0, ROWS(bad_rows));
	tcase_add_test(tcase, a_raw_nul_is_refused_everywhere);
	tcase_add_test(tcase, the_limit_of_bytes_is_exact);
	tcase_add_test(tcase, no_limit_allows_more_than_the_stack_of_the_scan);
	tcase_add_test(tcase, no_prefix_of_a_document_is_one);
	tcase_add_test(tcase, errors_name_the_offset);
	tcase_add_test(tcase, getters_never_convert);
	tcase_add_test(tcase, what_was_stored_may_be_nothing);
	tcase_add_test(tcase, what_is_null_is_not_added);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

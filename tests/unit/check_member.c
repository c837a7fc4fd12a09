/* api/member: bodies and members as CZERTAINLY's own reader takes them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/member.h"
#include "base/json.h"

/* A request of this type and body; the caller releases it. */
static struct request
request_of(const char *content_type, const char *body)
{
	struct request request = { .content_type = content_type, .body = BUF_INIT(4096) };

	buf_add_text(&request.body, body);
	return request;
}

static const struct {
	const char *content_type, *body;
	enum error_code code;
} bodies[] = {
	{ "application/json", "{}", ERR_NONE },
	{ "Application/JSON ; charset=UTF-8", "{\"a\":1}", ERR_NONE },
	{ "application/json;charset=\"utf-8\"", "{}", ERR_NONE },
	{ "application/json", " {} \n", ERR_NONE },
	{ "", "{}", ERR_MEDIA_TYPE },
	{ "text/plain", "{}", ERR_MEDIA_TYPE },
	{ "application/jsonx", "{}", ERR_MEDIA_TYPE },
	{ "application/json; charset=latin1", "{}", ERR_MEDIA_TYPE },
	{ "application/x-www-form-urlencoded", "{}", ERR_MEDIA_TYPE },
	{ "application/json", "", ERR_JSON },
	{ "application/json", "[]", ERR_JSON },
	{ "application/json", "{} {}", ERR_JSON },
	{ "application/json", "{\"a\":1,\"a\":1}", ERR_JSON },
	{ "application/json", "{\"a\":1,\"\\u0061\":1}", ERR_JSON },
	{ "application/json", "{'a':1}", ERR_JSON },
	{ "application/json", "{\"a\":\"\\u0000\"}", ERR_JSON },
	{ "application/json", "{\"a\":\"\\ud800\"}", ERR_JSON },
	{ "application/json", "{\"a\":\"\xff\"}", ERR_JSON },
	{ "application/json", "{\"a\":99999999999999999999}", ERR_JSON },
};

START_TEST(a_body_is_an_object_of_strict_json)
	{
		struct request request = request_of(bodies[_i].content_type, bodies[_i].body);
		cleanup(json_object_putp) struct json_object *object = NULL;
		struct error err = { .code = ERR_NONE };
		int rc = body_read_object(&request, &object, &err);

		ck_assert_int_eq(err.code, bodies[_i].code);
		ck_assert_int_eq(rc, bodies[_i].code == ERR_NONE ? 0 : -1);
		ck_assert_int_eq(object != NULL, rc == 0);
		buf_release(&request.body);
	}
END_TEST

#define ID "0197b5a2-0000-7000-8000-000000000001"

static const struct {
	const char *body;
	size_t count;
	const char *fault;
} lists[] = {
	{ "[]", 0, NULL },
	{ "[\"" ID "\"]", 1, NULL },
	{ "[\"" ID "\",\"" ID "\"]", 2, NULL },
	{ "[\"" ID "\",\"x\"]", 0, "Invalid UUID x in the request" },
	{ "[\"\"]", 0, "Invalid UUID  in the request" },
	{ "[1]", 0, "JSON: item 1 is no text" },
	{ "[null]", 0, "JSON: item 1 is no text" },
	{ "{}", 0, "JSON: an object where an array was expected" },
};

START_TEST(a_list_of_uuids_is_read_whole_or_not_at_all)
	{
		struct request request = request_of("application/json", lists[_i].body);
		cleanup(uuids_release) struct uuids uuids = { NULL, 0 };
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(
		    body_read_uuids(&request, &uuids, &err), lists[_i].fault == NULL ? 0 : -1);
		ck_assert_uint_eq(uuids.count, lists[_i].count);
		if (lists[_i].fault != NULL)
			ck_assert_str_eq(err.text, lists[_i].fault);
		buf_release(&request.body);
	}
END_TEST

/* What one member comes out as: the value written, "-" where it is not there, "!" refused. */
enum kind { TEXT, INT32, BOOL };

static const struct {
	enum kind kind;
	const char *body, *result;
} members[] = {
	{ TEXT, "{}", "-" },
	{ TEXT, "{\"m\":null}", "-" },
	{ TEXT, "{\"m\":\"\"}", "" },
	{ TEXT, "{\"m\":\"x\"}", "x" },
	{ TEXT, "{\"m\":45}", "45" },
	{ TEXT, "{\"m\":true}", "true" },
	{ TEXT, "{\"m\":{}}", "!" },
	{ TEXT, "{\"m\":[]}", "!" },
	{ INT32, "{}", "-" },
	{ INT32, "{\"m\":null}", "-" },
	{ INT32, "{\"m\":\"\"}", "-" },
	{ INT32, "{\"m\":45}", "45" },
	{ INT32, "{\"m\":\"45\"}", "45" },
	{ INT32, "{\"m\":\"-1\"}", "-1" },
	{ INT32, "{\"m\":2147483647}", "2147483647" },
	{ INT32, "{\"m\":2147483648}", "!" },
	{ INT32, "{\"m\":\"2147483648\"}", "!" },
	{ INT32, "{\"m\":\"99999999999999999999\"}", "!" },
	{ INT32, "{\"m\":\" 45\"}", "!" },
	{ INT32, "{\"m\":\"45x\"}", "!" },
	{ INT32, "{\"m\":\"-\"}", "!" },
	{ INT32, "{\"m\":true}", "!" },
	{ INT32, "{\"m\":{}}", "!" },
	{ BOOL, "{}", "-" },
	{ BOOL, "{\"m\":null}", "-" },
	{ BOOL, "{\"m\":\"\"}", "-" },
	{ BOOL, "{\"m\":true}", "true" },
	{ BOOL, "{\"m\":false}", "false" },
	{ BOOL, "{\"m\":\"true\"}", "true" },
	{ BOOL, "{\"m\":\"yes\"}", "!" },
	{ BOOL, "{\"m\":1}", "!" },
	{ BOOL, "{\"m\":[]}", "!" },
};

static int
read_member(enum kind kind, const struct json_object *object, struct buf *out, struct error *err)
{
	const char *text = NULL;
	bool is_there = false, truth = false;
	int32_t number = 0;
	int rc = 0;

	if (kind == TEXT)
		rc = member_text(object, "m", &text, err);
	else if (kind == INT32)
		rc = member_int32(object, "m", &is_there, &number, err);
	else
		rc = member_bool(object, "m", &is_there, &truth, err);
	if (rc < 0)
		buf_add_text(out, "!");
	else if (kind == TEXT)
		buf_add_text(out, text != NULL ? text : "-");
	else if (!is_there)
		buf_add_text(out, "-");
	else if (kind == INT32)
		buf_printf(out, "%d", number);
	else
		buf_add_text(out, truth ? "true" : "false");
	return rc;
}

START_TEST(a_member_is_taken_as_leniently_as_its_clients_write_it)
	{
		struct request request = request_of("application/json", members[_i].body);
		cleanup(json_object_putp) struct json_object *object = NULL;
		cleanup(buf_release) struct buf out = BUF_INIT(256);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(body_read_object(&request, &object, &err), 0);
		if (read_member(members[_i].kind, object, &out, &err) < 0)
			ck_assert(error_is(&err, ERR_JSON));
		ck_assert_str_eq(buf_text(&out), members[_i].result);
		buf_release(&request.body);
	}
END_TEST

START_TEST(a_text_that_is_too_long_is_named_with_its_limit)
	{
		const struct member_limit limit = { "m", 3 };
		struct request request =
		    request_of("application/json", "{\"m\":\"\u00e4\u00f6\u00fc\"}");
		cleanup(json_object_putp) struct json_object *object = NULL;
		struct error err = { .code = ERR_NONE };
		const struct member_limit less = { "m", 2 };
		const char *text = NULL;

		ck_assert_int_eq(body_read_object(&request, &object, &err), 0);
		ck_assert_int_eq(member_text_max(object, &limit, &text, &err), 0);
		ck_assert_int_eq(member_text_max(object, &less, &text, &err), -1);
		ck_assert(error_is(&err, ERR_VALIDATION));
		ck_assert_str_eq(err.text, "m is longer than 2 characters");
		buf_release(&request.body);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("member");
	TCase *tests = tcase_create("member");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tests, a_body_is_an_object_of_strict_json, 0, sizeof(bodies) / sizeof(bodies[0]));
	tcase_add_loop_test(tests, a_list_of_uuids_is_read_whole_or_not_at_all, 0,
	    sizeof(lists) / sizeof(lists[0]));
	tcase_add_loop_test(tests, a_member_is_taken_as_leniently_as_its_clients_write_it, 0,
	    sizeof(members) / sizeof(members[0]));
	tcase_add_test(tests, a_text_that_is_too_long_is_named_with_its_limit);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

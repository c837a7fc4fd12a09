/* http/query: which value a query string has for a name. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/query.h"

enum { SIZE = 16 };

static const struct {
	const char *query;
	const char *value; /* NULL: refused */
} rows[] = {
	{ "operation=GetCACert", "GetCACert" },
	{ "message=ca&operation=GetCACert", "GetCACert" },
	{ "operation=GetCACert&message=ca", "GetCACert" },
	{ "&&operation=GetCACert&", "GetCACert" },
	{ "operation=%47et%43ACert", "GetCACert" },
	{ "%6fperation=GetCACert", "GetCACert" },
	{ "operation=a+b%2Bc", "a b+c" },
	{ "operation=a=b", "a=b" },
	{ "operation=", "" },
	{ "operation", "" },
	{ "", "" },
	{ "message=operation=GetCACert", "" },
	{ "xoperation=GetCACert", "" },
	{ "operationx=GetCACert", "" },
	{ "Operation=GetCACert", "" },
	{ "operation%00=GetCACert", "" },
	{ "operation%=GetCACert", "" },
	{ "opera%74ionx=a&operation=b", "b" },
	{ "message=%zz&operation=a", "a" }, /* nobody asked for that one */
	{ "operation=%zz", NULL },
	{ "operation=a%4", NULL },
	{ "operation=a%", NULL },
	{ "operation=a%00b", NULL },
	{ "operation=a&operation=b", NULL },
	{ "operation=a&%6Fperation=a", NULL },
	{ "operation=a&operation", NULL },
	{ "operation=123456789012345", "123456789012345" },
	{ "operation=1234567890123456", NULL },
	{ "operation=12345678901234%35", "123456789012345" },
};

START_TEST(a_name_has_one_value_or_none)
	{
		struct error err = { .code = ERR_NONE };
		char out[SIZE] = "before";
		int result = query_get(rows[_i].query, "operation", out, sizeof(out), &err);

		if (rows[_i].value == NULL) {
			ck_assert_int_eq(result, -1);
			ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
			return;
		}
		ck_assert_msg(result == 0, "%s", err.text);
		ck_assert_str_eq(out, rows[_i].value);
	}
END_TEST

static const struct {
	const char *query;
	const char *values; /* by comma; NULL: refused */
} lists[] = {
	{ "Sources=1&Sources=7", "1,7," },
	{ "Sources=7&a=b&Sources=1&Sources=7", "7,1,7," },
	{ "%53ources=1", "1," },
	{ "Sources", "," },
	{ "sources=1&Sourcesx=2&a=Sources=3", "" },
	{ "", "" },
	{ "Sources=1&Sources=%zz", NULL },
	{ "Sources=stop", NULL },
};

static int
collect(const char *value, void *arg, struct error *err)
{
	char *values = arg;
	size_t len = strlen(values);

	if (strcmp(value, "stop") == 0)
		return error_set(err, ERR_BAD_REQUEST, "stopped");
	(void)snprintf(values + len, 64 - len, "%s,", value);
	return 0;
}

START_TEST(a_name_that_may_stand_often_gives_all_its_values_in_order)
	{
		struct error err = { .code = ERR_NONE };
		char values[64] = "";
		int result = query_each(lists[_i].query, "Sources", collect, values, &err);

		if (lists[_i].values == NULL) {
			ck_assert_int_eq(result, -1);
			ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
			return;
		}
		ck_assert_msg(result == 0, "%s", err.text);
		ck_assert_str_eq(values, lists[_i].values);
	}
END_TEST

START_TEST(each_of_several_values_has_a_longest_length)
	{
		struct error err = { .code = ERR_NONE };
		char query[QUERY_VALUE_MAX + 16], values[QUERY_VALUE_MAX + 16] = "";

		(void)memset(query, 'a', sizeof(query));
		(void)memcpy(query, "Sources=", strlen("Sources="));
		query[strlen("Sources=") + QUERY_VALUE_MAX + 1] = '\0';
		ck_assert_int_eq(query_each(query, "Sources", collect, values, &err), -1);
		ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
		error_clear(&err);
		query[strlen("Sources=") + QUERY_VALUE_MAX] = '\0';
		ck_assert_int_eq(query_each(query, "Sources", collect, values, &err), 0);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("query");
	TCase *tc = tcase_create("query");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tc, a_name_has_one_value_or_none, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(tc, a_name_that_may_stand_often_gives_all_its_values_in_order, 0,
	    (int)(sizeof(lists) / sizeof(lists[0])));
	tcase_add_test(tc, each_of_several_values_has_a_longest_length);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

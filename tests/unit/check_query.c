/* http/query: which value a query string has for a name. */
#include <check.h>
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

int
main(void)
{
	Suite *suite = suite_create("query");
	TCase *tc = tcase_create("query");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tc, a_name_has_one_value_or_none, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

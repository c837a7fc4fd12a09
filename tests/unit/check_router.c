/* http/router: which route a path and a method lead to. */
#define _GNU_SOURCE
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/router.h"

static const struct route routes[] = {
	{ .method = "GET", .pattern = "/" }, { .method = "GET", .pattern = "/ca/{generation}" },
	{ .method = "GET", .pattern = "/ca" }, { .method = "POST", .pattern = "/api/csr" },
	{ .method = "GET", .pattern = "/api/{kind}/{id}" },
	{ .method = "GET", .pattern = "/api/profiles/{id}" },
	{ .method = "DELETE", .pattern = "/api/profiles/{id}" },
	{ .method = "POST", .pattern = "/api/profiles/bulk" },
	{ .method = "GET", .pattern = "/api/{rest*}" },
	{ .method = "GET", .pattern = "/ocsp/{request*}" },
	{ .method = "POST", .pattern = "/ocsp" },
	{ .method = "GET", .pattern = "/x/{a}/{b}/{c}/{d}" },
	{ .method = "GET", .pattern = "/y/{a}/{b}/{c}/{d}/{e}" },
	{ .method = "GET", .pattern = "/crl/{generation}.crl" }, /* no name: a literal segment */
};

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

struct result {
	int rc;
	const struct route *route;
	struct params params;
	char allow[64];
	struct error err;
};

/* The first slash that was sent as %2F begins the last escaped_tail octets; 0: there is none. */
static struct result
find_escaped(const char *method, const char *path, size_t escaped_tail)
{
	const struct route_query query = { routes, ROUTES, method, path, escaped_tail };
	struct result r = { .rc = 0 };

	r.rc = router_find(&query, &r.params, &r.route, r.allow, &r.err);
	return r;
}

static struct result
find(const char *method, const char *path)
{
	return find_escaped(method, path, 0);
}

static const struct {
	const char *method, *path;
	const char *pattern; /* the expected one, NULL for none */
	const char *name, *value;
} found_rows[] = {
	{ "GET", "/", "/", NULL, NULL },
	{ "GET", "/ca", "/ca", NULL, NULL },
	{ "GET", "/ca/", "/ca", NULL, NULL },
	{ "HEAD", "/ca", "/ca", NULL, NULL },
	{ "GET", "/ca/7", "/ca/{generation}", "generation", "7" },
	{ "GET", "/ca/7/", "/ca/{generation}", "generation", "7" },
	{ "HEAD", "/ca/a b", "/ca/{generation}", "generation", "a b" },
	{ "POST", "/api/csr", "/api/csr", NULL, NULL },
	{ "POST", "/api/csr/", "/api/csr", NULL, NULL },
	{ "GET", "/api/csr", "/api/{rest*}", "rest", "csr" },
	{ "GET", "/api/things/9", "/api/{kind}/{id}", "kind", "things" },
	{ "GET", "/api/things/9", "/api/{kind}/{id}", "id", "9" },
	{ "GET", "/api/profiles/9", "/api/profiles/{id}", "id", "9" },
	{ "DELETE", "/api/profiles/9", "/api/profiles/{id}", "id", "9" },
	{ "POST", "/api/profiles/bulk", "/api/profiles/bulk", NULL, NULL },
	{ "GET", "/api/profiles/bulk", "/api/profiles/{id}", "id", "bulk" },
	{ "GET", "/api/a/b/c", "/api/{rest*}", "rest", "a/b/c" },
	{ "GET", "/ocsp/MEw//w/", "/ocsp/{request*}", "request", "MEw//w/" },
	{ "GET", "/x/1/2/3/4", "/x/{a}/{b}/{c}/{d}", "d", "4" },
	{ "GET", "/crl/{generation}.crl", "/crl/{generation}.crl", NULL, NULL },
	{ "GET", "/crl/7.crl", NULL, NULL, NULL },
	{ "GET", "/y/1/2/3/4/5", NULL, NULL, NULL }, /* more names than PARAMS_MAX */
	{ "GET", "/CA", NULL, NULL, NULL },
	{ "GET", "/ca//", NULL, NULL, NULL },
	{ "GET", "/ca//7", NULL, NULL, NULL },
	{ "GET", "/ca/7/8", NULL, NULL, NULL },
	{ "GET", "/cafe", NULL, NULL, NULL },
	{ "GET", "/c", NULL, NULL, NULL },
	{ "GET", "", NULL, NULL, NULL },
	{ "GET", "ca", NULL, NULL, NULL },
	{ "GET", "/ocsp/", NULL, NULL, NULL },
};

START_TEST(the_most_literal_pattern_wins)
	{
		struct result r = find(found_rows[_i].method, found_rows[_i].path);

		if (found_rows[_i].pattern == NULL) {
			ck_assert_int_eq(r.rc, -1);
			ck_assert_ptr_null(r.route);
			return;
		}
		ck_assert_int_eq(r.rc, 0);
		ck_assert_str_eq(r.route->pattern, found_rows[_i].pattern);
		if (found_rows[_i].name != NULL)
			ck_assert_str_eq(
			    params_get(&r.params, found_rows[_i].name), found_rows[_i].value);
		ck_assert_str_eq(params_get(&r.params, "other"), "");
	}
END_TEST

static const struct {
	const char *method, *path;
	enum error_code code;
	const char *allow;
} refused_rows[] = {
	{ "GET", "/nothing", ERR_NOT_FOUND, "" },
	{ "POST", "/ca", ERR_METHOD, "GET, HEAD" },
	{ "get", "/ca", ERR_METHOD, "GET, HEAD" },
	{ "GET", "/ocsp", ERR_METHOD, "POST" },
	{ "HEAD", "/ocsp", ERR_METHOD, "POST" },
	{ "OPTIONS", "/api/csr", ERR_METHOD, "POST, GET, HEAD" },
	{ "PUT", "/api/profiles/bulk", ERR_METHOD, "GET, HEAD, DELETE, POST" },
};

START_TEST(the_wrong_method_is_told_which_are_right)
	{
		struct result r = find(refused_rows[_i].method, refused_rows[_i].path);

		ck_assert_int_eq(r.rc, -1);
		ck_assert_int_eq(r.err.code, refused_rows[_i].code);
		ck_assert_str_eq(r.allow, refused_rows[_i].allow);
	}
END_TEST

static const struct {
	const char *path;
	size_t escaped_tail;
	const char *value; /* of {request*}; NULL: refused */
} escaped_rows[] = {
	{ "/ocsp/MEw/w/", 3, "MEw/w/" },
	{ "/ocsp/MEw/w/", 1, "MEw/w/" },
	{ "/ocsp/MEw/w", 6, NULL }, /* the one behind "ocsp" */
	{ "/ocsp/MEw/w", 11, NULL },
	{ "/ocsp/MEw/w", 12, NULL }, /* one that was dropped with those in front */
	{ "/ca/7", 2, NULL },
	{ "/ca/7/", 1, NULL },
	{ "/ca/", 1, NULL },
	{ "/ca", 3, NULL },
	{ "/", 1, NULL },
};

START_TEST(an_escaped_slash_separates_nothing)
	{
		struct result r =
		    find_escaped("GET", escaped_rows[_i].path, escaped_rows[_i].escaped_tail);

		if (escaped_rows[_i].value == NULL) {
			ck_assert_int_eq(r.rc, -1);
			ck_assert_int_eq(r.err.code, ERR_NOT_FOUND);
			return;
		}
		ck_assert_int_eq(r.rc, 0);
		ck_assert_str_eq(params_get(&r.params, "request"), escaped_rows[_i].value);
	}
END_TEST

START_TEST(a_value_has_a_longest_length)
	{
		static char path[PARAM_VALUE_MAX + 16] = "/ca/";
		static struct result r;

		memset(path + 4, 'a', PARAM_VALUE_MAX - 1 + (size_t)_i);
		r = find("GET", path);
		ck_assert_int_eq(r.rc, _i == 0 ? 0 : -1);
		if (_i == 0)
			ck_assert_str_eq(params_get(&r.params, "generation"), path + 4);
	}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("router");
	TCase *tc = tcase_create("router");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, the_most_literal_pattern_wins, 0, ROWS(found_rows));
	tcase_add_loop_test(tc, the_wrong_method_is_told_which_are_right, 0, ROWS(refused_rows));
	tcase_add_loop_test(tc, an_escaped_slash_separates_nothing, 0, ROWS(escaped_rows));
	tcase_add_loop_test(tc, a_value_has_a_longest_length, 0, 2);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

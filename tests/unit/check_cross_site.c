/* api/access/cross_site: what a browser could have been made to send is refused, our clients' is
 * not. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/access/cross_site.h"

static const char *const pkcs10[] = { "application/pkcs10", "application/octet-stream", "", NULL };
static const char *const json[] = { "application/json", NULL };

/* Its argument is the value of Origin, NULL for none. */
static const char *
fake_param(void *arg, const char *name)
{
	return strcmp(name, "HTTP_ORIGIN") == 0 ? arg : NULL;
}

static int
check(const char *base_url, const char *const *media_types, const char *content_type,
    const char *origin)
{
	const struct request_source source = { fake_param, NULL, (void *)(uintptr_t)origin };
	const struct request request = { .content_type = content_type, .source = &source };
	struct settings settings = { .validity_period_days = 1 };
	struct error err = { .code = ERR_NONE };

	settings.server.base_url = (char *)(uintptr_t)base_url;
	ck_assert_int_eq(cross_site_check(&settings, &request, media_types, &err),
	    err.code == ERR_NONE ? 0 : -1);
	return (int)err.code;
}

static const struct {
	const char *content_type;
	int code;
} types[] = {
	{ "application/pkcs10", ERR_NONE },
	{ "Application/PKCS10", ERR_NONE },
	{ "application/pkcs10; charset=utf-8", ERR_NONE },
	{ " application/pkcs10\t;x", ERR_NONE },
	{ "application/octet-stream", ERR_NONE },
	{ "", ERR_NONE },
	/* what forms and scripts send without asking first (Fetch, CORS-safelisted) */
	{ "text/plain", ERR_MEDIA_TYPE },
	{ "application/x-www-form-urlencoded", ERR_MEDIA_TYPE },
	{ "multipart/form-data; boundary=application/pkcs10", ERR_MEDIA_TYPE },
	{ "text/plain;application/pkcs10", ERR_MEDIA_TYPE },
	{ "text/plain; charset=application/pkcs10", ERR_MEDIA_TYPE },
	/* anything else */
	{ "application/json", ERR_MEDIA_TYPE },
	{ "application/pkcs10x", ERR_MEDIA_TYPE },
	{ "application/pkcs1", ERR_MEDIA_TYPE },
	{ "application/pkcs10, text/plain", ERR_MEDIA_TYPE },
	{ "text/plain, application/pkcs10", ERR_MEDIA_TYPE },
	{ "application/x-pkcs10", ERR_MEDIA_TYPE },
	{ ";application/pkcs10", ERR_MEDIA_TYPE },
	{ "; charset=utf-8", ERR_MEDIA_TYPE },
	{ " ", ERR_MEDIA_TYPE },
	{ "*/*", ERR_MEDIA_TYPE },
};

START_TEST(only_the_protocols_own_media_type_is_taken)
	{
		ck_assert_int_eq(
		    check("https://a", pkcs10, types[_i].content_type, NULL), types[_i].code);
	}
END_TEST

START_TEST(no_content_type_counts_only_where_the_list_says_so)
	{
		ck_assert_int_eq(check("https://a", json, "", NULL), ERR_MEDIA_TYPE);
		ck_assert_int_eq(check("https://a", json, "application/json", NULL), ERR_NONE);
		ck_assert_int_eq(
		    check("https://a", json, "application/octet-stream", NULL), ERR_MEDIA_TYPE);
	}
END_TEST

#define SITE "https://pki.example.com"

static const struct {
	const char *base_url, *origin;
	int code;
} origins[] = {
	{ SITE, NULL, ERR_NONE },
	{ SITE, SITE, ERR_NONE },
	{ SITE, "https://PKI.example.com", ERR_NONE },
	{ SITE, SITE ":443", ERR_NONE },
	{ SITE ":443", SITE, ERR_NONE },
	{ SITE "/app", SITE, ERR_NONE },
	{ SITE ":8443/app", SITE ":8443", ERR_NONE },
	{ "https://[2001:db8::443]", "https://[2001:db8::443]", ERR_NONE },
	{ SITE, "null", ERR_ORIGIN },
	{ SITE, "", ERR_ORIGIN },
	{ SITE, "http://pki.example.com", ERR_ORIGIN },
	{ SITE, SITE ":8443", ERR_ORIGIN },
	{ SITE ":8443", SITE, ERR_ORIGIN },
	{ SITE ":8443", SITE ":443", ERR_ORIGIN },
	{ SITE, "https://example.com", ERR_ORIGIN },
	{ SITE, SITE ".evil.example", ERR_ORIGIN },
	{ SITE, "https://evil.example/" SITE, ERR_ORIGIN },
	{ SITE, SITE "/", ERR_ORIGIN },
	{ SITE, SITE "/x", ERR_ORIGIN },
	{ SITE "/app", SITE "/app", ERR_ORIGIN },
	{ SITE, SITE ", " SITE, ERR_ORIGIN },
	{ SITE, SITE " ", ERR_ORIGIN },
	{ SITE, "pki.example.com", ERR_ORIGIN },
	{ "https://[2001:db8::443]", "https://[2001:db8:", ERR_ORIGIN },
};

START_TEST(only_the_origin_of_base_url_is_taken)
	{
		ck_assert_int_eq(
		    check(origins[_i].base_url, pkcs10, "application/pkcs10", origins[_i].origin),
		    origins[_i].code);
	}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("cross_site");
	TCase *tc = tcase_create("cross_site");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, only_the_protocols_own_media_type_is_taken, 0, ROWS(types));
	tcase_add_test(tc, no_content_type_counts_only_where_the_list_says_so);
	tcase_add_loop_test(tc, only_the_origin_of_base_url_is_taken, 0, ROWS(origins));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Attributes of issuing: they narrow an RA profile and never widen it; and a profile's own rules.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "enroll/issuing/issue_attributes.h"
#include "enroll/profiles/profile_attributes.h"
#include "enroll/profiles/rule_attributes.h"

static struct ra_profile *profile;
static struct error err;

static void
setup(void)
{
	error_clear(&err);
	profile = ra_profile_new();
	profile_rules_defaults(profile);
	ck_assert_int_eq(
	    profile_rules_set(profile, "DefaultEkus", "clientAuth,serverAuth", &err), 0);
}

static void
teardown(void)
{
	ra_profile_free(profile);
}

static struct json_object *
parse(const char *text)
{
	struct json_object *json = json_tokener_parse(text);

	ck_assert_msg(json != NULL, "%s", text);
	return json;
}

/* [{"name":NAME,"content":[CONTENT]}] */
static struct json_object *
one(const char *name, const char *content)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "[{\"name\":\"%s\",\"content\":[%s]}]", name, content);
	return parse(text);
}

#define DATA(value) "{\"data\":" value "}"

/* What a rule is after such an attribute; "" also where the profile forbids it. */
static const struct {
	const char *name, *content;
	bool is_narrower;
} requests[] = {
	{ "ValidityDays", DATA("730"), true },
	{ "ValidityDays", DATA("\"1\""), true },
	{ "ValidityDays", DATA("731"), false },
	{ "ValidityDays", DATA("0"), false },
	{ "ValidityDays", DATA("-1"), false },
	{ "ValidityDays", DATA("4294967297"), false },
	{ "MinRsaBits", DATA("2048"), true },
	{ "MinRsaBits", DATA("4096"), true },
	{ "MinRsaBits", DATA("2047"), false },
	{ "MinRsaBits", DATA("4097"), false }, /* beyond MaxRsaBits: nothing would be left */
	{ "MaxRsaBits", DATA("4096"), true },
	{ "MaxRsaBits", DATA("2048"), true },
	{ "MaxRsaBits", DATA("4097"), false },
	{ "MaxSans", DATA("100"), true },
	{ "MaxSans", DATA("101"), false },
	{ "KeyTypes", DATA("\"ed25519\"") "," DATA("\"rsa\""), true },
	{ "KeyTypes", DATA("\"rsa\"") "," DATA("\"dsa\""), false },
	{ "KeyTypes", "", false },
	{ "KeyUsages", DATA("\"keyEncipherment\""), true },
	{ "KeyUsages", DATA("\"keyEncipherment\"") "," DATA("\"keyAgreement\""), false },
	{ "AllowedEkus", DATA("\"1.3.6.1.5.5.7.3.2\""), true },
	{ "AllowedEkus", DATA("\"clientAuth\"") "," DATA("\"codeSigning\""), false },
	{ "AllowedEkus", DATA("\"clientAuth,serverAuth\""), false },
	{ "AllowedEkus", DATA("\"2.5.29.37.0\""), false },
	{ "SanTypes", "", true },
	{ "SanTypes", DATA("\"dns\""), true },
	{ "SanTypes", DATA("\"other\""), false },
	{ "DefaultEkus", DATA("\"clientAuth\""), false },
	{ "Protocols", DATA("\"scep\""), false },
	{ "RenewableTypes", "", false },
	{ "enrollers", DATA("\"role:X\""), false },
	{ "validitydays", DATA("1"), false },
};
enum { REQUEST_COUNT = sizeof(requests) / sizeof(requests[0]) };

START_TEST(what_is_narrower_passes_and_nothing_else)
	{
		struct json_object *values = one(requests[_i].name, requests[_i].content);
		struct json_object *stored = NULL;
		int result = issue_attributes_check(profile, values, &stored, &err);

		ck_assert_msg((result == 0) == requests[_i].is_narrower, "%s: %s",
		    requests[_i].name, err.text);
		if (result == 0)
			ck_assert_uint_eq(json_object_array_length(stored), 1);
		else
			ck_assert_int_eq((int)err.code, ERR_VALIDATION);
		json_object_put(stored);
		json_object_put(values);
	}
END_TEST

/* What check gave, applied: by no attribute does any rule of the profile get wider. */
START_TEST(what_was_checked_narrows_when_it_is_applied)
	{
		static const char wanted[] =
		    "[{\"name\":\"ValidityDays\",\"content\":[{\"data\":7}]},"
		    "{\"name\":\"KeyTypes\",\"content\":[{\"data\":\"p256\"}]},"
		    "{\"name\":\"AllowedEkus\",\"content\":[{\"data\":\"serverAuth\"}]},"
		    "{\"name\":\"SanTypes\",\"content\":[]}]";
		struct json_object *values = parse(wanted);
		struct json_object *stored = NULL;

		ck_assert_int_eq(issue_attributes_check(profile, values, &stored, &err), 0);
		ck_assert_int_eq(issue_attributes_apply(profile, stored, &err), 0);
		ck_assert_uint_eq(profile->validity_days, 7);
		ck_assert_str_eq(profile->key_types, "p256");
		ck_assert_str_eq(profile->allowed_ekus, "1.3.6.1.5.5.7.3.1");
		ck_assert_str_eq(profile->default_ekus, "1.3.6.1.5.5.7.3.1");
		ck_assert_str_eq(profile->san_types, "");
		ck_assert_uint_eq(profile->max_sans, 100);
		json_object_put(stored);
		json_object_put(values);
	}
END_TEST

START_TEST(a_profile_that_shrank_meanwhile_gives_nothing_back)
	{
		static const char wanted[] =
		    "[{\"name\":\"ValidityDays\",\"content\":[{\"data\":300}]},"
		    "{\"name\":\"KeyTypes\",\"content\":[{\"data\":\"rsa\"},{\"data\":\"p256\"}]}]";
		struct json_object *values = parse(wanted);
		struct json_object *stored = NULL;

		ck_assert_int_eq(issue_attributes_check(profile, values, &stored, &err), 0);
		ck_assert_int_eq(profile_rules_set(profile, "ValidityDays", "30", &err), 0);
		ck_assert_int_eq(profile_rules_set(profile, "KeyTypes", "p256,p384", &err), 0);
		ck_assert_int_eq(issue_attributes_apply(profile, stored, &err), 0);
		ck_assert_uint_eq(profile->validity_days, 30);
		ck_assert_str_eq(profile->key_types, "p256");
		/* Where nothing is left of both, nothing is issued. */
		ck_assert_int_eq(profile_rules_set(profile, "KeyTypes", "ed25519", &err), 0);
		ck_assert_int_eq(issue_attributes_apply(profile, stored, &err), -1);
		ck_assert_int_eq((int)err.code, ERR_PROFILE);
		ck_assert_str_eq(profile->key_types, "ed25519");
		json_object_put(stored);
		json_object_put(values);
	}
END_TEST

static const char *const malformed[] = {
	"{}",
	"[1]",
	"[{}]",
	"[{\"name\":1,\"content\":[]}]",
	"[{\"name\":\"MaxSans\",\"content\":{}}]",
	"[{\"name\":\"MaxSans\",\"content\":[1]}]",
	"[{\"name\":\"MaxSans\",\"content\":[{}]}]",
	"[{\"name\":\"MaxSans\",\"content\":[{\"data\":null}]}]",
	"[{\"name\":\"MaxSans\",\"content\":[{\"data\":{\"data\":1}}]}]",
	"[{\"name\":\"MaxSans\",\"content\":[{\"data\":1},{\"data\":1}]}]",
	"[{\"name\":\"MaxSans\",\"content\":[{\"data\":1}]},{\"name\":\"MaxSans\",\"content\":[]}]",
};
enum { MALFORMED_COUNT = sizeof(malformed) / sizeof(malformed[0]) };

START_TEST(what_is_no_attribute_is_refused)
	{
		struct json_object *values = parse(malformed[_i]);
		struct json_object *stored = NULL;

		ck_assert_int_eq(issue_attributes_check(profile, values, &stored, &err), -1);
		ck_assert_int_eq((int)err.code, ERR_VALIDATION);
		ck_assert_ptr_null(stored);
		json_object_put(values);
	}
END_TEST

START_TEST(none_and_null_content_change_nothing)
	{
		struct json_object *values = parse("[{\"name\":\"MaxSans\",\"content\":null}]");
		struct ra_profile before = *profile;
		struct json_object *stored = NULL;

		ck_assert_int_eq(issue_attributes_check(profile, NULL, &stored, &err), 0);
		ck_assert_uint_eq(json_object_array_length(stored), 0);
		json_object_put(stored);
		ck_assert_int_eq(issue_attributes_check(profile, values, &stored, &err), 0);
		ck_assert_uint_eq(json_object_array_length(stored), 0);
		ck_assert_int_eq(issue_attributes_apply(profile, stored, &err), 0);
		ck_assert_uint_eq(profile->max_sans, before.max_sans);
		ck_assert_str_eq(profile->default_ekus, before.default_ekus);
		json_object_put(stored);
		json_object_put(values);
	}
END_TEST

/* A profile's own rules. */
START_TEST(what_is_shown_of_a_profile_makes_the_same_again)
	{
		struct ra_profile *other = ra_profile_new();
		struct json_object *shown = NULL, *again = NULL;

		ck_assert_int_eq(
		    ra_profile_add_enroller(profile, ENROLLER_ROLE, "CSR.Request.Db", &err), 0);
		ck_assert_int_eq(profile_rules_set(profile, "SubjectRule", "required", &err), 0);
		ck_assert_int_eq(profile_rules_set(profile, "SanTypes", "", &err), 0);
		ck_assert_int_eq(profile_attributes_show(profile, &shown, &err), 0);
		profile_rules_defaults(other);
		ck_assert_int_eq(profile_attributes_set(other, shown, &err), 0);
		ck_assert_int_eq(profile_attributes_show(other, &again, &err), 0);
		ck_assert(json_object_equal(shown, again));
		ck_assert_uint_eq(other->enroller_count, 1);
		json_object_put(shown);
		json_object_put(again);
		ra_profile_free(other);
	}
END_TEST

START_TEST(every_rule_is_described_by_an_id_of_its_own)
	{
		struct json_object *described = NULL;
		size_t count;

		(void)profile_rules_fields(&count);
		ck_assert_int_eq(profile_attributes_describe(&described, &err), 0);
		/* Description and Enabled are members of their own, enrollers come on top. */
		ck_assert_uint_eq(json_object_array_length(described), count - 2 + 1);
		for (size_t i = 0; i < json_object_array_length(described); i++)
			for (size_t j = 0; j < i; j++) {
				const char *a = NULL, *b = NULL;

				ck_assert(json_get_text(
				    json_object_array_get_idx(described, i), "uuid", &a));
				ck_assert(json_get_text(
				    json_object_array_get_idx(described, j), "uuid", &b));
				ck_assert_str_ne(a, b);
			}
		json_object_put(described);
	}
END_TEST

/* Clients keep them: an id must never change. */
START_TEST(the_id_of_a_rule_is_the_same_everywhere)
	{
		struct uuid uuid = rule_attributes_uuid("ValidityDays");
		char text[UUID_TEXT_MAX];

		uuid_text(&uuid, text);
		ck_assert_str_eq(text, "19e5adb4-282d-8808-86c8-1ccbf5e66402");
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("issue attributes");
	TCase *tc = tcase_create("attributes");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, what_is_narrower_passes_and_nothing_else, 0, REQUEST_COUNT);
	tcase_add_test(tc, what_was_checked_narrows_when_it_is_applied);
	tcase_add_test(tc, a_profile_that_shrank_meanwhile_gives_nothing_back);
	tcase_add_loop_test(tc, what_is_no_attribute_is_refused, 0, MALFORMED_COUNT);
	tcase_add_test(tc, none_and_null_content_change_nothing);
	tcase_add_test(tc, what_is_shown_of_a_profile_makes_the_same_again);
	tcase_add_test(tc, every_rule_is_described_by_an_id_of_its_own);
	tcase_add_test(tc, the_id_of_a_rule_is_the_same_everywhere);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

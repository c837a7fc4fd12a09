/* The rules for SCEP profiles that need no database, and what the audit is told of a profile. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "enroll/profiles/scep_profile_audit.h"
#include "enroll/attributes/object_id.h"
#include "enroll/profiles/scep_profile_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct error err;

static void
setup(void)
{
	err = (struct error){ .code = ERR_NONE };
}

static void
assert_refused(enum error_code code, const char *text)
{
	ck_assert_int_eq(err.code, code);
	ck_assert_str_eq(err.text, text);
}

/* A text of `count` times the piece. */
static const char *
repeat(const char *piece, size_t count)
{
	static char text[8192];

	ck_assert_uint_lt(strlen(piece) * count, sizeof(text));
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * strlen(piece), piece, strlen(piece) + 1);
	return text;
}

#define BAD_CHARACTERS \
	"Name can contain only unreserved URI characters (alphanumeric, hyphen, period, " \
	"underscore, and tilde)"
#define NO_SEGMENT "Name cannot be \".\" or \"..\", which no URL can hold as a segment"

static const struct {
	const char *name;
	const char *refusal; /* NULL: a good name */
} NAMES[] = {
	{ "a", NULL },
	{ "A-Za-z.0_9~", NULL },
	{ "...", NULL },
	{ NULL, "Name cannot be empty" },
	{ "", "Name cannot be empty" },
	{ "a b", BAD_CHARACTERS },
	{ "a/b", BAD_CHARACTERS },
	{ "a%41", BAD_CHARACTERS },
	{ "caf\xc3\xa9", BAD_CHARACTERS },
	{ "a\x7f", BAD_CHARACTERS },
	{ ".", NO_SEGMENT },
	{ "..", NO_SEGMENT },
};

START_TEST(names_have_their_rules)
	{
		int status = scep_profile_rules_check_name(NAMES[_i].name, &err);

		if (NAMES[_i].refusal == NULL)
			ck_assert_int_eq(status, 0);
		else
			assert_refused(ERR_VALIDATION, NAMES[_i].refusal);
	}
END_TEST

START_TEST(a_name_has_255_characters_at_most)
	{
		ck_assert_int_eq(scep_profile_rules_check_name(repeat("x", 255), &err), 0);
		ck_assert_int_lt(scep_profile_rules_check_name(repeat("x", 256), &err), 0);
		assert_refused(ERR_VALIDATION,
		    "name has 256 characters, which is more than the 255 that it may have");
	}
END_TEST

/* Which of tenant, application id and key the request has; "" counts. */
static const struct {
	bool on;
	const char *tenant, *application, *key;
	bool has_key;
	bool good;
} INTUNE[] = {
	{ true, "t", "i", "k", false, true },
	{ true, "", "", "", false, true },
	{ true, "t", "i", NULL, true, true },
	{ true, "t", "i", NULL, false, false },
	{ true, NULL, "i", "k", true, false },
	{ true, "t", NULL, "k", true, false },
	{ false, NULL, NULL, NULL, false, true },
};

START_TEST(intune_needs_three_members_or_a_stored_key)
	{
		const struct scep_profile_request request = {
			.enable_intune = INTUNE[_i].on,
			.intune_tenant = INTUNE[_i].tenant,
			.intune_application_id = INTUNE[_i].application,
			.intune_application_key = INTUNE[_i].key,
		};
		int status = scep_profile_rules_check_intune(&request, INTUNE[_i].has_key, &err);

		ck_assert_int_eq(status, INTUNE[_i].good ? 0 : -1);
		if (!INTUNE[_i].good)
			assert_refused(ERR_VALIDATION,
			    "Invalid Intune configuration. Missing Intune tenant and/or intune app "
			    "identification");
	}
END_TEST

static const struct {
	enum scep_challenge wish;
	const char *password;
	bool has_password;
	bool good;
} CHALLENGES[] = {
	{ SCEP_CHALLENGE_REQUIRE, "x", false, true },
	{ SCEP_CHALLENGE_REQUIRE, NULL, true, true },
	{ SCEP_CHALLENGE_REQUIRE, "", true, true },
	{ SCEP_CHALLENGE_REQUIRE, NULL, false, false },
	{ SCEP_CHALLENGE_REQUIRE, "", false, false },
	{ SCEP_CHALLENGE_KEEP, NULL, false, true },
	{ SCEP_CHALLENGE_CLEAR, NULL, false, true },
};

START_TEST(a_required_password_is_given_or_stored)
	{
		const struct scep_profile_request request = {
			.challenge = CHALLENGES[_i].wish,
			.challenge_password = CHALLENGES[_i].password,
		};
		int status =
		    scep_profile_rules_check_challenge(&request, CHALLENGES[_i].has_password, &err);

		ck_assert_int_eq(status, CHALLENGES[_i].good ? 0 : -1);
		ck_assert_int_eq(err.code, CHALLENGES[_i].good ? ERR_NONE : ERR_VALIDATION);
	}
END_TEST

START_TEST(lengths_are_counted_in_characters)
	{
		struct scep_profile_request request = { .description =
							    repeat("\xf0\x9f\x94\x91", 1024) };

		ck_assert_int_eq(scep_profile_rules_check_texts(&request, &err), 0);
		request.description = repeat("\xf0\x9f\x94\x91", 1025);
		ck_assert_int_lt(scep_profile_rules_check_texts(&request, &err), 0);
		assert_refused(ERR_VALIDATION, "description has 1025 characters, which is more "
					       "than the 1024 that it may have");
	}
END_TEST

START_TEST(a_malformed_id_is_shown_cut_between_characters)
	{
		struct uuid id;
		char text[128] = "";

		/* the 64th octet is in the middle of a character */
		memset(text, 'x', 63);
		memcpy(text + 63, "\xc3\xa9 and more", 12);
		ck_assert_int_lt(object_id_parse(text, &id, &err), 0);
		text[63] = '\0';
		ck_assert_int_eq(strncmp(err.text, "Invalid UUID ", 13), 0);
		ck_assert_int_eq(strncmp(err.text + 13, text, 63), 0);
		ck_assert_str_eq(err.text + 13 + 63, " in the request");
	}
END_TEST

/* the audit */

static struct scep_profile *
profile_with(const char *custom_attributes, const char *challenge)
{
	struct scep_profile *profile = scep_profile_new();

	ck_assert_ptr_nonnull(profile);
	(void)snprintf(profile->name, sizeof(profile->name), "n");
	buf_add_text(&profile->custom_attributes, custom_attributes);
	buf_add_text(&profile->challenge_password, challenge);
	ck_assert_int_eq(text_set(&profile->description, bytes_text("d"), &err), 0);
	return profile;
}

static struct json_object *
audit_of(const struct scep_profile *before, const struct scep_profile *after)
{
	struct json_object *json = NULL;

	ck_assert_msg(scep_profile_audit_json(after, &json, &err) == 0, "%s", err.text);
	scep_profile_audit_secrets(before, after, json);
	return json;
}

START_TEST(the_audit_has_no_blob_and_says_what_was_changed)
	{
		struct scep_profile *old = profile_with("[]", "");
		struct scep_profile *new = profile_with(
		    "[{\"name\":\"a\",\"content\":[{\"sealed\":\"QkxPQg==\"},{\"data\":1}]}]",
		    "BLOB");
		struct json_object *json = audit_of(old, new);
		const char *text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);

		ck_assert_ptr_null(strstr(text, "BLOB"));
		ck_assert_ptr_null(strstr(text, "QkxPQg"));
		ck_assert_ptr_nonnull(strstr(text, "\"challengePassword\":\"changed\""));
		ck_assert_ptr_nonnull(strstr(text, "\"customAttributeSecrets\":\"changed\""));
		ck_assert_ptr_nonnull(strstr(text, "\"content\":[{},{\"data\":1}]"));
		ck_assert_ptr_null(strstr(text, "intuneApplicationKey"));
		json_object_put(json);
		scep_profile_free(old);
		scep_profile_free(new);
	}
END_TEST

START_TEST(what_stayed_the_same_makes_no_difference)
	{
		struct scep_profile *old = profile_with("", "BLOB");
		struct scep_profile *new = profile_with("[]", "BLOB");
		struct json_object *before = NULL, *after = audit_of(old, new);

		ck_assert_int_eq(scep_profile_audit_json(old, &before, &err), 0);
		ck_assert(json_object_equal(before, after));
		json_object_put(before);
		json_object_put(after);
		scep_profile_free(old);
		scep_profile_free(new);
	}
END_TEST

START_TEST(a_column_that_is_no_array_is_an_error)
	{
		static const char *const broken[] = { "{}", "[", "null", "[1]]" };
		struct scep_profile *profile = profile_with(broken[_i], "");
		struct json_object *json = NULL;

		ck_assert_int_lt(scep_profile_audit_json(profile, &json, &err), 0);
		ck_assert_ptr_null(json);
		scep_profile_free(profile);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scep_profile_rules");
	TCase *tc = tcase_create("rules");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, names_have_their_rules, 0, COUNT(NAMES));
	tcase_add_test(tc, a_name_has_255_characters_at_most);
	tcase_add_loop_test(tc, intune_needs_three_members_or_a_stored_key, 0, COUNT(INTUNE));
	tcase_add_loop_test(tc, a_required_password_is_given_or_stored, 0, COUNT(CHALLENGES));
	tcase_add_test(tc, lengths_are_counted_in_characters);
	tcase_add_test(tc, a_malformed_id_is_shown_cut_between_characters);
	tcase_add_test(tc, the_audit_has_no_blob_and_says_what_was_changed);
	tcase_add_test(tc, what_stayed_the_same_makes_no_difference);
	tcase_add_loop_test(tc, a_column_that_is_no_array_is_an_error, 0, 4);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

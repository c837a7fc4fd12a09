/* api/management/certificate_filters: filters of requests as conditions of the search. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/management/certificate_filters.h"
#include "base/json.h"

enum { TEXT_MAX = 16384 };

/* "FIELD OPERATOR value|value;" of each condition, with the search's numbers of field and operator.
 */
static void
write_conditions(const struct certificate_filters *filters, struct buf *out)
{
	for (size_t i = 0; i < filters->count; i++) {
		const struct search_condition *condition = &filters->conditions[i];

		buf_printf(
		    out, "%d %s ", condition->field, certificate_filters_operator(condition->op));
		for (size_t k = 0; k < condition->value_count; k++)
			buf_printf(out, "%s%s", k > 0 ? "|" : "", condition->values[k]);
		buf_add_byte(out, ';');
	}
}

static int
read_filters(const char *text, struct certificate_filters *filters, struct json_object **array,
    struct error *err)
{
	const struct json_limits limits = { TEXT_MAX, 8, 100 };

	ck_assert_int_eq(json_parse(bytes_text(text), &limits, array, err), 0);
	return certificate_filters_read(*array, filters, err);
}

#define FILTER(field, condition, value) \
	"[{\"fieldSource\":\"property\",\"fieldIdentifier\":\"" field \
	"\",\"condition\":\"" condition "\",\"value\":" value "}]"
#define VALIDATION(condition, value) FILTER("CERTIFICATE_VALIDATION_STATUS", condition, value)

static const struct {
	const char *filters;
	enum search_field field;
	const char *conditions; /* without the field; NULL: refused */
} rows[] = {
	{ "[]", 0, "" },
	{ FILTER("COMMON_NAME", "EQUALS", "\"a\""), SEARCH_COMMON_NAME, "EQUALS a;" },
	{ FILTER("COMMON_NAME", "EQUALS", "[\"a\",1,true]"), SEARCH_COMMON_NAME,
	    "EQUALS a|1|true;" },
	{ FILTER("OWNER", "EMPTY", "\"ignored\""), SEARCH_OWNER, "EMPTY ;" },
	{ FILTER("OWNER", "EQUALS", "null"), 0, NULL },
	{ FILTER("OWNER", "EQUALS", "[null]"), 0, NULL },
	{ FILTER("OWNER", "EQUALS", "{}"), 0, NULL },
	{ FILTER("KEY_SIZE", "GREATER", "2048"), SEARCH_KEY_BITS, "GREATER 2048;" },
	{ FILTER("SUBJECTDN", "EQUALS", "\"CN=a, O=b, inc., 2.5.4.12=c\""), SEARCH_SUBJECT,
	    "EQUALS CN=a,O=b, inc.,2.5.4.12=c;" },
	{ FILTER("SUBJECTDN", "EQUALS", "\"CN=a, \""), SEARCH_SUBJECT, "EQUALS CN=a, ;" },
	{ FILTER("PUBLIC_KEY_ALGORITHM", "NOT_EQUALS", "\"ECDSA\""), SEARCH_KEY_TYPE,
	    "NOT_EQUALS p256|p384;" },
	{ FILTER("PUBLIC_KEY_ALGORITHM", "EQUALS", "\"ecdsa\""), 0, NULL },
	{ FILTER("CERTIFICATE_STATE", "EQUALS", "\"revoked\""), SEARCH_STATUS,
	    "EQUALS revoked|hold;" },
	{ VALIDATION("EQUALS", "\"expired\""), SEARCH_STATUS,
	    "EQUALS expired;NOT_EQUALS revoked|hold;" },
	{ VALIDATION("EQUALS", "\"valid\""), SEARCH_STATUS,
	    "EQUALS valid;NOT_EQUALS revoked|hold;NOT_EQUALS expiring;" },
	{ VALIDATION("EQUALS", "[\"valid\",\"expiring\"]"), SEARCH_STATUS,
	    "EQUALS valid|expiring;NOT_EQUALS revoked|hold;" },
	{ VALIDATION("NOT_EQUALS", "[\"revoked\",\"expired\",\"inactive\"]"), SEARCH_STATUS,
	    "EQUALS valid|expiring;NOT_EQUALS revoked|hold;" },
	{ VALIDATION("NOT_EQUALS", "[\"valid\",\"expiring\",\"expired\",\"inactive\",\"revoked\"]"),
	    SEARCH_STATUS, "EQUALS good;NOT_EQUALS good;" },
	{ VALIDATION("EQUALS", "\"failed\""), 0, NULL },
	{ VALIDATION("EQUALS", "null"), 0, NULL },
	{ VALIDATION("EMPTY", "\"valid\""), 0, NULL },
	{ FILTER("NONE", "EQUALS", "\"a\""), 0, NULL },
	{ FILTER("COMMON_NAME", "SUCCESS", "\"a\""), 0, NULL },
	{ "[{}]", 0, NULL },
};

START_TEST(a_filter_comes_to_these_conditions)
	{
		cleanup(certificate_filters_release) struct certificate_filters filters = { 0 };
		cleanup(json_object_putp) struct json_object *array = NULL;
		cleanup(buf_release) struct buf got = BUF_INIT(TEXT_MAX), want = BUF_INIT(TEXT_MAX);
		struct error err = { .code = ERR_NONE };
		int result = read_filters(rows[_i].filters, &filters, &array, &err);

		if (rows[_i].conditions == NULL) {
			ck_assert_int_eq(result, -1);
			ck_assert_int_eq(err.code, ERR_VALIDATION);
			return;
		}
		ck_assert_msg(result == 0, "%s", err.text);
		write_conditions(&filters, &got);
		for (const char *at = rows[_i].conditions; *at != '\0';) {
			size_t len = strcspn(at, ";") + 1;

			buf_printf(&want, "%d %.*s", rows[_i].field, (int)len, at);
			at += len;
		}
		ck_assert_str_eq(buf_text(&got), buf_text(&want));
	}
END_TEST

START_TEST(an_attribute_is_named_with_or_without_its_type)
	{
		static const char *const identifiers[] = { "cost", "cost|STRING", "cost|" };

		for (size_t i = 0; i < 3; i++) {
			cleanup(
			    certificate_filters_release) struct certificate_filters filters = { 0 };
			cleanup(json_object_putp) struct json_object *array = NULL;
			struct error err = { .code = ERR_NONE };
			char text[256];

			(void)snprintf(text, sizeof(text),
			    "[{\"fieldSource\":\"custom\",\"fieldIdentifier\":\"%s\","
			    "\"condition\":\"EQUALS\",\"value\":5}]",
			    identifiers[i]);
			ck_assert_msg(
			    read_filters(text, &filters, &array, &err) == 0, "%s", err.text);
			ck_assert_int_eq(filters.conditions[0].field, SEARCH_ATTRIBUTE);
			ck_assert_str_eq(filters.conditions[0].attribute, "cost");
			ck_assert_str_eq(filters.conditions[0].values[0], "5");
		}
	}
END_TEST

/* So many values, in so many filters. */
static int
read_many(unsigned filter_count, unsigned value_count, struct error *err)
{
	cleanup(certificate_filters_release) struct certificate_filters filters = { 0 };
	cleanup(json_object_putp) struct json_object *array = NULL;
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	buf_add_byte(&text, '[');
	for (unsigned i = 0; i < filter_count; i++) {
		buf_printf(&text,
		    "%s{\"fieldSource\":\"property\",\"fieldIdentifier\":\"OWNER\","
		    "\"condition\":\"EQUALS\",\"value\":[\"a\"",
		    i > 0 ? "," : "");
		for (unsigned k = 1; k < value_count; k++)
			buf_add_text(&text, ",\"a\"");
		buf_add_text(&text, "]}");
	}
	buf_add_byte(&text, ']');
	return read_filters(buf_text(&text), &filters, &array, err);
}

START_TEST(filters_and_values_are_bounded)
	{
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(read_many(SEARCH_CONDITIONS_MAX, 2, &err), 0);
		ck_assert_int_eq(read_many(1, SEARCH_VALUES_MAX, &err), 0);
		ck_assert_int_eq(read_many(SEARCH_CONDITIONS_MAX + 1, 1, &err), -1);
		ck_assert_int_eq(err.code, ERR_VALIDATION);
		error_clear(&err);
		ck_assert_int_eq(read_many(1, SEARCH_VALUES_MAX + 1, &err), -1);
		ck_assert_int_eq(err.code, ERR_VALIDATION);
	}
END_TEST

START_TEST(each_field_has_a_name_of_its_own_and_can_be_asked_for)
	{
		const struct certificate_field *field, *other;

		for (size_t i = 0; (field = certificate_filters_field(i)) != NULL; i++) {
			ck_assert(certificate_filters_takes(field, SEARCH_EQUALS));
			for (size_t k = 0; (other = certificate_filters_field(k)) != NULL; k++)
				ck_assert(
				    k == i || strcmp(field->identifier, other->identifier) != 0);
		}
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("certificate_filters");
	TCase *tc = tcase_create("filters");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tc, a_filter_comes_to_these_conditions, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, an_attribute_is_named_with_or_without_its_type);
	tcase_add_test(tc, filters_and_values_are_bounded);
	tcase_add_test(tc, each_field_has_a_name_of_its_own_and_can_be_asked_for);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

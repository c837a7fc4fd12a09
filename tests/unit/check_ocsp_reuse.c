/* enroll/status/ocsp_reuse: which signed answers may be given again. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll/status/ocsp_reuse.h"

enum { NOW = 1800000000, VALIDITY = 600, MAX_AGE = 60, MANY = 20 * OCSP_REUSE_SLOTS };

static struct ocsp_reuse *reuse;
static struct buf found;
static struct ocsp_reuse_times times;

static void
setup(void)
{
	reuse = ocsp_reuse_new();
	ck_assert_ptr_nonnull(reuse);
	found = (struct buf)BUF_INIT((size_t)2 * OCSP_REUSE_DER_MAX);
}

static void
teardown(void)
{
	ocsp_reuse_free(reuse);
	buf_release(&found);
}

static struct ocsp_reuse_key
key_of(const char *cert_id)
{
	return (struct ocsp_reuse_key){
		.cert_id = bytes_text(cert_id),
		.status = OCSP_REVOKED,
		.revoked_at = NOW - 1000,
		.reason = 4,
		.stamp = 7,
	};
}

static void
keep(const struct ocsp_reuse_key *key, const char *der, int64_t validity)
{
	ocsp_reuse_keep(
	    reuse, key, (struct ocsp_reuse_times){ NOW, NOW + validity }, bytes_text(der));
}

static bool
find(const struct ocsp_reuse_key *key, int64_t age, int64_t max_age)
{
	buf_reset(&found);
	return ocsp_reuse_find(
	    reuse, key, (struct ocsp_reuse_limits){ NOW + age, max_age }, &times, &found);
}

START_TEST(what_was_kept_is_found_whole)
	{
		const struct ocsp_reuse_key key = key_of("a");

		ck_assert(!find(&key, 0, MAX_AGE));
		keep(&key, "signed", VALIDITY);
		ck_assert(find(&key, 0, MAX_AGE));
		ck_assert(bytes_equal_text(buf_bytes(&found), "signed"));
		ck_assert_int_eq(times.this_update, NOW);
		ck_assert_int_eq(times.next_update, NOW + VALIDITY);
		keep(&key, "again", VALIDITY + 1);
		ck_assert(find(&key, 0, MAX_AGE));
		ck_assert(bytes_equal_text(buf_bytes(&found), "again"));
	}
END_TEST

/* Each of what an answer says, and who signed it. */
START_TEST(anything_that_has_changed_is_another_answer)
	{
		const struct ocsp_reuse_key key = key_of("a");
		struct ocsp_reuse_key other = key;

		keep(&key, "signed", VALIDITY);
		switch (_i) {
		case 0:
			other.status = OCSP_GOOD;
			break;
		case 1:
			other.revoked_at++;
			break;
		case 2:
			other.reason = 6;
			break;
		case 3:
			other.stamp++;
			break;
		case 4:
			other.cert_id = bytes_text("b");
			break;
		case 5:
			other.cert_id = bytes_text("aa");
			break;
		default:
			other.cert_id = bytes_text("");
			break;
		}
		ck_assert(!find(&other, 0, MAX_AGE));
		ck_assert(find(&key, 0, MAX_AGE));
	}
END_TEST

static const struct {
	int64_t age, max_age, validity;
	bool is_found;
} ages[] = {
	{ MAX_AGE - 1, MAX_AGE, VALIDITY, true },
	{ MAX_AGE, MAX_AGE, VALIDITY, false },
	{ 0, 0, VALIDITY, false }, /* ReuseSeconds = 0 */
	{ VALIDITY / 2 - 1, 86400, VALIDITY, true },
	{ VALIDITY / 2, 86400, VALIDITY, false },
	{ -1, MAX_AGE, VALIDITY, false }, /* the database's clock was set back */
	{ 0, MAX_AGE, 1, false },
};

START_TEST(an_answer_is_given_again_while_it_is_young)
	{
		const struct ocsp_reuse_key key = key_of("a");

		keep(&key, "signed", ages[_i].validity);
		ck_assert_int_eq(find(&key, ages[_i].age, ages[_i].max_age), ages[_i].is_found);
	}
END_TEST

START_TEST(what_is_too_large_is_not_kept)
	{
		char cert_id[OCSP_REUSE_CERT_ID_MAX + 2] = "";
		static char der[OCSP_REUSE_DER_MAX + 2];
		struct ocsp_reuse_key key;

		memset(cert_id, 'c', OCSP_REUSE_CERT_ID_MAX + (size_t)(_i == 1));
		memset(der, 'd', OCSP_REUSE_DER_MAX + (size_t)(_i == 2));
		der[OCSP_REUSE_DER_MAX + (_i == 2)] = '\0';
		key = key_of(cert_id);
		keep(&key, der, VALIDITY);
		ck_assert_int_eq(find(&key, 0, MAX_AGE), _i == 0);
	}
END_TEST

/* Answers drive each other out; none is ever taken for another. */
START_TEST(the_table_is_bounded_and_never_wrong)
	{
		char cert_id[16], der[16];
		unsigned kept = 0;

		for (int i = 0; i < MANY; i++) {
			struct ocsp_reuse_key key;

			(void)snprintf(cert_id, sizeof(cert_id), "id%d", i);
			(void)snprintf(der, sizeof(der), "der%d", i);
			key = key_of(cert_id);
			keep(&key, der, VALIDITY);
		}
		for (int i = 0; i < MANY; i++) {
			struct ocsp_reuse_key key;

			(void)snprintf(cert_id, sizeof(cert_id), "id%d", i);
			(void)snprintf(der, sizeof(der), "der%d", i);
			key = key_of(cert_id);
			if (!find(&key, 0, MAX_AGE))
				continue;
			kept++;
			ck_assert(bytes_equal_text(buf_bytes(&found), der));
		}
		ck_assert_uint_le(kept, OCSP_REUSE_SLOTS);
		ck_assert_uint_gt(kept, OCSP_REUSE_SLOTS / 2);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ocsp_reuse");
	TCase *tc = tcase_create("ocsp_reuse");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_was_kept_is_found_whole);
	tcase_add_loop_test(tc, anything_that_has_changed_is_another_answer, 0, 7);
	tcase_add_loop_test(tc, an_answer_is_given_again_while_it_is_young, 0,
	    (int)(sizeof(ages) / sizeof(ages[0])));
	tcase_add_loop_test(tc, what_is_too_large_is_not_kept, 0, 3);
	tcase_add_test(tc, the_table_is_bounded_and_never_wrong);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

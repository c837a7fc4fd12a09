/* What keeps the row of an RA profile, what hangs on it, and which SCEP profile is active on it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_store.h"
#include "store/ra_profile_scep.h"
#include "store/ra_profiles.h"

static struct ra_profile *profile;

static void
load(void)
{
	ra_profile_free(profile);
	profile = NULL;
	with_db_ok(ra_profiles_find_id(with_db, &fixture_profile, &profile, &with_db_err));
}

static void
setup(void)
{
	fixture_store_setup();
	load();
	with_db_sql("INSERT INTO scep_profile (id, name, enabled, revision, ca_certificate_id,"
		    " include_ca_certificate, include_ca_chain, enable_intune, issue_attributes,"
		    " custom_attributes, created_at) VALUES"
		    " (REPEAT('s', 16), 'first', 0, 1, REPEAT('c', 16), 0, 0, 0, '[]', '[]',"
		    " UTC_TIMESTAMP()),"
		    " (REPEAT('t', 16), 'second', 0, 1, REPEAT('c', 16), 0, 0, 0, '[]', '[]',"
		    " UTC_TIMESTAMP())");
}

static void
teardown(void)
{
	ra_profile_free(profile);
	profile = NULL;
	with_db_teardown();
}

static struct ra_profile_use
use(void)
{
	struct ra_profile_use found;

	with_db_ok(ra_profiles_lock_use(with_db, profile, &found, &with_db_err));
	return found;
}

START_TEST(who_was_never_enabled_or_is_left_alone_issues_nothing)
	{
		with_db_sql("UPDATE ra_profile SET enabled = 0, revision = 1");
		ck_assert(!use().may_issue);
		with_db_sql("UPDATE ra_profile SET revision = 2");
		ck_assert(use().may_issue);
		with_db_sql(
		    "UPDATE ra_profile SET changed_at = UTC_TIMESTAMP(6) - INTERVAL 7190 SECOND");
		ck_assert(use().may_issue);
		with_db_sql(
		    "UPDATE ra_profile SET changed_at = UTC_TIMESTAMP(6) - INTERVAL 7210 SECOND");
		ck_assert(!use().may_issue);
		/* Whoever changes it, by whichever statement, was there just now. */
		with_db_sql("UPDATE ra_profile SET max_sans = 7");
		ck_assert(use().may_issue);
		with_db_sql("UPDATE ra_profile SET enabled = 1, revision = 1,"
			    " changed_at = '2020-01-01'");
		ck_assert(use().may_issue);
	}
END_TEST

START_TEST(another_profiles_enrollers_count_and_its_own_do_not)
	{
		with_db_sql("INSERT INTO ra_profile_enroller VALUES"
			    " (REPEAT('p', 16), 'ra_profile', 'default')");
		ck_assert(!use().is_enroller);
		with_db_sql("INSERT INTO ra_profile SELECT REPEAT('q', 16), 'other', description,"
			    " authority_id, enabled, archived, revision, key_types, min_rsa_bits,"
			    " max_rsa_bits, validity_days, min_remaining_days, key_usages,"
			    " allowed_ekus, default_ekus, san_types, max_sans, subject_rule,"
			    " protocols, renewable_types, add_cdp, created_at, custom_attributes,"
			    " changed_at FROM ra_profile");
		with_db_sql(
		    "INSERT INTO ra_profile_enroller VALUES (REPEAT('q', 16), 'role', 'default')");
		ck_assert(!use().is_enroller);
		with_db_sql("INSERT INTO ra_profile_enroller VALUES"
			    " (REPEAT('q', 16), 'ra_profile', 'default')");
		ck_assert(use().is_enroller);
	}
END_TEST

START_TEST(only_the_revision_that_was_read_is_deleted)
	{
		struct uuid missing = fixture_uuid('z');

		profile->revision++;
		with_db_fails(ra_profiles_delete(with_db, profile, &with_db_err), ERR_CONFLICT);
		error_clear(&with_db_err);
		profile->revision--;
		with_db_ok(ra_profiles_delete(with_db, profile, &with_db_err));
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM ra_profile"), 0);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM ra_profile_enroller"), 0);
		profile->id = missing;
		with_db_fails(ra_profiles_delete(with_db, profile, &with_db_err), ERR_CONFLICT);
	}
END_TEST

START_TEST(what_scep_profiles_refer_to_is_not_deleted)
	{
		with_db_sql("UPDATE scep_profile SET ra_profile_id = REPEAT('p', 16)"
			    " WHERE name = 'first'");
		with_db_fails(ra_profiles_delete(with_db, profile, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM ra_profile"), 1);
	}
END_TEST

START_TEST(a_hold_is_a_write_that_a_deletion_meets)
	{
		with_db_sql("UPDATE ra_profile SET changed_at = '2020-01-01'");
		with_db_ok(ra_profiles_hold(with_db, "default", &with_db_err));
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM ra_profile"
				" WHERE changed_at > UTC_TIMESTAMP() - INTERVAL 1 DAY"),
		    1);
		with_db_fails(ra_profiles_hold(with_db, "none", &with_db_err), ERR_NOT_FOUND);
		error_clear(&with_db_err);
		with_db_sql("UPDATE ra_profile SET archived = 1");
		with_db_fails(ra_profiles_hold(with_db, "default", &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

START_TEST(custom_attributes_come_back)
	{
		struct buf json = BUF_INIT(RA_PROFILE_ATTRIBUTES_MAX);

		with_db_ok(ra_profiles_attributes(with_db, &fixture_profile, &json, &with_db_err));
		ck_assert_uint_eq(json.len, 0);
		with_db_ok(ra_profiles_set_attributes(
		    with_db, &fixture_profile, "[{\"name\":\"a'\\\"\"}]", &with_db_err));
		with_db_ok(ra_profiles_attributes(with_db, &fixture_profile, &json, &with_db_err));
		ck_assert_str_eq(buf_text(&json), "[{\"name\":\"a'\\\"\"}]");
		buf_release(&json);
	}
END_TEST

/* SCEP profiles. */
static void
activate(uint8_t scep_profile, const char *attributes)
{
	struct ra_profile_scep active = {
		.ra_profile_id = fixture_profile,
		.scep_profile_id = fixture_uuid(scep_profile),
		.issue_attributes = BUF_INIT(1024),
		.activated_at = FIXTURE_ISSUED,
	};

	buf_add_text(&active.issue_attributes, attributes);
	with_db_ok(ra_profile_scep_activate(with_db, &active, &with_db_err));
	ra_profile_scep_release(&active);
}

static int
count_use(const struct ra_profile_scep_use *found, void *arg, struct error *err)
{
	(void)err;
	ck_assert_str_eq(found->ra_profile, "default");
	++*(int *)arg;
	return 0;
}

static int
uses(uint8_t scep_profile)
{
	struct uuid id = fixture_uuid(scep_profile);
	int count = 0;

	with_db_ok(ra_profile_scep_each(with_db, &id, count_use, &count, &with_db_err));
	return count;
}

START_TEST(one_scep_profile_is_active_at_a_time)
	{
		struct ra_profile_scep found = { .activated_at = 0 };
		bool was_active = true;

		with_db_fails(ra_profile_scep_find(with_db, &fixture_profile, &found, &with_db_err),
		    ERR_NOT_FOUND);
		error_clear(&with_db_err);
		activate('s', "[1]");
		activate('t', "[2]");
		with_db_ok(ra_profile_scep_find(with_db, &fixture_profile, &found, &with_db_err));
		ck_assert_str_eq(found.scep_profile, "second");
		ck_assert_str_eq(buf_text(&found.issue_attributes), "[2]");
		ck_assert_int_eq(found.activated_at, FIXTURE_ISSUED);
		ck_assert_int_eq(uses('s'), 0);
		ck_assert_int_eq(uses('t'), 1);
		ra_profile_scep_release(&found);
		with_db_ok(ra_profile_scep_deactivate(
		    with_db, &fixture_profile, &was_active, &with_db_err));
		ck_assert(was_active);
		with_db_ok(ra_profile_scep_deactivate(
		    with_db, &fixture_profile, &was_active, &with_db_err));
		ck_assert(!was_active);
	}
END_TEST

START_TEST(what_is_gone_is_not_activated_and_lets_go_when_it_goes)
	{
		struct uuid first = fixture_uuid('s');
		struct ra_profile_scep active = {
			.ra_profile_id = fixture_profile,
			.scep_profile_id = fixture_uuid('z'),
			.issue_attributes = BUF_INIT(16),
		};

		buf_add_text(&active.issue_attributes, "[]");
		with_db_fails(
		    ra_profile_scep_activate(with_db, &active, &with_db_err), ERR_CONFLICT);
		error_clear(&with_db_err);
		active.scep_profile_id = first;
		active.ra_profile_id = fixture_uuid('z');
		with_db_fails(
		    ra_profile_scep_activate(with_db, &active, &with_db_err), ERR_CONFLICT);
		error_clear(&with_db_err);
		ra_profile_scep_release(&active);
		activate('s', "[]");
		with_db_ok(ra_profile_scep_unlink(with_db, &first, &with_db_err));
		ck_assert_int_eq(uses('s'), 0);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("RA profiles");
	TCase *tc = tcase_create("rows");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, who_was_never_enabled_or_is_left_alone_issues_nothing);
	tcase_add_test(tc, another_profiles_enrollers_count_and_its_own_do_not);
	tcase_add_test(tc, only_the_revision_that_was_read_is_deleted);
	tcase_add_test(tc, what_scep_profiles_refer_to_is_not_deleted);
	tcase_add_test(tc, a_hold_is_a_write_that_a_deletion_meets);
	tcase_add_test(tc, custom_attributes_come_back);
	tcase_add_test(tc, one_scep_profile_is_active_at_a_time);
	tcase_add_test(tc, what_is_gone_is_not_activated_and_lets_go_when_it_goes);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

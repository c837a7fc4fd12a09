/* The table of SCEP profiles: exact texts, revisions, and what the keys of the table refuse. */
#include <stdio.h>

#include "base/text.h"
#include "fixture_store.h"
#include "store/scep_profiles.h"

static struct scep_profile *
make(const char *name)
{
	struct scep_profile *profile = scep_profile_new();

	ck_assert_ptr_nonnull(profile);
	(void)snprintf(profile->name, sizeof(profile->name), "%s", name);
	profile->id = uuid_new();
	profile->revision = 1;
	profile->ca_certificate_id = fixture_generation;
	profile->created_at = FIXTURE_ISSUED;
	return profile;
}

static struct scep_profile *
inserted(const char *name)
{
	struct scep_profile *profile = make(name);

	with_db_ok(scep_profiles_insert(with_db, profile, &with_db_err));
	return profile;
}

static struct scep_profile *
found(const struct uuid *id)
{
	struct scep_profile *profile = NULL;

	with_db_ok(scep_profiles_find_id(with_db, id, &profile, &with_db_err));
	return profile;
}

static void
assert_fails(int status, enum error_code code)
{
	ck_assert_int_lt(status, 0);
	ck_assert_msg(with_db_err.code == code, "%d: %s", with_db_err.code, with_db_err.text);
	error_clear(&with_db_err);
}

static void
fill(struct scep_profile *profile)
{
	static const char text[] = "\xf0\x9f\x94\x91 '; DROP TABLE scep_profile; -- \\ \" %_ \n ";

	with_db_ok(text_set(&profile->description, bytes_text(text), &with_db_err));
	with_db_ok(text_set(&profile->intune_tenant, bytes_text(""), &with_db_err));
	with_db_ok(text_set(&profile->intune_application_id, bytes_text(text), &with_db_err));
	buf_add(&profile->challenge_password, bytes_of("\0\xff'", 3));
	buf_add(&profile->intune_application_key, bytes_of("\1", 1));
	buf_add_text(&profile->issue_attributes, "[{\"a\":\"\\u0041'\"}]");
	buf_add_text(&profile->custom_attributes, "[1, 2.50]");
	profile->enabled = profile->include_ca_certificate = true;
	profile->include_ca_chain = profile->enable_intune = true;
	profile->has_renewal_threshold = true;
	profile->renewal_threshold = INT32_MIN;
	profile->has_ra_profile = true;
	profile->ra_profile_id = fixture_profile;
}

static void
assert_same(const struct scep_profile *a, const struct scep_profile *b)
{
	ck_assert_str_eq(a->name, b->name);
	ck_assert_pstr_eq(a->description, b->description);
	ck_assert_pstr_eq(a->intune_tenant, b->intune_tenant);
	ck_assert_pstr_eq(a->intune_application_id, b->intune_application_id);
	ck_assert(
	    bytes_equal(buf_bytes(&a->challenge_password), buf_bytes(&b->challenge_password)));
	ck_assert(bytes_equal(
	    buf_bytes(&a->intune_application_key), buf_bytes(&b->intune_application_key)));
	ck_assert(bytes_equal(buf_bytes(&a->issue_attributes), buf_bytes(&b->issue_attributes)));
	ck_assert(bytes_equal(buf_bytes(&a->custom_attributes), buf_bytes(&b->custom_attributes)));
	ck_assert_int_eq(a->enabled, b->enabled);
	ck_assert_int_eq(a->include_ca_certificate, b->include_ca_certificate);
	ck_assert_int_eq(a->include_ca_chain, b->include_ca_chain);
	ck_assert_int_eq(a->enable_intune, b->enable_intune);
	ck_assert_int_eq(a->has_renewal_threshold, b->has_renewal_threshold);
	ck_assert_int_eq(a->renewal_threshold, b->renewal_threshold);
	ck_assert_int_eq(a->has_ra_profile, b->has_ra_profile);
	ck_assert_mem_eq(&a->ra_profile_id, &b->ra_profile_id, sizeof(a->ra_profile_id));
	ck_assert_mem_eq(&a->ca_certificate_id, &b->ca_certificate_id, UUID_SIZE);
	ck_assert_int_eq(a->created_at, b->created_at);
}

START_TEST(every_column_is_kept_as_it_is)
	{
		struct scep_profile *profile = make("all-of_it.~");
		struct scep_profile *read;

		fill(profile);
		with_db_ok(scep_profiles_insert(with_db, profile, &with_db_err));
		read = found(&profile->id);
		assert_same(profile, read);
		ck_assert_str_eq(read->ra_profile, "default");
		ck_assert_uint_eq(read->revision, 1);
		scep_profile_free(read);
		scep_profile_free(profile);
	}
END_TEST

START_TEST(what_is_not_set_stays_unset)
	{
		struct scep_profile *profile = inserted("little");
		struct scep_profile *read = found(&profile->id);

		ck_assert_ptr_null(read->description);
		ck_assert_ptr_null(read->intune_tenant);
		ck_assert_uint_eq(read->challenge_password.len, 0);
		ck_assert(!read->has_renewal_threshold);
		ck_assert(!read->has_ra_profile);
		ck_assert_str_eq(buf_text(&read->issue_attributes), "[]");
		scep_profile_free(read);
		scep_profile_free(profile);
	}
END_TEST

START_TEST(a_name_is_found_by_its_exact_text_alone)
	{
		static const char *const others[] = { "Name", "name ", " name", "names",
			"n\xc3\xa4me", "", "name'", "?", "n?me" };
		struct scep_profile *profile = inserted("name"), *read = NULL;

		with_db_ok(scep_profiles_find(with_db, "name", &read, &with_db_err));
		scep_profile_free(read);
		read = NULL;
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			assert_fails(scep_profiles_find(with_db, others[i], &read, &with_db_err),
			    ERR_NOT_FOUND);
			ck_assert_ptr_null(read);
		}
		scep_profile_free(profile);
	}
END_TEST

START_TEST(a_name_is_taken_once)
	{
		struct scep_profile *first = inserted("same"), *second = make("same");
		bool is_taken = false;

		with_db_ok(scep_profiles_has_name(with_db, "same", &is_taken, &with_db_err));
		ck_assert(is_taken);
		with_db_ok(scep_profiles_has_name(with_db, "Same", &is_taken, &with_db_err));
		ck_assert(!is_taken);
		assert_fails(scep_profiles_insert(with_db, second, &with_db_err), ERR_CONFLICT);
		scep_profile_free(first);
		scep_profile_free(second);
	}
END_TEST

START_TEST(an_update_wants_the_revision_that_it_read)
	{
		struct scep_profile *profile = inserted("edited"), *read;

		fill(profile);
		with_db_ok(scep_profiles_update(with_db, profile, &with_db_err));
		read = found(&profile->id);
		assert_same(profile, read);
		ck_assert_uint_eq(read->revision, 2);
		assert_fails(scep_profiles_update(with_db, profile, &with_db_err), ERR_CONFLICT);
		assert_fails(scep_profiles_delete(with_db, profile, &with_db_err), ERR_CONFLICT);
		with_db_ok(scep_profiles_delete(with_db, read, &with_db_err));
		assert_fails(scep_profiles_update(with_db, read, &with_db_err), ERR_CONFLICT);
		scep_profile_free(read);
		scep_profile_free(profile);
	}
END_TEST

START_TEST(an_ra_profile_that_is_not_there_is_told_from_other_faults)
	{
		struct scep_profile *profile = make("dangling");

		profile->has_ra_profile = true;
		profile->ra_profile_id = fixture_uuid('?');
		assert_fails(scep_profiles_insert(with_db, profile, &with_db_err), ERR_NOT_FOUND);
		profile->has_ra_profile = false;
		with_db_ok(scep_profiles_insert(with_db, profile, &with_db_err));
		profile->has_ra_profile = true;
		assert_fails(scep_profiles_update(with_db, profile, &with_db_err), ERR_NOT_FOUND);
		scep_profile_free(profile);
	}
END_TEST

START_TEST(an_archived_ra_profile_counts_as_none)
	{
		struct scep_profile *profile = make("defaulted"), *read;

		profile->has_ra_profile = true;
		profile->ra_profile_id = fixture_profile;
		with_db_ok(scep_profiles_insert(with_db, profile, &with_db_err));
		with_db_ok(scep_profiles_hold_ra(with_db, &fixture_profile, &with_db_err));
		with_db_sql("UPDATE ra_profile SET archived = TRUE");
		assert_fails(
		    scep_profiles_hold_ra(with_db, &fixture_profile, &with_db_err), ERR_NOT_FOUND);
		read = found(&profile->id);
		ck_assert(!read->has_ra_profile);
		ck_assert_str_eq(read->ra_profile, "");
		scep_profile_free(read);
		with_db_ok(scep_profiles_unset_ra(with_db, &fixture_profile, &with_db_err));
		ck_assert_int_eq(
		    with_db_sql("SELECT ra_profile_id IS NULL AND revision = 2 FROM scep_profile"),
		    1);
		scep_profile_free(profile);
	}
END_TEST

START_TEST(one_that_is_active_cannot_be_deleted)
	{
		struct scep_profile *profile = inserted("active");

		with_db_sql(
		    "INSERT INTO ra_profile_scep SELECT REPEAT('p', 16), id, '[]', UTC_TIMESTAMP()"
		    " FROM scep_profile");
		assert_fails(scep_profiles_delete(with_db, profile, &with_db_err), ERR_CONFLICT);
		with_db_sql("DELETE FROM ra_profile_scep");
		with_db_ok(scep_profiles_delete(with_db, profile, &with_db_err));
		scep_profile_free(profile);
	}
END_TEST

struct seen {
	size_t count;
	char last[SCEP_PROFILE_NAME_MAX + 1];
};

static int
see(const struct scep_profile *profile, void *arg, struct error *err)
{
	struct seen *seen = arg;

	(void)err;
	ck_assert_int_lt(strcmp(seen->last, profile->name), 0);
	(void)snprintf(seen->last, sizeof(seen->last), "%s", profile->name);
	seen->count++;
	return 0;
}

static int
refuse(const struct scep_profile *profile, void *arg, struct error *err)
{
	(void)arg;
	return error_set(err, ERR_STATE, "%s", profile->name);
}

/* Empty, below, at and above the size of a page. */
START_TEST(a_walk_sees_each_once_by_name)
	{
		static const int counts[] = { 0, 1, 99, 100, 101, 200, 250 };
		struct seen seen = { .count = 0, .last = "" };

		if (counts[_i] > 0)
			with_db_sql(
			    "INSERT INTO scep_profile (id, name, enabled, revision,"
			    " ca_certificate_id, include_ca_certificate, include_ca_chain,"
			    " enable_intune, issue_attributes, custom_attributes, created_at)"
			    " SELECT UNHEX(MD5(seq)), CONCAT('n', seq), 1, 1, REPEAT('g', 16), 0, "
			    "0,"
			    " 0, '[]', '[]', UTC_TIMESTAMP() FROM seq_1_to_%d",
			    counts[_i]);
		with_db_ok(scep_profiles_each(with_db, see, &seen, &with_db_err));
		ck_assert_uint_eq(seen.count, (size_t)counts[_i]);
		if (counts[_i] > 0)
			assert_fails(
			    scep_profiles_each(with_db, refuse, NULL, &with_db_err), ERR_STATE);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("scep_profiles");
	TCase *tc = tcase_create("table");

	(void)argc;
	with_db_ensure(argv);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, fixture_store_setup, with_db_teardown);
	tcase_add_test(tc, every_column_is_kept_as_it_is);
	tcase_add_test(tc, what_is_not_set_stays_unset);
	tcase_add_test(tc, a_name_is_found_by_its_exact_text_alone);
	tcase_add_test(tc, a_name_is_taken_once);
	tcase_add_test(tc, an_update_wants_the_revision_that_it_read);
	tcase_add_test(tc, an_ra_profile_that_is_not_there_is_told_from_other_faults);
	tcase_add_test(tc, an_archived_ra_profile_counts_as_none);
	tcase_add_test(tc, one_that_is_active_cannot_be_deleted);
	tcase_add_loop_test(tc, a_walk_sees_each_once_by_name, 0, 7);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

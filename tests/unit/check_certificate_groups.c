/* Groups and owners of certificates, against a real MariaDB. */
#include "store/certificate_groups.h"

#include "fixture_store.h"
#include "store/certificate_owners.h"
#include "store/certificates_find.h"

static struct fixture_record one, other;
static struct certificate_group red = {
	.name = "red", .description = "of a colour", .email = "red@example.com"
};
static struct certificate_group blue = { .name = "Blue % _ \\ ' \" \xc3\xa4" };

static void
setup(void)
{
	fixture_store_setup();
	fixture_record(1, &one);
	fixture_record(2, &other);
	fixture_insert(&one);
	fixture_insert(&other);
	red.id = fixture_uuid('r');
	blue.id = fixture_uuid('b');
	with_db_ok(certificate_groups_insert(with_db, &red, &with_db_err));
	with_db_ok(certificate_groups_insert(with_db, &blue, &with_db_err));
}

static void
assert_group(const struct certificate_group *found, const struct certificate_group *wanted)
{
	ck_assert_mem_eq(&found->id, &wanted->id, sizeof(found->id));
	ck_assert_str_eq(found->name, wanted->name);
	ck_assert_str_eq(found->description, wanted->description);
	ck_assert_str_eq(found->email, wanted->email);
}

static void
assert_found(const struct certificate_group *wanted)
{
	struct certificate_group found;

	with_db_ok(certificate_groups_find(with_db, &wanted->id, &found, &with_db_err));
	assert_group(&found, wanted);
}

START_TEST(a_group_is_kept_as_it_was_written)
	{
		static char longest[CERTIFICATE_GROUP_DESCRIPTION_MAX];
		struct certificate_group changed = red;

		assert_found(&red);
		assert_found(&blue);
		for (size_t i = 0; i < sizeof(longest) - 1; i++)
			longest[i] = "\xf0\x9f\x98\x80"[i % 4];
		(void)snprintf(changed.name, sizeof(changed.name), "%.1020s", longest);
		(void)snprintf(changed.email, sizeof(changed.email), "%.1280s", longest);
		(void)snprintf(
		    changed.description, sizeof(changed.description), "%.4092s", longest);
		with_db_ok(certificate_groups_update(with_db, &changed, &with_db_err));
		assert_found(&changed);
		/* The same once more changes nothing and is no fault. */
		with_db_ok(certificate_groups_update(with_db, &changed, &with_db_err));
		changed.description[0] = changed.email[0] = '\0';
		with_db_ok(certificate_groups_update(with_db, &changed, &with_db_err));
		assert_found(&changed);
	}
END_TEST

START_TEST(a_taken_name_and_a_bad_one_are_told_apart)
	{
		struct certificate_group new = { .id = fixture_uuid('n'), .name = "red" };

		with_db_fails(certificate_groups_insert(with_db, &new, &with_db_err), ERR_CONFLICT);
		new.id = blue.id;
		with_db_fails(certificate_groups_update(with_db, &new, &with_db_err), ERR_CONFLICT);
		new.name[0] = '\0';
		with_db_fails(
		    certificate_groups_update(with_db, &new, &with_db_err), ERR_VALIDATION);
		memset(new.name, 'n', 256);
		new.name[256] = '\0';
		with_db_fails(
		    certificate_groups_update(with_db, &new, &with_db_err), ERR_VALIDATION);
		new.id = fixture_uuid('n');
		with_db_fails(
		    certificate_groups_insert(with_db, &new, &with_db_err), ERR_VALIDATION);
		/* Names differ in case. */
		(void)snprintf(new.name, sizeof(new.name), "Red");
		error_clear(&with_db_err);
		with_db_ok(certificate_groups_insert(with_db, &new, &with_db_err));
		new.id = fixture_uuid('z');
		(void)snprintf(new.name, sizeof(new.name), "nobody's");
		with_db_fails(
		    certificate_groups_update(with_db, &new, &with_db_err), ERR_NOT_FOUND);
		with_db_fails(
		    certificate_groups_delete(with_db, &new.id, &with_db_err), ERR_NOT_FOUND);
		with_db_fails(
		    certificate_groups_find(with_db, &new.id, &new, &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

/* Notes the first letters of names. */
static int
note(const struct certificate_group *group, void *arg, struct error *err)
{
	char *letters = arg;

	(void)err;
	letters[strlen(letters)] = group->name[0];
	return 0;
}

static int
note_membership(const struct certificate_membership *membership, void *arg, struct error *err)
{
	char *letters = arg;
	bool is_one = memcmp(&membership->certificate_id, &one.r.id, UUID_SIZE) == 0;

	(void)err;
	letters[strlen(letters)] = is_one ? '1' : '2';
	return note(membership->group, arg, err);
}

/* What the page of these certificates says, "1B1r": 1 is in Blue and in red. */
static void
assert_memberships(size_t count, const char *wanted)
{
	const struct uuid ids[] = { one.r.id, other.r.id };
	char letters[64] = "";
	struct certificate_membership_visit visit = { note_membership, letters };

	with_db_ok(certificate_groups_of(with_db, ids, count, visit, &with_db_err));
	ck_assert_str_eq(letters, wanted);
}

static void
set(const struct fixture_record *record, size_t count)
{
	const struct uuid groups[] = { red.id, blue.id, red.id };

	with_db_ok(certificate_groups_set(with_db, &record->r.id, groups, count, &with_db_err));
}

START_TEST(a_certificate_is_in_the_groups_that_were_set)
	{
		assert_memberships(2, "");
		set(&one, 3); /* one of them twice */
		assert_memberships(2, "1B1r");
		set(&other, 1);
		assert_memberships(2, "1B1r2r");
		assert_memberships(1, "1B1r");
		assert_memberships(0, "");
		set(&one, 1);
		assert_memberships(2, "1r2r");
		set(&one, 0);
		assert_memberships(2, "2r");
		with_db_ok(certificate_groups_delete(with_db, &red.id, &with_db_err));
		assert_memberships(2, "");
	}
END_TEST

START_TEST(groups_come_by_name)
	{
		char letters[8] = "";
		struct certificate_group_visit visit = { note, letters };

		with_db_ok(certificate_groups_each(with_db, visit, &with_db_err));
		ck_assert_str_eq(letters, "Br");
	}
END_TEST

START_TEST(what_is_not_there_is_not_joined)
	{
		struct uuid many[CERTIFICATE_GROUPS_OF_ONE + 1], nobody = fixture_uuid('z');

		for (size_t i = 0; i < CERTIFICATE_GROUPS_OF_ONE + 1; i++)
			many[i] = red.id;
		with_db_fails(
		    certificate_groups_set(with_db, &nobody, many, 1, &with_db_err), ERR_NOT_FOUND);
		with_db_fails(
		    certificate_groups_set(with_db, &nobody, NULL, 0, &with_db_err), ERR_NOT_FOUND);
		with_db_fails(certificate_groups_set(with_db, &one.r.id, &nobody, 1, &with_db_err),
		    ERR_NOT_FOUND);
		with_db_fails(certificate_groups_set(with_db, &one.r.id, many,
				  CERTIFICATE_GROUPS_OF_ONE + 1, &with_db_err),
		    ERR_VALIDATION);
		error_clear(&with_db_err);
		with_db_ok(certificate_groups_set(
		    with_db, &one.r.id, many, CERTIFICATE_GROUPS_OF_ONE, &with_db_err));
		assert_memberships(2, "1r");
	}
END_TEST

/* "" none. */
static void
assert_owner(const char *wanted)
{
	struct certificate_row *row = NULL;

	with_db_ok(certificates_find_id(with_db, &one.r.id, &row, &with_db_err));
	ck_assert_str_eq(row->owner, wanted);
	certificate_row_free(row);
}

START_TEST(a_certificate_has_one_owner_or_none)
	{
		static char longest[CERTIFICATE_ROW_OWNER_MAX + 1], longer[258];
		struct uuid nobody = fixture_uuid('z');

		for (size_t i = 0; i < sizeof(longest) - 1; i++)
			longest[i] = "\xf0\x9f\x98\x80"[i % 4];
		memset(longer, 'o', sizeof(longer) - 1);
		assert_owner("");
		with_db_ok(certificate_owners_set(with_db, &one.r.id, "jane", &with_db_err));
		assert_owner("jane");
		with_db_ok(certificate_owners_set(with_db, &one.r.id, longest, &with_db_err));
		assert_owner(longest);
		with_db_fails(certificate_owners_set(with_db, &one.r.id, longer, &with_db_err),
		    ERR_VALIDATION);
		with_db_fails(
		    certificate_owners_set(with_db, &one.r.id, "", &with_db_err), ERR_VALIDATION);
		with_db_fails(
		    certificate_owners_set(with_db, &nobody, "jane", &with_db_err), ERR_NOT_FOUND);
		error_clear(&with_db_err);
		assert_owner(longest);
		with_db_ok(certificate_owners_clear(with_db, &one.r.id, &with_db_err));
		with_db_ok(certificate_owners_clear(with_db, &one.r.id, &with_db_err));
		assert_owner("");
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("certificate_groups");
	TCase *tc = tcase_create("certificate_groups");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, with_db_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_group_is_kept_as_it_was_written);
	tcase_add_test(tc, a_taken_name_and_a_bad_one_are_told_apart);
	tcase_add_test(tc, a_certificate_is_in_the_groups_that_were_set);
	tcase_add_test(tc, groups_come_by_name);
	tcase_add_test(tc, what_is_not_there_is_not_joined);
	tcase_add_test(tc, a_certificate_has_one_owner_or_none);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

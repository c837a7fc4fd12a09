/* Secrets at rest: bound to their place, checked at start, sealed anew, against a real MariaDB. */
#define _GNU_SOURCE
#include "enroll/secrets/secret.h"

#include "base/enc.h"
#include "enroll/secrets/secret_check.h"
#include "enroll/secrets/secret_rotation.h"
#include "fixture_store.h"
#include "store/secrets.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define PLAIN "correct horse 42"

/* Keys of 32 octets 1, 2 and 3. */
#define ID_1 "72cd6e8422c407fb"
#define ID_2 "75877bb41d393b5f"
#define KEY_1 ID_1 " AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
#define KEY_2 ID_2 " AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=\n"
#define KEY_3 "648aa5c579fb30f3 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n"

static struct keyring *
ring(const char *text)
{
	struct keyring *keyring = NULL;

	with_db_ok(keyring_parse(bytes_text(text), &keyring, &with_db_err));
	return keyring;
}

static struct secret_place
place_of(const char *column, const struct uuid *row)
{
	return (struct secret_place){ "scep_profile", column, row };
}

static void
seal(const struct keyring *keyring, const struct secret_place *place, struct buf *blob)
{
	with_db_ok(secret_seal(keyring, place, bytes_text(PLAIN), blob, &with_db_err));
}

static void
assert_opens(const struct keyring *keyring, const struct secret_place *place, struct bytes blob)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);

	with_db_ok(secret_open(keyring, place, blob, &plain, &with_db_err));
	ck_assert_str_eq(buf_text(&plain), PLAIN);
}

/* A row of scep_profile with these secrets; NULL: none. */
static void
insert(uint8_t number, const struct buf *password, const struct buf *intune)
{
	static const char sql[] =
	    "INSERT INTO scep_profile VALUES (?, CONCAT('profile', ?), NULL, TRUE, 1, NULL, ?, "
	    "NULL,"
	    " FALSE, FALSE, ?, FALSE, NULL, NULL, ?, '[]', '[]', UTC_TIMESTAMP())";
	struct uuid id = fixture_uuid(number);

	with_db_ok(db_exec(with_db, sql,
	    db_args(db_uuid(&id), db_int(number), db_uuid(&id),
		password != NULL ? db_blob(buf_bytes(password)) : db_null(),
		intune != NULL ? db_blob(buf_bytes(intune)) : db_null()),
	    NULL, &with_db_err));
}

/* Rows first to last, each with both secrets. */
static void
insert_sealed(const struct keyring *keyring, uint8_t first, uint8_t last)
{
	for (uint8_t number = first; number <= last; number++) {
		cleanup(buf_release) struct buf password = BUF_INIT(SECRET_BLOB_MAX);
		cleanup(buf_release) struct buf intune = BUF_INIT(SECRET_BLOB_MAX);
		struct uuid row = fixture_uuid(number);
		struct secret_place place = place_of("challenge_password", &row);

		seal(keyring, &place, &password);
		place.column = "intune_application_key";
		seal(keyring, &place, &intune);
		insert(number, &password, &intune);
	}
}

static long long
count_under(const char *id)
{
	return with_db_sql(
	    "SELECT SUM(COALESCE(SUBSTRING(challenge_password, 1, 9) = UNHEX('01%s'), 0) +"
	    " COALESCE(SUBSTRING(intune_application_key, 1, 9) = UNHEX('01%s'), 0))"
	    " FROM scep_profile",
	    id, id);
}

static void
assert_row_opens(const struct keyring *keyring, uint8_t number)
{
	size_t count;
	const struct secrets_column *columns = secrets_columns(&count);
	struct uuid row = fixture_uuid(number);

	for (size_t i = 0; i < count; i++) {
		struct secret_place place = { columns[i].table, columns[i].column, &row };
		cleanup(secrets_value_release) struct secrets_value value;

		secrets_value_init(&value);
		if (strcmp(columns[i].table, "scep_profile") != 0)
			continue;
		with_db_ok(secrets_find(with_db, i, &row, &value, &with_db_err));
		assert_opens(keyring, &place, buf_bytes(&value.blob));
	}
}

START_TEST(a_blob_opens_at_its_own_place_alone)
	{
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		cleanup(buf_release) struct buf blob = BUF_INIT(SECRET_BLOB_MAX);
		cleanup(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);
		struct uuid row = fixture_uuid('r'), other = fixture_uuid('s');
		struct secret_place place = place_of("challenge_password", &row);
		const struct secret_place others[] = {
			{ "scep_profile", "challenge_password", &other },
			{ "scep_profile", "intune_application_key", &row },
			{ "ra_profile", "challenge_password", &row },
			/* The same letters, cut elsewhere. */
			{ "scep_profilec", "hallenge_password", &row },
			{ "scep_profil", "echallenge_password", &row },
			{ "scep_profile", "", &row },
		};

		seal(keyring, &place, &blob);
		for (int i = 0; i < COUNT(others); i++) {
			with_db_fails(secret_open(keyring, &others[i], buf_bytes(&blob), &plain,
					  &with_db_err),
			    ERR_CA_KEY);
			ck_assert_uint_eq(plain.len, 0);
		}
		error_clear(&with_db_err);
		assert_opens(keyring, &place, buf_bytes(&blob));
	}
END_TEST

START_TEST(without_a_keyring_nothing_is_stored)
	{
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		cleanup(buf_release) struct buf blob = BUF_INIT(SECRET_BLOB_MAX);
		cleanup(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);
		struct uuid row = fixture_uuid('r');
		struct secret_place place = place_of("challenge_password", &row);
		static char text[SECRET_MAX + 1];

		with_db_fails(secret_seal(NULL, &place, bytes_text(PLAIN), &blob, &with_db_err),
		    ERR_VALIDATION);
		ck_assert_str_eq(
		    with_db_err.text, "secrets cannot be stored: [Keys] KeyringFile is not set");
		ck_assert_uint_eq(blob.len, 0);
		with_db_fails(
		    secret_seal(keyring, &place, bytes_of(text, sizeof(text)), &blob, &with_db_err),
		    ERR_VALIDATION);
		error_clear(&with_db_err);
		with_db_ok(
		    secret_seal(keyring, &place, bytes_of(text, SECRET_MAX), &blob, &with_db_err));
		ck_assert(!buf_failed(&blob));
		with_db_fails(
		    secret_open(NULL, &place, buf_bytes(&blob), &plain, &with_db_err), ERR_CA_KEY);
	}
END_TEST

static void
check_fails(const struct keyring *keyring, const char *why)
{
	with_db_fails(secret_check(with_db, keyring, &with_db_err), ERR_CONFIG);
	ck_assert_msg(strstr(with_db_err.text, why) != NULL, "%s", with_db_err.text);
	error_clear(&with_db_err);
}

START_TEST(the_check_names_the_key_that_is_missing)
	{
		cleanup(keyring_freep) struct keyring *first = ring(KEY_1), *second = ring(KEY_2);
		cleanup(keyring_freep) struct keyring *both = ring(KEY_2 KEY_1);
		cleanup(keyring_freep) struct keyring *unusable = keyring_unusable("why not");

		with_db_ok(secret_check(with_db, NULL, &with_db_err));
		insert(1, NULL, NULL);
		with_db_ok(secret_check(with_db, NULL, &with_db_err));
		with_db_ok(secret_check(with_db, first, &with_db_err));
		check_fails(unusable, "why not");
		insert_sealed(first, 2, 3);
		with_db_ok(secret_check(with_db, first, &with_db_err));
		with_db_ok(secret_check(with_db, both, &with_db_err));
		check_fails(second, "lacks key " ID_1 ", under which 2 values");
		check_fails(NULL, ID_1 ", and [Keys] KeyringFile is not set");
		insert_sealed(second, 4, 4);
		with_db_ok(secret_check(with_db, both, &with_db_err));
		check_fails(first, ID_2);
	}
END_TEST

static const struct {
	const char *set;
	const char *why;
} SPOILED[] = {
	{ "challenge_password = intune_application_key", "belongs elsewhere" },
	{ "challenge_password = CONCAT(challenge_password, 'x')", "was changed" },
	{ "challenge_password = LEFT(challenge_password, 20)", "of 20 octets" },
	{ "challenge_password = LEFT(challenge_password, 8)", "not a sealed value" },
	{ "challenge_password = 'correct horse 42'", "not a sealed value" },
	{ "challenge_password = ''", "not a sealed value" },
};

START_TEST(what_does_not_open_is_found_at_start)
	{
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);

		insert_sealed(keyring, 1, 1);
		with_db_ok(secret_check(with_db, keyring, &with_db_err));
		with_db_sql("UPDATE scep_profile SET %s", SPOILED[_i].set);
		with_db_fails(secret_check(with_db, keyring, &with_db_err), ERR_CONFIG);
		ck_assert_ptr_nonnull(strstr(with_db_err.text,
		    "scep_profile.challenge_password of 01010101-0101-0101-0101-010101010101: "));
		ck_assert_msg(
		    strstr(with_db_err.text, SPOILED[_i].why) != NULL, "%s", with_db_err.text);
		ck_assert_ptr_null(strstr(with_db_err.text, "horse"));
	}
END_TEST

static struct secret_rotation
rotate(const struct keyring *keyring)
{
	struct secret_rotation done;

	with_db_ok(secret_rotation_run(with_db, keyring, "uid:0", &done, &with_db_err));
	return done;
}

START_TEST(all_is_sealed_anew_under_the_first_key)
	{
		cleanup(keyring_freep) struct keyring *old = ring(KEY_1), *new = ring(KEY_2);
		cleanup(keyring_freep) struct keyring *both = ring(KEY_2 KEY_1);
		struct secret_rotation done;

		insert_sealed(old, 1, 5);
		insert_sealed(new, 6, 7);
		insert(8, NULL, NULL);
		done = rotate(both);
		ck_assert_int_eq(done.sealed, 10);
		ck_assert_int_eq(done.skipped + done.failed, 0);
		ck_assert_int_eq(count_under(ID_1), 0);
		ck_assert_int_eq(count_under(ID_2), 14);
		for (uint8_t number = 1; number <= 7; number++)
			assert_row_opens(new, number);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM scep_profile WHERE"
					     " revision = IF(ORD(id) <= 5, 3, 1)"),
		    8);
		done = rotate(both);
		ck_assert_int_eq(done.sealed, 0);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE action ="
					     " 'key.rotate_secrets' AND object_name = '" ID_2 "'"
					     " AND outcome IN ('begun', 'done')"),
		    4);
	}
END_TEST

#define ATTRIBUTE "01010101-0101-0101-0101-010101010101"

/* A stored array of custom attributes with a secret, and a text that only looks like one. */
static void
print_attributes(const struct keyring *keyring, const struct secret_place *place, struct buf *out)
{
	cleanup(buf_release) struct buf blob = BUF_INIT(SECRET_BLOB_MAX);

	seal(keyring, place, &blob);
	buf_add_text(out,
	    "[{\"uuid\":\"" ATTRIBUTE "\",\"name\":\"Note\",\"content\":[{\"data\":"
	    "\"a \\\"sealed\\\": text\"}]},{\"uuid\":\"" ATTRIBUTE "\",\"name\":\"Token\","
	    "\"contentType\":\"secret\",\"content\":[{\"sealed\":\"");
	base64_encode(buf_bytes(&blob), out);
	buf_add_text(out, "\"}]}]");
	ck_assert(!buf_failed(out));
}

static void
set_attributes(
    const struct keyring *keyring, const char *table, const char *column, const struct uuid *row)
{
	cleanup(buf_release) struct buf json = BUF_INIT(SECRETS_DOCUMENT_MAX);
	cleanup(buf_release) struct buf hex = BUF_INIT(SECRETS_DOCUMENT_MAX);
	char attribute[64], id[UUID_TEXT_MAX];
	struct secret_place place = { table, attribute, row };

	(void)snprintf(attribute, sizeof(attribute), "%s/" ATTRIBUTE, column);
	print_attributes(keyring, &place, &json);
	uuid_text(row, id);
	hex_encode(buf_bytes(&json), &hex);
	with_db_sql("UPDATE %s SET %s = CONVERT(UNHEX('%s') USING utf8mb4)"
		    " WHERE id = UNHEX(REPLACE('%s', '-', ''))",
	    table, column, buf_text(&hex), id);
}

START_TEST(secrets_of_custom_attributes_are_sealed_anew)
	{
		cleanup(keyring_freep) struct keyring *old = ring(KEY_1), *new = ring(KEY_2);
		cleanup(keyring_freep) struct keyring *both = ring(KEY_2 KEY_1);
		cleanup(keyring_freep) struct keyring *third = ring(KEY_3 KEY_2);
		struct fixture_record certificate;
		struct secret_uses uses;
		struct uuid profile = fixture_uuid(1);

		fixture_record(1, &certificate);
		fixture_insert(&certificate);
		insert(1, NULL, NULL);
		set_attributes(old, "scep_profile", "custom_attributes", &profile);
		set_attributes(old, "ra_profile", "custom_attributes", &fixture_profile);
		set_attributes(old, "certificate", "attributes", &certificate.r.id);
		with_db_ok(secret_rotation_uses(with_db, both, &uses, &with_db_err));
		ck_assert(uses.count == 2 && uses.items[1].values == 3);
		check_fails(new, "lacks key " ID_1);
		check_fails(NULL, "KeyringFile is not set");
		ck_assert_int_eq(rotate(both).sealed, 3);
		ck_assert_int_eq(rotate(new).sealed, 0);
		with_db_ok(secret_rotation_uses(with_db, new, &uses, &with_db_err));
		ck_assert(uses.count == 1 && uses.items[0].values == 3);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate WHERE JSON_VALUE("
					     "attributes, '$[0].content[0].data') ="
					     " 'a \"sealed\": text'"),
		    1);
		/* An archived profile still has its secrets. */
		with_db_sql("UPDATE ra_profile SET archived = TRUE");
		ck_assert_int_eq(rotate(third).sealed, 3);
	}
END_TEST

START_TEST(a_secret_of_an_attribute_that_was_moved_stays_and_is_told)
	{
		cleanup(keyring_freep) struct keyring *old = ring(KEY_1);
		cleanup(keyring_freep) struct keyring *both = ring(KEY_2 KEY_1);
		struct uuid profile = fixture_uuid(1), other = fixture_uuid(2);
		struct secret_rotation done;

		insert(1, NULL, NULL);
		insert(2, NULL, NULL);
		set_attributes(old, "scep_profile", "custom_attributes", &profile);
		set_attributes(old, "scep_profile", "custom_attributes", &other);
		with_db_sql("UPDATE scep_profile SET custom_attributes = (SELECT x FROM (SELECT"
			    " custom_attributes x FROM scep_profile WHERE ORD(id) = 1) y)");
		done = rotate(both);
		ck_assert(done.sealed == 1 && done.failed == 1);
		ck_assert_ptr_nonnull(
		    strstr(done.first_failure, "custom_attributes of 02020202-0202-"));
	}
END_TEST

START_TEST(what_does_not_open_is_told_and_holds_up_nothing)
	{
		cleanup(keyring_freep) struct keyring *old = ring(KEY_1);
		cleanup(keyring_freep) struct keyring *both = ring(KEY_2 KEY_1);
		cleanup(keyring_freep) struct keyring *without = ring(KEY_3 KEY_2);
		struct secret_rotation done;

		insert_sealed(old, 1, 3);
		with_db_sql("UPDATE scep_profile SET challenge_password = intune_application_key"
			    " WHERE ORD(id) = 2");
		done = rotate(both);
		ck_assert_int_eq(done.sealed, 5);
		ck_assert_int_eq(done.failed, 1);
		ck_assert_msg(
		    strstr(done.first_failure,
			"challenge_password of 02020202-0202-0202-0202-020202020202") != NULL,
		    "%s", done.first_failure);
		ck_assert_int_eq(count_under(ID_1), 1);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit WHERE outcome = 'failed'"), 1);
		/* Without the old key the rest goes on to the newest. */
		done = rotate(without);
		ck_assert_int_eq(done.sealed, 5);
		ck_assert_int_eq(done.failed, 1);
		ck_assert_ptr_nonnull(strstr(done.first_failure, "lacks key " ID_1));
	}
END_TEST

START_TEST(a_value_that_changed_meanwhile_stays)
	{
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		cleanup(secrets_value_release) struct secrets_value value;
		struct uuid row = fixture_uuid(1);
		struct secrets_replacement mine = {
			.old = &value, .blob = bytes_text("mine"), .replaced = true
		};

		insert_sealed(keyring, 1, 1);
		secrets_value_init(&value);
		with_db_ok(secrets_find(with_db, 0, &row, &value, &with_db_err));
		with_db_sql("UPDATE scep_profile SET challenge_password = 'another'");
		with_db_ok(secrets_replace(with_db, &mine, &with_db_err));
		ck_assert(!mine.replaced);
		ck_assert_int_eq(with_db_sql("SELECT challenge_password = 'another' AND"
					     " revision = 1 FROM scep_profile"),
		    1);
		with_db_sql("UPDATE scep_profile SET challenge_password = NULL");
		with_db_ok(secrets_replace(with_db, &mine, &with_db_err));
		ck_assert(!mine.replaced);
		with_db_fails(secrets_find(with_db, 0, &row, &value, &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

START_TEST(values_are_counted_by_key)
	{
		cleanup(keyring_freep) struct keyring *old = ring(KEY_1);
		cleanup(keyring_freep) struct keyring *new = ring(KEY_3 KEY_2);
		struct secret_uses uses;

		insert_sealed(old, 1, 2);
		insert_sealed(new, 3, 3);
		with_db_ok(secret_rotation_uses(with_db, new, &uses, &with_db_err));
		ck_assert_uint_eq(uses.count, 3);
		ck_assert(uses.items[0].is_in_ring && uses.items[0].values == 2);
		ck_assert_str_eq(uses.items[1].id, ID_2);
		ck_assert(uses.items[1].is_in_ring && uses.items[1].values == 0);
		ck_assert_str_eq(uses.items[2].id, ID_1);
		ck_assert(!uses.items[2].is_in_ring && uses.items[2].values == 4);
	}
END_TEST

static void
add_tests(TCase *tests)
{
	tcase_add_test(tests, a_blob_opens_at_its_own_place_alone);
	tcase_add_test(tests, without_a_keyring_nothing_is_stored);
	tcase_add_test(tests, the_check_names_the_key_that_is_missing);
	tcase_add_loop_test(tests, what_does_not_open_is_found_at_start, 0, COUNT(SPOILED));
	tcase_add_test(tests, all_is_sealed_anew_under_the_first_key);
	tcase_add_test(tests, secrets_of_custom_attributes_are_sealed_anew);
	tcase_add_test(tests, a_secret_of_an_attribute_that_was_moved_stays_and_is_told);
	tcase_add_test(tests, what_does_not_open_is_told_and_holds_up_nothing);
	tcase_add_test(tests, a_value_that_changed_meanwhile_stays);
	tcase_add_test(tests, values_are_counted_by_key);
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("secret");
	TCase *tests = tcase_create("secret");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tests, fixture_store_setup, with_db_teardown);
	tcase_set_timeout(tests, 120);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	return with_db_run(suite);
}

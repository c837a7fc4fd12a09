/* What a worker remembers of profiles and issuers, against a real MariaDB and CAs of our own. */
#define _GNU_SOURCE
#include "enroll/profiles/profile_cache.h"
#include "fixture_authority.h"

enum { PATIENCE_MS = 30000, MORE = PROFILE_CACHE_MAX + 8 };

static char no_name[] = "", https[] = "https://pki.example.com", http[] = "http://pki.example.com";
static int64_t read_at;
static struct profile_cache *cache;
static struct profile_use use;

/* The CA demo with the profile "default", as a worker starts with them. */
static void
start(void)
{
	with_db_settings.db_csr.ra_profile = no_name;
	with_db_settings.server.base_url = https;
	with_db_settings.server.http_base_url = http;
	make_demo();
	cache = profile_cache_new(&with_db_settings, with_db);
	ck_assert_ptr_nonnull(cache);
}

static void
end(void)
{
	profile_cache_free(cache);
}

/* Another profile like "default", its id 16 equal octets. */
static void
add_profile(const char *name, unsigned octet)
{
	with_db_sql("CREATE TEMPORARY TABLE t SELECT * FROM ra_profile WHERE name = 'default'");
	with_db_sql("UPDATE t SET id = REPEAT(CHAR(%u), 16), name = '%s'", octet, name);
	with_db_sql("INSERT INTO ra_profile SELECT * FROM t");
	with_db_sql("DROP TABLE t");
}

static int
get(const char *name, const struct uuid *id)
{
	const struct profile_choice choice = { .name = name, .id = id };

	error_clear(&with_db_err);
	use = (struct profile_use){ .profile = NULL };
	return profile_cache_get(cache, &choice, &use, &with_db_err);
}

/* It is found, and with the issuer of its CA. */
static void
assert_found(const char *name, const struct uuid *id, const char *expected)
{
	with_db_ok(get(name, id));
	ck_assert_str_eq(use.profile->name, expected);
	ck_assert_mem_eq(&use.issuer->generation.authority_id, &use.profile->authority_id,
	    sizeof(use.profile->authority_id));
}

static void
assert_missing(const char *name, const struct uuid *id, enum error_code code)
{
	with_db_fails(get(name, id), code);
	ck_assert_ptr_null(use.profile);
}

/* Reads the default for the first time. */
static void
read_default(void)
{
	read_at = clock_monotonic_ms();
	assert_found(NULL, NULL, "default");
}

/* Whether that is surely still remembered; a busy machine may have been slow. */
static bool
is_fresh(void)
{
	return clock_monotonic_ms() - read_at < PROFILE_CACHE_MS;
}

/* Asks for the default again and again until the claim holds. */
static void
await(bool (*holds)(void))
{
	int64_t begin = clock_monotonic_ms(), now = begin;

	while (now - begin < PATIENCE_MS) {
		int result = get(NULL, NULL);

		now = clock_monotonic_ms();
		if (result == 0 && holds())
			return;
		with_db_sleep_ms(20);
	}
	ck_abort_msg("it did not happen: %s", with_db_err.text);
}

START_TEST(a_profile_is_found_by_default_by_name_and_by_id)
	{
		struct uuid id, other;

		memset(&other, 'o', sizeof(other));
		add_profile("other", 'o');
		with_db_sql("UPDATE ra_profile SET enabled = FALSE WHERE name = 'other'");
		/* one that is disabled is found as well: policy refuses it */
		assert_found("other", NULL, "other");
		ck_assert(!use.profile->enabled);
		assert_found(NULL, &other, "other");
		assert_found(NULL, NULL, "default");
		id = use.profile->id;
		assert_found("default", NULL, "default");
		assert_found(NULL, &id, "default");
		assert_found("other", NULL, "other");
		assert_found(NULL, &other, "other");
	}
END_TEST

START_TEST(what_is_not_there_is_not_found)
	{
		static const char *const names[] = { "Default", "default ", "", "default2", "\xff",
			"default\xc3\xa4" };
		struct uuid nobody;
		char longest[1024];

		memset(&nobody, 'n', sizeof(nobody));
		memset(longest, 'x', sizeof(longest) - 1);
		longest[sizeof(longest) - 1] = '\0';
		for (size_t i = 0; i < COUNT(names); i++)
			assert_missing(names[i], NULL, ERR_PROFILE);
		assert_missing(longest, NULL, ERR_PROFILE);
		assert_missing(NULL, &nobody, ERR_PROFILE);
		ck_assert_str_eq(with_db_err.text, PROFILE_CLOSED);
		assert_found("default", NULL, "default");
	}
END_TEST

START_TEST(the_default_is_the_named_one_or_the_only_one)
	{
		static char other[] = "other", nobody[] = "nobody";

		add_profile("other", 'o');
		assert_missing(NULL, NULL, ERR_CA_KEY);
		ck_assert_int_ne(with_db_err.number, PROFILE_ABSENT);
		assert_found("other", NULL, "other");
		with_db_settings.db_csr.ra_profile = other;
		assert_found(NULL, NULL, "other");
		with_db_settings.db_csr.ra_profile = nobody;
		profile_cache_free(cache);
		cache = profile_cache_new(&with_db_settings, with_db);
		assert_missing(NULL, NULL, ERR_CA_KEY);
		ck_assert_int_eq(with_db_err.number, PROFILE_ABSENT);
		with_db_settings.db_csr.ra_profile = no_name;
		with_db_sql("UPDATE ra_profile SET enabled = FALSE");
		assert_missing(NULL, NULL, ERR_CA_KEY);
		ck_assert_int_eq(with_db_err.number, PROFILE_ABSENT);
		with_db_sql("UPDATE ra_profile SET enabled = TRUE WHERE name = 'default'");
		assert_found(NULL, NULL, "default");
	}
END_TEST

/* More than there is room for: each answer is that of its own question, then and later. */
START_TEST(more_profiles_than_places_are_told_apart)
	{
		char name[16];
		struct uuid id;

		for (unsigned i = 0; i < MORE; i++) {
			(void)snprintf(name, sizeof(name), "p%u", i);
			add_profile(name, i + 1);
		}
		for (unsigned round = 0; round < 3; round++)
			for (unsigned i = 0; i < MORE; i++) {
				(void)snprintf(name, sizeof(name), "p%u", i);
				memset(&id, (int)i + 1, sizeof(id));
				assert_found(name, NULL, name);
				assert_found(NULL, &id, name);
			}
		assert_found("default", NULL, "default");
	}
END_TEST

static bool
is_changed(void)
{
	return use.profile->validity_days == 77;
}

/* Labels cost whoever makes them up a query, and nobody else anything. */
START_TEST(made_up_labels_push_nobody_out)
	{
		char name[16];

		read_default();
		with_db_sql("UPDATE ra_profile SET validity_days = 77");
		for (unsigned i = 0; i < MORE; i++) {
			(void)snprintf(name, sizeof(name), "label%u", i);
			assert_missing(name, NULL, ERR_PROFILE);
		}
		with_db_ok(get(NULL, NULL));
		ck_assert(!is_changed() || !is_fresh());
	}
END_TEST

static bool
is_disabled(void)
{
	return !use.profile->enabled;
}

START_TEST(a_change_counts_after_its_time)
	{
		static char name[] = "default";

		with_db_settings.db_csr.ra_profile = name;
		read_default();
		with_db_sql("UPDATE ra_profile SET validity_days = 77");
		with_db_ok(get(NULL, NULL));
		ck_assert(!is_changed() || !is_fresh());
		await(is_changed);
		ck_assert(!is_fresh());
		with_db_sql("UPDATE ra_profile SET enabled = FALSE");
		await(is_disabled);
	}
END_TEST

static bool
is_second(void)
{
	return strcmp(use.issuer->generation.label, "demo-2") == 0;
}

START_TEST(a_switched_generation_issues_after_its_time)
	{
		struct authority_plan plan = plan_of("demo", "p384");

		assert_found(NULL, NULL, "default");
		ck_assert_str_eq(use.issuer->generation.label, "demo-1");
		plan.activate = true;
		with_db_ok(authority_rekey(&context, &plan, fresh(), &with_db_err));
		await(is_second);
		with_db_ok(issuer_test(use.issuer, &with_db_err));
		ck_assert_str_eq(use.issuer->crl, "http://pki.example.com/crl/demo-2.crl");
		ck_assert_int_eq(use.issuer->cert->key.type, KEY_P384);
	}
END_TEST

/* Opening a key may ask a token far away: it is done once for each generation. */
START_TEST(the_key_of_the_same_generation_stays_open)
	{
		const struct key *key;

		assert_found(NULL, NULL, "default");
		key = use.issuer->key;
		ck_assert_int_eq(unlink(outcome.key_uri + strlen("file:")), 0);
		with_db_sql("UPDATE ra_profile SET validity_days = 77");
		await(is_changed);
		ck_assert_ptr_eq(use.issuer->key, key);
		with_db_ok(issuer_test(use.issuer, &with_db_err));
		profile_cache_free(cache);
		cache = profile_cache_new(&with_db_settings, with_db);
		assert_missing(NULL, NULL, ERR_CA_KEY);
		ck_assert_int_ne(with_db_err.number, PROFILE_ABSENT);
	}
END_TEST

START_TEST(two_authorities_have_their_own_issuers)
	{
		const struct authority_plan plan = plan_of("second", "p256");

		with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
		add_profile("other", 'o');
		with_db_sql("UPDATE ra_profile SET authority_id = (SELECT id FROM authority WHERE"
			    " name = 'second') WHERE name = 'other'");
		for (unsigned i = 0; i < 3; i++) {
			assert_found("default", NULL, "default");
			ck_assert_str_eq(use.issuer->generation.label, "demo-1");
			assert_found("other", NULL, "other");
			ck_assert_str_eq(use.issuer->generation.label, "second-1");
		}
		/* a CA that cannot sign stops its own profiles alone */
		with_db_sql("UPDATE authority_generation SET state = 'retired' WHERE label ="
			    " 'second-1'");
		profile_cache_free(cache);
		cache = profile_cache_new(&with_db_settings, with_db);
		assert_missing("other", NULL, ERR_CA_KEY);
		ck_assert_int_eq(with_db_err.number, PROFILE_ABSENT);
		assert_found("default", NULL, "default");
	}
END_TEST

static bool
is_there(void)
{
	return true;
}

START_TEST(the_database_may_go_and_come_back)
	{
		static char nowhere[] = "/nonexistent/socket";
		char *socket = with_db_settings.database.socket;
		struct text_list none = { NULL, 0 };

		read_default();
		db_disconnect(with_db);
		with_db_point_at(&none, nowhere);
		ck_assert(get(NULL, NULL) == 0 || !is_fresh());
		assert_missing("default", NULL, ERR_DATABASE);
		while (get(NULL, NULL) == 0 && clock_monotonic_ms() - read_at < PATIENCE_MS)
			with_db_sleep_ms(20);
		ck_assert_int_eq(with_db_err.code, ERR_DATABASE);
		ck_assert_ptr_null(use.profile);
		with_db_point_at(&none, socket);
		await(is_there);
		ck_assert_str_eq(use.profile->name, "default");
		with_db_ok(issuer_test(use.issuer, &with_db_err));
	}
END_TEST

static TCase *
case_cache(void)
{
	TCase *tc = tcase_create("cache");

	tcase_add_test(tc, a_profile_is_found_by_default_by_name_and_by_id);
	tcase_add_test(tc, what_is_not_there_is_not_found);
	tcase_add_test(tc, the_default_is_the_named_one_or_the_only_one);
	tcase_add_test(tc, more_profiles_than_places_are_told_apart);
	tcase_add_test(tc, made_up_labels_push_nobody_out);
	tcase_add_test(tc, a_change_counts_after_its_time);
	tcase_add_test(tc, a_switched_generation_issues_after_its_time);
	tcase_add_test(tc, the_key_of_the_same_generation_stays_open);
	tcase_add_test(tc, two_authorities_have_their_own_issuers);
	tcase_add_test(tc, the_database_may_go_and_come_back);
	return tc;
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("profile cache");
	TCase *tc = case_cache();

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_checked_fixture(tc, start, end);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

/* The use cases on CAs and RA profiles against a real MariaDB: what is made, recorded, refused. */
#define _GNU_SOURCE
#include "crypto/cert.h"
#include "enroll/profiles/profile_change.h"
#include "enroll/profiles/profile_rules.h"
#include "fixture_authority.h"

static struct cert *
cert_of(const char *label)
{
	struct generation generation = { .number = 0 };
	struct cert *cert = NULL;

	with_db_ok(generations_find(with_db, label, &generation, &with_db_err));
	with_db_ok(cert_parse(buf_bytes(&generation.certificate), &cert, &with_db_err));
	generation_release(&generation);
	return cert;
}

static const struct {
	const char *type;
	enum key_type key;
	unsigned bits;
} TYPES[] = { { "rsa2048", KEY_RSA, 2048 }, { "p256", KEY_P256, 256 }, { "p384", KEY_P384, 384 },
	{ "ed25519", KEY_ED25519, 256 } };

START_TEST(a_new_ca_has_key_certificate_profile_and_audit)
	{
		const struct authority_plan plan = plan_of("demo", TYPES[_i].type);
		struct cert *cert;

		with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
		ck_assert(outcome.activated && outcome.profile_made);
		cert = cert_of("demo-1");
		ck_assert_int_eq(cert->key.type, TYPES[_i].key);
		ck_assert_uint_eq(cert->serial.len, CERT_SERIAL_SIZE);
		ck_assert_uint_eq(cert->serial.ptr[0], 0x10);
		ck_assert(cert->is_ca && cert->path_len == 0);
		ck_assert_uint_eq(cert->key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
		ck_assert_int_eq(cert->not_before, NOW - 3600);
		ck_assert_int_eq(cert->not_after, NOW + 100 * DAY);
		with_db_ok(cert_verify(cert, cert, &with_db_err));
		cert_free(cert);
		assert_state("demo-1", "active");
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM ra_profile_enroller JOIN ra_profile"
				" ON id = ra_profile_id WHERE name = 'default'"
				" AND kind = 'role'"),
		    2);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE actor = 'uid:7'"
					     " AND action = 'ca.init' AND object_name = 'demo'"),
		    1);
	}
END_TEST

static const struct {
	const char *name;
	bool is_good;
} NAMES[] = { { "a", true }, { "9-lives", true }, { "abcdefghijklmnopqrstuvwxyz-12345", true },
	{ "abcdefghijklmnopqrstuvwxyz-123456", false }, { "", false }, { "-a", false },
	{ "A", false }, { "a_b", false }, { "../a", false }, { "a b", false }, { "a\n", false } };

START_TEST(names_have_their_rules)
	{
		struct authority authority;

		if (NAMES[_i].is_good)
			with_db_ok(
			    authority_check_new(with_db, NAMES[_i].name, &authority, &with_db_err));
		else
			with_db_fails(
			    authority_check_new(with_db, NAMES[_i].name, &authority, &with_db_err),
			    ERR_CONFIG);
	}
END_TEST

static const struct {
	const char *present;
	const char *name;
	bool is_good;
} CLASHES[] = { { "demo", "demo", false }, { "demo", "demo-1", false },
	{ "demo", "demo-17", false }, { "demo-17", "demo", false }, { "demo", "demo-x1", true },
	{ "demo", "demo-", true }, { "demo", "demo1", true }, { "demo", "dem", true },
	{ "demo", "demo-1-a", true } };

START_TEST(a_name_is_never_mistaken_for_a_label)
	{
		struct authority authority = { .id = uuid_new(), .created_at = NOW };

		(void)snprintf(authority.name, sizeof(authority.name), "%s", CLASHES[_i].present);
		with_db_ok(authorities_insert(with_db, &authority, &with_db_err));
		if (CLASHES[_i].is_good)
			with_db_ok(authority_check_new(
			    with_db, CLASHES[_i].name, &authority, &with_db_err));
		else
			with_db_fails(authority_check_new(
					  with_db, CLASHES[_i].name, &authority, &with_db_err),
			    ERR_CONFLICT);
	}
END_TEST

START_TEST(a_fault_late_in_the_records_leaves_none_and_names_the_key)
	{
		struct authority_plan plan = plan_of("demo", "p256");
		char path[128];

		with_db_sql("RENAME TABLE audit TO audit_away");
		with_db_fails(
		    authority_create(&context, &plan, fresh(), &with_db_err), ERR_DATABASE);
		(void)snprintf(path, sizeof(path), "%s/keys/demo-1.key", folder);
		ck_assert_int_eq(access(path, R_OK), 0);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, path));
		ck_assert_int_eq(with_db_sql("SELECT (SELECT COUNT(*) FROM authority)"
					     " + (SELECT COUNT(*) FROM managed_key)"
					     " + (SELECT COUNT(*) FROM authority_generation)"
					     " + (SELECT COUNT(*) FROM ra_profile)"),
		    0);
		with_db_sql("RENAME TABLE audit_away TO audit");
		with_db_fails(authority_create(&context, &plan, fresh(), &with_db_err), ERR_CA_KEY);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, path));
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "--existing-key"));
		plan.key.existing = true;
		error_clear(&with_db_err);
		with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
		assert_state("demo-1", "active");
	}
END_TEST

static const struct {
	enum error_code code;
	int number;
	bool may_be_recorded;
} FAULTS[] = {
	{ ERR_DATABASE, 2013, true }, /* lost during the COMMIT */
	{ ERR_DATABASE, 1146, false },
	{ ERR_CONFLICT, 1062, false },
	{ ERR_CA_KEY, 0, false },
};

START_TEST(only_a_key_that_cannot_be_in_use_may_be_removed)
	{
		const struct authority_key key = { .row = { .uri = "file:/k" }, .is_new = true };
		struct error err = { .code = ERR_NONE };
		bool may_be_recorded = FAULTS[_i].may_be_recorded;

		(void)error_set(&err, FAULTS[_i].code, "fault");
		err.number = FAULTS[_i].number;
		ck_assert_int_eq(authority_key_stays(&key, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "file:/k"));
		ck_assert((strstr(err.text, "remove it") == NULL) == may_be_recorded);
		ck_assert((strstr(err.text, "keep the new key") != NULL) == may_be_recorded);
	}
END_TEST

START_TEST(an_existing_key_must_be_of_the_type_asked_for)
	{
		struct authority_plan plan = plan_of("other", "p256");
		char path[1100];

		make_demo();
		(void)snprintf(path, sizeof(path), "%s", outcome.key_uri + 5);
		plan.key.existing = true;
		plan.key.file = path;
		plan.key.type = "p384";
		with_db_fails(authority_create(&context, &plan, fresh(), &with_db_err), ERR_CONFIG);
		ck_assert_ptr_null(strstr(with_db_err.text, "stays"));
	}
END_TEST

START_TEST(a_pin_never_reaches_the_records)
	{
		struct authority_plan plan = plan_of("demo", "p256");

		plan.key.uri = "pkcs11:token=t;object=o?pin-value=1234";
		with_db_fails(authority_create(&context, &plan, fresh(), &with_db_err), ERR_CONFIG);
		ck_assert_ptr_null(strstr(with_db_err.text, "1234"));
	}
END_TEST

START_TEST(a_second_ca_leaves_the_default_profile_alone)
	{
		const struct authority_plan plan = plan_of("second", "p256");

		make_demo();
		with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
		ck_assert(!outcome.profile_made);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM ra_profile"), 1);
	}
END_TEST

START_TEST(renewing_keeps_key_and_identifier_and_retires_the_old)
	{
		const struct authority_plan plan = { .name = "demo", .days = 200 };
		struct cert *old, *new;

		make_demo();
		with_db_ok(authority_renew(&context, &plan, fresh(), &with_db_err));
		ck_assert_str_eq(outcome.former, "demo-1");
		assert_state("demo-1", "retired");
		assert_state("demo-2", "active");
		old = cert_of("demo-1");
		new = cert_of("demo-2");
		ck_assert(bytes_equal(old->spki, new->spki));
		ck_assert(bytes_equal(old->subject, new->subject));
		ck_assert(bytes_equal(old->key_id, new->key_id));
		ck_assert(!bytes_equal(old->serial, new->serial));
		ck_assert_int_eq(new->not_after, NOW + 200 * DAY);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM managed_key"), 1);
		cert_free(old);
		cert_free(new);
	}
END_TEST

/* The one cross-certificate of a generation's key. */
static struct cert *
cross_of(const char *label)
{
	struct generation generation = { .number = 0 };
	struct buf ders = BUF_INIT(65536);
	struct cert *cert = NULL;

	with_db_ok(generations_find(with_db, label, &generation, &with_db_err));
	with_db_ok(cross_certificates_of(with_db, &generation.id, &ders, &with_db_err));
	with_db_ok(cert_parse(buf_bytes(&ders), &cert, &with_db_err));
	generation_release(&generation);
	buf_release(&ders);
	return cert;
}

START_TEST(rekeying_certifies_each_key_by_the_other)
	{
		const struct authority_plan plan = {
			.name = "demo", .key = { .type = TYPES[_i].type }, .days = 300
		};
		struct cert *old, *new, *old_by_new, *new_by_old;

		make_demo();
		context.now += 10 * DAY;
		with_db_ok(authority_rekey(&context, &plan, fresh(), &with_db_err));
		ck_assert_uint_eq(outcome.cross_count, 2);
		ck_assert(!outcome.activated);
		assert_state("demo-1", "active");
		assert_state("demo-2", "pending");
		old = cert_of("demo-1");
		new = cert_of("demo-2");
		old_by_new = cross_of("demo-1");
		new_by_old = cross_of("demo-2");
		with_db_ok(cert_verify(old_by_new, new, &with_db_err));
		with_db_ok(cert_verify(new_by_old, old, &with_db_err));
		ck_assert(bytes_equal(new_by_old->spki, new->spki));
		ck_assert(bytes_equal(new_by_old->key_id, new->key_id));
		ck_assert(bytes_equal(new_by_old->authority_key_id, old->key_id));
		ck_assert(bytes_equal(old_by_new->key_id, old->key_id));
		ck_assert_uint_eq(new_by_old->serial.ptr[0], 0x10);
		ck_assert(new_by_old->is_ca && old_by_new->is_ca);
		ck_assert_int_eq(new_by_old->not_before, NOW + 10 * DAY - 3600);
		ck_assert_int_eq(new_by_old->not_after, NOW + 100 * DAY);
		ck_assert_int_eq(old_by_new->not_before, new->not_before);
		ck_assert_int_eq(old_by_new->not_after, old->not_after);
		cert_free(old);
		cert_free(new);
		cert_free(old_by_new);
		cert_free(new_by_old);
	}
END_TEST

START_TEST(an_ended_certificate_is_rekeyed_without_cross_certificates)
	{
		const struct authority_plan plan = {
			.name = "demo", .days = 300, .activate = true
		};

		make_demo();
		context.now = NOW + 100 * DAY;
		with_db_ok(authority_rekey(&context, &plan, fresh(), &with_db_err));
		ck_assert_uint_eq(outcome.cross_count, 0);
		assert_state("demo-2", "active");
	}
END_TEST

START_TEST(activating_retires_the_former_and_only_takes_pending_ones)
	{
		const struct authority_plan plan = { .name = "demo", .days = 300 };

		make_demo();
		with_db_ok(authority_rekey(&context, &plan, fresh(), &with_db_err));
		with_db_ok(authority_activate(&context, "demo-2", fresh(), &with_db_err));
		ck_assert_str_eq(outcome.former, "demo-1");
		assert_state("demo-1", "retired");
		assert_state("demo-2", "active");
		with_db_fails(
		    authority_activate(&context, "demo-2", fresh(), &with_db_err), ERR_CONFLICT);
		with_db_fails(
		    authority_activate(&context, "demo-1", fresh(), &with_db_err), ERR_CONFLICT);
		with_db_fails(
		    authority_activate(&context, "demo-3", fresh(), &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

START_TEST(a_generation_without_its_key_is_not_activated)
	{
		const struct authority_plan plan = { .name = "demo", .days = 300 };

		make_demo();
		with_db_ok(authority_rekey(&context, &plan, fresh(), &with_db_err));
		ck_assert_int_eq(unlink(outcome.key_uri + 5), 0);
		with_db_fails(
		    authority_activate(&context, "demo-2", fresh(), &with_db_err), ERR_CA_KEY);
		assert_state("demo-1", "active");
		assert_state("demo-2", "pending");
	}
END_TEST

START_TEST(the_active_one_is_retired_only_by_force)
	{
		make_demo();
		with_db_fails(authority_retire(&context, "demo-1", false, fresh(), &with_db_err),
		    ERR_CONFLICT);
		assert_state("demo-1", "active");
		error_clear(&with_db_err);
		with_db_ok(authority_retire(&context, "demo-1", true, fresh(), &with_db_err));
		assert_state("demo-1", "retired");
		with_db_fails(authority_retire(&context, "demo-1", true, fresh(), &with_db_err),
		    ERR_CONFLICT);
	}
END_TEST

/* RA profiles. */
START_TEST(a_change_is_audited_with_before_and_after)
	{
		struct ra_profile *before = NULL, *after = NULL;
		const struct audit_actor actor = { .name = "uid:7", .remote_address = "" };
		struct profile_change change = { .actor = &actor };

		make_demo();
		with_db_ok(ra_profiles_find(with_db, "default", &before, &with_db_err));
		with_db_ok(ra_profiles_find(with_db, "default", &after, &with_db_err));
		change.before = before;
		change.after = after;
		with_db_ok(profile_change_update(with_db, &change, &with_db_err));
		ck_assert(!change.changed);
		with_db_ok(profile_rules_set(after, "ValidityDays", "90", &with_db_err));
		with_db_ok(profile_change_update(with_db, &change, &with_db_err));
		ck_assert(change.changed);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'profile.set'"
				" AND detail = 'ValidityDays' AND changes ="
				" '{\"ValidityDays\":{\"before\":730,\"after\":90}}'"),
		    1);
		ck_assert_int_eq(with_db_sql("SELECT validity_days FROM ra_profile"), 90);
		/* The same again is of an old revision now. */
		with_db_fails(profile_change_update(with_db, &change, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'profile.set'"), 1);
		ra_profile_free(before);
		ra_profile_free(after);
	}
END_TEST

START_TEST(a_profile_of_certificates_must_exist)
	{
		const struct audit_actor actor = { .name = "uid:7", .remote_address = "" };
		struct ra_profile *profile = ra_profile_new();
		struct profile_creation creation = { &actor, "demo", profile, NULL };

		make_demo();
		profile_rules_defaults(profile);
		(void)snprintf(profile->name, sizeof(profile->name), "second");
		with_db_ok(
		    ra_profile_add_enroller(profile, ENROLLER_RA_PROFILE, "none", &with_db_err));
		with_db_fails(profile_change_create(with_db, &creation, &with_db_err), ERR_CONFIG);
		(void)snprintf(
		    profile->enrollers[0].value, sizeof(profile->enrollers[0].value), "default");
		creation.authority = "none";
		with_db_fails(
		    profile_change_create(with_db, &creation, &with_db_err), ERR_NOT_FOUND);
		error_clear(&with_db_err);
		creation.authority = "demo";
		with_db_ok(profile_change_create(with_db, &creation, &with_db_err));
		with_db_fails(
		    profile_change_create(with_db, &creation, &with_db_err), ERR_CONFLICT);
		ra_profile_free(profile);
	}
END_TEST

static TCase *
case_make(void)
{
	TCase *tc = tcase_create("make");

	tcase_add_loop_test(tc, a_new_ca_has_key_certificate_profile_and_audit, 0, COUNT(TYPES));
	tcase_add_loop_test(tc, names_have_their_rules, 0, COUNT(NAMES));
	tcase_add_loop_test(tc, a_name_is_never_mistaken_for_a_label, 0, COUNT(CLASHES));
	tcase_add_test(tc, a_fault_late_in_the_records_leaves_none_and_names_the_key);
	tcase_add_loop_test(tc, only_a_key_that_cannot_be_in_use_may_be_removed, 0, COUNT(FAULTS));
	tcase_add_test(tc, an_existing_key_must_be_of_the_type_asked_for);
	tcase_add_test(tc, a_pin_never_reaches_the_records);
	tcase_add_test(tc, a_second_ca_leaves_the_default_profile_alone);
	return tc;
}

static TCase *
case_follow(void)
{
	TCase *tc = tcase_create("follow");

	tcase_add_test(tc, renewing_keeps_key_and_identifier_and_retires_the_old);
	tcase_add_loop_test(tc, rekeying_certifies_each_key_by_the_other, 0, COUNT(TYPES));
	tcase_add_test(tc, an_ended_certificate_is_rekeyed_without_cross_certificates);
	tcase_add_test(tc, activating_retires_the_former_and_only_takes_pending_ones);
	tcase_add_test(tc, a_generation_without_its_key_is_not_activated);
	tcase_add_test(tc, the_active_one_is_retired_only_by_force);
	return tc;
}

static TCase *
case_profiles(void)
{
	TCase *tc = tcase_create("profiles");

	tcase_add_test(tc, a_change_is_audited_with_before_and_after);
	tcase_add_test(tc, a_profile_of_certificates_must_exist);
	return tc;
}

int
main(int argc, char **argv)
{
	TCase *(*const cases[])(void) = { case_make, case_follow, case_profiles };

	(void)argc;
	with_db_ensure(argv);
	return run_cases("authority", cases, COUNT(cases));
}

/* Policy for who renews a certificate for its holder. */
#include "fixture_policy.h"

#define OTHERS_ROLE "Devices.Enroll"

static struct certificate_row row;
static struct cert cert;
static struct cert_holder holder;
static struct san old_sans[1];
static const struct client_certificate old = { &row, &cert, &holder };
static char first_type[] = "Static", second_type[] = "IntuneUser";
static char *renewable[] = { first_type, second_type };

static void
setup_old(void)
{
	setup();
	row = (struct certificate_row){ .status = CERTIFICATE_GOOD };
	cert = (struct cert){ .has_key_usage = true, .key_usage = KU_DIGITAL_SIGNATURE };
	holder = (struct cert_holder){ .sans = old_sans, .san_count = 1, .eku_count = 1 };
	SET(row.type, "Static");
	memset(&f.profile.id, 7, sizeof(f.profile.id));
	row.ra_profile_id = f.profile.id;
	SET(f.profile.renewable_types, "Static,IntuneUser");
	f.settings.db_csr.allow_renewals = true;
	f.settings.db_csr.reenrollment_types = (struct text_list){ renewable, 2 };
	cert.subject = bytes_text("the old subject");
	cert.spki = bytes_text("the key");
	holder.name.count = 1;
	SET(holder.name.attributes[0].oid, OID_COMMON_NAME);
	SET(holder.name.attributes[0].value, "device-1");
	old_sans[0] = (struct san){ SAN_DNS, bytes_text("dns"), bytes_text("device-1.example") };
	SET(holder.ekus[0], SERVER_AUTH);
	f.csr.subject = bytes_text("the new subject");
	f.csr.spki = bytes_text("the key");
	f.request.old = &old;
	f.request.kind = POLICY_RENEW;
}

static int
check_on_behalf(void)
{
	const struct policy_caller caller = { .principal = &f.principal, .protocol = "rest" };

	error_clear(&f.err);
	return policy_check_on_behalf(&f.profile, &f.settings, &caller, &old, &f.err);
}

static void
assert_no_renewal(enum error_code code)
{
	ck_assert_int_eq(check_on_behalf(), -1);
	ck_assert_msg(f.err.code == code, "code %d: %s", (int)f.err.code, f.err.text);
}

START_TEST(an_enroller_may)
	{
		ck_assert_msg(check_on_behalf() == 0, "%s", f.err.text);
	}
END_TEST

START_TEST(who_is_no_enroller_may_not)
	{
		SET(f.enrollers[0].value, OTHERS_ROLE);
		assert_no_renewal(ERR_PROFILE);
		/* The near miss: the same caller with that role too. */
		SET(f.principal.roles[1], OTHERS_ROLE);
		f.principal.role_count = 2;
		ck_assert_int_eq(check_on_behalf(), 0);
		/* It is no way round the role that lets anybody enroll at all. */
		SET(f.principal.roles[0], "Admin.Full");
		assert_no_renewal(ERR_ROLE);
		f.profile.enroller_count = 0;
		SET(f.principal.roles[0], ROLE_REQUEST_DB);
		assert_no_renewal(ERR_PROFILE);
	}
END_TEST

START_TEST(administrators_certificates_enroll_nothing)
	{
		f.principal.kind = PRINCIPAL_ADMIN;
		assert_no_renewal(ERR_ROLE);
	}
END_TEST

START_TEST(a_user_renews_for_nobody)
	{
		f.principal.kind = PRINCIPAL_USER;
		SET(f.principal.roles[0], ROLE_SELF_SERVICE);
		SET(f.principal.upn, UPN);
		SET(f.enrollers[0].value, ROLE_SELF_SERVICE);
		assert_no_renewal(ERR_ROLE);
		SET(row.type, "IntuneUser");
		assert_no_renewal(ERR_ROLE);
	}
END_TEST

START_TEST(nobody_renews_a_users_certificate_for_that_user)
	{
		SET(row.type, "IntuneUser");
		assert_no_renewal(ERR_RENEWAL);
		SET(row.type, "OcspResponder");
		assert_no_renewal(ERR_RENEWAL);
	}
END_TEST

START_TEST(the_profile_must_be_the_recorded_one_and_open)
	{
		memset(&row.ra_profile_id, 8, sizeof(row.ra_profile_id));
		assert_no_renewal(ERR_PROFILE);
		row.ra_profile_id = f.profile.id;
		SET(f.profile.protocols, "est,scep");
		assert_no_renewal(ERR_PROFILE);
		SET(f.profile.protocols, "rest");
		ck_assert_int_eq(check_on_behalf(), 0);
		f.profile.enabled = false;
		assert_no_renewal(ERR_PROFILE);
		f.profile.enabled = f.profile.archived = true;
		assert_no_renewal(ERR_PROFILE);
	}
END_TEST

START_TEST(what_its_holder_may_not_renew_nobody_may)
	{
		f.settings.db_csr.allow_renewals = false;
		assert_no_renewal(ERR_RENEWAL);
		f.settings.db_csr.allow_renewals = true;
		SET(f.profile.renewable_types, "IntuneUser");
		assert_no_renewal(ERR_RENEWAL);
		SET(f.profile.renewable_types, "Static");
		row.lineage_compromised = true;
		assert_no_renewal(ERR_RENEWAL);
		row.lineage_compromised = false;
		SET(holder.ekus[0], "1.3.6.1.5.5.7.3.9");
		assert_no_renewal(ERR_RENEWAL);
		SET(holder.ekus[0], SERVER_AUTH);
		cert.is_ca = true;
		assert_no_renewal(ERR_RENEWAL);
		cert.is_ca = false;
		ck_assert_int_eq(check_on_behalf(), 0);
	}
END_TEST

START_TEST(only_the_key_counts_and_it_must_be_the_old_one)
	{
		add_san(SAN_DNS, "evil.example");
		add_eku(CLIENT_AUTH);
		assert_granted();
		ck_assert(bytes_equal(f.grant.subject, cert.subject));
		ck_assert_ptr_eq(f.grant.sans, old_sans);
		ck_assert_uint_eq(f.grant.eku_count, 1);
		ck_assert_str_eq(f.grant.ekus[0], SERVER_AUTH);
		ck_assert_uint_eq(f.grant.key_usage, KU_DIGITAL_SIGNATURE);
		ck_assert_str_eq(f.grant.dropped, "subject subjectAltName extKeyUsage");
		f.csr.spki = bytes_text("the kez");
		assert_refused(ERR_KEY);
		f.csr.spki = bytes_text("the key ");
		assert_refused(ERR_KEY);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy on behalf");
	TCase *tc = tcase_create("on behalf");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup_old, NULL);
	tcase_add_test(tc, an_enroller_may);
	tcase_add_test(tc, who_is_no_enroller_may_not);
	tcase_add_test(tc, administrators_certificates_enroll_nothing);
	tcase_add_test(tc, a_user_renews_for_nobody);
	tcase_add_test(tc, nobody_renews_a_users_certificate_for_that_user);
	tcase_add_test(tc, the_profile_must_be_the_recorded_one_and_open);
	tcase_add_test(tc, what_its_holder_may_not_renew_nobody_may);
	tcase_add_test(tc, only_the_key_counts_and_it_must_be_the_old_one);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Policy for callers with a client certificate: renewing, and enrolling by another profile. */
#include "fixture_policy.h"

#define FINGERPRINT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* The old certificate, which says something else than the request in every respect. */
static struct certificate_row row;
static struct cert cert;
static struct cert_holder holder;
static struct san old_sans[4];
static struct client_certificate client = { &row, &cert, &holder };
static char first_type[] = "Static", second_type[] = "IntuneUser";
static char *renewable[] = { first_type, second_type };

static void
setup_client(void)
{
	setup();
	row = (struct certificate_row){ .status = CERTIFICATE_GOOD };
	cert = (struct cert){ .has_key_usage = true };
	holder = (struct cert_holder){ .sans = old_sans };
	SET(row.type, "Static");
	SET(row.ra_profile, "default");
	memset(&f.profile.id, 7, sizeof(f.profile.id));
	row.ra_profile_id = f.profile.id;
	SET(f.profile.renewable_types, "Static");
	f.settings.db_csr.allow_renewals = true;
	f.settings.db_csr.reenrollment_types = (struct text_list){ renewable, 2 };
	cert.subject = bytes_text("the old subject");
	cert.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
	holder.name.count = 2;
	SET(holder.name.attributes[0].oid, "2.5.4.10");
	SET(holder.name.attributes[0].value, "Contoso");
	SET(holder.name.attributes[1].oid, OID_COMMON_NAME);
	SET(holder.name.attributes[1].value, "device-1");
	old_sans[0] = (struct san){ SAN_DNS, bytes_text("dns"), bytes_text("device-1.example") };
	old_sans[1] = (struct san){ SAN_UPN, bytes_text("upn"), bytes_text(UPN) };
	holder.san_count = 2;
	holder.eku_count = 1;
	SET(holder.ekus[0], SERVER_AUTH);
	f.principal.kind = PRINCIPAL_CERTIFICATE;
	f.principal.role_count = 0;
	SET(f.principal.fingerprint, FINGERPRINT);
	f.csr.subject = bytes_text("the new subject");
	f.request.client = &client;
	f.request.kind = POLICY_RENEW;
}

/* The old certificate is one that a user got by self-service. */
static void
make_a_users(void)
{
	SET(row.type, "IntuneUser");
	SET(f.principal.upn, UPN);
	SET(holder.ekus[0], CLIENT_AUTH);
	holder.name.count = 1;
	SET(holder.name.attributes[0].oid, OID_COMMON_NAME);
	SET(holder.name.attributes[0].value, UPN);
	old_sans[0] = old_sans[1];
	holder.san_count = 1;
}

static int
check_renewal(void)
{
	error_clear(&f.err);
	return policy_check_renewal(&f.profile, &f.settings, &client, &f.err);
}

static void
assert_no_renewal(enum error_code code)
{
	ck_assert_int_eq(check_renewal(), -1);
	ck_assert_msg(f.err.code == code, "code %d: %s", (int)f.err.code, f.err.text);
}

START_TEST(names_and_ekus_are_the_old_ones_whatever_the_request_says)
	{
		add_attribute("2.5.4.11", "another unit");
		add_san(SAN_UPN, ""); /* as SCEPman's shell client sends it */
		add_eku(CODE_SIGNING);
		assert_granted();
		ck_assert(bytes_equal(f.grant.subject, cert.subject));
		ck_assert_ptr_eq(f.grant.name, &holder.name);
		ck_assert_ptr_eq(f.grant.sans, old_sans);
		ck_assert_uint_eq(f.grant.san_count, 2);
		ck_assert_uint_eq(f.grant.eku_count, 1);
		ck_assert_str_eq(f.grant.ekus[0], SERVER_AUTH);
		ck_assert_str_eq(f.grant.dropped, "subject subjectAltName extKeyUsage");
	}
END_TEST

START_TEST(what_the_request_repeats_is_not_noted_as_dropped)
	{
		f.csr.subject = cert.subject;
		f.csr.sans = old_sans;
		f.csr.san_count = 2;
		assert_granted();
		ck_assert_str_eq(f.grant.dropped, "");
	}
END_TEST

START_TEST(the_type_is_that_of_the_old_certificate)
	{
		make_a_users();
		assert_granted();
		ck_assert_int_eq((int)f.grant.type, CERTIFICATE_INTUNE_USER);
		SET(row.type, "OcspResponder");
		assert_refused(ERR_CLIENT_CERT);
	}
END_TEST

static const struct {
	unsigned old;
	enum key_type key;
	unsigned bits;
	unsigned expected; /* 0: refused */
} usages[] = {
	{ KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, KEY_RSA, 2048,
	    KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT },
	{ KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, KEY_P256, 256, KU_DIGITAL_SIGNATURE },
	{ KU_DIGITAL_SIGNATURE, KEY_RSA, 2048, KU_DIGITAL_SIGNATURE },
	{ KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT, KEY_ED25519, 256, KU_DIGITAL_SIGNATURE },
	{ KU_KEY_ENCIPHERMENT, KEY_P256, 256, 0 },
	{ KU_KEY_AGREEMENT, KEY_RSA, 2048, 0 },
};

START_TEST(key_usage_is_the_old_one_less_what_the_new_key_cannot_carry)
	{
		cert.key_usage = usages[_i].old;
		f.csr.key = (struct key_facts){ usages[_i].key, usages[_i].bits };
		f.csr.has_key_usage = true;
		f.csr.key_usage = KU_NON_REPUDIATION;
		if (usages[_i].expected == 0) {
			assert_refused(ERR_PROFILE);
			return;
		}
		assert_granted();
		ck_assert_uint_eq(f.grant.key_usage, usages[_i].expected);
	}
END_TEST

START_TEST(the_new_key_is_judged_by_the_profile)
	{
		f.csr.key = (struct key_facts){ KEY_RSA, 1024 };
		assert_refused(ERR_KEY);
		SET(f.profile.key_types, "rsa");
		f.csr.key = (struct key_facts){ KEY_P256, 256 };
		assert_refused(ERR_KEY);
		f.csr.key = (struct key_facts){ KEY_RSA, 2048 };
		assert_granted();
	}
END_TEST

START_TEST(requested_validity_only_shortens)
	{
		f.csr.has_validity = true;
		f.csr.validity_s = 3LL * DAY;
		assert_granted();
		ck_assert_int_eq(f.grant.not_after, NOW + 3LL * DAY);
		f.csr.validity_s = 3000LL * DAY;
		assert_granted();
		ck_assert_int_eq(f.grant.not_after, NOW + 365LL * DAY);
	}
END_TEST

START_TEST(what_the_profile_allows_no_more_is_not_renewed)
	{
		SET(f.profile.allowed_ekus, CLIENT_AUTH);
		assert_refused(ERR_PROFILE);
		SET(f.profile.allowed_ekus, SERVER_AUTH);
		assert_granted();
		SET(f.profile.san_types, "dns");
		assert_refused(ERR_PROFILE);
		SET(f.profile.san_types, "dns,upn");
		assert_granted();
	}
END_TEST

START_TEST(a_users_other_names_are_renewed_while_they_are_allowed)
	{
		make_a_users();
		old_sans[1] = (struct san){ SAN_DNS, bytes_text("dns"), bytes_text("a.example") };
		holder.san_count = 2;
		assert_refused(ERR_SELF_SERVICE);
		f.settings.self_service.allow_other_names = true;
		assert_granted();
		ck_assert_uint_eq(f.grant.san_count, 2);
		f.settings.self_service.allow_other_names = false;
		SET(row.type, "Static");
		assert_granted();
	}
END_TEST

START_TEST(a_certificate_renews_while_profile_and_settings_let_it)
	{
		ck_assert_int_eq(check_renewal(), 0);
		f.settings.db_csr.allow_renewals = false;
		assert_no_renewal(ERR_RENEWAL);
		f.settings.db_csr.allow_renewals = true;
		f.settings.db_csr.reenrollment_types.count = 0;
		assert_no_renewal(ERR_RENEWAL);
		f.settings.db_csr.reenrollment_types.count = 2;
		SET(f.profile.renewable_types, "IntuneUser");
		assert_no_renewal(ERR_RENEWAL);
		SET(f.profile.renewable_types, "IntuneUser,Static");
		ck_assert_int_eq(check_renewal(), 0);
		SET(row.type, "IntuneUse");
		assert_no_renewal(ERR_RENEWAL);
	}
END_TEST

START_TEST(a_compromised_lineage_and_the_cas_helpers_do_not_renew)
	{
		row.lineage_compromised = true;
		assert_no_renewal(ERR_RENEWAL);
		row.lineage_compromised = false;
		cert.is_ca = true;
		assert_no_renewal(ERR_RENEWAL);
		cert.is_ca = false;
		holder.eku_count = 2;
		SET(holder.ekus[1], "1.3.6.1.5.5.7.3.9");
		assert_no_renewal(ERR_RENEWAL);
		SET(holder.ekus[1], "1.3.6.1.5.5.7.3.8");
		ck_assert_int_eq(check_renewal(), 0);
	}
END_TEST

START_TEST(only_the_recorded_profile_renews_and_while_it_is_open)
	{
		char text[ERROR_TEXT_MAX];

		row.ra_profile_id.octets[15] ^= 1;
		assert_no_renewal(ERR_PROFILE);
		memcpy(text, f.err.text, sizeof(text));
		row.ra_profile_id = f.profile.id;
		f.profile.enabled = false;
		assert_no_renewal(ERR_PROFILE);
		ck_assert_str_eq(f.err.text, text);
		f.profile.enabled = true;
		f.profile.archived = true;
		assert_no_renewal(ERR_PROFILE);
		f.profile.archived = false;
		SET(f.profile.protocols, "rest");
		assert_no_renewal(ERR_PROFILE);
		SET(f.profile.protocols, "est");
		ck_assert_int_eq(check_renewal(), 0);
	}
END_TEST

START_TEST(certificates_enroll_where_their_profile_or_fingerprint_is_listed)
	{
		f.request.kind = POLICY_ENROLL;
		ck_assert_int_eq(check_enroller("est"), -1);
		f.enrollers[0].kind = ENROLLER_RA_PROFILE;
		SET(f.enrollers[0].value, "default");
		ck_assert_int_eq(check_enroller("est"), 0);
		SET(f.enrollers[0].value, "defaults");
		ck_assert_int_eq(check_enroller("est"), -1);
		f.enrollers[0].kind = ENROLLER_CERTIFICATE;
		SET(f.enrollers[0].value, FINGERPRINT);
		ck_assert_int_eq(check_enroller("est"), 0);
		f.enrollers[0].value[63] = 'e';
		ck_assert_int_eq(check_enroller("est"), -1);
	}
END_TEST

START_TEST(of_a_compromised_lineage_none_enrolls)
	{
		f.request.kind = POLICY_ENROLL;
		f.enrollers[0].kind = ENROLLER_CERTIFICATE;
		SET(f.enrollers[0].value, FINGERPRINT);
		row.lineage_compromised = true;
		ck_assert_int_eq(check_enroller("est"), -1);
		ck_assert_int_eq(f.err.code, ERR_CLIENT_CERT);
		/* who may not enroll here at all learns no more than before */
		f.enrollers[0].value[0] = 'f';
		ck_assert_int_eq(check_enroller("est"), -1);
		ck_assert_int_eq(f.err.code, ERR_PROFILE);
		f.enrollers[0].value[0] = '0';
		row.lineage_compromised = false;
		ck_assert_int_eq(check_enroller("est"), 0);
	}
END_TEST

/* It carries the ids of whoever asked for it first, for the records alone. */
START_TEST(a_certificate_does_not_inherit_its_requesters_rights)
	{
		f.enrollers[0].kind = ENROLLER_PRINCIPAL;
		SET(f.enrollers[0].value,
		    "11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222");
		ck_assert_int_eq(check_enroller("est"), -1);
		f.principal.kind = PRINCIPAL_APPLICATION;
		f.request.client = NULL;
		ck_assert_int_eq(check_enroller("est"), 0);
	}
END_TEST

START_TEST(an_administrators_certificate_enrolls_nothing)
	{
		enum certificate_type type;

		f.enrollers[0].kind = ENROLLER_CERTIFICATE;
		SET(f.enrollers[0].value, FINGERPRINT);
		f.principal.kind = PRINCIPAL_ADMIN;
		ck_assert_int_eq(check_enroller("est"), -1);
		ck_assert_int_eq(policy_check_role(&f.principal, &client, &type, &f.err), -1);
	}
END_TEST

/* The request's names are those of the certificate, as far as it has any. */
static void
setup_enroll(void)
{
	setup_client();
	f.request.kind = POLICY_ENROLL;
	f.csr.san_count = 0;
	SET(f.profile.default_ekus, CLIENT_AUTH);
}

START_TEST(every_requested_name_must_stand_in_the_client_certificate)
	{
		assert_granted();
		ck_assert(bytes_equal(f.grant.subject, f.csr.subject));
		add_san(SAN_DNS, "DEVICE-1.example");
		assert_granted();
		add_san(SAN_DNS, "device-2.example");
		assert_refused(ERR_PROFILE);
		f.csr.san_count = 1;
		add_san(SAN_EMAIL, "device-1.example@x");
		assert_refused(ERR_PROFILE);
		f.csr.san_count = 1;
		add_attribute("2.5.4.10", "Contoso");
		assert_granted();
		SET(f.csr.name.attributes[1].value, "contoso");
		assert_refused(ERR_PROFILE);
	}
END_TEST

START_TEST(a_users_certificate_wins_no_other_right)
	{
		make_a_users();
		SET(f.csr.name.attributes[0].value, UPN);
		assert_granted();
		add_eku(SERVER_AUTH);
		assert_refused(ERR_SELF_SERVICE);
		SET(row.type, "Static");
		assert_granted();
	}
END_TEST

/* What self-service binds to the user stays bound: no name alone that might be anybody's. */
START_TEST(a_users_certificate_wins_none_without_the_user)
	{
		make_a_users();
		f.settings.self_service.allow_other_names = true;
		SET(holder.name.attributes[1].oid, "2.5.4.10");
		SET(holder.name.attributes[1].value, "Contoso");
		holder.name.count = 2;
		SET(f.csr.name.attributes[0].oid, "2.5.4.10");
		SET(f.csr.name.attributes[0].value, "Contoso");
		assert_refused(ERR_SELF_SERVICE);
		add_attribute(OID_COMMON_NAME, UPN);
		assert_granted();
		SET(f.principal.upn, "eve@contoso.example");
		assert_refused(ERR_SELF_SERVICE);
	}
END_TEST

static TCase *
renewal_case(void)
{
	TCase *tc = tcase_create("renewal");

	tcase_add_checked_fixture(tc, setup_client, NULL);
	tcase_add_test(tc, names_and_ekus_are_the_old_ones_whatever_the_request_says);
	tcase_add_test(tc, what_the_request_repeats_is_not_noted_as_dropped);
	tcase_add_test(tc, the_type_is_that_of_the_old_certificate);
	tcase_add_loop_test(tc, key_usage_is_the_old_one_less_what_the_new_key_cannot_carry, 0,
	    (int)(sizeof(usages) / sizeof(usages[0])));
	tcase_add_test(tc, the_new_key_is_judged_by_the_profile);
	tcase_add_test(tc, requested_validity_only_shortens);
	tcase_add_test(tc, what_the_profile_allows_no_more_is_not_renewed);
	tcase_add_test(tc, a_users_other_names_are_renewed_while_they_are_allowed);
	tcase_add_test(tc, a_certificate_renews_while_profile_and_settings_let_it);
	tcase_add_test(tc, a_compromised_lineage_and_the_cas_helpers_do_not_renew);
	tcase_add_test(tc, only_the_recorded_profile_renews_and_while_it_is_open);
	tcase_add_test(tc, certificates_enroll_where_their_profile_or_fingerprint_is_listed);
	tcase_add_test(tc, of_a_compromised_lineage_none_enrolls);
	tcase_add_test(tc, a_certificate_does_not_inherit_its_requesters_rights);
	tcase_add_test(tc, an_administrators_certificate_enrolls_nothing);
	return tc;
}

static TCase *
enroll_case(void)
{
	TCase *tc = tcase_create("enroll");

	tcase_add_checked_fixture(tc, setup_enroll, NULL);
	tcase_add_test(tc, every_requested_name_must_stand_in_the_client_certificate);
	tcase_add_test(tc, a_users_certificate_wins_no_other_right);
	tcase_add_test(tc, a_users_certificate_wins_none_without_the_user);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("policy renewal");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, renewal_case());
	suite_add_tcase(suite, enroll_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

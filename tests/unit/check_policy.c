/* Policy: who may have which certificate, rule by rule, each with what must still pass. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll/issuing/policy.h"
#include "fixture_policy.h"

START_TEST(an_application_with_the_role_gets_a_static_certificate)
	{
		assert_granted();
		ck_assert_int_eq((int)f.grant.type, CERTIFICATE_STATIC);
		ck_assert_uint_eq(certificate_type_octet(f.grant.type), 0x50);
		ck_assert_str_eq(certificate_type_name(f.grant.type), "Static");
		ck_assert_uint_eq(f.grant.key_usage, KU_DIGITAL_SIGNATURE);
		ck_assert_uint_eq(f.grant.eku_count, 1);
		ck_assert_str_eq(f.grant.ekus[0], CLIENT_AUTH);
		ck_assert_int_eq(f.grant.not_after, NOW + 365LL * DAY);
		ck_assert_int_eq(f.grant.not_before, NOW - DAY);
	}
END_TEST

START_TEST(each_role_counts_in_its_own_kind_of_token_only)
	{
		enum certificate_type type;

		f.principal.kind = PRINCIPAL_USER;
		ck_assert_int_eq(policy_check_role(&f.principal, NULL, &type, &f.err), -1);
		ck_assert_int_eq((int)f.err.code, ERR_ROLE);
		error_clear(&f.err);
		f.principal.kind = PRINCIPAL_APPLICATION;
		SET(f.principal.roles[0], ROLE_SELF_SERVICE);
		ck_assert_int_eq(policy_check_role(&f.principal, NULL, &type, &f.err), -1);
		error_clear(&f.err);
		SET(f.principal.roles[0], "CSR.Request.DbX");
		ck_assert_int_eq(policy_check_role(&f.principal, NULL, &type, &f.err), -1);
		error_clear(&f.err);
		SET(f.principal.roles[0], ROLE_REQUEST_DB);
		ck_assert_int_eq(policy_check_role(&f.principal, NULL, &type, &f.err), 0);
	}
END_TEST

START_TEST(a_profile_is_open_to_its_enrollers_only)
	{
		ck_assert_int_eq(check_enroller("rest"), 0);
		f.profile.enroller_count = 0;
		ck_assert_int_eq(check_enroller("rest"), -1);
		ck_assert_int_eq((int)f.err.code, ERR_PROFILE);
		f.profile.enroller_count = 1;
		SET(f.enrollers[0].value, ROLE_SELF_SERVICE);
		SET(f.principal.roles[1],
		    ROLE_SELF_SERVICE); /* does not count for an application */
		f.principal.role_count = 2;
		ck_assert_int_eq(check_enroller("rest"), -1);
	}
END_TEST

START_TEST(applications_and_principals_can_be_enrollers)
	{
		f.enrollers[0].kind = ENROLLER_APPLICATION;
		SET(f.enrollers[0].value, f.principal.application);
		ck_assert_int_eq(check_enroller("rest"), 0);
		SET(f.principal.application, "");
		SET(f.enrollers[0].value, "");
		ck_assert_int_eq(check_enroller("rest"), -1);
		f.enrollers[0].kind = ENROLLER_PRINCIPAL;
		SET(f.enrollers[0].value,
		    "11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222");
		ck_assert_int_eq(check_enroller("rest"), 0);
		SET(f.enrollers[0].value,
		    "11111111-1111-1111-1111-111111111112/22222222-2222-2222-2222-222222222222");
		ck_assert_int_eq(check_enroller("rest"), -1);
		f.enrollers[0].kind = ENROLLER_RA_PROFILE;
		SET(f.enrollers[0].value, "default");
		ck_assert_int_eq(check_enroller("rest"), -1);
	}
END_TEST

START_TEST(disabled_archived_and_other_protocols_look_alike)
	{
		char text[ERROR_TEXT_MAX];

		f.profile.enabled = false;
		ck_assert_int_eq(check_enroller("rest"), -1);
		memcpy(text, f.err.text, sizeof(text));
		f.profile.enabled = true;
		f.profile.archived = true;
		ck_assert_int_eq(check_enroller("rest"), -1);
		ck_assert_str_eq(f.err.text, text);
		f.profile.archived = false;
		ck_assert_int_eq(check_enroller("scep"), -1);
		ck_assert_str_eq(f.err.text, text);
		ck_assert_int_eq(check_enroller("est"), 0);
	}
END_TEST

START_TEST(key_types_and_sizes_are_the_profiles)
	{
		f.csr.key = (struct key_facts){ KEY_RSA, 2048 };
		assert_granted();
		ck_assert_uint_eq(f.grant.key_usage, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
		f.csr.key.bits = 2047;
		assert_refused(ERR_KEY);
		f.csr.key.bits = 4097;
		assert_refused(ERR_KEY);
		f.csr.key = (struct key_facts){ KEY_P384, 384 };
		assert_granted();
		SET(f.profile.key_types, "rsa,p256");
		assert_refused(ERR_KEY);
	}
END_TEST

START_TEST(names_are_within_the_profile)
	{
		for (unsigned i = 0; i < 5; i++)
			add_san(SAN_DNS, "a.example");
		assert_granted();
		add_san(SAN_DNS, "b.example");
		assert_refused(ERR_NAME);
		f.csr.san_count = 0;
		add_san(SAN_OTHER, "");
		assert_refused(ERR_PROFILE);
		f.csr.san_count = 0;
		add_san(SAN_UPN, "");
		assert_refused(ERR_NAME);
	}
END_TEST

START_TEST(an_empty_subject_needs_a_san_and_the_rule_any)
	{
		f.csr.name.count = 0;
		assert_refused(ERR_NAME);
		add_san(SAN_DNS, "a.example");
		assert_granted();
		SET(f.profile.subject_rule, "required");
		assert_refused(ERR_NAME);
	}
END_TEST

START_TEST(every_listed_san_type_is_issued)
	{
		add_san(SAN_DNS, "*.example.org");
		add_san(SAN_EMAIL, "a@example.org");
		add_san(SAN_URI, "urn:device:1");
		add_san(SAN_IP, "\xc0\xa8\x01\x01");
		add_san(SAN_UPN, UPN);
		assert_granted();
		SET(f.profile.san_types, "dns,email,uri,upn");
		assert_refused(ERR_PROFILE);
	}
END_TEST

START_TEST(key_usages_beyond_the_profile_are_dropped_and_noted)
	{
		f.csr.has_key_usage = true;
		f.csr.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN;
		assert_granted();
		ck_assert_uint_eq(f.grant.key_usage, KU_DIGITAL_SIGNATURE);
		ck_assert_str_eq(f.grant.dropped, "keyUsage");
		f.csr.key_usage = KU_KEY_CERT_SIGN;
		assert_refused(ERR_PROFILE);
		f.csr.key_usage = KU_DIGITAL_SIGNATURE;
		assert_granted();
		ck_assert_str_eq(f.grant.dropped, "");
	}
END_TEST

START_TEST(an_eku_beyond_the_profile_is_refused)
	{
		add_eku(SERVER_AUTH);
		add_eku(CLIENT_AUTH);
		add_eku(SERVER_AUTH);
		assert_granted();
		ck_assert_uint_eq(f.grant.eku_count, 2);
		add_eku(CODE_SIGNING);
		assert_refused(ERR_PROFILE);
		f.settings.use_requested_key_usages = false;
		assert_granted();
		ck_assert_str_eq(f.grant.ekus[0], CLIENT_AUTH);
		ck_assert_uint_eq(f.grant.eku_count, 1);
		ck_assert_str_eq(f.grant.dropped, "extKeyUsage");
	}
END_TEST

START_TEST(default_ekus_come_from_profile_then_settings)
	{
		char *items[] = { (char[]){ SERVER_AUTH } };

		f.settings.db_csr.default_ekus = (struct text_list){ items, 1 };
		assert_granted();
		ck_assert_str_eq(f.grant.ekus[0], SERVER_AUTH);
		SET(f.profile.default_ekus, CLIENT_AUTH "," SERVER_AUTH);
		assert_granted();
		ck_assert_uint_eq(f.grant.eku_count, 2);
		SET(f.profile.default_ekus, CODE_SIGNING);
		assert_refused(ERR_PROFILE);
	}
END_TEST

START_TEST(the_shortest_validity_wins)
	{
		f.settings.validity_period_days = 100;
		assert_granted();
		ck_assert_int_eq(f.grant.not_after, NOW + 100LL * DAY);
		f.settings.db_csr.validity_period_days = 50;
		assert_granted();
		ck_assert_int_eq(f.grant.not_after, NOW + 50LL * DAY);
		f.csr.has_validity = true;
		f.csr.validity_s = 3600;
		assert_granted();
		ck_assert_int_eq(f.grant.not_after, NOW + 3600);
		f.csr.validity_s = 1000LL * DAY;
		assert_granted();
		ck_assert_int_eq(f.grant.not_after, NOW + 50LL * DAY);
		f.csr.validity_s = 0;
		assert_refused(ERR_PROFILE);
	}
END_TEST

START_TEST(dates_stay_within_the_issuers)
	{
		f.request.issuer_not_after = NOW + 10LL * DAY;
		f.request.issuer_not_before = NOW - 60;
		assert_granted();
		ck_assert_int_eq(f.grant.not_after, NOW + 10LL * DAY);
		ck_assert_int_eq(f.grant.not_before, NOW - 60);
		f.profile.min_remaining_days = 10;
		assert_granted();
		f.profile.min_remaining_days = 11;
		assert_refused(ERR_CA_KEY);
		f.profile.min_remaining_days = 0;
		f.request.issuer_not_after = NOW;
		assert_refused(ERR_CA_KEY);
		f.request.issuer_not_after = NOW + 10LL * DAY;
		f.request.issuer_not_before = NOW + 1;
		assert_refused(ERR_CA_KEY);
		f.request.issuer_not_before = NOW;
		assert_granted();
	}
END_TEST

START_TEST(what_the_csr_dropped_is_noted)
	{
		SET(f.csr.dropped, "1.3.6.1.4.1.311.25.2");
		f.csr.has_key_usage = true;
		f.csr.key_usage = KU_DIGITAL_SIGNATURE | KU_CRL_SIGN;
		assert_granted();
		ck_assert_str_eq(f.grant.dropped, "1.3.6.1.4.1.311.25.2 keyUsage");
	}
END_TEST

START_TEST(self_service_issues_to_the_upn_whatever_its_letter_case)
	{
		assert_granted();
		ck_assert_int_eq((int)f.grant.type, CERTIFICATE_INTUNE_USER);
		ck_assert_uint_eq(certificate_type_octet(f.grant.type), 0x60);
		SET(f.csr.name.attributes[0].value, "ADA@Contoso.Example");
		add_san(SAN_UPN, "Ada@CONTOSO.example");
		add_san(SAN_EMAIL, UPN);
		add_attribute(OID_EMAIL_ADDRESS, UPN);
		assert_granted();
		f.csr.name.count = 0; /* the UPN alone names the user too */
		assert_granted();
	}
END_TEST

/* One change each that must refuse; the fixture without it is granted above. */
static void
other_common_name(void)
{
	SET(f.csr.name.attributes[0].value, "eve@contoso.example");
}

static void
second_common_name(void)
{
	add_attribute(OID_COMMON_NAME, "eve@contoso.example");
}

static void
longer_common_name(void)
{
	SET(f.csr.name.attributes[0].value, UPN "x");
}

static void
other_upn(void)
{
	add_san(SAN_UPN, "eve@contoso.example");
}

static void
second_upn(void)
{
	add_san(SAN_UPN, UPN);
	add_san(SAN_UPN, "eve@contoso.example");
}

static void
other_email(void)
{
	add_san(SAN_EMAIL, "eve@contoso.example");
}

static void
other_subject_email(void)
{
	add_attribute(OID_EMAIL_ADDRESS, "eve@contoso.example");
}

static void
a_dns_name(void)
{
	add_san(SAN_DNS, "www.contoso.example");
}

static void
an_organization(void)
{
	add_attribute("2.5.4.10", "Contoso");
}

static void
another_user_id(void)
{
	f.settings.self_service.allow_other_names = true;
	add_attribute("0.9.2342.19200300.100.1.1", "eve");
}

static void
another_mailbox(void)
{
	f.settings.self_service.allow_other_names = true;
	add_attribute("0.9.2342.19200300.100.1.3", "eve@contoso.example");
}

static void
another_upn_attribute(void)
{
	f.settings.self_service.allow_other_names = true;
	add_attribute("1.3.6.1.4.1.311.20.2.3", "eve@contoso.example");
}

static void
an_other_name(void)
{
	f.settings.self_service.allow_other_names = true;
	SET(f.profile.san_types, "dns,other");
	add_san(SAN_OTHER, "");
}

static void
a_guest(void)
{
	f.principal.is_guest = true;
}

static void
no_upn_claim(void)
{
	SET(f.principal.upn, "");
}

static void
server_auth(void)
{
	add_eku(CLIENT_AUTH);
	add_eku(SERVER_AUTH);
}

static void
a_device_common_name(void)
{
	SET(f.csr.name.attributes[0].value, "3f2504e0-4f89-11d3-9a0c-0305e82c3301");
}

static void
a_device_uri(void)
{
	f.settings.self_service.allow_other_names = true;
	add_san(SAN_URI, "intunedeviceid://3f2504e0-4f89-11d3-9a0c-0305e82c3301");
}

static void
nobody_named(void)
{
	f.csr.name.count = 0;
	add_san(SAN_EMAIL, UPN);
}

static void (*const self_service_refusals[])(void) = { other_common_name, second_common_name,
	longer_common_name, other_upn, second_upn, other_email, other_subject_email, a_dns_name,
	an_organization, another_user_id, another_mailbox, another_upn_attribute, an_other_name,
	a_guest, no_upn_claim, server_auth, a_device_common_name, a_device_uri, nobody_named };

START_TEST(self_service_refuses)
	{
		self_service_refusals[_i]();
		assert_refused(ERR_SELF_SERVICE);
	}
END_TEST

START_TEST(self_service_says_that_devices_cannot_be_checked_yet)
	{
		a_device_common_name();
		assert_refused(ERR_SELF_SERVICE);
		ck_assert_ptr_nonnull(strstr(f.err.text, "device ownership cannot be checked yet"));
	}
END_TEST

START_TEST(self_service_may_allow_other_names)
	{
		f.settings.self_service.allow_other_names = true;
		a_dns_name();
		an_organization();
		add_attribute("0.9.2342.19200300.100.1.1", UPN);
		assert_granted();
		other_email();
		assert_refused(ERR_SELF_SERVICE);
	}
END_TEST

START_TEST(self_service_defaults_to_client_authentication_alone)
	{
		SET(f.profile.default_ekus, CLIENT_AUTH "," SERVER_AUTH);
		assert_granted();
		ck_assert_uint_eq(f.grant.eku_count, 1);
		ck_assert_str_eq(f.grant.ekus[0], CLIENT_AUTH);
	}
END_TEST

static TCase *
rules_case(void)
{
	TCase *tc = tcase_create("rules");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, an_application_with_the_role_gets_a_static_certificate);
	tcase_add_test(tc, each_role_counts_in_its_own_kind_of_token_only);
	tcase_add_test(tc, a_profile_is_open_to_its_enrollers_only);
	tcase_add_test(tc, applications_and_principals_can_be_enrollers);
	tcase_add_test(tc, disabled_archived_and_other_protocols_look_alike);
	tcase_add_test(tc, key_types_and_sizes_are_the_profiles);
	tcase_add_test(tc, names_are_within_the_profile);
	tcase_add_test(tc, an_empty_subject_needs_a_san_and_the_rule_any);
	tcase_add_test(tc, every_listed_san_type_is_issued);
	tcase_add_test(tc, key_usages_beyond_the_profile_are_dropped_and_noted);
	tcase_add_test(tc, an_eku_beyond_the_profile_is_refused);
	tcase_add_test(tc, default_ekus_come_from_profile_then_settings);
	tcase_add_test(tc, the_shortest_validity_wins);
	tcase_add_test(tc, dates_stay_within_the_issuers);
	tcase_add_test(tc, what_the_csr_dropped_is_noted);
	return tc;
}

static TCase *
self_service_case(void)
{
	TCase *tc = tcase_create("self-service");

	tcase_add_checked_fixture(tc, setup_user, NULL);
	tcase_add_test(tc, self_service_issues_to_the_upn_whatever_its_letter_case);
	tcase_add_loop_test(tc, self_service_refuses, 0,
	    (int)(sizeof(self_service_refusals) / sizeof(self_service_refusals[0])));
	tcase_add_test(tc, self_service_says_that_devices_cannot_be_checked_yet);
	tcase_add_test(tc, self_service_may_allow_other_names);
	tcase_add_test(tc, self_service_defaults_to_client_authentication_alone);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("policy");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, rules_case());
	suite_add_tcase(suite, self_service_case());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

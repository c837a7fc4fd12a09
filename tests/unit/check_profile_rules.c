/* The rules of an RA profile: what each takes, keeps and refuses, and how it is shown. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "crypto/csr.h"
#include "enroll/profiles/profile_enrollers.h"
#include "enroll/profiles/profile_rules.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TENANT "11111111-2222-4333-8444-aaaaaaaaaaaa"
#define OBJECT "55555555-6666-4777-8888-bbbbbbbbbbbb"

static struct ra_profile *profile;
static struct error err;

static void
setup(void)
{
	profile = ra_profile_new();
	ck_assert_ptr_nonnull(profile);
	profile_rules_defaults(profile);
	err = (struct error){ .code = ERR_NONE };
}

static void
teardown(void)
{
	ra_profile_free(profile);
}

static void
assert_prints(const char *name, const char *wanted)
{
	struct buf text = BUF_INIT(4096);

	profile_rules_print(profile, profile_rules_field(name), &text);
	ck_assert_str_eq(buf_text(&text), wanted);
	buf_release(&text);
}

static const struct {
	const char *name;
	const char *value;
	const char *shown;
} GOOD[] = {
	{ "Description", "Laptops, Z\xc3\xbcrich", "Laptops, Z\xc3\xbcrich" },
	{ "Description", "", "" },
	{ "Enabled", "false", "false" },
	{ "KeyTypes", "rsa", "rsa" },
	{ "KeyTypes", "p384, ed25519", "p384,ed25519" },
	{ "MinRsaBits", "2048", "2048" },
	{ "MaxRsaBits", "8192", "8192" },
	{ "ValidityDays", "1", "1" },
	{ "MinRemainingDays", "0", "0" },
	{ "KeyUsages", "digitalSignature,keyAgreement", "digitalSignature,keyAgreement" },
	{ "AllowedEkus", "clientAuth, 1.3.6.1.5.5.7.3.1,codeSigning",
	    "clientAuth,serverAuth,codeSigning" },
	{ "AllowedEkus", "smartcardLogon,ipsecIKE,timeStamping,emailProtection",
	    "smartcardLogon,ipsecIKE,timeStamping,emailProtection" },
	{ "AllowedEkus", "2.16.840.1.113730.4.1", "2.16.840.1.113730.4.1" },
	{ "AllowedEkus", "1.3.6.1.5.5.7.3.90,2.5.29.37.1", "1.3.6.1.5.5.7.3.90,2.5.29.37.1" },
	{ "DefaultEkus", "", "" },
	{ "SanTypes", "", "" },
	{ "SanTypes", "dns,other", "dns,other" },
	{ "MaxSans", "1000", "1000" },
	{ "SubjectRule", "required", "required" },
	{ "Protocols", "scep", "scep" },
	{ "RenewableTypes", "", "" },
	{ "RenewableTypes", "Static,IntuneUser", "Static,IntuneUser" },
	{ "AddCdp", "true", "true" },
};

START_TEST(a_good_value_is_kept_and_shown)
	{
		ck_assert_msg(profile_rules_set(profile, GOOD[_i].name, GOOD[_i].value, &err) == 0,
		    "%s", err.text);
		assert_prints(GOOD[_i].name, GOOD[_i].shown);
		ck_assert_int_eq(
		    profile_rules_set(profile, GOOD[_i].name, GOOD[_i].shown, &err), 0);
		assert_prints(GOOD[_i].name, GOOD[_i].shown);
	}
END_TEST

static const struct {
	const char *name;
	const char *value;
} BAD[] = {
	{ "Description", "two\nlines" },
	{ "Description", "not UTF-8 \xff" },
	{ "Enabled", "yes" },
	{ "Enabled", "" },
	{ "KeyTypes", "" },
	{ "KeyTypes", "dsa" },
	{ "KeyTypes", "rsa,rsa" },
	{ "KeyTypes", "rsa," },
	{ "KeyTypes", ",rsa" },
	{ "KeyTypes", "rsa,,p256" },
	{ "KeyTypes", "RSA" },
	{ "KeyTypes", "rsa p256" },
	{ "MinRsaBits", "2047" },
	{ "MinRsaBits", "8193" },
	{ "MinRsaBits", "-2048" },
	{ "MinRsaBits", " 2048" },
	{ "MinRsaBits", "2048x" },
	{ "MinRsaBits", "" },
	{ "ValidityDays", "0" },
	{ "ValidityDays", "4294967297" },
	{ "ValidityDays", "18446744073709551617" },
	{ "KeyUsages", "" },
	{ "KeyUsages", "keyCertSign" },
	{ "KeyUsages", "cRLSign" },
	{ "AllowedEkus", "" },
	{ "AllowedEkus", "clientauth" },
	{ "AllowedEkus", "OCSPSigning" },
	{ "AllowedEkus", "1.3.6.1.5.5.7.3.9" },
	{ "AllowedEkus", "clientAuth,1.3.6.1.5.5.7.3.9" },
	{ "AllowedEkus", "anyExtendedKeyUsage" },
	{ "AllowedEkus", "2.5.29.37.0" },
	{ "AllowedEkus", "clientAuth,1.3.6.1.5.5.7.3.2" },
	{ "AllowedEkus", "1" },
	{ "AllowedEkus", "1.3." },
	{ "AllowedEkus", "1..3" },
	{ "AllowedEkus", "1.40.1" },
	{ "AllowedEkus", "3.1.1" },
	{ "AllowedEkus", "1.3.06" },
	{ "AllowedEkus", "1.3.6.1.5.5.7.3.02" },
	{ "AllowedEkus", "1.3.6.1.5.5.7.3.9 " /* trimmed: still OCSP */ },
	{ "AllowedEkus", "1.3.6.1.4.1.99999.1111111111.1111111111.1111111111.1111111111.11" },
	{ "AllowedEkus",
	    "1.2.1,1.2.2,1.2.3,1.2.4,1.2.5,1.2.6,1.2.7,1.2.8,1.2.9,1.2.10,1.2.11,1.2.12,1.2.13,"
	    "1.2.14,1.2.15,1.2.16,1.2.17" },
	{ "SanTypes", "sid" },
	{ "MaxSans", "0" },
	{ "MaxSans", "1001" },
	{ "SubjectRule", "" },
	{ "SubjectRule", "any,required" },
	{ "Protocols", "cmp" },
	{ "RenewableTypes", "static" },
	{ "AddCdp", "1" },
	{ "Enroller", "role:x" },
	{ "keytypes", "rsa" },
	{ "Name", "other" },
	{ "", "" },
};

START_TEST(a_bad_value_is_refused_and_nothing_changes)
	{
		struct ra_profile before = *profile;

		ck_assert_int_eq(profile_rules_set(profile, BAD[_i].name, BAD[_i].value, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		ck_assert_ptr_nonnull(strstr(err.text, BAD[_i].name));
		ck_assert_mem_eq(&before, profile, sizeof(before));
	}
END_TEST

START_TEST(sixteen_ekus_are_as_many_as_a_grant_holds)
	{
		ck_assert_int_eq(profile_rules_set(profile, "AllowedEkus",
				     "1.2.1,1.2.2,1.2.3,1.2.4,1.2.5,1.2.6,1.2.7,1.2.8,1.2.9,1.2.10,"
				     "1.2.11,1.2.12,1.2.13,1.2.14,1.2.15,1.2.16",
				     &err),
		    0);
	}
END_TEST

START_TEST(a_description_has_a_limit)
	{
		char text[sizeof(profile->description) + 1];

		memset(text, 'x', sizeof(text));
		text[sizeof(text) - 1] = '\0';
		ck_assert_int_eq(profile_rules_set(profile, "Description", text, &err), -1);
		text[sizeof(text) - 2] = '\0';
		error_clear(&err);
		ck_assert_int_eq(profile_rules_set(profile, "Description", text, &err), 0);
	}
END_TEST

START_TEST(the_defaults_are_in_their_stored_form)
	{
		size_t count;
		const struct rule_field *fields = profile_rules_fields(&count);
		struct ra_profile before = *profile;

		ck_assert_uint_eq(count, 16);
		for (size_t i = 0; i < count; i++) {
			struct buf text = BUF_INIT(4096);

			profile_rules_print(profile, &fields[i], &text);
			ck_assert_msg(
			    profile_rules_set(profile, fields[i].name, buf_text(&text), &err) == 0,
			    "%s", err.text);
			buf_release(&text);
		}
		ck_assert_mem_eq(&before, profile, sizeof(before));
		ck_assert_int_eq(profile_rules_check(profile, &err), 0);
		ck_assert_str_eq(profile->allowed_ekus,
		    "1.3.6.1.5.5.7.3.2,1.3.6.1.5.5.7.3.1,1.3.6.1.5.5.7.3.4,1.3.6.1.4.1.311.20.2.2,"
		    "1.3.6.1.5.5.7.3.17");
	}
END_TEST

START_TEST(rsa_bits_must_be_a_range)
	{
		ck_assert_int_eq(profile_rules_set(profile, "MinRsaBits", "4096", &err), 0);
		ck_assert_int_eq(profile_rules_check(profile, &err), 0);
		ck_assert_int_eq(profile_rules_set(profile, "MinRsaBits", "4097", &err), 0);
		ck_assert_int_eq(profile_rules_check(profile, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "MinRsaBits"));
	}
END_TEST

START_TEST(default_ekus_must_be_allowed_ones)
	{
		ck_assert_int_eq(
		    profile_rules_set(profile, "DefaultEkus", "clientAuth,serverAuth", &err), 0);
		ck_assert_int_eq(profile_rules_check(profile, &err), 0);
		ck_assert_int_eq(profile_rules_set(profile, "DefaultEkus", "codeSigning", &err), 0);
		ck_assert_int_eq(profile_rules_check(profile, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "DefaultEkus"));
	}
END_TEST

static const struct {
	const char *list;
	const char *item;
	bool has;
} HAS[] = {
	{ "rsa,p256", "rsa", true },
	{ "rsa,p256", "p256", true },
	{ "rsa", "rsa", true },
	{ "rsa,p256", "p25", false },
	{ "rsa,p256", "sa", false },
	{ "rsa,p256", "rsa,p256", false },
	{ "rsa,p256", "", false },
	{ "", "", false },
	{ "", "rsa", false },
	{ "RSA", "rsa", false },
	{ "1.3.6.1.5.5.7.3.17", "1.3.6.1.5.5.7.3.1", false },
};

START_TEST(an_item_is_found_whole_or_not_at_all)
	{
		ck_assert_int_eq(rule_list_has(HAS[_i].list, HAS[_i].item), HAS[_i].has);
	}
END_TEST

START_TEST(key_usages_become_bits)
	{
		ck_assert_uint_eq(rule_key_usages(""), 0);
		ck_assert_uint_eq(rule_key_usages("digitalSignature"), KU_DIGITAL_SIGNATURE);
		ck_assert_uint_eq(rule_key_usages("keyEncipherment,nonRepudiation"),
		    KU_KEY_ENCIPHERMENT | KU_NON_REPUDIATION);
		ck_assert_uint_eq(rule_key_usages("dataEncipherment,keyAgreement"),
		    KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT);
		ck_assert_uint_eq(rule_key_usages("keyCertSign,cRLSign"), 0);
	}
END_TEST

START_TEST(ekus_have_names)
	{
		ck_assert_str_eq(eku_name_to_oid("smartcardLogon"), "1.3.6.1.4.1.311.20.2.2");
		ck_assert_str_eq(eku_oid_to_name("1.3.6.1.5.5.7.3.17"), "ipsecIKE");
		ck_assert_ptr_null(eku_name_to_oid("OCSPSigning"));
		ck_assert_ptr_null(eku_oid_to_name("1.3.6.1.5.5.7.3.9"));
	}
END_TEST

START_TEST(json_has_the_types_of_the_rules)
	{
		size_t count;
		const struct rule_field *fields = profile_rules_fields(&count);

		for (size_t i = 0; i < count; i++) {
			struct json_object *json = profile_rules_json(profile, &fields[i]);
			enum rule_kind kind = fields[i].kind;
			enum json_type wanted = kind == RULE_BOOLEAN  ? json_type_boolean
						: kind == RULE_NUMBER ? json_type_int
						: kind == RULE_TEXT || kind == RULE_CHOICE
						    ? json_type_string
						    : json_type_array;

			ck_assert_int_eq(json_object_get_type(json), wanted);
			json_object_put(json);
		}
	}
END_TEST

START_TEST(json_of_a_list_has_its_items)
	{
		struct json_object *json =
		    profile_rules_json(profile, profile_rules_field("AllowedEkus"));

		ck_assert_uint_eq(json_object_array_length(json), 5);
		ck_assert_str_eq(
		    json_object_get_string(json_object_array_get_idx(json, 3)), "smartcardLogon");
		json_object_put(json);
		json = profile_rules_json(profile, profile_rules_field("DefaultEkus"));
		ck_assert_uint_eq(json_object_array_length(json), 0);
		json_object_put(json);
	}
END_TEST

static const struct {
	const char *text;
	enum enroller_kind kind;
	const char *value;
} ENROLLERS[] = {
	{ "role:CSR.Request.Db", ENROLLER_ROLE, "CSR.Request.Db" },
	{ "role:a:b", ENROLLER_ROLE, "a:b" },
	{ "application:11111111-2222-4333-8444-AAAAAAAAAAAA", ENROLLER_APPLICATION, TENANT },
	{ "principal:11111111-2222-4333-8444-AAAAAAAAAAAA/" OBJECT, ENROLLER_PRINCIPAL,
	    TENANT "/" OBJECT },
	{ "ra_profile:default", ENROLLER_RA_PROFILE, "default" },
};

START_TEST(an_enroller_comes_and_goes)
	{
		ck_assert_msg(
		    profile_enrollers_add(profile, ENROLLERS[_i].text, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(profile->enroller_count, 1);
		ck_assert_int_eq(profile->enrollers[0].kind, ENROLLERS[_i].kind);
		ck_assert_str_eq(profile->enrollers[0].value, ENROLLERS[_i].value);
		ck_assert_int_eq(profile_enrollers_add(profile, ENROLLERS[_i].text, &err), -1);
		error_clear(&err);
		ck_assert_int_eq(profile_enrollers_remove(profile, ENROLLERS[_i].text, &err), 0);
		ck_assert_uint_eq(profile->enroller_count, 0);
		ck_assert_int_eq(profile_enrollers_remove(profile, ENROLLERS[_i].text, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
	}
END_TEST

static const char *const BAD_ENROLLERS[] = { "", "role", "role:", "role:two words",
	"role:line\nbreak", "roles:x", "Role:x", ":x", "application:not-a-guid",
	"application:" TENANT "x", "application:" TENANT "/" OBJECT, "principal:" TENANT,
	"principal:" TENANT "/", "principal:/" OBJECT, "principal:" TENANT "/" OBJECT "/",
	"ra_profile:", "ra_profile:a b", "ra_profile:../x" };

START_TEST(a_malformed_enroller_is_refused)
	{
		ck_assert_int_eq(profile_enrollers_add(profile, BAD_ENROLLERS[_i], &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		ck_assert_uint_eq(profile->enroller_count, 0);
	}
END_TEST

START_TEST(removing_keeps_the_others_in_order)
	{
		ck_assert_int_eq(profile_enrollers_add(profile, "role:a", &err), 0);
		ck_assert_int_eq(profile_enrollers_add(profile, "role:b", &err), 0);
		ck_assert_int_eq(profile_enrollers_add(profile, "role:c", &err), 0);
		ck_assert_int_eq(profile_enrollers_remove(profile, "role:b", &err), 0);
		ck_assert_uint_eq(profile->enroller_count, 2);
		ck_assert_str_eq(profile->enrollers[0].value, "a");
		ck_assert_str_eq(profile->enrollers[1].value, "c");
	}
END_TEST

START_TEST(a_role_has_120_characters_at_most)
	{
		char text[5 + 121 + 1] = "role:";

		memset(text + 5, 'r', 121);
		text[5 + 121] = '\0';
		ck_assert_int_eq(profile_enrollers_add(profile, text, &err), -1);
		text[5 + 120] = '\0';
		error_clear(&err);
		ck_assert_int_eq(profile_enrollers_add(profile, text, &err), 0);
	}
END_TEST

static const struct {
	const char *name;
	bool is_good;
} NAMES[] = { { "default", true }, { "9.laptops_of-IT", true }, { "", false }, { ".x", false },
	{ "a b", false }, { "a/b", false }, { "\xc3\xa9", false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false } };

START_TEST(names_have_their_rules)
	{
		ck_assert_int_eq(
		    profile_rules_check_name(NAMES[_i].name, &err), NAMES[_i].is_good ? 0 : -1);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("profile_rules");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_good_value_is_kept_and_shown, 0, COUNT(GOOD));
	tcase_add_loop_test(tc, a_bad_value_is_refused_and_nothing_changes, 0, COUNT(BAD));
	tcase_add_test(tc, sixteen_ekus_are_as_many_as_a_grant_holds);
	tcase_add_test(tc, a_description_has_a_limit);
	tcase_add_test(tc, the_defaults_are_in_their_stored_form);
	tcase_add_test(tc, rsa_bits_must_be_a_range);
	tcase_add_test(tc, default_ekus_must_be_allowed_ones);
	tcase_add_loop_test(tc, an_item_is_found_whole_or_not_at_all, 0, COUNT(HAS));
	tcase_add_test(tc, key_usages_become_bits);
	tcase_add_test(tc, ekus_have_names);
	tcase_add_test(tc, json_has_the_types_of_the_rules);
	tcase_add_test(tc, json_of_a_list_has_its_items);
	tcase_add_loop_test(tc, an_enroller_comes_and_goes, 0, COUNT(ENROLLERS));
	tcase_add_loop_test(tc, a_malformed_enroller_is_refused, 0, COUNT(BAD_ENROLLERS));
	tcase_add_test(tc, removing_keeps_the_others_in_order);
	tcase_add_test(tc, a_role_has_120_characters_at_most);
	tcase_add_loop_test(tc, names_have_their_rules, 0, COUNT(NAMES));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

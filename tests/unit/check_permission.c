/* base/permission: what an item of [Admin] Roles grants, and what is refused in one. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/permission.h"

static const struct {
	const char *grant;
	const char *fault; /* NULL: none */
} forms[] = {
	{ "Helpdesk=certificates:list", NULL },
	{ "Helpdesk=certificates:list+detail+revoke", NULL },
	{ "Scep.Admin=scepProfiles:*", NULL },
	{ "Auditor=*:list", NULL },
	{ "Everything=*:*", NULL },
	{ "a=b:c=raProfiles:enable", NULL },
	{ "auditor=auditLogs:list", NULL },
	{ "", "expected ROLE=RESOURCE:ACTION[+ACTION...], found \"\"" },
	{ "Admin.Full", "expected ROLE=RESOURCE:ACTION[+ACTION...], found \"Admin.Full\"" },
	{ "=certificates:list", "expected ROLE=RESOURCE:ACTION[+ACTION...], found "
				"\"=certificates:list\"" },
	{ "x=certificates", "expected ROLE=RESOURCE:ACTION[+ACTION...], found \"x=certificates\"" },
	{ "x:certificates=list", "expected ROLE=RESOURCE:ACTION[+ACTION...], found "
				 "\"x:certificates=list\"" },
	{ "x=certificate:list", "\"certificate\" is no resource" },
	{ "x=Certificates:list", "\"Certificates\" is no resource" },
	{ "x=:list", "\"\" is no resource" },
	{ "x=certificates:", "\"\" is no action" },
	{ "x=certificates:list+", "\"\" is no action" },
	{ "x=certificates:+list", "\"\" is no action" },
	{ "x=certificates:List", "\"List\" is no action" },
	{ "x=certificates:list+erase", "\"erase\" is no action" },
};

START_TEST(a_grant_is_well_formed_or_says_what_is_not)
	{
		struct error err = { .code = ERR_NONE };
		int rc = permission_check_grant(forms[_i].grant, &err);

		ck_assert_int_eq(rc, forms[_i].fault == NULL ? 0 : -1);
		if (forms[_i].fault != NULL) {
			ck_assert(error_is(&err, ERR_CONFIG));
			ck_assert_str_eq(err.text, forms[_i].fault);
		}
	}
END_TEST

static const struct {
	const char *grant, *role;
	struct permission permission;
	bool is_granted;
} grants[] = {
	{ "H=certificates:list+revoke", "H", { RESOURCE_CERTIFICATES, ACTION_LIST }, true },
	{ "H=certificates:list+revoke", "H", { RESOURCE_CERTIFICATES, ACTION_REVOKE }, true },
	{ "H=certificates:list+revoke", "H", { RESOURCE_CERTIFICATES, ACTION_DETAIL }, false },
	{ "H=certificates:list+revoke", "H", { RESOURCE_GROUPS, ACTION_LIST }, false },
	{ "H=certificates:list+revoke", "h", { RESOURCE_CERTIFICATES, ACTION_LIST }, false },
	{ "H=certificates:list+revoke", "", { RESOURCE_CERTIFICATES, ACTION_LIST }, false },
	{ "H=certificates:list", "H=certificates:list", { RESOURCE_CERTIFICATES, ACTION_LIST },
	    false },
	{ "S=scepProfiles:*", "S", { RESOURCE_SCEP_PROFILES, ACTION_DELETE }, true },
	{ "S=scepProfiles:*", "S", { RESOURCE_RA_PROFILES, ACTION_DELETE }, false },
	{ "A=*:list", "A", { RESOURCE_AUDIT_LOGS, ACTION_LIST }, true },
	{ "A=*:list", "A", { RESOURCE_AUDIT_LOGS, ACTION_DETAIL }, false },
	{ "a=b:c=raProfiles:enable", "a=b:c", { RESOURCE_RA_PROFILES, ACTION_ENABLE }, true },
	{ "malformed", "malformed", { RESOURCE_RA_PROFILES, ACTION_ENABLE }, false },
};

START_TEST(a_grant_gives_its_role_what_it_says_and_no_more)
	{
		ck_assert_int_eq(
		    permission_is_granted(grants[_i].grant, grants[_i].role, grants[_i].permission),
		    grants[_i].is_granted);
	}
END_TEST

/* A value of either enum that was forgotten in its table would have no name. */
START_TEST(every_resource_and_action_has_its_names)
	{
		for (unsigned i = RESOURCE_SELF + 1; i < RESOURCE_COUNT; i++) {
			ck_assert_ptr_nonnull(resource_name(i));
			ck_assert_str_ne(resource_name(i), "");
			ck_assert_str_ne(resource_title(i), "");
		}
		for (unsigned i = 0; i < ACTION_COUNT; i++) {
			ck_assert_str_ne(action_name(i), "");
			ck_assert_str_ne(action_title(i), "");
		}
		ck_assert_str_eq(resource_title(RESOURCE_SCEP_PROFILES), "Scep Profiles");
		ck_assert_str_eq(action_title(ACTION_UPDATE), "Update");
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("permission");
	TCase *tests = tcase_create("permission");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tests, a_grant_is_well_formed_or_says_what_is_not, 0, sizeof(forms) / sizeof(forms[0]));
	tcase_add_loop_test(tests, a_grant_gives_its_role_what_it_says_and_no_more, 0,
	    sizeof(grants) / sizeof(grants[0]));
	tcase_add_test(tests, every_resource_and_action_has_its_names);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

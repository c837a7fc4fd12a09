#ifndef TESTS_FIXTURE_POLICY_H
#define TESTS_FIXTURE_POLICY_H

/* What the tests on policy share: a request that is granted as it is. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll/issuing/policy.h"

#define UNUSED_FN __attribute__((unused))
#define CLIENT_AUTH "1.3.6.1.5.5.7.3.2"
#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define CODE_SIGNING "1.3.6.1.5.5.7.3.3"
#define UPN "ada@contoso.example"

enum { NOW = 1800000000, DAY = 86400, MAX_SANS = 8 };

/* Everything a decision takes, valid as it is; each test changes one thing. */
struct fixture {
	struct settings settings;
	struct ra_profile profile;
	struct enroller enrollers[1];
	struct principal principal;
	struct csr csr;
	struct san sans[MAX_SANS];
	struct policy_request request;
	struct policy_grant grant;
	struct error err;
};

static struct fixture f;

UNUSED_FN static void
set_text(char *to, size_t size, const char *text)
{
	ck_assert_uint_lt(strlen(text), size);
	(void)snprintf(to, size, "%s", text);
}

#define SET(member, text) set_text(member, sizeof(member), text)

UNUSED_FN static void
setup_profile(void)
{
	struct ra_profile *profile = &f.profile;

	SET(profile->name, "default");
	profile->enabled = true;
	SET(profile->key_types, "rsa,p256,p384,ed25519");
	profile->min_rsa_bits = 2048;
	profile->max_rsa_bits = 4096;
	profile->validity_days = 365;
	profile->min_remaining_days = 1;
	SET(profile->key_usages, "digitalSignature,keyEncipherment");
	SET(profile->allowed_ekus, CLIENT_AUTH "," SERVER_AUTH);
	SET(profile->san_types, "dns,email,uri,ip,upn");
	profile->max_sans = 5;
	SET(profile->subject_rule, "any");
	SET(profile->protocols, "rest,est");
	profile->enrollers = f.enrollers;
	profile->enroller_count = 1;
	f.enrollers[0].kind = ENROLLER_ROLE;
	SET(f.enrollers[0].value, ROLE_REQUEST_DB);
}

UNUSED_FN static void
add_attribute(const char *oid, const char *value)
{
	struct name_attribute *attribute = &f.csr.name.attributes[f.csr.name.count++];

	SET(attribute->oid, oid);
	SET(attribute->value, value);
}

UNUSED_FN static void
add_san(enum san_type type, const char *value)
{
	f.sans[f.csr.san_count].type = type;
	f.sans[f.csr.san_count].value = bytes_text(value);
	f.csr.san_count++;
}

UNUSED_FN static void
add_eku(const char *oid)
{
	SET(f.csr.ekus[f.csr.eku_count], oid);
	f.csr.eku_count++;
}

UNUSED_FN static void
setup(void)
{
	memset(&f, 0, sizeof(f));
	f.settings.validity_period_days = 730;
	f.settings.validity_clock_skew_minutes = 1440;
	f.settings.use_requested_key_usages = true;
	setup_profile();
	f.principal.kind = PRINCIPAL_APPLICATION;
	SET(f.principal.tenant, "11111111-1111-1111-1111-111111111111");
	SET(f.principal.object, "22222222-2222-2222-2222-222222222222");
	SET(f.principal.application, "33333333-3333-3333-3333-333333333333");
	SET(f.principal.roles[0], ROLE_REQUEST_DB);
	f.principal.role_count = 1;
	f.csr.key = (struct key_facts){ KEY_P256, 256 };
	f.csr.sans = f.sans;
	add_attribute(OID_COMMON_NAME, "device-1");
	f.request = (struct policy_request){
		.profile = &f.profile,
		.settings = &f.settings,
		.principal = &f.principal,
		.csr = &f.csr,
		.issuer_not_before = NOW - 3650LL * DAY,
		.issuer_not_after = NOW + 3650LL * DAY,
		.now = NOW,
	};
}

/* The same request as a user's own. */
UNUSED_FN static void
setup_user(void)
{
	setup();
	f.principal.kind = PRINCIPAL_USER;
	SET(f.principal.roles[0], ROLE_SELF_SERVICE);
	SET(f.principal.upn, UPN);
	SET(f.enrollers[0].value, ROLE_SELF_SERVICE);
	SET(f.csr.name.attributes[0].value, UPN);
}

UNUSED_FN static int
decide(void)
{
	error_clear(&f.err);
	return policy_decide(&f.request, &f.grant, &f.err);
}

UNUSED_FN static void
assert_granted(void)
{
	int result = decide();

	ck_assert_msg(result == 0, "refused: %s", f.err.text);
}

UNUSED_FN static void
assert_refused(enum error_code code)
{
	ck_assert_int_eq(decide(), -1);
	ck_assert_msg(f.err.code == code, "code %d: %s", (int)f.err.code, f.err.text);
}

UNUSED_FN static int
check_enroller(const char *protocol)
{
	const struct policy_caller caller = {
		.principal = &f.principal,
		.client = f.request.client,
		.protocol = protocol,
	};

	error_clear(&f.err);
	return policy_check_enroller(&f.profile, &caller, &f.err);
}

#endif

/* Who may have which certificate: a pure function, and the only place that decides it. */
#include "enroll/policy.h"

#include <stdio.h>
#include <string.h>

#include "enroll/profile_rules.h"
#include "enroll/self_service.h"

#define OID_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"

enum { DAY_S = 86400, MINUTE_S = 60 };

const char *
certificate_type_name(enum certificate_type type)
{
	return type == CERTIFICATE_STATIC ? "Static" : "IntuneUser";
}

uint8_t
certificate_type_octet(enum certificate_type type)
{
	return type == CERTIFICATE_STATIC ? 0x50 : 0x60;
}

int
policy_check_role(const struct principal *principal, enum certificate_type *type, struct error *err)
{
	if (principal->kind == PRINCIPAL_APPLICATION &&
	    principal_has_role(principal, ROLE_REQUEST_DB)) {
		*type = CERTIFICATE_STATIC;
		return 0;
	}
	if (principal->kind == PRINCIPAL_USER && principal_has_role(principal, ROLE_SELF_SERVICE)) {
		*type = CERTIFICATE_INTUNE_USER;
		return 0;
	}
	return error_set(err, ERR_ROLE,
	    "enrolling needs an application token with the role " ROLE_REQUEST_DB
	    " or a user token with the role " ROLE_SELF_SERVICE);
}

/* The role that let this principal in; another role in the same token does not count. */
static const char *
effective_role(const struct principal *principal)
{
	return principal->kind == PRINCIPAL_APPLICATION ? ROLE_REQUEST_DB : ROLE_SELF_SERVICE;
}

static bool
enroller_matches(const struct enroller *enroller, const struct principal *principal)
{
	char pair[2 * PRINCIPAL_GUID_MAX];

	switch (enroller->kind) {
	case ENROLLER_ROLE:
		return strcmp(enroller->value, effective_role(principal)) == 0 ||
		       (strcmp(enroller->value, ROLE_REQUEST_DB) != 0 &&
			   strcmp(enroller->value, ROLE_SELF_SERVICE) != 0 &&
			   principal_has_role(principal, enroller->value));
	case ENROLLER_APPLICATION:
		return principal->kind == PRINCIPAL_APPLICATION &&
		       principal->application[0] != '\0' &&
		       strcmp(enroller->value, principal->application) == 0;
	case ENROLLER_PRINCIPAL:
		(void)snprintf(pair, sizeof(pair), "%s/%s", principal->tenant, principal->object);
		return strcmp(enroller->value, pair) == 0;
	case ENROLLER_RA_PROFILE:
		return false; /* a client certificate's, never a token's */
	}
	return false;
}

int
policy_check_enroller(const struct ra_profile *profile, const struct principal *principal,
    const char *protocol, struct error *err)
{
	if (profile->enabled && !profile->archived && rule_list_has(profile->protocols, protocol))
		for (size_t i = 0; i < profile->enroller_count; i++)
			if (enroller_matches(&profile->enrollers[i], principal))
				return 0;
	/* Unknown, disabled and forbidden profiles look alike. */
	return error_set(err, ERR_PROFILE, "no RA profile is open to this caller");
}

static int
check_key(const struct policy_request *request, struct error *err)
{
	const struct ra_profile *profile = request->profile;
	const struct key_facts *key = &request->csr->key;

	if (!rule_list_has(profile->key_types, key_type_name(key->type)))
		return error_set(err, ERR_KEY, "keys of type %s are not allowed by the RA profile",
		    key_type_name(key->type));
	if (key->type == KEY_RSA &&
	    (key->bits < profile->min_rsa_bits || key->bits > profile->max_rsa_bits))
		return error_set(err, ERR_KEY, "RSA key of %u bits, the RA profile takes %u to %u",
		    key->bits, profile->min_rsa_bits, profile->max_rsa_bits);
	return 0;
}

static int
check_names(const struct policy_request *request, struct error *err)
{
	const struct ra_profile *profile = request->profile;
	const struct csr *csr = request->csr;

	if (csr->san_count > profile->max_sans)
		return error_set(err, ERR_NAME,
		    "%zu subject alternative names, the RA profile takes %u", csr->san_count,
		    profile->max_sans);
	if (csr->name.count == 0 && strcmp(profile->subject_rule, "required") == 0)
		return error_set(err, ERR_NAME, "the RA profile needs a subject, it is empty");
	if (csr->name.count == 0 && csr->san_count == 0)
		return error_set(err, ERR_NAME, "neither subject nor subject alternative name");
	for (size_t i = 0; i < csr->san_count; i++) {
		const struct san *san = &csr->sans[i];

		if (!rule_list_has(profile->san_types, san_type_name(san->type)))
			return error_set(err, ERR_PROFILE,
			    "subject alternative names of type %s are not allowed by the RA "
			    "profile",
			    san_type_name(san->type));
		if (san->value.len == 0 && san->type != SAN_OTHER)
			return error_set(err, ERR_NAME,
			    "a subject alternative name of type %s is empty",
			    san_type_name(san->type));
	}
	return 0;
}

/* What a key of this type can be used for (RFC 3279, 5480, 8410). */
static unsigned
usages_of_key(enum key_type type)
{
	switch (type) {
	case KEY_RSA:
		return KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_ENCIPHERMENT |
		       KU_DATA_ENCIPHERMENT;
	case KEY_P256:
	case KEY_P384:
		return KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION | KU_KEY_AGREEMENT;
	case KEY_ED25519:
		return KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;
	}
	return 0;
}

static void
note_dropped(struct policy_grant *grant, const char *what)
{
	size_t len = strlen(grant->dropped);

	(void)snprintf(
	    grant->dropped + len, sizeof(grant->dropped) - len, "%s%s", len > 0 ? " " : "", what);
}

/* Usages beyond the profile's are dropped: tools ask for more than they need. */
static int
decide_key_usage(
    const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	const struct csr *csr = request->csr;
	unsigned allowed =
	    rule_key_usages(request->profile->key_usages) & usages_of_key(csr->key.type);
	unsigned wanted = allowed;

	if (request->settings->use_requested_key_usages && csr->has_key_usage)
		wanted = csr->key_usage;
	if (csr->has_key_usage && (csr->key_usage & ~(allowed & wanted)) != 0)
		note_dropped(grant, "keyUsage");
	grant->key_usage = wanted & allowed;
	if (grant->key_usage == 0)
		return error_set(err, ERR_PROFILE,
		    "no requested key usage is allowed by the RA profile for this key");
	return 0;
}

/* Adds an EKU once; the profile's and the settings' lists are short by their own limits. */
static int
grant_eku(struct policy_grant *grant, const char *oid, size_t len, struct error *err)
{
	for (size_t i = 0; i < grant->eku_count; i++)
		if (strlen(grant->ekus[i]) == len && memcmp(grant->ekus[i], oid, len) == 0)
			return 0;
	if (grant->eku_count == POLICY_MAX_EKUS || len >= CSR_OID_MAX)
		return error_set(err, ERR_INTERNAL, "too many default extended key usages");
	memcpy(grant->ekus[grant->eku_count], oid, len);
	grant->ekus[grant->eku_count][len] = '\0';
	grant->eku_count++;
	return 0;
}

static int
default_ekus(const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	const struct text_list *defaults = &request->settings->db_csr.default_ekus;
	const char *at = request->profile->default_ekus;

	/* Self-service is client authentication alone, whatever the defaults are. */
	if (grant->type == CERTIFICATE_INTUNE_USER)
		return grant_eku(grant, OID_CLIENT_AUTH, strlen(OID_CLIENT_AUTH), err);

	while (*at != '\0') {
		size_t len = strcspn(at, ",");

		if (len > 0 && grant_eku(grant, at, len, err) < 0)
			return -1;
		at += len + (at[len] == ',' ? 1 : 0);
	}
	if (grant->eku_count > 0)
		return 0;
	for (size_t i = 0; i < defaults->count; i++)
		if (grant_eku(grant, defaults->items[i], strlen(defaults->items[i]), err) < 0)
			return -1;
	if (grant->eku_count == 0)
		return grant_eku(grant, OID_CLIENT_AUTH, strlen(OID_CLIENT_AUTH), err);
	return 0;
}

/* An EKU is a right, so one beyond the profile's is refused, not dropped. */
static int
decide_ekus(const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	const struct csr *csr = request->csr;

	if (csr->eku_count > 0 && request->settings->use_requested_key_usages) {
		for (size_t i = 0; i < csr->eku_count; i++)
			if (grant_eku(grant, csr->ekus[i], strlen(csr->ekus[i]), err) < 0)
				return -1;
	} else {
		if (csr->eku_count > 0)
			note_dropped(grant, "extKeyUsage");
		if (default_ekus(request, grant, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < grant->eku_count; i++)
		if (!rule_list_has(request->profile->allowed_ekus, grant->ekus[i]))
			return error_set(err, ERR_PROFILE,
			    "extended key usage %s is not allowed by the RA profile",
			    grant->ekus[i]);
	return 0;
}

static int64_t
smallest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
validity_s(const struct policy_request *request)
{
	const struct settings *settings = request->settings;
	int64_t validity = (int64_t)request->profile->validity_days * DAY_S;

	validity = smallest(validity, (int64_t)settings->validity_period_days * DAY_S);
	if (settings->db_csr.validity_period_days > 0)
		validity =
		    smallest(validity, (int64_t)settings->db_csr.validity_period_days * DAY_S);
	if (request->csr->has_validity)
		validity = smallest(validity, request->csr->validity_s);
	return validity;
}

/*
 * The requested end may be sooner than the profile's least remaining days: that
 * rule is about a CA that ends too soon.
 */
static int
decide_dates(const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	int64_t end = request->now + validity_s(request);
	int64_t least = (int64_t)request->profile->min_remaining_days * DAY_S;

	if (end <= request->now)
		return error_set(err, ERR_PROFILE, "the requested validity is not positive");
	if (request->now < request->issuer_not_before)
		return error_set(err, ERR_CA_KEY, "the CA certificate is not valid yet");
	if (request->issuer_not_after < request->now + least ||
	    request->issuer_not_after <= request->now)
		return error_set(err, ERR_CA_KEY,
		    "the CA certificate ends before the RA profile's %u least remaining days",
		    request->profile->min_remaining_days);
	grant->not_after = smallest(end, request->issuer_not_after);
	grant->not_before =
	    request->now - (int64_t)request->settings->validity_clock_skew_minutes * MINUTE_S;
	if (grant->not_before < request->issuer_not_before)
		grant->not_before = request->issuer_not_before;
	return 0;
}

int
policy_decide(const struct policy_request *request, struct policy_grant *out, struct error *err)
{
	struct policy_grant grant = { .add_cdp = request->profile->add_cdp };

	(void)snprintf(grant.dropped, sizeof(grant.dropped), "%s", request->csr->dropped);
	if (policy_check_role(request->principal, &grant.type, err) < 0 ||
	    check_key(request, err) < 0 || check_names(request, err) < 0 ||
	    decide_key_usage(request, &grant, err) < 0 || decide_ekus(request, &grant, err) < 0 ||
	    decide_dates(request, &grant, err) < 0)
		return -1;
	if (grant.type == CERTIFICATE_INTUNE_USER && self_service_check(request, &grant, err) < 0)
		return -1;
	*out = grant;
	return 0;
}

/* What may be in a certificate: a pure function, and the only place that decides it. */
#include "enroll/issuing/policy.h"

#include <stdio.h>
#include <string.h>

#include "enroll/issuing/policy_names.h"
#include "enroll/profiles/profile_rules.h"
#include "enroll/issuing/self_service.h"

#define OID_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"

enum { DAY_S = 86400, MINUTE_S = 60 };

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

/* A new key is rekeying, and whoever holds it may be another one than the old one's holder. */
static int
check_same_key(const struct policy_request *request, struct error *err)
{
	if (request->old == NULL || bytes_equal(request->csr->spki, request->old->cert->spki))
		return 0;
	return error_set(err, ERR_KEY,
	    "the request's public key is not that of the certificate to renew; a certificate "
	    "with another key is enrolled anew, by a rekey");
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

/* The old certificate's, less what the new key's algorithm cannot carry. */
static int
renew_key_usage(const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	const struct cert *old = policy_names_renewed(request)->cert;

	grant->key_usage = old->key_usage & usages_of_key(request->csr->key.type);
	if (grant->key_usage == 0)
		return error_set(err, ERR_PROFILE,
		    "no key usage of the old certificate can be carried by a key of type %s",
		    key_type_name(request->csr->key.type));
	return 0;
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
		policy_names_note(grant, "keyUsage");
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

static int
requested_ekus(const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	const struct csr *csr = request->csr;

	if (csr->eku_count > 0 && request->settings->use_requested_key_usages) {
		for (size_t i = 0; i < csr->eku_count; i++)
			if (grant_eku(grant, csr->ekus[i], strlen(csr->ekus[i]), err) < 0)
				return -1;
	} else {
		if (csr->eku_count > 0)
			policy_names_note(grant, "extKeyUsage");
		if (default_ekus(request, grant, err) < 0)
			return -1;
	}
	return 0;
}

static bool
has_eku(const struct cert_holder *holder, const char *oid)
{
	for (size_t i = 0; i < holder->eku_count; i++)
		if (strcmp(holder->ekus[i], oid) == 0)
			return true;
	return false;
}

static int
renew_ekus(const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	const struct cert_holder *holder = policy_names_renewed(request)->holder;

	for (size_t i = 0; i < holder->eku_count; i++)
		if (grant_eku(grant, holder->ekus[i], strlen(holder->ekus[i]), err) < 0)
			return -1;
	if (request->csr->eku_count > 0)
		policy_names_note(grant, "extKeyUsage");
	return 0;
}

/* An EKU is a right, so one beyond the profile's is refused, not dropped. */
static int
check_ekus(
    const struct policy_request *request, const struct policy_grant *grant, struct error *err)
{
	for (size_t i = 0; i < grant->eku_count; i++) {
		if (!rule_list_has(request->profile->allowed_ekus, grant->ekus[i]))
			return error_set(err, ERR_PROFILE,
			    "extended key usage %s is not allowed by the RA profile",
			    grant->ekus[i]);
		/* A user's certificate must not win its holder more than self-service gives. */
		if (request->client != NULL && grant->type == CERTIFICATE_INTUNE_USER &&
		    !has_eku(request->client->holder, grant->ekus[i]))
			return error_set(err, ERR_SELF_SERVICE,
			    "extended key usage %s is not in the client certificate",
			    grant->ekus[i]);
	}
	return 0;
}

static int
decide_usages(const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	int result;

	if (request->kind == POLICY_RENEW) {
		if (request->csr->has_key_usage)
			policy_names_note(grant, "keyUsage");
		result =
		    renew_key_usage(request, grant, err) < 0 ? -1 : renew_ekus(request, grant, err);
	} else {
		result = decide_key_usage(request, grant, err) < 0
			     ? -1
			     : requested_ekus(request, grant, err);
	}
	return result < 0 ? -1 : check_ekus(request, grant, err);
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
	if (policy_check_role(request->principal, request->client, &grant.type, err) < 0 ||
	    check_key(request, err) < 0 || check_same_key(request, err) < 0 ||
	    policy_names_decide(request, &grant, err) < 0 ||
	    decide_usages(request, &grant, err) < 0 || decide_dates(request, &grant, err) < 0)
		return -1;
	if (grant.type == CERTIFICATE_INTUNE_USER && self_service_check(request, &grant, err) < 0)
		return -1;
	*out = grant;
	return 0;
}

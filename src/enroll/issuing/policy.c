/* Who may ask: roles, enrollers, and which certificates may be renewed. Pure functions. */
#include "enroll/issuing/policy.h"

#include <stdio.h>
#include <string.h>

#include "enroll/profiles/profile_cache.h"
#include "enroll/profiles/profile_rules.h"

static const struct {
	const char *name;
	uint8_t octet;
	bool may_ask; /* its holder may enroll and renew by it, where a profile says so */
} types[] = {
	[CERTIFICATE_STATIC] = { "Static", 0x50, true },
	[CERTIFICATE_INTUNE_USER] = { "IntuneUser", 0x60, true },
	[CERTIFICATE_SCEP_RA] = { "ScepRa", 0x20, false },
	[CERTIFICATE_OCSP_RESPONDER] = { "OcspResponder", 0x21, false },
};

const char *
certificate_type_name(enum certificate_type type)
{
	return types[type].name;
}

uint8_t
certificate_type_octet(enum certificate_type type)
{
	return types[type].octet;
}

/*
 * The type of an earlier certificate; others, such as an OCSP responder's or a registration
 * authority's, are nobody's to use.
 */
static int
type_of(const struct client_certificate *client, enum certificate_type *out, struct error *err)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!types[i].may_ask || strcmp(types[i].name, client->row->type) != 0)
			continue;
		*out = (enum certificate_type)i;
		return 0;
	}
	return error_set(err, ERR_CLIENT_CERT, "certificates of type %s cannot be used to enroll",
	    client->row->type);
}

int
policy_check_role(const struct principal *principal, const struct client_certificate *client,
    enum certificate_type *type, struct error *err)
{
	if (principal->kind == PRINCIPAL_CERTIFICATE && client != NULL)
		return type_of(client, type, err);
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
token_matches(const struct enroller *enroller, const struct principal *principal)
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
	case ENROLLER_CERTIFICATE:
		return false;
	}
	return false;
}

/* A certificate carries the ids of its first requester, but not that one's rights. */
static bool
certificate_matches(const struct enroller *enroller, const struct policy_caller *caller)
{
	switch (enroller->kind) {
	case ENROLLER_RA_PROFILE:
		return strcmp(enroller->value, caller->client->row->ra_profile) == 0;
	case ENROLLER_CERTIFICATE:
		return strcmp(enroller->value, caller->principal->fingerprint) == 0;
	case ENROLLER_ROLE:
	case ENROLLER_APPLICATION:
	case ENROLLER_PRINCIPAL:
		return false;
	}
	return false;
}

static bool
enroller_matches(const struct enroller *enroller, const struct policy_caller *caller)
{
	switch (caller->principal->kind) {
	case PRINCIPAL_APPLICATION:
	case PRINCIPAL_USER:
		return token_matches(enroller, caller->principal);
	case PRINCIPAL_CERTIFICATE:
		return caller->client != NULL && certificate_matches(enroller, caller);
	case PRINCIPAL_NONE:
	case PRINCIPAL_ADMIN:
		return false;
	}
	return false;
}

static bool
is_open(const struct ra_profile *profile, const char *protocol)
{
	return profile->enabled && !profile->archived &&
	       rule_list_has(profile->protocols, protocol);
}

/* Whoever stole one of its keys may have won the others with it. */
static int
check_lineage(const struct client_certificate *client, enum error_code code, struct error *err)
{
	if (client == NULL || !client->row->lineage_compromised)
		return 0;
	return error_set(
	    err, code, "a certificate of this one's lineage was revoked for keyCompromise");
}

int
policy_check_enroller(
    const struct ra_profile *profile, const struct policy_caller *caller, struct error *err)
{
	if (is_open(profile, caller->protocol))
		for (size_t i = 0; i < profile->enroller_count; i++)
			if (enroller_matches(&profile->enrollers[i], caller))
				return check_lineage(caller->client, ERR_CLIENT_CERT, err);
	return error_set(err, ERR_PROFILE, PROFILE_CLOSED);
}

static bool
may_renew(const struct text_list *allowed, const char *type)
{
	for (size_t i = 0; i < allowed->count; i++)
		if (strcmp(allowed->items[i], type) == 0)
			return true;
	return false;
}

/* RFC 6960, 4.2.2.2: a responder's right; its certificate is made anew by a job. */
static bool
is_helper_of_ca(const struct client_certificate *client)
{
	for (size_t i = 0; i < client->holder->eku_count; i++)
		if (strcmp(client->holder->ekus[i], "1.3.6.1.5.5.7.3.9") == 0)
			return true;
	return client->cert->is_ca;
}

/* What holds of a certificate that is renewed, whoever asks for that. */
static int
check_renewable(const struct ra_profile *profile, const struct settings *settings,
    const struct client_certificate *client, struct error *err)
{
	const struct certificate_row *row = client->row;

	if (!settings->db_csr.allow_renewals)
		return error_set(err, ERR_RENEWAL, "renewals are switched off");
	if (is_helper_of_ca(client) ||
	    !may_renew(&settings->db_csr.reenrollment_types, row->type) ||
	    !rule_list_has(profile->renewable_types, row->type))
		return error_set(
		    err, ERR_RENEWAL, "certificates of type %s are not renewed", row->type);
	return check_lineage(client, ERR_RENEWAL, err);
}

static bool
is_recorded(const struct ra_profile *profile, const struct client_certificate *client)
{
	return memcmp(&profile->id, &client->row->ra_profile_id, sizeof(profile->id)) == 0;
}

int
policy_check_renewal(const struct ra_profile *profile, const struct settings *settings,
    const struct client_certificate *client, struct error *err)
{
	if (!is_recorded(profile, client) || !is_open(profile, "est"))
		return error_set(err, ERR_PROFILE, PROFILE_CLOSED);
	return check_renewable(profile, settings, client, err);
}

int
policy_check_on_behalf(const struct ra_profile *profile, const struct settings *settings,
    const struct policy_caller *caller, const struct client_certificate *old, struct error *err)
{
	enum certificate_type type = CERTIFICATE_STATIC;

	if (policy_check_role(caller->principal, caller->client, &type, err) < 0 ||
	    policy_check_enroller(profile, caller, err) < 0)
		return -1;
	if (!is_recorded(profile, old))
		return error_set(err, ERR_PROFILE, PROFILE_CLOSED);
	if (caller->principal->kind != PRINCIPAL_APPLICATION)
		return error_set(
		    err, ERR_ROLE, "only an application may renew a certificate for its holder");
	/* A user's own certificate is for that user to renew. */
	if (strcmp(old->row->type, types[type].name) != 0)
		return error_set(err, ERR_RENEWAL,
		    "certificates of type %s are renewed by their holders alone", old->row->type);
	return check_renewable(profile, settings, old, err);
}

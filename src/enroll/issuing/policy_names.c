/* Whose names go into a certificate, and which of them the RA profile allows. */
#include "enroll/issuing/policy_names.h"

#include <stdio.h>
#include <string.h>

#include "enroll/profiles/profile_rules.h"

void
policy_names_note(struct policy_grant *grant, const char *what)
{
	size_t len = strlen(grant->dropped);

	(void)snprintf(
	    grant->dropped + len, sizeof(grant->dropped) - len, "%s%s", len > 0 ? " " : "", what);
}

static bool
is_same_list(const struct csr *csr, const struct cert_holder *holder)
{
	if (csr->san_count != holder->san_count)
		return false;
	for (size_t i = 0; i < csr->san_count; i++)
		if (!bytes_equal(csr->sans[i].der, holder->sans[i].der))
			return false;
	return true;
}

const struct client_certificate *
policy_names_renewed(const struct policy_request *request)
{
	return request->old != NULL ? request->old : request->client;
}

/* SCEPman's clients send other names than the old ones, or none: only the key counts. */
static void
take_old(const struct policy_request *request, struct policy_grant *grant)
{
	const struct client_certificate *old = policy_names_renewed(request);
	const struct cert_holder *holder = old->holder;
	const struct csr *csr = request->csr;

	grant->subject = old->cert->subject;
	grant->name = &holder->name;
	grant->sans = holder->sans;
	grant->san_count = holder->san_count;
	if (!bytes_equal(csr->subject, grant->subject))
		policy_names_note(grant, "subject");
	if (csr->san_count > 0 && !is_same_list(csr, holder))
		policy_names_note(grant, "subjectAltName");
}

static void
take_requested(const struct policy_request *request, struct policy_grant *grant)
{
	const struct csr *csr = request->csr;

	grant->subject = csr->subject;
	grant->name = &csr->name;
	grant->sans = csr->sans;
	grant->san_count = csr->san_count;
}

static bool
has_attribute(const struct name *name, const struct name_attribute *wanted)
{
	for (size_t i = 0; i < name->count; i++)
		if (strcmp(name->attributes[i].oid, wanted->oid) == 0 &&
		    strcmp(name->attributes[i].value, wanted->value) == 0)
			return true;
	return false;
}

/* RFC 4343: domain names compare without case; everything else octet by octet. */
static bool
has_san(const struct cert_holder *holder, const struct san *wanted)
{
	for (size_t i = 0; i < holder->san_count; i++) {
		const struct san *san = &holder->sans[i];

		if (bytes_equal(san->der, wanted->der))
			return true;
		if (san->type == SAN_DNS && wanted->type == SAN_DNS &&
		    bytes_equal_nocase(san->value, wanted->value))
			return true;
	}
	return false;
}

static int
check_stand_in(
    const struct cert_holder *holder, const struct policy_grant *grant, struct error *err)
{
	for (size_t i = 0; i < grant->name->count; i++)
		if (!has_attribute(&holder->name, &grant->name->attributes[i]))
			return error_set(err, ERR_PROFILE,
			    "the subject's attribute %zu is not in the client certificate", i + 1);
	for (size_t i = 0; i < grant->san_count; i++)
		if (!has_san(holder, &grant->sans[i]))
			return error_set(err, ERR_PROFILE,
			    "subject alternative name %zu is not in the client certificate", i + 1);
	return 0;
}

static int
check_sans(const struct ra_profile *profile, const struct policy_grant *grant, struct error *err)
{
	for (size_t i = 0; i < grant->san_count; i++) {
		const struct san *san = &grant->sans[i];

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

static int
check_names(const struct ra_profile *profile, const struct policy_grant *grant, struct error *err)
{
	if (grant->san_count > profile->max_sans)
		return error_set(err, ERR_NAME,
		    "%zu subject alternative names, the RA profile takes %u", grant->san_count,
		    profile->max_sans);
	if (grant->name->count == 0 && strcmp(profile->subject_rule, "required") == 0)
		return error_set(err, ERR_NAME, "the RA profile needs a subject, it is empty");
	if (grant->name->count == 0 && grant->san_count == 0)
		return error_set(err, ERR_NAME, "neither subject nor subject alternative name");
	return check_sans(profile, grant, err);
}

int
policy_names_decide(
    const struct policy_request *request, struct policy_grant *grant, struct error *err)
{
	if (request->kind == POLICY_RENEW)
		take_old(request, grant);
	else
		take_requested(request, grant);
	if (request->kind == POLICY_ENROLL && request->client != NULL &&
	    check_stand_in(request->client->holder, grant, err) < 0)
		return -1;
	return check_names(request->profile, grant, err);
}

/* What a user may have with nothing but a token of their own, or a certificate won with it. */
#include "enroll/issuing/self_service.h"

#include <string.h>

#include "base/uuid.h"

#define OID_CLIENT_AUTH "1.3.6.1.5.5.7.3.2"

static int
refuse(struct error *err, const char *what)
{
	return error_set(err, ERR_SELF_SERVICE, "self-service: %s", what);
}

static bool
is_upn(const struct principal *principal, struct bytes value)
{
	return value.len > 0 && bytes_equal_nocase(value, bytes_text(principal->upn));
}

static bool
is_guid(const char *text)
{
	struct uuid uuid;
	struct error ignored = { .code = ERR_NONE };

	return uuid_parse(text, &uuid, &ignored) == 0;
}

static bool
has_prefix_nocase(struct bytes value, const char *prefix)
{
	struct bytes wanted = bytes_text(prefix);

	return value.len >= wanted.len &&
	       bytes_equal_nocase(bytes_of(value.ptr, wanted.len), wanted);
}

/* Attributes that relying parties read as somebody's identity, so they are bound like the CN. */
static const struct {
	const char *oid, *refusal;
} identities[] = {
	{ OID_COMMON_NAME, "the common name is not the token's UPN" },
	{ OID_EMAIL_ADDRESS, "an e-mail address is not the token's UPN" },
	{ "0.9.2342.19200300.100.1.1", "the user id (UID) is not the token's UPN" },
	{ "0.9.2342.19200300.100.1.3", "a mailbox attribute is not the token's UPN" },
	{ "1.3.6.1.4.1.311.20.2.3", "a UPN attribute is not the token's UPN" },
};

static int
check_attribute(
    const struct policy_request *request, const struct name_attribute *attribute, struct error *err)
{
	bool is_cn = strcmp(attribute->oid, OID_COMMON_NAME) == 0;

	if (is_cn && is_guid(attribute->value))
		return refuse(err, "device ownership cannot be checked yet");
	for (size_t i = 0; i < sizeof(identities) / sizeof(identities[0]); i++) {
		if (strcmp(attribute->oid, identities[i].oid) != 0)
			continue;
		return is_upn(request->principal, bytes_text(attribute->value))
			   ? 0
			   : refuse(err, identities[i].refusal);
	}
	if (!request->settings->self_service.allow_other_names)
		return error_set(err, ERR_SELF_SERVICE,
		    "self-service: subject attribute %s is not allowed", attribute->oid);
	return 0;
}

static int
check_san(const struct policy_request *request, const struct san *san, struct error *err)
{
	if (san->type == SAN_URI && has_prefix_nocase(san->value, "IntuneDeviceId:"))
		return refuse(err, "device ownership cannot be checked yet");
	if (san->type == SAN_UPN || san->type == SAN_EMAIL) {
		if (!is_upn(request->principal, san->value))
			return refuse(err, san->type == SAN_UPN
					       ? "a UPN is not the token's UPN"
					       : "an e-mail address is not the token's UPN");
		return 0;
	}
	/* An otherName or a directoryName can be anybody's identity. */
	if (san->type == SAN_OTHER || !request->settings->self_service.allow_other_names)
		return error_set(err, ERR_SELF_SERVICE,
		    "self-service: subject alternative names of type %s are not allowed",
		    san_type_name(san->type));
	return 0;
}

/* A name that says whose certificate it is: the common name or a UPN. */
static bool
names_the_user(const struct policy_grant *grant)
{
	for (size_t i = 0; i < grant->name->count; i++)
		if (strcmp(grant->name->attributes[i].oid, OID_COMMON_NAME) == 0)
			return true;
	for (size_t i = 0; i < grant->san_count; i++)
		if (grant->sans[i].type == SAN_UPN)
			return true;
	return false;
}

static int
check_names(
    const struct policy_request *request, const struct policy_grant *grant, struct error *err)
{
	for (size_t i = 0; i < grant->name->count; i++)
		if (check_attribute(request, &grant->name->attributes[i], err) < 0)
			return -1;
	for (size_t i = 0; i < grant->san_count; i++)
		if (check_san(request, &grant->sans[i], err) < 0)
			return -1;
	if (!names_the_user(grant))
		return refuse(err, "neither a common name nor a UPN names the user");
	return 0;
}

int
self_service_check(
    const struct policy_request *request, const struct policy_grant *grant, struct error *err)
{
	const struct principal *principal = request->principal;

	if (principal->is_guest)
		return refuse(err, "guests may not enroll");
	if (principal->upn[0] == '\0')
		return refuse(err, "the token has no upn claim");
	if (grant->eku_count != 1 || strcmp(grant->ekus[0], OID_CLIENT_AUTH) != 0)
		return refuse(err, "the extended key usage must be clientAuth alone");
	return check_names(request, grant, err);
}

/* Who may enroll with an RA profile: how an enroller is written, checked, added and removed. */
#include "enroll/profiles/profile_enrollers.h"

#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "crypto/text.h"
#include "enroll/profiles/profile_rules.h"

/* A GUID in the form in which principals carry theirs, lower case. */
static bool
normal_guid(struct bytes text, char out[static UUID_TEXT_MAX])
{
	struct error err = { 0 };
	struct uuid uuid;

	if (text.len != UUID_TEXT_MAX - 1)
		return false;
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	if (uuid_parse(out, &uuid, &err) < 0)
		return false;
	uuid_text(&uuid, out);
	return true;
}

static bool
normal_principal(const char *value, char *out, size_t size)
{
	char tenant[UUID_TEXT_MAX], object[UUID_TEXT_MAX];
	const char *slash = strchr(value, '/');

	if (slash == NULL || !normal_guid(bytes_of(value, (size_t)(slash - value)), tenant) ||
	    !normal_guid(bytes_text(slash + 1), object))
		return false;
	return snprintf(out, size, "%s/%s", tenant, object) < (int)size;
}

static bool
is_role(const char *value)
{
	size_t len = strlen(value);

	/* A role value of Entra has at most 120 characters and no space. */
	return len >= 1 && len <= 120 && text_is_ascii(bytes_text(value)) &&
	       strchr(value, ' ') == NULL;
}

/* 64 hex digits, kept in lower case; colons as openssl prints them are taken too. */
static bool
normal_fingerprint(const char *value, char *out, size_t size)
{
	size_t len = 0;

	for (; *value != '\0'; value++) {
		char c = (char)(*value >= 'A' && *value <= 'F' ? *value | 0x20 : *value);

		if (c == ':' && len % 2 == 0)
			continue;
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) || len + 1 == size)
			return false;
		out[len++] = c;
	}
	out[len] = '\0';
	return len == 64;
}

static bool
normal_value(struct enroller *enroller, const char *value)
{
	struct error ignored = { 0 };

	switch (enroller->kind) {
	case ENROLLER_ROLE:
		if (!is_role(value))
			return false;
		break;
	case ENROLLER_APPLICATION:
		return normal_guid(bytes_text(value), enroller->value);
	case ENROLLER_PRINCIPAL:
		return normal_principal(value, enroller->value, sizeof(enroller->value));
	case ENROLLER_RA_PROFILE:
		if (profile_rules_check_name(value, &ignored) < 0)
			return false;
		break;
	case ENROLLER_CERTIFICATE:
		return normal_fingerprint(value, enroller->value, sizeof(enroller->value));
	}
	return snprintf(enroller->value, sizeof(enroller->value), "%s", value) <
	       (int)sizeof(enroller->value);
}

static int
read_enroller(const char *text, struct enroller *out, struct error *err)
{
	static const enum enroller_kind kinds[] = { ENROLLER_ROLE, ENROLLER_APPLICATION,
		ENROLLER_PRINCIPAL, ENROLLER_RA_PROFILE, ENROLLER_CERTIFICATE };
	const char *colon = strchr(text, ':');

	for (size_t i = 0; colon != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		out->kind = kinds[i];
		if (bytes_equal_text(
			bytes_of(text, (size_t)(colon - text)), enroller_kind_name(kinds[i])) &&
		    normal_value(out, colon + 1))
			return 0;
	}
	return error_set(err, ERR_CONFIG,
	    "Enroller: expected role:VALUE, application:GUID, principal:TENANT/OBJECT, "
	    "ra_profile:NAME or certificate:SHA256");
}

/* Where it stands among the profile's; enroller_count when it does not. */
static size_t
find_enroller(const struct ra_profile *profile, const struct enroller *wanted)
{
	size_t i = 0;

	while (i < profile->enroller_count &&
	       (profile->enrollers[i].kind != wanted->kind ||
		   strcmp(profile->enrollers[i].value, wanted->value) != 0))
		i++;
	return i;
}

int
profile_enrollers_add(struct ra_profile *profile, const char *text, struct error *err)
{
	struct enroller enroller = { 0 };

	if (read_enroller(text, &enroller, err) < 0)
		return -1;
	if (find_enroller(profile, &enroller) < profile->enroller_count)
		return error_set(err, ERR_CONFIG, "Enroller: %s:%s is there already",
		    enroller_kind_name(enroller.kind), enroller.value);
	return ra_profile_add_enroller(profile, enroller.kind, enroller.value, err);
}

int
profile_enrollers_remove(struct ra_profile *profile, const char *text, struct error *err)
{
	struct enroller enroller = { 0 };
	size_t at;

	if (read_enroller(text, &enroller, err) < 0)
		return -1;
	at = find_enroller(profile, &enroller);
	if (at == profile->enroller_count)
		return error_set(err, ERR_CONFIG, "Enroller: there is no %s:%s",
		    enroller_kind_name(enroller.kind), enroller.value);
	profile->enroller_count--;
	memmove(&profile->enrollers[at], &profile->enrollers[at + 1],
	    (profile->enroller_count - at) * sizeof(profile->enrollers[0]));
	return 0;
}

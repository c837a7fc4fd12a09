/* The rules for SCEP profiles that need no database, in the words that CZERTAINLY's clients show.
 */
#include "enroll/profiles/scep_profile_rules.h"

#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "store/scep_profiles.h"

enum { SHOWN_MAX = 64 };

bool
scep_profile_rules_is_given(const char *secret)
{
	return secret != NULL && secret[0] != '\0';
}

/* RFC 3986, 2.3: what stands in a URL as it is. */
static bool
is_unreserved(const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "abcdefghijklmnopqrstuvwxyz"
					 "0123456789-._~";

	return text[strspn(text, unreserved)] == '\0';
}

static int
check_length(const char *member, const char *text, size_t max, struct error *err)
{
	size_t count = utf8_count(bytes_text(text));

	if (count <= max)
		return 0;
	return error_set(err, ERR_VALIDATION,
	    "%s has %zu characters, which is more than the %zu that it may have", member, count,
	    max);
}

int
scep_profile_rules_check_name(const char *name, struct error *err)
{
	if (name == NULL || name[0] == '\0')
		return error_set(err, ERR_VALIDATION, "Name cannot be empty");
	if (!is_unreserved(name))
		return error_set(err, ERR_VALIDATION,
		    "Name can contain only unreserved URI characters (alphanumeric, hyphen, "
		    "period, underscore, and tilde)");
	/* RFC 3986, 5.2.4: they vanish from a URL, and with them the profile's address. */
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return error_set(err, ERR_VALIDATION,
		    "Name cannot be \".\" or \"..\", which no URL can hold as a segment");
	return check_length("name", name, SCEP_PROFILE_NAME_MAX, err);
}

int
scep_profile_rules_check_intune(
    const struct scep_profile_request *request, bool has_key, struct error *err)
{
	if (!request->enable_intune ||
	    (request->intune_tenant != NULL && request->intune_application_id != NULL &&
		(request->intune_application_key != NULL || has_key)))
		return 0;
	return error_set(err, ERR_VALIDATION,
	    "Invalid Intune configuration. Missing Intune tenant and/or intune app identification");
}

int
scep_profile_rules_check_challenge(
    const struct scep_profile_request *request, bool has_password, struct error *err)
{
	if (request->challenge != SCEP_CHALLENGE_REQUIRE || has_password ||
	    scep_profile_rules_is_given(request->challenge_password))
		return 0;
	return error_set(err, ERR_VALIDATION,
	    "enableChallengePassword is true, but there is no challengePassword, neither in the "
	    "request nor stored");
}

int
scep_profile_rules_check_texts(const struct scep_profile_request *request, struct error *err)
{
	const struct {
		const char *member;
		const char *text;
		size_t max;
	} texts[] = {
		{ "description", request->description, SCEP_PROFILE_DESCRIPTION_MAX },
		{ "challengePassword", request->challenge_password, SCEP_PROFILE_SECRET_MAX },
		{ "intuneTenant", request->intune_tenant, SCEP_PROFILE_INTUNE_MAX },
		{ "intuneApplicationId", request->intune_application_id, SCEP_PROFILE_INTUNE_MAX },
		{ "intuneApplicationKey", request->intune_application_key,
		    SCEP_PROFILE_SECRET_MAX },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (check_length(texts[i].member, texts[i].text, texts[i].max, err) < 0)
			return -1;
	return 0;
}

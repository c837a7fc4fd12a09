/* The assignments that `profile set` takes. */
#include "cmd/profile_rule.h"

#include <string.h>

#include "enroll/profiles/profile_enrollers.h"
#include "enroll/profiles/profile_rules.h"

enum { KEY_MAX = 64 };

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

int
profile_rule_assign(struct ra_profile *profile, const char *assignment, struct error *err)
{
	const char *equals = strchr(assignment, '=');
	char key[KEY_MAX];
	size_t len = equals != NULL ? (size_t)(equals - assignment) : 0;

	if (has_prefix(assignment, "Enroller+="))
		return profile_enrollers_add(profile, equals + 1, err);
	if (has_prefix(assignment, "Enroller-="))
		return profile_enrollers_remove(profile, equals + 1, err);
	if (has_prefix(assignment, "Enroller="))
		return error_set(err, ERR_CONFIG,
		    "Enroller: add one with Enroller+=, remove one with Enroller-=");
	if (len == 0 || len >= sizeof(key))
		return error_set(err, ERR_CONFIG, "expected Key=value, not \"%.60s\"", assignment);
	memcpy(key, assignment, len);
	key[len] = '\0';
	return profile_rules_set(profile, key, equals + 1, err);
}

void
profile_rule_help(struct buf *out)
{
	size_t count;
	const struct rule_field *fields = profile_rules_fields(&count);

	buf_add_text(
	    out, "Changes rules of an RA profile, all of those given or none. Values:\n\n");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "  %-18s%s\n", fields[i].name, fields[i].expected);
	buf_add_text(out,
	    "\nWho may enroll is added with Enroller+= and removed with Enroller-=, followed by\n"
	    "role:VALUE, application:GUID, principal:TENANT/OBJECT, ra_profile:NAME or\n"
	    "certificate:SHA256.");
}

/* What SCEPman's management API calls states, types and sources of certificates. */
#include "api/management/manage_names.h"

#include <string.h>

enum { MEANS_MAX = 6 };

struct word {
	const char *value;
	const char *means[MEANS_MAX];
};

/* A hold is a revocation to SCEPman: reason 6. */
static const struct word VALIDITIES[] = {
	{ "Any", { NULL } },
	{ "Active", { "valid", NULL } },
	{ "Expired", { "expired", NULL } },
	{ "Revoked", { "revoked", "hold", NULL } },
	{ NULL, { NULL } },
};

static const struct word TYPES[] = {
	{ "Any", { NULL } },
	{ "Static", { "Static", "ScepRa", NULL } },
	{ "DC", { "DC", NULL } },
	{ "User", { "IntuneUser", "JamfUser", "JamfUserOnDevice", "JamfUserOnComputer", NULL } },
	{ "Device", { "IntuneDevice", "JamfDevice", "JamfComputer", NULL } },
	{ NULL, { NULL } },
};

/* Certificate Master is whoever makes certificates by hand: here, a command, or a job. */
static const struct word SOURCES[] = {
	{ "0", { "CertificateMaster", "Command", "Job", NULL } },
	{ "1", { "Intune", NULL } },
	{ "3", { "Static", NULL } },
	{ "4", { "StaticAAD", NULL } },
	{ "5", { "Jamf", NULL } },
	{ "6", { "DomainController", NULL } },
	{ "7", { "API", NULL } },
	{ "8", { "RadiusAPI", NULL } },
	{ "9", { "Intune", NULL } },
	{ "10", { "ActiveDirectory", NULL } },
	{ NULL, { NULL } },
};

static const char *const *
find(const struct word *words, const char *value)
{
	for (; words->value != NULL; words++)
		if (strcmp(words->value, value) == 0)
			return words->means;
	return NULL;
}

const char *const *
manage_names_validity(const char *value)
{
	return find(VALIDITIES, value);
}

const char *const *
manage_names_type(const char *value)
{
	return find(TYPES, value);
}

const char *const *
manage_names_source(const char *number)
{
	return find(SOURCES, number);
}

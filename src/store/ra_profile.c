/* One RA profile in memory: its enrollers and its end. */
#include "store/ra_profiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENROLLERS_MAX = 64 };

static const char *const KINDS[] = {
	[ENROLLER_ROLE] = "role",
	[ENROLLER_APPLICATION] = "application",
	[ENROLLER_PRINCIPAL] = "principal",
	[ENROLLER_RA_PROFILE] = "ra_profile",
	[ENROLLER_CERTIFICATE] = "certificate",
};

const char *
enroller_kind_name(enum enroller_kind kind)
{
	return KINDS[kind];
}

struct ra_profile *
ra_profile_new(void)
{
	return calloc(1, sizeof(struct ra_profile));
}

void
ra_profile_free(struct ra_profile *profile)
{
	if (profile == NULL)
		return;
	free(profile->enrollers);
	free(profile);
}

/* Room for all at the first one: there are few. */
static bool
has_room(struct ra_profile *profile)
{
	if (profile->enrollers == NULL)
		profile->enrollers = calloc(ENROLLERS_MAX, sizeof(*profile->enrollers));
	return profile->enrollers != NULL;
}

int
ra_profile_add_enroller(
    struct ra_profile *profile, enum enroller_kind kind, const char *value, struct error *err)
{
	struct enroller *enroller;

	if (profile->enroller_count == ENROLLERS_MAX)
		return error_set(err, ERR_CONFIG, "more than %d enrollers", ENROLLERS_MAX);
	if (strlen(value) >= sizeof(enroller->value))
		return error_set(err, ERR_CONFIG, "an enroller longer than %zu characters",
		    sizeof(enroller->value) - 1);
	if (!has_room(profile))
		return error_set(err, ERR_INTERNAL, "out of memory for enrollers");
	enroller = &profile->enrollers[profile->enroller_count++];
	enroller->kind = kind;
	(void)snprintf(enroller->value, sizeof(enroller->value), "%s", value);
	return 0;
}

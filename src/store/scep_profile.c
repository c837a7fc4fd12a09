/* One SCEP profile in memory: its beginning and its end. */
#include <stdlib.h>

#include "base/text.h"
#include "store/scep_profiles.h"

struct scep_profile *
scep_profile_new(void)
{
	struct scep_profile *profile = calloc(1, sizeof(*profile));

	if (profile == NULL)
		return NULL;
	profile->challenge_password.max = SCEP_PROFILE_SEALED_MAX;
	profile->intune_application_key.max = SCEP_PROFILE_SEALED_MAX;
	profile->issue_attributes.max = SCEP_PROFILE_ATTRIBUTES_MAX;
	profile->custom_attributes.max = SCEP_PROFILE_ATTRIBUTES_MAX;
	return profile;
}

void
scep_profile_free(struct scep_profile *profile)
{
	if (profile == NULL)
		return;
	text_release(&profile->description);
	text_release(&profile->intune_tenant);
	text_release(&profile->intune_application_id);
	buf_release(&profile->challenge_password);
	buf_release(&profile->intune_application_key);
	buf_release(&profile->issue_attributes);
	buf_release(&profile->custom_attributes);
	free(profile);
}

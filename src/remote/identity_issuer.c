/* Which issuers the settings make us believe. */
#include "remote/identity_issuer.h"

#include <stdio.h>
#include <string.h>

/* Everybody's personal Microsoft account lives in this one tenant. */
static const char CONSUMER_TENANT[] = "9188040d-6c67-4c5b-b112-36a304b66dad";

bool
identity_issuer_is_accepted(const struct settings *settings, enum identity_version version)
{
	return version == IDENTITY_V1 ? settings->auth.accept_v1 : settings->auth.accept_v2;
}

bool
identity_issuer_text(const struct settings *settings, const char *tenant,
    enum identity_version version, char out[static IDENTITY_ISSUER_MAX])
{
	int len;

	if (strcmp(tenant, CONSUMER_TENANT) == 0)
		return false;
	if (version == IDENTITY_V1)
		len = snprintf(out, IDENTITY_ISSUER_MAX, "%s%s/", settings->auth.v1_issuer, tenant);
	else
		len = snprintf(
		    out, IDENTITY_ISSUER_MAX, "%s/%s/v2.0", settings->auth.authority_host, tenant);
	return len > 0 && len < IDENTITY_ISSUER_MAX;
}

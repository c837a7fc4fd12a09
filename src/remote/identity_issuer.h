#ifndef REMOTE_IDENTITY_ISSUER_H
#define REMOTE_IDENTITY_ISSUER_H

#include <stdbool.h>

#include "base/settings.h"

/* The two rule sets of Entra's access tokens; the claim ver tells which. */
enum identity_version { IDENTITY_V1, IDENTITY_V2, IDENTITY_VERSIONS };

enum { IDENTITY_ISSUER_MAX = 512 };

/* Whether the settings accept tokens of this version. */
bool identity_issuer_is_accepted(const struct settings *settings, enum identity_version version);

/*
 * The iss of a tenant's tokens: "{authority_host}/{tenant}/v2.0", or "{v1_issuer}{tenant}/".
 * False for the tenant of personal accounts, which is never accepted, and for a text that is too
 * long.
 */
bool identity_issuer_text(const struct settings *settings, const char *tenant,
    enum identity_version version, char out[static IDENTITY_ISSUER_MAX]);

#endif

#ifndef API_ACCESS_TOKEN_H
#define API_ACCESS_TOKEN_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/settings.h"
#include "enroll/issuing/principal.h"
#include "remote/identity_keys.h"

/*
 * Verifies a Microsoft Entra access token (v1 or v2, RS256) of a configured
 * tenant: the order of work and every rule of section 2 of the identity fact sheet, RFC 7519,
 * RFC 8725. ERR_TOKEN with the reason for the log (the client never sees it),
 * ERR_IDENTITY_KEYS when no keys are there yet. *out is written on success only.
 */
int token_verify(struct bytes token, const struct settings *settings, struct identity_keys *keys,
    int64_t now, struct principal *out, struct error *err);

#endif

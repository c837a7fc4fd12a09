#ifndef ENROLL_PROFILE_CACHE_H
#define ENROLL_PROFILE_CACHE_H

#include "enroll/issuer.h"
#include "store/ra_profiles.h"

/*
 * The RA profile of /api/csr and its authority's issuer, as this worker last read
 * them. Read again after PROFILE_CACHE_MS milliseconds: so long a change may take to count.
 */
enum { PROFILE_CACHE_MS = 1000 };

struct profile_cache;

void profile_cache_free(struct profile_cache *cache);
DEFINE_CLEANUP(struct profile_cache *, profile_cache_free)
struct profile_cache *profile_cache_new(const struct settings *settings) OWNED(profile_cache_free);

/*
 * The profile and its issuer, borrowed until the next call. ERR_CA_KEY: no profile is
 * enabled, several are and none is named, or the CA cannot sign; ERR_DATABASE.
 */
int profile_cache_get(struct profile_cache *cache, struct db *db, const struct ra_profile **profile,
    struct issuer **issuer, struct error *err);

/*
 * err->number of an ERR_CA_KEY that only says that nothing was set up yet: no
 * profile, or no active generation. Worth a 503, not worth refusing to start.
 */
enum { PROFILE_ABSENT = ISSUER_ABSENT };

#endif

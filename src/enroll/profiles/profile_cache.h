#ifndef ENROLL_PROFILES_PROFILE_CACHE_H
#define ENROLL_PROFILES_PROFILE_CACHE_H

#include "enroll/issuing/issuer.h"
#include "store/ra_profiles.h"

/*
 * RA profiles and their authorities' issuers, as this worker last read them. Each is read again
 * after PROFILE_CACHE_MS milliseconds: so long a change may take to count.
 */
enum { PROFILE_CACHE_MS = 1000, PROFILE_CACHE_MAX = 32 };

struct profile_cache;

void profile_cache_free(struct profile_cache *cache);
DEFINE_CLEANUP(struct profile_cache *, profile_cache_free)

/* settings and db must outlive it. */
struct profile_cache *profile_cache_new(const struct settings *settings, struct db *db)
    OWNED(profile_cache_free);

/* Which one: by name (an EST label), by id (that of a certificate to renew), or with neither the
 * one of [DbCSRValidation] RaProfile, else the only enabled one. */
struct profile_choice {
	const char *name;
	const struct uuid *id;
};

/* Unknown, disabled and forbidden profiles look alike. */
#define PROFILE_CLOSED "no RA profile is open to this caller"

/* What was found; borrowed until the next call. */
struct profile_use {
	const struct ra_profile *profile;
	struct issuer *issuer;
	bool any_key_compromised; /* whether any public key was revoked for keyCompromise */
};

/*
 * Finds it. ERR_PROFILE: there is none of this name or id (a profile that is disabled or archived
 * is found: policy refuses it in the same words); ERR_CA_KEY: no choice was made and no profile is
 * enabled, or several are and none is named, or the CA cannot sign; ERR_DATABASE.
 */
int profile_cache_get(struct profile_cache *cache, const struct profile_choice *choice,
    struct profile_use *out, struct error *err);

/*
 * err->number of an ERR_CA_KEY that only says that nothing was set up yet: no
 * profile, or no active generation. Worth a 503, not worth refusing to start.
 */
enum { PROFILE_ABSENT = ISSUER_ABSENT };

#endif

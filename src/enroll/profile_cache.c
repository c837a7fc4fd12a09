/* What a worker remembers of its RA profile and issuer between requests. */
#include "enroll/profile_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct profile_cache {
	const struct settings *settings;
	struct ra_profile *profile;
	struct issuer *issuer;
	int64_t read_ms; /* monotonic; 0: never */
};

void
profile_cache_free(struct profile_cache *cache)
{
	if (cache == NULL)
		return;
	ra_profile_free(cache->profile);
	issuer_free(cache->issuer);
	free(cache);
}

struct profile_cache *
profile_cache_new(const struct settings *settings)
{
	struct profile_cache *cache = calloc(1, sizeof(*cache));

	if (cache != NULL)
		cache->settings = settings;
	return cache;
}

/* The profile that the settings name, else the only enabled one. */
static int
find_profile(
    const struct profile_cache *cache, struct db *db, struct ra_profile **out, struct error *err)
{
	const char *name = cache->settings->db_csr.ra_profile;
	bool is_named = name[0] != '\0';
	int result =
	    is_named ? ra_profiles_find(db, name, out, err) : ra_profiles_find_only(db, out, err);

	if (result == 0)
		return 0;
	if (!error_is(err, ERR_NOT_FOUND) && !error_is(err, ERR_CONFLICT))
		return -1;
	if (error_is(err, ERR_CONFLICT)) {
		error_clear(err);
		return error_set(err, ERR_CA_KEY,
		    "several RA profiles are enabled: name one in [DbCSRValidation] RaProfile");
	}
	error_clear(err);
	err->number = PROFILE_ABSENT;
	return error_set(err, ERR_CA_KEY,
	    is_named ? "there is no RA profile %s" : "no RA profile is enabled%s",
	    is_named ? name : "");
}

static int
find_generation_id(
    struct db *db, const struct uuid *authority_id, struct uuid *out, struct error *err)
{
	cleanup(generation_release) struct generation generation = { 0 };

	if (generations_find_active(db, authority_id, &generation, err) < 0)
		return -1;
	*out = generation.id;
	return 0;
}

/* Opening a key is slow, so an issuer whose generation is still active is kept. */
static bool
issuer_is_current(
    const struct profile_cache *cache, struct db *db, const struct ra_profile *profile)
{
	struct error ignored = { .code = ERR_NONE };
	struct uuid id;

	return cache->issuer != NULL &&
	       find_generation_id(db, &profile->authority_id, &id, &ignored) == 0 &&
	       memcmp(&id, &cache->issuer->generation.id, sizeof(id)) == 0;
}

static int
read_again(struct profile_cache *cache, struct db *db, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = NULL;
	cleanup(issuer_freep) struct issuer *issuer = NULL;

	if (find_profile(cache, db, &profile, err) < 0)
		return -1;
	if (!issuer_is_current(cache, db, profile)) {
		if (issuer_load(db, cache->settings, &profile->authority_id, &issuer, err) < 0)
			return -1;
		issuer_free(cache->issuer);
		cache->issuer = take(issuer);
	}
	ra_profile_free(cache->profile);
	cache->profile = take(profile);
	cache->read_ms = clock_monotonic_ms();
	return 0;
}

int
profile_cache_get(struct profile_cache *cache, struct db *db, const struct ra_profile **profile,
    struct issuer **issuer, struct error *err)
{
	bool is_fresh =
	    cache->read_ms != 0 && clock_monotonic_ms() - cache->read_ms < PROFILE_CACHE_MS;

	if (!is_fresh) {
		cache->read_ms = 0;
		if (read_again(cache, db, err) < 0)
			return -1;
	}
	*profile = cache->profile;
	*issuer = cache->issuer;
	return 0;
}

/* What a worker remembers of RA profiles and issuers between requests. */
#include "enroll/profiles/profile_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/revocations.h"

/* A profile under the choice that found it; read_ms is monotonic, 0: an empty slot. */
struct profile_slot {
	bool is_named;
	char name[65];
	bool has_id;
	struct uuid id;
	struct ra_profile *profile;
	int64_t read_ms;
};

struct issuer_slot {
	struct issuer *issuer;
	int64_t read_ms;
};

/* As long as there are none, nobody's key has to be looked up. */
struct compromised_slot {
	bool any;
	int64_t read_ms;
};

struct profile_cache {
	const struct settings *settings;
	struct db *db;
	struct profile_slot profiles[PROFILE_CACHE_MAX];
	struct issuer_slot issuers[PROFILE_CACHE_MAX];
	struct compromised_slot compromised;
};

static void
drop_profile(struct profile_slot *slot)
{
	ra_profile_free(slot->profile);
	*slot = (struct profile_slot){ .read_ms = 0 };
}

static void
drop_issuer(struct issuer_slot *slot)
{
	issuer_free(slot->issuer);
	*slot = (struct issuer_slot){ .read_ms = 0 };
}

void
profile_cache_free(struct profile_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < PROFILE_CACHE_MAX; i++) {
		drop_profile(&cache->profiles[i]);
		drop_issuer(&cache->issuers[i]);
	}
	free(cache);
}

struct profile_cache *
profile_cache_new(const struct settings *settings, struct db *db)
{
	struct profile_cache *cache = calloc(1, sizeof(*cache));

	if (cache != NULL) {
		cache->settings = settings;
		cache->db = db;
	}
	return cache;
}

static bool
is_fresh(int64_t read_ms)
{
	return read_ms != 0 && clock_monotonic_ms() - read_ms < PROFILE_CACHE_MS;
}

/* The profile that the settings name, else the only enabled one. */
static int
find_default(const struct profile_cache *cache, struct ra_profile **out, struct error *err)
{
	const char *name = cache->settings->db_csr.ra_profile;
	bool is_named = name[0] != '\0';
	int result = is_named ? ra_profiles_find(cache->db, name, out, err)
			      : ra_profiles_find_only(cache->db, out, err);

	if (result == 0)
		return 0;
	if (!error_is(err, ERR_NOT_FOUND))
		return error_replace(err, ERR_CONFLICT, ERR_CA_KEY,
		    "several RA profiles are enabled: name one in [DbCSRValidation] RaProfile");
	error_clear(err);
	err->number = PROFILE_ABSENT;
	return error_set(err, ERR_CA_KEY,
	    is_named ? "there is no RA profile %s" : "no RA profile is enabled%s",
	    is_named ? name : "");
}

static int
find_profile(const struct profile_cache *cache, const struct profile_choice *choice,
    struct ra_profile **out, struct error *err)
{
	int result;

	if (choice->name == NULL && choice->id == NULL)
		return find_default(cache, out, err);
	result = choice->name != NULL ? ra_profiles_find(cache->db, choice->name, out, err)
				      : ra_profiles_find_id(cache->db, choice->id, out, err);
	if (result == 0)
		return 0;
	return error_replace(err, ERR_NOT_FOUND, ERR_PROFILE, PROFILE_CLOSED);
}

static bool
is_chosen(const struct profile_slot *slot, const struct profile_choice *choice)
{
	if (slot->profile == NULL || slot->is_named != (choice->name != NULL) ||
	    slot->has_id != (choice->id != NULL))
		return false;
	return (choice->name == NULL || strcmp(slot->name, choice->name) == 0) &&
	       (choice->id == NULL || memcmp(&slot->id, choice->id, sizeof(slot->id)) == 0);
}

/* The slot of this choice, else the one that was read longest ago, emptied. */
static struct profile_slot *
profile_slot(struct profile_cache *cache, const struct profile_choice *choice)
{
	struct profile_slot *oldest = &cache->profiles[0];

	for (size_t i = 0; i < PROFILE_CACHE_MAX; i++) {
		if (is_chosen(&cache->profiles[i], choice))
			return &cache->profiles[i];
		if (cache->profiles[i].read_ms < oldest->read_ms)
			oldest = &cache->profiles[i];
	}
	drop_profile(oldest);
	return oldest;
}

static int
get_profile(struct profile_cache *cache, const struct profile_choice *choice,
    const struct ra_profile **out, struct error *err)
{
	struct profile_slot *slot = profile_slot(cache, choice);

	if (!is_fresh(slot->read_ms)) {
		drop_profile(slot);
		if (find_profile(cache, choice, &slot->profile, err) < 0)
			return -1;
		slot->is_named = choice->name != NULL;
		if (slot->is_named)
			(void)snprintf(slot->name, sizeof(slot->name), "%s", choice->name);
		slot->has_id = choice->id != NULL;
		if (slot->has_id)
			slot->id = *choice->id;
		slot->read_ms = clock_monotonic_ms();
	}
	*out = slot->profile;
	return 0;
}

static struct issuer_slot *
issuer_slot(struct profile_cache *cache, const struct uuid *authority_id)
{
	struct issuer_slot *oldest = &cache->issuers[0];

	for (size_t i = 0; i < PROFILE_CACHE_MAX; i++) {
		struct issuer_slot *slot = &cache->issuers[i];

		if (slot->issuer != NULL && memcmp(&slot->issuer->generation.authority_id,
						authority_id, sizeof(*authority_id)) == 0)
			return slot;
		if (slot->read_ms < oldest->read_ms)
			oldest = slot;
	}
	drop_issuer(oldest);
	return oldest;
}

/* Opening a key is slow, so an issuer whose generation is still active is kept. */
static bool
is_active_still(const struct profile_cache *cache, const struct issuer *issuer)
{
	cleanup(generation_release) struct generation active = { 0 };
	struct error ignored = { .code = ERR_NONE };

	return issuer != NULL &&
	       generations_find_active(
		   cache->db, &issuer->generation.authority_id, &active, &ignored) == 0 &&
	       memcmp(&active.id, &issuer->generation.id, sizeof(active.id)) == 0;
}

static int
get_issuer(struct profile_cache *cache, const struct uuid *authority_id, struct issuer **out,
    struct error *err)
{
	struct issuer_slot *slot = issuer_slot(cache, authority_id);

	if (!is_fresh(slot->read_ms)) {
		if (!is_active_still(cache, slot->issuer)) {
			drop_issuer(slot);
			if (issuer_load(
				cache->db, cache->settings, authority_id, &slot->issuer, err) < 0)
				return -1;
		}
		slot->read_ms = clock_monotonic_ms();
	}
	*out = slot->issuer;
	return 0;
}

static int
get_compromised(struct profile_cache *cache, bool *out, struct error *err)
{
	struct compromised_slot *slot = &cache->compromised;

	if (!is_fresh(slot->read_ms)) {
		slot->read_ms = 0;
		if (revocations_any_compromised(cache->db, &slot->any, err) < 0)
			return -1;
		slot->read_ms = clock_monotonic_ms();
	}
	*out = slot->any;
	return 0;
}

int
profile_cache_get(struct profile_cache *cache, const struct profile_choice *choice,
    struct profile_use *out, struct error *err)
{
	struct profile_use use = { .profile = NULL };

	if (get_profile(cache, choice, &use.profile, err) < 0 ||
	    get_issuer(cache, &use.profile->authority_id, &use.issuer, err) < 0 ||
	    get_compromised(cache, &use.any_key_compromised, err) < 0)
		return -1;
	*out = use;
	return 0;
}

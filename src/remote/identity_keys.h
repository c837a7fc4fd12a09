#ifndef REMOTE_IDENTITY_KEYS_H
#define REMOTE_IDENTITY_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/settings.h"
#include "crypto/jwk.h"

/*
 * The signing keys of the configured tenants. One job (identity_keys_refresh,
 * run by `certwright maintain`) fetches them and writes StateDir/identity-keys.json, whole and
 * renamed; the serving workers only read that file. It is a trust root: it must
 * be ours and not writable by others, else it is refused.
 */
struct identity_keys;

void identity_keys_free(struct identity_keys *keys);
DEFINE_CLEANUP(struct identity_keys *, identity_keys_free)

/*
 * Makes an empty cache that reads the file on demand; does not touch the file yet.
 * The settings must outlive it. NULL without memory.
 */
struct identity_keys *identity_keys_new(const struct settings *settings) OWNED(identity_keys_free);

/*
 * The key of (issuer, kid), borrowed until the next call that may reload the
 * file (this one, or identity_keys_age). Keys of an alg other than RS256 are not in it.
 * NULL with ERR_IDENTITY_KEYS: no usable file yet for this issuer (503). NULL with ERR_TOKEN: keys
 * are there, not this kid. identity_keys_wanted() answers true from then on. now: seconds UTC.
 */
const struct jwk *identity_keys_find(struct identity_keys *keys, const char *issuer,
    const char *kid, int64_t now, struct error *err);

/* Whether a look-up since the last call missed, so that a refresh is worth asking for. */
bool identity_keys_wanted(struct identity_keys *keys);

/* Seconds since the last good fetch for the oldest issuer; -1: none yet. */
int64_t identity_keys_age(struct identity_keys *keys, int64_t now);

/* Whether identity_keys_refresh would fetch; also where the last attempt is of a later time. */
int identity_keys_is_due(
    const struct settings *settings, int64_t min_interval_s, bool *due, struct error *err);

/*
 * The job: under a file lock in StateDir fetches discovery documents and keys
 * of every tenant and accepted token version, checks them (identity.md 2: https
 * only, host pinned, no redirect, 10 s, 512 KiB, 1,000 keys) and replaces the
 * file. What fails keeps its old keys for 24 h from when each was last seen.
 * min_interval_s: does nothing, and succeeds, when the last attempt is younger. *fetched (may be
 * NULL) says whether it fetched. ERR_IDENTITY_KEYS when a tenant could not be refreshed.
 */
int identity_keys_refresh(
    const struct settings *settings, int64_t min_interval_s, bool *fetched, struct error *err);

#endif

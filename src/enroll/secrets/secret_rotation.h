#ifndef ENROLL_SECRETS_SECRET_ROTATION_H
#define ENROLL_SECRETS_SECRET_ROTATION_H

#include "crypto/keyring.h"
#include "store/db.h"

/* How many values are under one key. */
struct secret_use {
	char id[KEYRING_ID_TEXT];
	bool is_in_ring;
	int64_t values;
};

enum { SECRET_USES_MAX = 2 * KEYRING_KEYS_MAX };

struct secret_uses {
	struct secret_use items[SECRET_USES_MAX];
	size_t count;
};

/*
 * Counts the sealed values by key: the keyring's keys in its order, then those on record that it
 * lacks. ERR_CA_KEY for a value that is none of ours.
 */
int secret_rotation_uses(
    struct db *db, const struct keyring *keyring, struct secret_uses *out, struct error *err);

/* What a run did. */
struct secret_rotation {
	int64_t sealed;  /* values sealed anew */
	int64_t skipped; /* changed by others meanwhile, and looked at again */
	int64_t failed;  /* values that do not open */
	char first_failure[ERROR_TEXT_MAX];
};

/*
 * Seals every value that is under another key than the first one anew, each by itself: it may be
 * stopped at any point and run again. A value that someone changes meanwhile stays as changed. The
 * run has an audit row at its begin and one at its end. ERR_CONFLICT when values keep appearing
 * under other keys: a `serve` that still has the old keyring.
 */
int secret_rotation_run(struct db *db, const struct keyring *keyring, const char *actor,
    struct secret_rotation *out, struct error *err);

#endif

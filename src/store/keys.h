#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include "base/buf.h"
#include "store/db.h"

/* A row of managed_key. */
struct managed_key {
	struct uuid id;
	char name[65];
	char algorithm[17]; /* rsa, p256, p384, ed25519 */
	unsigned bits;
	char uri[1025];
	char passphrase_file[1025]; /* "" where none */
	struct buf public_key;      /* SubjectPublicKeyInfo */
	char usages[65];            /* "ca", "scep" or "ca,scep" */
	char state[17];             /* "active", "retired" */
	int64_t created_at;
};

void managed_key_release(struct managed_key *key);

/* Whether the usages hold this one. */
bool managed_key_is_for(const struct managed_key *key, const char *usage);

/* Fails with ERR_CONFLICT when the name is taken. */
int keys_insert(struct db *db, const struct managed_key *key, struct error *err);

/* ERR_NOT_FOUND when there is none. *out is the caller's to release. */
int keys_find(struct db *db, const struct uuid *id, struct managed_key *out, struct error *err);

/* An active key becomes a retired one; ERR_CONFLICT when it was not active. */
int keys_retire(struct db *db, const struct uuid *id, struct error *err);

/* Calls each() for every key in order of name; a negative answer ends it with -1. */
int keys_each(struct db *db,
    int (*each)(const struct managed_key *key, void *arg, struct error *err), void *arg,
    struct error *err);

#endif

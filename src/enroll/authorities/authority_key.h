#ifndef ENROLL_AUTHORITIES_AUTHORITY_KEY_H
#define ENROLL_AUTHORITIES_AUTHORITY_KEY_H

#include <stdbool.h>

#include "base/settings.h"
#include "crypto/key.h"
#include "store/keys.h"

/* Which key a CA generation or a registration authority gets; borrowed. */
struct authority_key_choice {
	const char *type;            /* as key_facts_parse takes it */
	const char *file;            /* NULL: STATEDIR/keys/LABEL.key */
	const char *uri;             /* a pkcs11: URI instead of a file; NULL: none */
	const char *passphrase_file; /* NULL: none */
	const char *usages;          /* "ca", "scep" or "ca,scep"; NULL: "ca" */
	bool existing;               /* it exists; make none */
};

/* A key and its row of managed_key. */
struct authority_key {
	struct managed_key row;
	struct key *key;
	bool is_new;      /* made just now */
	bool is_recorded; /* the row was read from the database */
};

void authority_key_release(struct authority_key *key);

/*
 * Makes the key, or opens it where it exists, and fills the row, whose name is
 * the label. ERR_CONFIG for a wrong choice, such as Ed25519 for SCEP, ERR_CA_KEY for what key_open
 * says. On success *out is the caller's to release.
 */
int authority_key_prepare(const struct settings *settings,
    const struct authority_key_choice *choice, const char *label, struct authority_key *out,
    struct error *err);

/* Opens the key of a row; its public key must be the row's (ERR_CA_KEY). */
int authority_key_load(
    struct db *db, const struct uuid *id, struct authority_key *out, struct error *err);

/* Adds to err where a new key stays that could not be recorded; returns -1. */
int authority_key_stays(const struct authority_key *key, struct error *err);

#endif

#ifndef ENROLL_SECRETS_SECRET_CHECK_H
#define ENROLL_SECRETS_SECRET_CHECK_H

#include "crypto/keyring.h"
#include "store/db.h"

/*
 * For start-up: every sealed value on record is under a key of the keyring, and one of each key
 * and column opens. (Not among the custom attributes of certificates, which may be many; of the
 * other custom attributes none is opened.) ERR_CONFIG names the keys that are missing, or what does
 * not open. keyring NULL: there may be no sealed values; one that cannot be used: says why.
 */
int secret_check(struct db *db, const struct keyring *keyring, struct error *err);

/* Says why a keyring cannot be used (ERR_CONFIG); NULL can. */
int secret_check_keyring(const struct keyring *keyring, struct error *err);

#endif

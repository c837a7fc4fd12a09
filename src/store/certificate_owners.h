#ifndef STORE_CERTIFICATE_OWNERS_H
#define STORE_CERTIFICATE_OWNERS_H

#include "store/db.h"

enum { CERTIFICATE_OWNER_CHARACTERS = 256 };

/*
 * Makes this the owner of the certificate, in place of the one it had. ERR_NOT_FOUND: no such
 * certificate; ERR_VALIDATION: the name is empty or longer than 256 characters.
 */
int certificate_owners_set(
    struct db *db, const struct uuid *certificate_id, const char *owner, struct error *err);

/* It has no owner any more; without one before that is no fault. */
int certificate_owners_clear(struct db *db, const struct uuid *certificate_id, struct error *err);

#endif

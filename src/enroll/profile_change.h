#ifndef ENROLL_PROFILE_CHANGE_H
#define ENROLL_PROFILE_CHANGE_H

#include <stdbool.h>

#include "store/ra_profiles.h"

/*
 * Inserts a new RA profile on the authority of this name, with its audit row, in one
 * transaction; ids and dates are filled in. ERR_NOT_FOUND: no such authority; ERR_CONFLICT: the
 * name is taken; ERR_CONFIG: a rule is wrong.
 */
int profile_change_create(struct db *db, const char *actor, const char *authority,
    struct ra_profile *profile, struct error *err);

/* A change of one RA profile; pointers are borrowed. */
struct profile_change {
	const char *actor;
	const struct ra_profile *before; /* as it was read */
	const struct ra_profile *after;
	bool changed; /* filled in: whether there was anything to write */
};

/*
 * Writes what was changed since `before` was read, with an audit row that holds both,
 * in one transaction. ERR_CONFLICT when another change came in between, ERR_CONFIG when a rule is
 * wrong.
 */
int profile_change_update(struct db *db, struct profile_change *change, struct error *err);

#endif

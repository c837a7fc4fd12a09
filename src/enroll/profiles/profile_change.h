#ifndef ENROLL_PROFILES_PROFILE_CHANGE_H
#define ENROLL_PROFILES_PROFILE_CHANGE_H

#include <stdbool.h>

#include "store/audit.h"
#include "store/ra_profiles.h"

/* A new RA profile; pointers are borrowed. */
struct profile_creation {
	const struct audit_actor *actor;
	const char *authority;      /* its name */
	struct ra_profile *profile; /* id (where it is zero), dates and revision are filled in */
	const char *attributes;     /* the values of its custom attributes, JSON; NULL: none */
};

/*
 * Inserts it with its audit row in one transaction. ERR_NOT_FOUND: no such authority; ERR_CONFLICT:
 * the name is taken, also by one that is archived; ERR_CONFIG: a rule is wrong.
 */
int profile_change_create(
    struct db *db, const struct profile_creation *creation, struct error *err);

/* A change of one RA profile; pointers are borrowed. */
struct profile_change {
	const struct audit_actor *actor;
	const struct ra_profile *before; /* as it was read */
	const struct ra_profile *after;
	const char *attributes; /* the new values of its custom attributes; NULL: as they are */
	bool changed;           /* filled in: whether there was anything to write */
};

/*
 * Writes what was changed since `before` was read, with an audit row that holds both,
 * in one transaction. ERR_CONFLICT when another change came in between, ERR_CONFIG when a rule is
 * wrong.
 */
int profile_change_update(struct db *db, struct profile_change *change, struct error *err);

/*
 * Enables or disables the profile of this id, whatever else is changed meanwhile. ERR_NOT_FOUND:
 * there is none, or it is archived.
 */
int profile_change_enable(
    struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err);
int profile_change_disable(
    struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err);

/*
 * For whoever reads a profile, changes it and writes it: whether that failed for a change in
 * between and is worth another try, from the reading on. start_ms: when it began, monotonic. After
 * some seconds it is ERR_DATABASE.
 */
bool profile_change_is_lost(int64_t start_ms, struct error *err);

#endif

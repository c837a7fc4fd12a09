#ifndef STORE_RA_PROFILE_SCEP_H
#define STORE_RA_PROFILE_SCEP_H

#include "base/buf.h"
#include "store/db.h"

enum { RA_PROFILE_SCEP_ATTRIBUTES_MAX = 65536 };

/* The SCEP profile that is active on an RA profile: at most one. */
struct ra_profile_scep {
	struct uuid ra_profile_id;
	struct uuid scep_profile_id;
	char scep_profile[256];      /* its name */
	struct buf issue_attributes; /* JSON array of request attributes; what is issued by it */
	int64_t activated_at;
};

void ra_profile_scep_release(struct ra_profile_scep *active);

/* ERR_NOT_FOUND: none is active there. */
int ra_profile_scep_find(struct db *db, const struct uuid *ra_profile_id,
    struct ra_profile_scep *out, struct error *err);

/*
 * Makes it the active one, in place of another; the name is not looked at. Call inside a
 * transaction. ERR_CONFLICT: RA profile or SCEP profile was deleted in between.
 */
int ra_profile_scep_activate(
    struct db *db, const struct ra_profile_scep *active, struct error *err);

/* *was_active: whether there was one. Call inside a transaction. */
int ra_profile_scep_deactivate(
    struct db *db, const struct uuid *ra_profile_id, bool *was_active, struct error *err);

/* An RA profile that a SCEP profile is active on. */
struct ra_profile_scep_use {
	struct uuid ra_profile_id;
	char ra_profile[65];
};

/* All of a SCEP profile, by name; what is deleted must have none. */
int ra_profile_scep_each(struct db *db, const struct uuid *scep_profile_id,
    int (*each)(const struct ra_profile_scep_use *use, void *arg, struct error *err), void *arg,
    struct error *err);

/* Deactivates a SCEP profile wherever it is active, for deleting it. Call inside a transaction. */
int ra_profile_scep_unlink(struct db *db, const struct uuid *scep_profile_id, struct error *err);

#endif

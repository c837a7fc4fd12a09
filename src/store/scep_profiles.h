#ifndef STORE_SCEP_PROFILES_H
#define STORE_SCEP_PROFILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "store/db.h"

/* Characters that the columns take; a sealed secret is at most that many octets. */
enum {
	SCEP_PROFILE_NAME_MAX = 255,
	SCEP_PROFILE_DESCRIPTION_MAX = 1024,
	SCEP_PROFILE_INTUNE_MAX = 255,
	SCEP_PROFILE_SEALED_MAX = 2048,
	SCEP_PROFILE_ATTRIBUTES_MAX = 4 * 1024 * 1024 /* octets of JSON */
};

/* The table and its sealed columns, for enroll/secret. */
#define SCEP_PROFILE_TABLE "scep_profile"
#define SCEP_PROFILE_CHALLENGE "challenge_password"
#define SCEP_PROFILE_INTUNE_KEY "intune_application_key"

/* One row of scep_profile; all of it belongs to the profile. */
struct scep_profile {
	struct uuid id;
	char name[SCEP_PROFILE_NAME_MAX + 1];
	char *description; /* NULL: none; "" was given so */
	bool enabled;
	unsigned revision; /* grows with every change */
	bool has_ra_profile;
	struct uuid ra_profile_id;
	/* Of that RA profile, when the row was read; an archived one counts as none. */
	char ra_profile[65];
	bool ra_profile_enabled;
	struct uuid ra_authority_id;
	struct uuid ca_certificate_id; /* a certificate, or a generation */
	bool has_renewal_threshold;
	int32_t renewal_threshold; /* days; 0: half of the validity */
	bool include_ca_certificate;
	bool include_ca_chain;
	bool enable_intune;
	char *intune_tenant;               /* NULL: none */
	char *intune_application_id;       /* NULL: none */
	struct buf challenge_password;     /* sealed; empty: none */
	struct buf intune_application_key; /* sealed; empty: none */
	struct buf issue_attributes;       /* JSON, an array of request attributes */
	struct buf custom_attributes;      /* the same */
	int64_t created_at;
};

void scep_profile_free(struct scep_profile *profile);
DEFINE_CLEANUP(struct scep_profile *, scep_profile_free)
/* One with empty attributes ("[]"); NULL: no memory. */
struct scep_profile *scep_profile_new(void) OWNED(scep_profile_free);

/* By id or by name, which is one exact text; ERR_NOT_FOUND. */
int scep_profiles_find_id(
    struct db *db, const struct uuid *id, struct scep_profile **out, struct error *err);
int scep_profiles_find(
    struct db *db, const char *name, struct scep_profile **out, struct error *err);

/*
 * By id, and on this host nobody else writes it until the transaction at hand ends; the first
 * statement of that transaction. ERR_NOT_FOUND.
 */
int scep_profiles_lock(
    struct db *db, const struct uuid *id, struct scep_profile **out, struct error *err);

/* All, by name, read in pages. */
int scep_profiles_each(struct db *db,
    int (*each)(const struct scep_profile *profile, void *arg, struct error *err), void *arg,
    struct error *err);

/* Whether a profile has this name. */
int scep_profiles_has_name(struct db *db, const char *name, bool *out, struct error *err);

/* ERR_CONFLICT: the name is taken. ERR_NOT_FOUND: its RA profile is gone. */
int scep_profiles_insert(struct db *db, const struct scep_profile *profile, struct error *err);

/*
 * Writes everything but name and created_at where the row still has profile->revision, and raises
 * the revision. ERR_CONFLICT: it was changed or deleted in between. ERR_NOT_FOUND: its RA profile
 * is gone.
 */
int scep_profiles_update(struct db *db, const struct scep_profile *profile, struct error *err);

/* Deletes it where it still has profile->revision. ERR_CONFLICT: it was changed or deleted, or an
 * RA profile has it activated. */
int scep_profiles_delete(struct db *db, const struct scep_profile *profile, struct error *err);

/* The names of all that have an RA profile as their default, in their order. */
int scep_profiles_each_of_ra(struct db *db, const struct uuid *ra_profile_id,
    int (*each)(const char *name, void *arg, struct error *err), void *arg, struct error *err);

/* Takes an RA profile that goes away from all that have it as their default. */
int scep_profiles_unset_ra(struct db *db, const struct uuid *ra_profile_id, struct error *err);

/*
 * Locks the RA profile for the transaction at hand, so that nobody on this host archives it
 * meanwhile; where another host of a cluster does, it counts as none afterwards. ERR_NOT_FOUND
 * where it is gone or archived.
 */
int scep_profiles_hold_ra(struct db *db, const struct uuid *ra_profile_id, struct error *err);

#endif

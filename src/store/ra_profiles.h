#ifndef STORE_RA_PROFILES_H
#define STORE_RA_PROFILES_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "store/db.h"

enum enroller_kind {
	ENROLLER_ROLE,
	ENROLLER_APPLICATION,
	ENROLLER_PRINCIPAL,
	ENROLLER_RA_PROFILE, /* holders of its certificates, by certificate */
	ENROLLER_CERTIFICATE /* the holder of one certificate, by SHA-256 fingerprint */
};

/* Names as in the table: "role", "application", "principal" (TENANT/OBJECT), "ra_profile",
 * "certificate" (hex). */
const char *enroller_kind_name(enum enroller_kind kind);

struct enroller {
	enum enroller_kind kind;
	char value[129];
};

/* The rules of one RA profile; lists are comma-separated texts, names as certwright(8) gives them.
 */
struct ra_profile {
	struct uuid id;
	char name[65];
	char description[1025];
	struct uuid authority_id;
	bool enabled;
	bool archived;
	unsigned revision; /* grows with every change, enrollers included */
	char key_types[129];
	unsigned min_rsa_bits;
	unsigned max_rsa_bits;
	unsigned validity_days;
	unsigned min_remaining_days;
	char key_usages[256];
	char allowed_ekus[1025];
	char default_ekus[1025];
	char san_types[129];
	unsigned max_sans;
	char subject_rule[17];
	char protocols[65];
	char renewable_types[256];
	bool add_cdp;
	int64_t created_at;
	struct enroller *enrollers;
	size_t enroller_count;
};

void ra_profile_free(struct ra_profile *profile);
DEFINE_CLEANUP(struct ra_profile *, ra_profile_free)
struct ra_profile *ra_profile_new(void) OWNED(ra_profile_free);

/* Appends one; ERR_CONFIG when there are too many (64) or value is too long. */
int ra_profile_add_enroller(
    struct ra_profile *profile, enum enroller_kind kind, const char *value, struct error *err);

/* By name, enrollers included; ERR_NOT_FOUND. */
int ra_profiles_find(struct db *db, const char *name, struct ra_profile **out, struct error *err);
int ra_profiles_find_id(
    struct db *db, const struct uuid *id, struct ra_profile **out, struct error *err);

/* The only enabled one; ERR_NOT_FOUND: none; ERR_CONFLICT: several. */
int ra_profiles_find_only(struct db *db, struct ra_profile **out, struct error *err);

/* All, by name, archived ones included. */
int ra_profiles_each(struct db *db,
    int (*each)(const struct ra_profile *profile, void *arg, struct error *err), void *arg,
    struct error *err);

/* Inserts profile and enrollers; call inside a transaction. ERR_CONFLICT: the name is taken. */
int ra_profiles_insert(struct db *db, const struct ra_profile *profile, struct error *err);

/*
 * Writes all rules and enrollers where the row still has profile->revision, and
 * raises the revision; call inside a transaction. ERR_CONFLICT when it was changed in between.
 */
int ra_profiles_update(struct db *db, const struct ra_profile *profile, struct error *err);

enum { RA_PROFILE_ATTRIBUTES_MAX = 4 * 1024 * 1024 };

/* Appends the values of its custom attributes, a JSON array; nothing where there are none. */
int ra_profiles_attributes(
    struct db *db, const struct uuid *id, struct buf *json, struct error *err);

/* Writes them; together with what raises the revision, inside a transaction. */
int ra_profiles_set_attributes(
    struct db *db, const struct uuid *id, const char *json, struct error *err);

/* Why a profile's row has to stay. */
struct ra_profile_use {
	bool has_certificates;
	bool is_enroller; /* another profile names it as the one of its enrollers */
	bool may_issue;   /* it may have issued a moment ago, so that a certificate is under way */
};

/* Seconds for which a disabled profile must have been left alone before nothing can be under way:
 * more than any RequestTimeoutSeconds. */
enum { RA_PROFILE_QUIET_S = 2 * 3600 };

/* Locks the profile's row and asks; inside a transaction. ERR_NOT_FOUND. */
int ra_profiles_lock_use(
    struct db *db, const struct ra_profile *profile, struct ra_profile_use *out, struct error *err);

/*
 * Deletes the row that still has profile->revision, and its enrollers; call inside a transaction,
 * after ra_profiles_lock_use has found no use. ERR_CONFLICT when it was changed or taken into use
 * in between.
 */
int ra_profiles_delete(struct db *db, const struct ra_profile *profile, struct error *err);

/*
 * Marks a profile as named by another one, so that its row is not deleted at the same time, on
 * whichever node; call inside a transaction. ERR_NOT_FOUND: there is none, or it is archived.
 */
int ra_profiles_hold(struct db *db, const char *name, struct error *err);

#endif

#ifndef STORE_CERTIFICATE_GROUPS_H
#define STORE_CERTIFICATE_GROUPS_H

#include "store/db.h"

/* In octets: 255, 1024 and 320 characters. */
enum {
	CERTIFICATE_GROUP_NAME_MAX = 1020,
	CERTIFICATE_GROUP_DESCRIPTION_MAX = 4096,
	CERTIFICATE_GROUP_EMAIL_MAX = 1280,
	CERTIFICATE_GROUPS_OF_ONE = 64 /* a certificate is in so many at most */
};

/* One row of certificate_group; "" where there is none. Names differ in case, too. */
struct certificate_group {
	struct uuid id;
	char name[CERTIFICATE_GROUP_NAME_MAX + 1];
	char description[CERTIFICATE_GROUP_DESCRIPTION_MAX + 1];
	char email[CERTIFICATE_GROUP_EMAIL_MAX + 1];
};

/* The group is borrowed for the call; what `each` answers but 0 ends it. */
struct certificate_group_visit {
	int (*each)(const struct certificate_group *group, void *arg, struct error *err);
	void *arg;
};

/* ERR_CONFLICT when the name is taken; ERR_VALIDATION when a text is too long or the name empty. */
int certificate_groups_insert(
    struct db *db, const struct certificate_group *group, struct error *err);

/* Writes the texts of the group with this id. ERR_NOT_FOUND; else as certificate_groups_insert. */
int certificate_groups_update(
    struct db *db, const struct certificate_group *group, struct error *err);

/* Deletes it with its memberships; inside a transaction. ERR_NOT_FOUND. */
int certificate_groups_delete(struct db *db, const struct uuid *id, struct error *err);

/* *out is filled. ERR_NOT_FOUND. */
int certificate_groups_find(
    struct db *db, const struct uuid *id, struct certificate_group *out, struct error *err);

/* All of them by name. */
int certificate_groups_each(struct db *db, struct certificate_group_visit visit, struct error *err);

/* A certificate of a page and a group that it is in. */
struct certificate_membership {
	struct uuid certificate_id;
	const struct certificate_group *group; /* borrowed for the call */
};

struct certificate_membership_visit {
	int (*each)(const struct certificate_membership *membership, void *arg, struct error *err);
	void *arg;
};

/* The groups of these certificates, of each by name; certificates in none do not come. */
int certificate_groups_of(struct db *db, const struct uuid *certificates, size_t count,
    struct certificate_membership_visit visit, struct error *err);

/*
 * Makes these the groups of the certificate, in place of those it was in; inside a transaction.
 * ERR_NOT_FOUND: no such certificate or group; ERR_VALIDATION: more than CERTIFICATE_GROUPS_OF_ONE.
 */
int certificate_groups_set(struct db *db, const struct uuid *certificate_id,
    const struct uuid *groups, size_t count, struct error *err);

#endif

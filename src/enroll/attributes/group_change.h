#ifndef ENROLL_ATTRIBUTES_GROUP_CHANGE_H
#define ENROLL_ATTRIBUTES_GROUP_CHANGE_H

#include "store/audit.h"
#include "store/certificate_groups.h"

/*
 * Making, changing and deleting groups of certificates, each in one transaction with its audit row.
 * ERR_BAD_REQUEST: the name is taken; ERR_NOT_FOUND; ERR_VALIDATION: the name is empty, a text is
 * too long, or name or email has control characters.
 */
int group_change_create(struct db *db, const struct certificate_group *group,
    const struct audit_actor *actor, struct error *err);

/* Writes name, description and email of the group with this id; an empty name: as it is. */
int group_change_update(struct db *db, const struct certificate_group *group,
    const struct audit_actor *actor, struct error *err);

/* Its certificates are no longer in it. */
int group_change_delete(
    struct db *db, const struct uuid *id, const struct audit_actor *actor, struct error *err);

#endif

#ifndef ENROLL_ATTRIBUTES_CERTIFICATE_CHANGE_H
#define ENROLL_ATTRIBUTES_CERTIFICATE_CHANGE_H

#include <stdbool.h>

#include "store/audit.h"
#include "store/db.h"

/* What becomes of which certificates; borrowed. What it does not name stays as it is. */
struct certificate_change {
	const struct uuid *certificates;
	size_t certificate_count;
	const char *owner;         /* NULL: as it is; "": none */
	const struct uuid *groups; /* all that they are in from now on */
	size_t group_count;
	bool has_groups; /* false: groups stay as they are */
};

/*
 * Changes owner and groups of all these certificates or of none, in one transaction with an audit
 * row for each that was not so already. ERR_NOT_FOUND names the certificate or the group;
 * ERR_VALIDATION: the owner is too long or has control characters, or there are too many groups.
 */
int certificate_change(struct db *db, const struct certificate_change *change,
    const struct audit_actor *actor, struct error *err);

#endif

#ifndef ENROLL_AUDIT_CHANGE_H
#define ENROLL_AUDIT_CHANGE_H

#include <json-c/json.h>

#include "store/audit.h"

/* A change of one object; borrowed. */
struct audit_change {
	const char *action;         /* "scep_profile.update" */
	const char *object_type;    /* "scep_profile" */
	const char *object_name;    /* its name, or its id where it has none */
	struct json_object *before; /* NULL: it was not there */
	struct json_object *after;  /* NULL: it is there no more */
};

/*
 * Writes the audit row of a change, in the transaction at hand: of before and after only the
 * members that differ. Neither may hold a secret; whoever changed one adds a member of its name
 * with the text "changed" to `after`.
 */
int audit_change_insert(struct db *db, const struct audit_actor *actor,
    const struct audit_change *change, struct error *err);

/* An object's stored attributes as a member for `before` or `after`: without what is sealed. */
int audit_change_attributes(struct bytes stored, struct json_object **out, struct error *err);

#endif

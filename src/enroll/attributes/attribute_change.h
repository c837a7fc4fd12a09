#ifndef ENROLL_ATTRIBUTES_ATTRIBUTE_CHANGE_H
#define ENROLL_ATTRIBUTES_ATTRIBUTE_CHANGE_H

#include <json-c/json.h>

#include "store/audit.h"
#include "store/custom_attributes.h"

/*
 * Inserts a definition with its audit row, in one transaction; id, revision and creation are
 * filled in. ERR_VALIDATION: a rule for definitions refuses it; ERR_BAD_REQUEST: the name is taken.
 */
int attribute_change_create(struct db *db, const struct audit_actor *actor,
    struct custom_attribute *attribute, struct error *err);

/* A change of one definition; borrowed. */
struct attribute_edit {
	const struct audit_actor *actor;
	const char *action; /* "custom_attribute.update" */
	/* Changes what it likes but id, name and content type; called again after a collision. */
	int (*edit)(struct custom_attribute *attribute, void *arg, struct error *err);
	void *arg;
};

/*
 * Reads, changes and writes one definition with its audit row, in one transaction; again when
 * another change came in between. *out (may be NULL): as it is now, the caller's. ERR_NOT_FOUND,
 * ERR_VALIDATION.
 */
int attribute_change_edit(struct db *db, const struct uuid *id, const struct attribute_edit *edit,
    struct custom_attribute **out, struct error *err);

/*
 * Deletes one. What objects have stored of it stays where it is, shown no more; a later definition
 * of the same name has another id, and does not bring it back. ERR_NOT_FOUND.
 */
int attribute_change_delete(
    struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err);

/* The resources as the column has them, duplicates removed; ERR_VALIDATION names another. */
int attribute_change_resources(
    struct json_object *names, struct custom_attribute *attribute, struct error *err);

/*
 * The predefined content (NULL: none) in its one form, checked against the content type and the
 * flags, which are set before. ERR_VALIDATION.
 */
int attribute_change_content(
    struct json_object *content, struct custom_attribute *attribute, struct error *err);

/* Who changes which attribute's values of which object; borrowed. */
struct attribute_values_change {
	const struct audit_actor *actor;
	const char *resource;
	const struct uuid *object;
	const struct uuid *attribute;
	const struct keyring *keyring;
	struct json_object *content; /* NULL: none any more */
};

/*
 * Changes the content of one attribute of an object, with its audit row, in one transaction.
 * *stored is the object's array as it is now, the caller's. ERR_NOT_FOUND with number
 * ATTRIBUTE_MISSING: there is no such attribute for the resource; else there is no such object.
 * ERR_VALIDATION.
 */
enum { ATTRIBUTE_MISSING = 1 };
int attribute_change_values(struct db *db, const struct attribute_values_change *change,
    struct json_object **stored, struct error *err);

/*
 * Gives a certificate that was just issued its attributes (of attributes_check), with an audit row.
 * One that has any already keeps them: a repeated request is answered with the certificate that is
 * there, and whoever may only issue must not change what others wrote.
 */
int attribute_change_issued(struct db *db, const struct audit_actor *actor,
    const struct uuid *certificate, struct json_object *values, struct error *err);

#endif

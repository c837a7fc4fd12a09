#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/db.h"

/* Who changes something, from where; borrowed. */
struct audit_actor {
	const char *name;              /* "TENANT/OBJECT", "certificate:FINGERPRINT", "uid:0" */
	const char *remote_address;    /* "" of a command */
	const struct uuid *request_id; /* NULL: a command */
};

/* One event that changed state, or a refusal of an authenticated principal; borrowed. */
struct audit_event {
	const char *actor; /* "TENANT/OBJECT", or "uid:0" of a command */
	const char *remote_address;
	const struct uuid *request_id; /* NULL: a command */
	const char *action;            /* "ca.init", "csr.refused" */
	const char *object_type;       /* "authority", "ra_profile", "certificate" */
	const char *object_name;
	const char *outcome; /* "done", "refused" */
	const char *detail;  /* what changed; never a secret; cut at 4096 characters */
	const char *changes; /* JSON: each member changed, "before" and "after"; NULL: none */
};

/* Appends it, in the transaction at hand if there is one. */
int audit_insert(struct db *db, const struct audit_event *event, struct error *err);

#endif

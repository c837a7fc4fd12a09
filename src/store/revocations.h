#ifndef STORE_REVOCATIONS_H
#define STORE_REVOCATIONS_H

#include "store/db.h"

enum revocation_action { REVOCATION_HOLD, REVOCATION_RELEASE, REVOCATION_REVOKE };

/* "hold", "release", "revoke", as in the table. */
const char *revocation_action_name(enum revocation_action action);

/* The action of such a name; false: there is none. */
bool revocation_action_find(struct bytes name, enum revocation_action *out);

/* One row of revocation_event, append-only; borrowed. */
struct revocation_event {
	struct uuid id;
	struct uuid certificate_id;
	enum revocation_action action;
	int reason; /* RFC 5280, 5.3.1; 6 with a hold, 8 with a release */
	int64_t at;
	const char *actor;
	const char *remote_address;
	const struct uuid *request_id; /* NULL: a command */
	const char *comment;           /* NULL: none; at most 1024 characters */
};

/*
 * Changes the certificate's state by an UPDATE whose row count is the answer, and appends the
 * event: good to hold, hold to good, good or hold to revoked; revoked is final (RFC 5280, 5.3.1).
 * *changed is false where its state did not allow it; nothing is written then. Inside a
 * transaction.
 */
int revocations_apply(
    struct db *db, const struct revocation_event *event, bool *changed, struct error *err);

/*
 * Closes the lineage's gate, outside any transaction: nothing is issued on the authority of its
 * members until it is opened again, or for ten minutes if whoever closed it is gone by then. It
 * conflicts with no issue, so it cannot be kept off.
 */
int revocations_close_gate(struct db *db, const struct uuid *lineage, struct error *err);
int revocations_open_gate(struct db *db, const struct uuid *lineage, struct error *err);

/*
 * Marks every certificate of the lineage, one that is being issued included: none of them renews
 * any more. Inside a transaction.
 */
int revocations_mark_lineage(struct db *db, const struct uuid *lineage, struct error *err);

/*
 * The ids of all certificates of the lineage by issue, locked for the transaction at hand; an issue
 * under way is waited for and comes with them, a later one waits until the transaction has ended.
 */
int revocations_lock_lineage(struct db *db, const struct uuid *lineage,
    int (*each)(const struct uuid *certificate_id, void *arg, struct error *err), void *arg,
    struct error *err);

/* Remembers the public key of a certificate as compromised; a second time is no fault. */
int revocations_add_compromised_key(
    struct db *db, const struct uuid *certificate_id, int64_t at, struct error *err);

/* Whether any public key is remembered so. */
int revocations_any_compromised(struct db *db, bool *any, struct error *err);

/* Whether a certificate with this SubjectPublicKeyInfo (SHA-256) was revoked for keyCompromise. */
int revocations_is_compromised(
    struct db *db, struct bytes spki_hash, bool *compromised, struct error *err);

/* The certificate's events, oldest first. */
int revocations_each(struct db *db, const struct uuid *certificate_id,
    int (*each)(const struct revocation_event *event, void *arg, struct error *err), void *arg,
    struct error *err);

#endif

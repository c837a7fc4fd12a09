#ifndef STORE_RECOVERY_H
#define STORE_RECOVERY_H

#include "store/db.h"

/* What `certwright recover` asks and writes beside the use cases' own statements. */

/* Whether a certificate with this SHA-256 fingerprint is on record, and an event with this id. */
int recovery_has_certificate(struct db *db, struct bytes fingerprint, bool *out, struct error *err);
int recovery_has_event(struct db *db, const struct uuid *id, bool *out, struct error *err);

/*
 * What issuing does besides the INSERT, for a certificate that was just inserted: `claimed` (NULL:
 * none; one that is not on record is no fault) has authenticated one more issue, and a lineage with
 * a member that must not renew has them all so. Inside its transaction.
 */
int recovery_follow_issue(
    struct db *db, const struct uuid *lineage, const struct uuid *claimed, struct error *err);

/* A serial that only a CRL told of, whose certificate has come back since. */
struct recovery_return {
	struct uuid certificate_id;
	int64_t revoked_at;
	int reason;
};

/* At most a thousand of them, whose certificates are not revoked; *count says how many. */
enum { RECOVERY_RETURNS_MAX = 1000 };
int recovery_each_return(struct db *db,
    int (*each)(const struct recovery_return *found, void *arg, struct error *err), void *arg,
    size_t *count, struct error *err);

#endif

#ifndef STORE_RECOVERY_H
#define STORE_RECOVERY_H

#include "store/db.h"

/* What `certwright recover` asks and writes beside the use cases' own statements. */

/* What is looked for, by the column that makes it one: borrowed octets. */
struct recovery_key {
	struct bytes octets;
	bool is_there;
};

/*
 * Which of these certificates (SHA-256 fingerprints) and events (ids) are on record: sets is_there
 * of each, and asks for some dozens at a time.
 */
int recovery_find_certificates(
    struct db *db, struct recovery_key *keys, size_t count, struct error *err);
int recovery_find_events(struct db *db, struct recovery_key *keys, size_t count, struct error *err);

/*
 * What issuing does besides the INSERT: `claimed` has authenticated one more issue (one that is not
 * on record is no fault), and a lineage with a member that must not renew has them all so, for the
 * lineages of certificates that were just inserted. Inside their transaction.
 */
int recovery_claim(struct db *db, const struct uuid *claimed, struct error *err);
int recovery_follow_lineages(
    struct db *db, const struct uuid *const *lineages, size_t count, struct error *err);

/* Audit rows of what became of certificates, at most so many at once; borrowed. */
enum { RECOVERY_AUDITS_MAX = 18 };
struct recovery_audit {
	const char *actor;
	const char *action;
	const char *serial;
	const char *detail;
};
int recovery_add_audits(
    struct db *db, const struct recovery_audit *rows, size_t count, struct error *err);

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

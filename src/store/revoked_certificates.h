#ifndef STORE_REVOKED_CERTIFICATES_H
#define STORE_REVOKED_CERTIFICATES_H

#include "store/revocations.h"

/*
 * What CRLs list (table revoked_certificate): the certificates on hold or revoked of each
 * generation, by serial. revocations_apply keeps it true in the transaction of each change.
 */
struct revoked_certificate {
	struct bytes serial; /* content octets of the INTEGER; borrowed */
	int64_t revoked_at;
	int reason;      /* RFC 5280, 5.3.1; 6: on hold */
	bool is_removed; /* of a delta: it is good again (removeFromCRL); the two above are 0 */
};

struct revoked_visit {
	int (*each)(const struct revoked_certificate *entry, void *arg, struct error *err);
	void *arg;
};

/*
 * Those of a generation whose end is at ends_from or later, by serial, however many; behind them
 * what others with its name and key have revoked, since these are one CA to whoever reads a CRL
 * (RFC 5280, 5: the list of its issuer). None comes twice.
 */
struct revoked_query {
	const struct uuid *generation_id;
	int64_t ends_from;
};
int revoked_certificates_each(struct db *db, const struct revoked_query *query,
    const struct revoked_visit *visit, struct error *err);

/*
 * Those whose state changed since the CRL of this number was made ready (crl_number of their events
 * greater, or none yet), as they are now, of the generation and of those with its name and key:
 * what a delta CRL to that base lists. With them all serials that only a published CRL knows, as no
 * event tells since when.
 */
int revoked_certificates_each_since(struct db *db, const struct revoked_query *query,
    uint64_t base_number, const struct revoked_visit *visit, struct error *err);

/* One by its serial, of this generation or one with its name and key; ERR_NOT_FOUND. out->serial is
 * the one given. */
int revoked_certificates_find(struct db *db, const struct uuid *generation_id, struct bytes serial,
    struct revoked_certificate *out, struct error *err);

/* A serial that only a published CRL knows (certwright recover); one that is there stays. *added
 * says which. */
int revoked_certificates_add_serial(struct db *db, const struct uuid *generation_id,
    const struct revoked_certificate *entry, bool *added, struct error *err);

/* Such a serial on hold, of this generation or one with its name and key, is revoked now. *changed:
 * there was one. */
int revoked_certificates_end_hold(struct db *db, const struct uuid *generation_id,
    const struct revoked_certificate *entry, bool *changed, struct error *err);

/*
 * A certificate on record has changed: what only a CRL told of it, under a generation with the name
 * and key of its own, is no longer listed beside its own entry. What says that it is revoked stays
 * until it is. Inside the transaction that changed it.
 */
int revoked_certificates_drop_bare(struct db *db, const struct uuid *generation_id,
    struct bytes serial, bool is_revoked, struct error *err);

/* Takes a certificate from the list, adds it, or changes its entry, as its row says now. Inside
 * the transaction that changed the row. */
int revoked_certificates_follow(
    struct db *db, const struct uuid *certificate_id, struct error *err);

/*
 * Before a CRL is read: every event of the generation that no CRL has carried gets this number,
 * some thousands each call; *more says whether there may be others. The list follows those events
 * that workers of an older version wrote. What is committed later stays without one, though the
 * CRL may list it already. Inside a transaction that has made sure that
 * nobody has taken a greater number.
 */
int revocations_stamp(struct db *db, const struct uuid *generation_id, uint64_t crl_number,
    bool *more, struct error *err);

/*
 * Whether an event of the generation, or of one with its name and key, has no number yet or a
 * greater one than crl_number, that of the generation's newest CRL.
 */
int revocations_any_since(struct db *db, const struct uuid *generation_id, uint64_t crl_number,
    bool *any, struct error *err);

#endif

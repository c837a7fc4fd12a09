#ifndef STORE_JOURNAL_OUTBOX_H
#define STORE_JOURNAL_OUTBOX_H

#include "store/revocations.h"

/*
 * Events whose line the issuance journal lacks (table journal_outbox): a row comes in the event's
 * own transaction and goes once the line is on the disk, so that no crash and no full disk between
 * the commit and the line loses it.
 */

/* Adds one, beside its event; inside its transaction. */
int journal_outbox_add(struct db *db, const struct uuid *event_id, uint32_t sequence,
    bool whole_lineage, struct error *err);

/* Its line is on the disk. That it has gone already is no fault. */
int journal_outbox_remove(struct db *db, const struct uuid *event_id, struct error *err);

/* All that a line says. */
struct journal_outbox_row {
	struct revocation_event event;
	struct uuid generation_id;
	struct bytes serial;
	int64_t not_after; /* of the certificate */
	uint32_t sequence; /* how many events the certificate had, with this one */
	bool whole_lineage;
};

struct journal_outbox_visit {
	int (*each)(const struct journal_outbox_row *row, void *arg, struct error *err);
	void *arg;
};

/*
 * Visits those that are older than so many seconds by the database's clock, at most
 * JOURNAL_OUTBOX_PAGE; *count says how many there were. each() ends it by -1.
 */
enum { JOURNAL_OUTBOX_PAGE = 500 };
int journal_outbox_each(struct db *db, uint32_t age_s, const struct journal_outbox_visit *visit,
    size_t *count, struct error *err);

/* Whether any is older than so many seconds: cheap. */
int journal_outbox_any(struct db *db, uint32_t age_s, bool *any, struct error *err);

/* How many are older than so many seconds, and since when the first of them waits. */
struct journal_outbox_backlog {
	int64_t count;
	int64_t since; /* 0: there is none */
};
int journal_outbox_backlog(
    struct db *db, uint32_t age_s, struct journal_outbox_backlog *out, struct error *err);

#endif

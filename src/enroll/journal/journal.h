#ifndef ENROLL_JOURNAL_JOURNAL_H
#define ENROLL_JOURNAL_JOURNAL_H

#include "store/certificates.h"
#include "store/journal_outbox.h"
#include "store/revocations.h"

/*
 * The issuance journal ([Server] IssuedLog): a line of JSON for each certificate issued and each
 * one revoked, held or released, on the disk before the answer leaves; `certwright recover` reads
 * it. A line is written after the commit, so a record may exist whose answer never left, and never
 * the other way round. Without the setting all of these do nothing.
 *
 * A certificate without its line has never left, and is asked for again. A revocation without its
 * line is done all the same, and asking again is refused: so its transaction leaves a row in the
 * outbox, which goes when the line is on the disk, or makes the job "journal" write it. The same
 * event may then stand in journals twice, which `certwright recover` takes for one by its id.
 */

/* Whether there is one. */
bool journal_is_kept(const struct settings *settings);

/* Whether it can be written: for start-up. ERR_CONFIG. */
int journal_check(const struct settings *settings, struct error *err);

/*
 * Writes down a certificate whose row was committed: to be called by whoever calls
 * certificates_insert and its likes, before anybody sees the certificate. ERR_DATABASE where it
 * cannot be written, which is logged: the certificate is on record then, and must not leave.
 */
int journal_issued(struct db *db, const struct certificate_record *record, struct error *err);

/* The same for one on record that is about to be answered once more. */
int journal_issued_again(struct db *db, struct bytes der, struct error *err);

/* One change of a certificate's state: what differs within a transaction. */
struct journal_event {
	struct uuid id;
	struct uuid certificate_id;
	struct uuid generation_id;
	int64_t not_after;
	uint32_t sequence; /* how many events the certificate has, with this one */
	bool whole_lineage;
	uint8_t serial_len;
	uint8_t serial[20];
};

/* The events of a transaction, gathered while it runs and written down after its commit. */
enum { JOURNAL_EVENTS_MAX = 64 * 1024 * 1024 };
struct journal_events {
	struct buf items;   /* of struct journal_event */
	bool whole_lineage; /* asked for a certificate's whole lineage; set before any is added */
};
#define JOURNAL_EVENTS_INIT \
	{ \
		.items = BUF_INIT(JOURNAL_EVENTS_MAX) \
	}
void journal_events_release(struct journal_events *events);

/* Forgets what was gathered: the transaction is tried again. */
void journal_events_reset(struct journal_events *events);

/* Gathers an event that revocations_apply has carried out, and puts it into the outbox; inside its
 * transaction. */
int journal_events_add(struct journal_events *events, struct db *db,
    const struct revocation_event *event, struct error *err);

/*
 * Writes them down, after the commit, and takes them out of the outbox. like: what they have in
 * common (action, reason, time, actor, address, request, comment). ERR_DATABASE where a line cannot
 * be written, which is logged: the job writes it later.
 */
struct journal_change {
	const struct revocation_event *like;
};
int journal_events_write(struct db *db, const struct journal_events *events,
    const struct journal_change *change, struct error *err);

/* Appends the line of an event in the outbox, which journal_file_sync has to follow. */
int journal_append_late(
    const struct settings *settings, const struct journal_outbox_row *row, struct error *err);

#endif

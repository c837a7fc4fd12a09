/* What recover changes of certificates: events with all their consequences, and bare serials. */
#include <stdio.h>

#include "enroll/journal/journal.h"
#include "enroll/journal/recover_internal.h"
#include "enroll/status/revoke.h"
#include "store/certificate_history.h"
#include "store/revoked_certificates.h"

static int
insert_audit(const struct recover *recover, const struct recover_event *event, struct error *err)
{
	char serial[RECOVER_SERIAL_TEXT_MAX], action[32], detail[RECOVER_TEXT_MAX];
	const char *reason = revoke_reason_name(event->event->reason);
	const struct recover_audit audit = {
		.action = action,
		.object_type = "certificate",
		.object_name = serial,
		.detail = detail,
	};

	recover_serial_text(event->serial, serial);
	(void)snprintf(
	    action, sizeof(action), "recover.%s", revocation_action_name(event->event->action));
	(void)snprintf(detail, sizeof(detail), "%s, by %s, from %s",
	    reason != NULL ? reason : "unspecified", event->event->actor, event->source);
	return recover_audit(recover, &audit, err);
}

/* A key of a lineage that was revoked as a whole. */
struct key {
	struct db *db;
	int64_t at;
};

static int
add_key(const struct uuid *certificate_id, void *arg, struct error *err)
{
	const struct key *key = arg;

	return revocations_add_compromised_key(key->db, certificate_id, key->at, err);
}

/* As enroll/status/revoke does: neither the key nor any certificate of the lineage renews again. */
static int
follow_compromise(struct db *db, const struct recover_event *event, struct error *err)
{
	const struct revocation_event *row = event->event;
	struct key key = { db, row->at };

	if (row->action != REVOCATION_REVOKE || row->reason != REVOKE_KEY_COMPROMISE)
		return 0;
	if (event->whole_lineage &&
	    revocations_lock_lineage(db, event->lineage, add_key, &key, err) < 0)
		return -1;
	if (add_key(&row->certificate_id, &key, err) < 0)
		return -1;
	return revocations_mark_lineage(db, event->lineage, err);
}

int
recover_apply(const struct recover *recover, const struct recover_event *event, bool *changed,
    struct error *err)
{
	struct db *db = recover->request->db;

	if (revocations_apply(db, event->event, changed, err) < 0 ||
	    follow_compromise(db, event, err) < 0)
		return -1;
	return *changed ? insert_audit(recover, event, err) : 0;
}

/* A change in its transaction. */
struct changing {
	struct recover *recover;
	const struct recover_event *event;
	struct journal_events journal;
	bool changed;
};

static int
change(struct db *db, void *arg, struct error *err)
{
	struct changing *changing = arg;

	journal_events_reset(&changing->journal);
	if (recover_apply(changing->recover, changing->event, &changing->changed, err) < 0)
		return -1;
	return changing->changed
		   ? journal_events_add(&changing->journal, db, changing->event->event, err)
		   : 0;
}

static int
change_and_write(struct changing *changing, struct error *err)
{
	struct db *db = changing->recover->request->db;
	const struct journal_change written = { .like = changing->event->event };

	if (db_transaction(db, change, changing, err) < 0)
		return -1;
	return journal_events_write(db, &changing->journal, &written, err);
}

int
recover_change(
    struct recover *recover, const struct recover_change *wish, bool *changed, struct error *err)
{
	struct certificate_history history;
	const struct revocation_event row = {
		.id = uuid_new(),
		.certificate_id = wish->certificate_id,
		.action = wish->action,
		.reason = wish->reason,
		.at = wish->at,
		.actor = "recover",
		.remote_address = "",
		.comment = wish->source,
	};
	struct recover_event event = { .event = &row, .source = wish->source };
	struct changing changing = { recover, &event, JOURNAL_EVENTS_INIT, false };
	struct recover_generation *generation;
	int result;

	*changed = true;
	if (certificate_history_find(recover->request->db, &row.certificate_id, &history, err) < 0)
		return -1;
	generation = recover_generation_of(recover, &history.generation_id);
	event.lineage = &history.lineage;
	event.serial = bytes_of(history.serial, history.serial_len);
	if (recover->request->is_dry_run)
		return 0;
	result = change_and_write(&changing, err);
	journal_events_release(&changing.journal);
	*changed = changing.changed;
	if (generation != NULL)
		generation->is_changed = generation->is_changed || changing.changed;
	return result;
}

int
recover_serial_add(const struct recover *recover, const struct recover_serial *from, bool *added,
    struct error *err)
{
	struct db *db = recover->request->db;
	char serial[RECOVER_SERIAL_TEXT_MAX], detail[RECOVER_TEXT_MAX];
	const char *reason = revoke_reason_name(from->reason);
	const struct revoked_certificate entry = {
		.serial = from->serial,
		.revoked_at = from->revoked_at,
		.reason = from->reason,
	};
	const struct recover_audit audit = {
		.action = "recover.revoke",
		.object_type = "certificate",
		.object_name = serial,
		.detail = detail,
	};

	if (revoked_certificates_add_serial(db, &from->generation->id, &entry, added, err) < 0)
		return -1;
	recover_serial_text(from->serial, serial);
	(void)snprintf(detail, sizeof(detail), "%s, not on record, of %s, from %s",
	    reason != NULL ? reason : "unspecified", from->generation->label, from->source);
	return *added ? recover_audit(recover, &audit, err) : 0;
}

void
recover_serial_tell(struct recover *recover, const struct recover_serial *serial)
{
	char text[RECOVER_SERIAL_TEXT_MAX];

	serial->generation->is_changed = true;
	recover->outcome->serials++;
	recover_serial_text(serial->serial, text);
	recover_tell(recover, RECOVER_DONE,
	    "%s of %s is revoked, its certificate is not on record (%s)", text,
	    serial->generation->label, serial->source);
}

/* A bare serial in its transaction. */
struct adding {
	struct recover *recover;
	const struct recover_serial *serial;
	bool added;
};

static int
add_serial(struct db *db, void *arg, struct error *err)
{
	struct adding *adding = arg;

	(void)db;
	return recover_serial_add(adding->recover, adding->serial, &adding->added, err);
}

int
recover_serial(struct recover *recover, const struct recover_serial *serial, struct error *err)
{
	struct adding adding = { recover, serial, true };
	struct db *db = recover->request->db;
	struct revoked_certificate there;

	if (revoked_certificates_find(db, &serial->generation->id, serial->serial, &there, err) ==
	    0)
		return 0;
	if (error_forgive(err, ERR_NOT_FOUND) < 0 ||
	    (!recover->request->is_dry_run && db_transaction(db, add_serial, &adding, err) < 0))
		return -1;
	if (adding.added)
		recover_serial_tell(recover, serial);
	return 0;
}

/* What recover changes of certificates: events with all their consequences, and bare serials. */
#include <stdio.h>
#include <string.h>

#include "enroll/journal/journal.h"
#include "enroll/journal/recover_internal.h"
#include "enroll/status/revoke.h"
#include "store/certificate_history.h"
#include "store/revoked_certificates.h"

enum { REASON_HOLD = 6 };

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
	recover_format(detail, sizeof(detail), "%s, by %s, from %s",
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

/* The journal has an event for each certificate of a lineage that was revoked as a whole. */
static bool
is_followed(const struct recover *recover, const struct uuid *lineage)
{
	return recover->followed_in == recover->transaction &&
	       memcmp(&recover->followed, lineage, sizeof(*lineage)) == 0;
}

/* As enroll/status/revoke does: neither the key nor any certificate of the lineage renews again. */
static int
follow_compromise(struct recover *recover, const struct recover_event *event, struct error *err)
{
	struct db *db = recover->request->db;
	const struct revocation_event *row = event->event;
	struct key key = { db, row->at };

	if (row->action != REVOCATION_REVOKE || row->reason != REVOKE_KEY_COMPROMISE ||
	    is_followed(recover, event->lineage))
		return 0;
	if (event->whole_lineage &&
	    revocations_lock_lineage(db, event->lineage, add_key, &key, err) < 0)
		return -1;
	if (add_key(&row->certificate_id, &key, err) < 0 ||
	    revocations_mark_lineage(db, event->lineage, err) < 0)
		return -1;
	if (event->whole_lineage) {
		recover->followed = *event->lineage;
		recover->followed_in = recover->transaction;
	}
	return 0;
}

int
recover_apply(
    struct recover *recover, const struct recover_event *event, bool *changed, struct error *err)
{
	struct db *db = recover->request->db;

	if (revocations_apply(db, event->event, changed, err) < 0 ||
	    follow_compromise(recover, event, err) < 0)
		return -1;
	if (!*changed)
		return 0;
	if (revoked_certificates_drop_bare(db, event->generation_id, event->serial,
		event->event->action == REVOCATION_REVOKE, err) < 0)
		return -1;
	return insert_audit(recover, event, err);
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

	recover_begin(changing->recover);
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
	event.generation_id = &history.generation_id;
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

/* What is there stays, but a hold that has become a revocation. */
static int
look_at(struct db *db, const struct recover_serial *serial, bool *is_there, bool *is_news,
    struct error *err)
{
	struct revoked_certificate there = { .reason = REASON_HOLD };

	*is_there = revoked_certificates_find(
			db, &serial->generation->id, serial->serial, &there, err) == 0;
	if (!*is_there && error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	*is_news = !*is_there || (there.reason == REASON_HOLD && serial->reason != REASON_HOLD);
	return 0;
}

static int
put_on_list(struct db *db, const struct recover_serial *from, bool *changed, struct error *err)
{
	const struct uuid *generation_id = &from->generation->id;
	const struct revoked_certificate entry = {
		.serial = from->serial,
		.revoked_at = from->revoked_at,
		.reason = from->reason,
	};
	bool is_there = false, is_news = false;

	*changed = false;
	if (look_at(db, from, &is_there, &is_news, err) < 0)
		return -1;
	if (!is_news)
		return 0;
	return is_there ? revoked_certificates_end_hold(db, generation_id, &entry, changed, err)
			: revoked_certificates_add_serial(db, generation_id, &entry, changed, err);
}

int
recover_serial_add(
    struct recover *recover, const struct recover_serial *from, bool *added, struct error *err)
{
	char serial[RECOVER_SERIAL_TEXT_MAX], detail[RECOVER_TEXT_MAX];
	const char *reason = revoke_reason_name(from->reason);
	const struct recover_audit audit = {
		.action = "recover.revoke",
		.object_type = "certificate",
		.object_name = serial,
		.detail = detail,
	};

	if (put_on_list(recover->request->db, from, added, err) < 0)
		return -1;
	if (!*added)
		return 0;
	recover_serial_text(from->serial, serial);
	recover_format(detail, sizeof(detail), "%s, not on record, of %s, from %s",
	    reason != NULL ? reason : "unspecified", from->generation->label, from->source);
	if (recover_skip_number(recover, from->generation, err) < 0)
		return -1;
	return recover_audit(recover, &audit, err);
}

void
recover_serial_tell(struct recover *recover, const struct recover_serial *serial)
{
	char text[RECOVER_SERIAL_TEXT_MAX];

	serial->generation->is_changed = true;
	serial->generation->is_asked_for = true;
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
	recover_begin(adding->recover);
	return recover_serial_add(adding->recover, adding->serial, &adding->added, err);
}

int
recover_serial(struct recover *recover, const struct recover_serial *serial, struct error *err)
{
	struct adding adding = { recover, serial, true };
	struct db *db = recover->request->db;
	bool is_there = false, is_news = false;

	if (look_at(db, serial, &is_there, &is_news, err) < 0)
		return -1;
	if (!is_news)
		return 0;
	if (!recover->request->is_dry_run && db_transaction(db, add_serial, &adding, err) < 0)
		return -1;
	if (adding.added)
		recover_serial_tell(recover, serial);
	return 0;
}

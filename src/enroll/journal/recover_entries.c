/* Recovering from CRL files: the revocations, holds and releases that they tell of. */
#include "enroll/journal/recover_entries.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/certificate_history.h"
#include "store/revoked_certificates.h"

enum {
	REASON_HOLD = 6,
	CLOCKS_APART_S = 120 /* of a host and the database, twice what is refused */
};

/* A serial as it can be searched for. */
struct serial {
	uint8_t len;
	uint8_t octets[CERTIFICATE_ROW_SERIAL_MAX];
};

/* A certificate on hold, in the order of serials. */
struct held {
	struct serial serial;
	struct certificate_history history;
	bool is_listed;  /* the newest CRLs list it */
	bool is_removed; /* the newest delta CRL says that it is good again */
};

void
recover_entries_release(struct recover_entries *entries)
{
	buf_release(&entries->held);
	buf_release(&entries->decided);
}

bool
recover_entries_has_delta(const struct recover_generation *generation)
{
	return generation->delta.is_there &&
	       (!generation->full.is_there || generation->delta.number > generation->full.number);
}

static struct serial
serial_of(struct bytes octets)
{
	struct serial serial = { .len = 0 };

	serial.len =
	    (uint8_t)(octets.len < sizeof(serial.octets) ? octets.len : sizeof(serial.octets));
	memcpy(serial.octets, octets.ptr, serial.len);
	return serial;
}

/* A serial is the first member of what is sorted and searched. */
static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct serial));
}

static int
add_held(const struct certificate_history *history, void *arg, struct error *err)
{
	struct recover_entries *entries = arg;
	struct held held = {
		.serial = serial_of(bytes_of(history->serial, history->serial_len)),
		.history = *history,
	};

	buf_add(&entries->held, bytes_of(&held, sizeof(held)));
	return buf_failed(&entries->held)
		   ? error_set(
			 err, ERR_INTERNAL, "more certificates on hold than can be kept in mind")
		   : 0;
}

int
recover_entries_begin(struct recover_entries *entries, struct error *err)
{
	const struct certificate_history_visit visit = { add_held, entries };

	if (certificate_history_each_held(
		entries->recover->request->db, &entries->generation->id, &visit, err) < 0)
		return -1;
	if (entries->held.len > 0)
		qsort(entries->held.data, entries->held.len / sizeof(struct held),
		    sizeof(struct held), compare);
	return 0;
}

static void *
find(const struct buf *in, size_t size, struct bytes serial)
{
	const struct serial wanted = serial_of(serial);

	return in->len > 0 ? bsearch(&wanted, in->data, in->len / size, size, compare) : NULL;
}

/* What one of the newest CRLs says of a certificate that may be on hold. */
static int
note_held(struct recover_entries *entries, const struct crl_entry *entry, struct error *err)
{
	struct held *held = find(&entries->held, sizeof(*held), entry->serial);
	const struct serial serial = serial_of(entry->serial);

	if (held != NULL && entry->reason == CRL_REMOVED)
		held->is_removed = true;
	else if (held != NULL)
		held->is_listed = true;
	if (entries->is_decided || !recover_entries_has_delta(entries->generation))
		return 0;
	buf_add(&entries->decided, bytes_of(&serial, sizeof(serial)));
	return buf_failed(&entries->decided)
		   ? error_set(err, ERR_INTERNAL, "more entries than can be kept in mind")
		   : 0;
}

static int
change(struct recover_entries *entries, const struct certificate_history *history,
    const struct crl_entry *entry, struct error *err)
{
	struct recover_outcome *outcome = entries->recover->outcome;
	bool is_hold = entry->reason == REASON_HOLD, changed = false;
	char serial[RECOVER_SERIAL_TEXT_MAX];
	const struct recover_change wish = {
		.certificate_id = history->id,
		.action = is_hold ? REVOCATION_HOLD : REVOCATION_REVOKE,
		.reason = entry->reason,
		.at = entry->revoked_at,
		.source = entries->source,
	};

	if (recover_change(entries->recover, &wish, &changed, err) < 0)
		return -1;
	if (!changed)
		return 0;
	if (is_hold)
		outcome->held++;
	else
		outcome->revoked++;
	recover_serial_text(entry->serial, serial);
	recover_tell(entries->recover, RECOVER_DONE, "%s %s (%s)", serial,
	    is_hold ? "put on hold" : "revoked", entries->source);
	return 0;
}

/* An event that the database has of the time of the entry, or of a later one, knows better. */
static bool
says_more(const struct certificate_history *history, const struct crl_entry *entry)
{
	switch (history->status) {
	case CERTIFICATE_REVOKED:
		return false;
	case CERTIFICATE_ON_HOLD:
		return entry->reason != REASON_HOLD;
	case CERTIFICATE_GOOD:
		break;
	}
	return entry->reason != REASON_HOLD || history->last_at < entry->revoked_at;
}

/* The usual case, by one look. */
static int
is_revoked(struct db *db, const struct uuid *generation_id, struct bytes serial, bool *out,
    struct error *err)
{
	struct revoked_certificate listed;

	*out = false;
	if (revoked_certificates_find(db, generation_id, serial, &listed, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND);
	*out = listed.reason != REASON_HOLD;
	return 0;
}

static int
take_entry(struct recover_entries *entries, const struct crl_entry *entry, struct error *err)
{
	struct db *db = entries->recover->request->db;
	const struct uuid *generation_id = &entries->generation->id;
	const struct recover_serial serial = {
		.generation = entries->generation,
		.serial = entry->serial,
		.revoked_at = entry->revoked_at,
		.reason = entry->reason,
		.source = entries->source,
	};
	struct certificate_history history;
	bool is_known = false;

	if (is_revoked(db, generation_id, entry->serial, &is_known, err) < 0)
		return -1;
	if (is_known)
		return 0;
	if (certificate_history_find_serial(db, generation_id, entry->serial, &history, err) == 0)
		return says_more(&history, entry) ? change(entries, &history, entry, err) : 0;
	return error_forgive(err, ERR_NOT_FOUND) < 0
		   ? -1
		   : recover_serial(entries->recover, &serial, err);
}

static bool
is_decided(const struct recover_entries *entries, struct bytes serial)
{
	return entries->is_decided &&
	       find(&entries->decided, sizeof(struct serial), serial) != NULL;
}

static int
read_entry(const struct crl_entry *entry, void *arg, struct error *err)
{
	struct recover_entries *entries = arg;
	bool has_say = entries->is_decisive && !is_decided(entries, entry->serial);

	if (has_say && note_held(entries, entry, err) < 0)
		return -1;
	if (entry->reason == CRL_REMOVED || (entry->reason == REASON_HOLD && !has_say))
		return 0;
	return take_entry(entries, entry, err);
}

int
recover_entries_read(
    struct recover_entries *entries, const struct recover_file *file, struct error *err)
{
	const struct crl_visit visit = { read_entry, entries };

	char path[RECOVER_PATH_TEXT_MAX];

	recover_path_text(file->path, path);
	recover_format(entries->source, sizeof(entries->source), "CRL %" PRIu64 " in %s",
	    file->facts.number, path);
	entries->file = file;
	return crl_each(file->der, &visit, err);
}

void
recover_entries_decide(struct recover_entries *entries)
{
	entries->is_decided = true;
	if (entries->decided.len > 0)
		qsort(entries->decided.data, entries->decided.len / sizeof(struct serial),
		    sizeof(struct serial), compare);
}

/*
 * A CRL that is newer than the hold and does not list it says that the hold has ended (RFC 5280,
 * 5.3.1). Newer it is where that CRL, or one before it, has carried the hold, or where it was made
 * clearly later; both clocks must agree, since numbers may have been given anew to the restored
 * database's CRLs.
 */
static bool
is_newer(const struct recover_newest *crl, const struct certificate_history *history)
{
	if (history->crl_number > 0 && history->crl_number <= crl->number)
		return crl->signed_at + CLOCKS_APART_S >= history->last_at;
	return crl->signed_at > history->last_at + CLOCKS_APART_S;
}

/* Off the list because it has ended, it stays on hold. */
static const struct recover_newest *
ended_by(const struct recover_generation *generation, const struct held *held)
{
	const struct recover_newest *full = &generation->full;

	if (held->is_removed)
		return is_newer(&generation->delta, &held->history) ? &generation->delta : NULL;
	if (held->is_listed || !full->is_there || held->history.not_after <= full->signed_at)
		return NULL;
	return is_newer(full, &held->history) ? full : NULL;
}

static int
release(struct recover_entries *entries, const struct held *held, struct error *err)
{
	const struct recover_newest *crl = ended_by(entries->generation, held);
	char serial[RECOVER_SERIAL_TEXT_MAX], source[128];
	bool changed = false;
	struct recover_change wish = {
		.certificate_id = held->history.id,
		.action = REVOCATION_RELEASE,
		.reason = CRL_REMOVED,
		.source = source,
	};

	if (crl == NULL)
		return 0;
	wish.at = crl->signed_at;
	(void)snprintf(source, sizeof(source), "CRL %" PRIu64 " of %s, which lists it no more",
	    crl->number, entries->generation->label);
	if (recover_change(entries->recover, &wish, &changed, err) < 0)
		return -1;
	if (!changed)
		return 0;
	entries->recover->outcome->released++;
	recover_serial_text(bytes_of(held->history.serial, held->history.serial_len), serial);
	recover_tell(entries->recover, RECOVER_DONE, "%s released (%s)", serial, source);
	return 0;
}

int
recover_entries_end(struct recover_entries *entries, struct error *err)
{
	struct held held;

	for (size_t at = 0; at < entries->held.len; at += sizeof(held)) {
		memcpy(&held, entries->held.data + at, sizeof(held));
		if (release(entries, &held, err) < 0)
			return -1;
	}
	return 0;
}

/* Recovering from journals: what became of certificates. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "enroll/journal/recover_pieces.h"
#include "store/certificate_history.h"
#include "store/recovery.h"

enum {
	CLOCKS_APART_S = 120, /* of two hosts: each is refused that is a minute off the database */
	REASON_HOLD = 6,
	SOURCE_MAX = 512
};

/*
 * One pass over the journals. Events of one certificate may stand in several files, and in one file
 * in another order than they were committed in, so one that comes before its turn waits for the
 * next pass; where its turn never comes, as a line is missing, it is taken all the same.
 */
struct pass {
	struct recover *recover;
	bool is_first;
	bool is_forced;
	uint64_t applied;
	uint64_t waiting;
};

/* Nothing undoes a revocation, so that is always good; what came later undoes the others. */
static bool
is_overtaken(const struct journal_record_event *event, const struct certificate_history *history)
{
	return event->row.action != REVOCATION_REVOKE &&
	       event->row.at + CLOCKS_APART_S < history->last_at;
}

static bool
must_wait(const struct journal_record_event *event, const struct certificate_history *history)
{
	return event->row.action != REVOCATION_REVOKE && event->sequence > history->events + 1;
}

static int
take_known(struct pass *pass, struct recover_line *line, const struct certificate_history *history,
    const char *source, struct error *err)
{
	struct recover *recover = pass->recover;
	const struct journal_record_event *event = &line->record.event;
	const struct recover_event what = {
		.event = &event->row,
		.generation_id = &history->generation_id,
		.lineage = &history->lineage,
		.serial = event->serial,
		.whole_lineage = event->whole_lineage,
		.source = source,
	};
	bool changed = true;

	if (is_overtaken(event, history))
		return 0;
	if (must_wait(event, history) && !pass->is_forced && !recover->request->is_dry_run) {
		line->effect = RECOVER_LINE_WAITS;
		return 0;
	}
	if (!recover->request->is_dry_run && recover_apply(recover, &what, &changed, err) < 0)
		return -1;
	if (changed)
		line->effect = RECOVER_LINE_CHANGED;
	return 0;
}

static struct recover_serial
serial_of(struct recover *recover, const struct journal_record_event *event, const char *source)
{
	return (struct recover_serial){
		.generation = recover_generation_of(recover, &event->generation_id),
		.serial = event->serial,
		.revoked_at = event->row.at,
		.reason = event->row.reason,
		.source = source,
	};
}

static int
add_serial(struct recover *recover, struct recover_line *line, const struct recover_serial *serial,
    struct error *err)
{
	bool added = false;

	if (recover_serial_add(recover, serial, &added, err) < 0)
		return -1;
	if (added)
		line->effect = RECOVER_LINE_SERIAL;
	return 0;
}

static void
refuse(struct recover_line *line, const char *why)
{
	(void)error_set(&line->refusal, ERR_BAD_REQUEST, "%s", why);
}

/* Its certificate's own line is lost: at least nobody shall take it for good. */
static int
take_unknown(struct pass *pass, struct recover_line *line, const char *source, struct error *err)
{
	struct recover *recover = pass->recover;
	const struct journal_record_event *event = &line->record.event;
	const struct recover_serial serial = serial_of(recover, event, source);

	if (recover_is_long_gone(recover, event->not_after) || !pass->is_first)
		return 0;
	/* in a dry run its certificate may be one of those that would be taken back */
	if (recover->request->is_dry_run)
		line->effect = RECOVER_LINE_CHANGED;
	else if (serial.generation == NULL)
		refuse(line, "the CA generation of its certificate is not on record");
	else if (event->row.action != REVOCATION_REVOKE)
		refuse(line, "its certificate is not on record");
	else if (event->not_after >= recover->now)
		return add_serial(recover, line, &serial, err);
	return 0;
}

/* One that was written twice stands in the same piece, too. */
static bool
is_done_before(const struct recover_piece *piece, const struct recover_line *line)
{
	for (const struct recover_line *at = piece->lines; at < line; at++)
		if (at->effect == RECOVER_LINE_CHANGED &&
		    memcmp(&at->record.event.row.id, &line->record.event.row.id,
			sizeof(struct uuid)) == 0)
			return true;
	return false;
}

static void
name_source(
    const struct recover_piece *piece, const struct recover_line *line, char *out, size_t size)
{
	char path[RECOVER_PATH_TEXT_MAX];

	recover_path_text(piece->path, path);
	recover_format(out, size, "%s:%lu", path, line->number);
}

static int
write_line(struct recover_piece *piece, struct recover_line *line, void *arg, struct error *err)
{
	struct db *db = piece->recover->request->db;
	const struct journal_record_event *event = &line->record.event;
	struct certificate_history history;
	char source[SOURCE_MAX];

	name_source(piece, line, source, sizeof(source));
	if (is_done_before(piece, line))
		return 0;
	if (certificate_history_find(db, &event->row.certificate_id, &history, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND) < 0 ? -1
							     : take_unknown(arg, line, source, err);
	if (bytes_equal(bytes_of(history.serial, history.serial_len), event->serial) &&
	    memcmp(&history.generation_id, &event->generation_id, sizeof(struct uuid)) == 0)
		return take_known(arg, line, &history, source, err);
	refuse(line, "its serial and CA generation are not those of its certificate");
	return 0;
}

static int
look_up(struct recover_piece *piece, struct error *err)
{
	struct recovery_key keys[RECOVER_PIECE_LINES];
	size_t count = 0;

	for (size_t i = 0; i < piece->count; i++)
		if (piece->lines[i].state == RECOVER_LINE_WANTED)
			keys[count++].octets =
			    bytes_of(&piece->lines[i].record.event.row.id, sizeof(struct uuid));
	if (recovery_find_events(piece->recover->request->db, keys, count, err) < 0)
		return -1;
	for (size_t i = 0, key = 0; i < piece->count; i++)
		if (piece->lines[i].state == RECOVER_LINE_WANTED && keys[key++].is_there)
			piece->lines[i].state = RECOVER_LINE_PASSED;
	return 0;
}

static void
count_change(struct pass *pass, const struct journal_record_event *event)
{
	struct recover_generation *generation =
	    recover_generation_of(pass->recover, &event->generation_id);

	pass->applied++;
	pass->recover->outcome->events++;
	if (generation != NULL)
		generation->is_changed = true;
}

/* What was refused is told once. */
static void
count_line(struct pass *pass, const struct recover_piece *piece, struct recover_line *line)
{
	char source[SOURCE_MAX];
	struct recover_serial serial = serial_of(pass->recover, &line->record.event, source);

	if (line->state == RECOVER_LINE_REFUSED && !pass->is_first)
		line->state = RECOVER_LINE_PASSED;
	if (line->state != RECOVER_LINE_WRITTEN)
		return;
	name_source(piece, line, source, sizeof(source));
	switch (line->effect) {
	case RECOVER_LINE_CHANGED:
		count_change(pass, &line->record.event);
		break;
	case RECOVER_LINE_SERIAL:
		recover_serial_tell(pass->recover, &serial);
		break;
	case RECOVER_LINE_WAITS:
		pass->waiting++;
		break;
	case RECOVER_LINE_NOTHING:
		break;
	}
}

static int
settle_piece(struct recover_piece *piece, void *arg, struct error *err)
{
	const struct recover_writing writing = {
		.look_up = look_up,
		.write = write_line,
		.arg = arg,
	};
	int result;

	if (look_up(piece, err) < 0)
		return -1;
	result = recover_piece_write(piece, &writing, err);
	for (size_t i = 0; i < piece->count; i++)
		count_line(arg, piece, &piece->lines[i]);
	return result;
}

static int
read_journal(struct recover *recover, const char *path, void *arg, struct error *err)
{
	const struct recover_pieces visit = {
		.kind = JOURNAL_EVENT,
		.settle = settle_piece,
		.arg = arg,
		.done = &recover->outcome->events,
		.what = "revocations, holds and releases",
	};

	/* that it cannot be read was told before */
	return recover_pieces_each(recover, path, &visit, err) < 0 ? error_forgive(err, ERR_CONFIG)
								   : 0;
}

static int
run_pass(struct recover *recover, struct pass *pass, struct error *err)
{
	const struct recover_journals visit = { read_journal, pass };

	pass->applied = pass->waiting = 0;
	if (recover_each_journal(recover, &visit, err) < 0)
		return -1;
	pass->is_first = false;
	return 0;
}

int
recover_events(struct recover *recover, struct error *err)
{
	struct pass pass = { .recover = recover, .is_first = true };

	do
		if (run_pass(recover, &pass, err) < 0)
			return -1;
	while (pass.waiting > 0 && pass.applied > 0 && !recover->request->is_dry_run);
	pass.is_forced = true;
	if (pass.waiting > 0 && run_pass(recover, &pass, err) < 0)
		return -1;
	if (recover->outcome->events > 0)
		recover_tell(recover, RECOVER_DONE, "%" PRIu64 " revocations, holds and releases",
		    recover->outcome->events);
	return 0;
}

/* A return's change; the list's reason says which. */
static int
take_return(const struct recovery_return *found, void *arg, struct error *err)
{
	struct recover *recover = arg;
	bool is_hold = found->reason == REASON_HOLD, changed = false;
	const struct recover_change change = {
		.certificate_id = found->certificate_id,
		.action = is_hold ? REVOCATION_HOLD : REVOCATION_REVOKE,
		.reason = found->reason,
		.at = found->revoked_at,
		.source = "the list of revoked serials",
	};

	if (recover_change(recover, &change, &changed, err) < 0)
		return -1;
	if (changed && is_hold)
		recover->outcome->held++;
	else if (changed)
		recover->outcome->revoked++;
	return 0;
}

/*
 * Certificates that came back after a CRL alone had told of their serials. A page that changes
 * nothing would come for ever.
 */
int
recover_returns(struct recover *recover, struct error *err)
{
	const struct recover_outcome *outcome = recover->outcome;
	size_t count = RECOVERY_RETURNS_MAX;
	uint64_t before;

	do {
		before = outcome->held + outcome->revoked;
		if (recovery_each_return(recover->request->db, take_return, recover, &count, err) <
		    0)
			return -1;
	} while (count == RECOVERY_RETURNS_MAX && outcome->held + outcome->revoked > before &&
		 !recover->request->is_dry_run);
	return 0;
}

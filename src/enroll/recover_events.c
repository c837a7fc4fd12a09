/* Recovering from journals: what became of certificates. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "enroll/journal_file.h"
#include "enroll/journal_record.h"
#include "enroll/recover_internal.h"
#include "store/certificate_history.h"
#include "store/recovery.h"

enum {
	CLOCKS_APART_S = 120, /* of two hosts: each is refused that is a minute off the database */
	REASON_HOLD = 6
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

/* One event of a journal in its transaction. */
struct taking {
	struct recover *recover;
	const struct recover_event *event;
	bool changed;
};

static int
apply(struct db *db, void *arg, struct error *err)
{
	struct taking *taking = arg;

	(void)db;
	return recover_apply(taking->recover, taking->event, &taking->changed, err);
}

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
take_known(struct pass *pass, const struct journal_record_event *event,
    const struct certificate_history *history, const char *source, struct error *err)
{
	struct recover *recover = pass->recover;
	struct recover_generation *generation =
	    recover_generation_of(recover, &history->generation_id);
	const struct recover_event what = {
		.event = &event->row,
		.lineage = &history->lineage,
		.serial = event->serial,
		.whole_lineage = event->whole_lineage,
		.source = source,
	};
	struct taking taking = { recover, &what, true };

	if (is_overtaken(event, history))
		return 0;
	if (must_wait(event, history) && !pass->is_forced && !recover->request->is_dry_run) {
		pass->waiting++;
		return 0;
	}
	if (!recover->request->is_dry_run &&
	    db_transaction(recover->request->db, apply, &taking, err) < 0)
		return -1;
	if (!taking.changed)
		return 0;
	pass->applied++;
	recover->outcome->events++;
	if (generation != NULL)
		generation->is_changed = true;
	return 0;
}

/* Its certificate's own line is lost: at least nobody shall take it for good. */
static int
take_unknown(struct pass *pass, const struct journal_record_event *event, const char *source,
    struct error *err)
{
	struct recover *recover = pass->recover;
	const struct recover_serial serial = {
		.generation = recover_generation_of(recover, &event->generation_id),
		.serial = event->serial,
		.revoked_at = event->row.at,
		.reason = event->row.reason,
		.source = source,
	};

	if (recover_is_long_gone(recover, event->not_after) || !pass->is_first)
		return 0;
	/* in a dry run its certificate may be one of those that would be taken back */
	if (recover->request->is_dry_run) {
		recover->outcome->events++;
		return 0;
	}
	if (serial.generation == NULL)
		return error_set(
		    err, ERR_BAD_REQUEST, "the CA generation of its certificate is not on record");
	if (event->row.action != REVOCATION_REVOKE)
		return error_set(err, ERR_BAD_REQUEST, "its certificate is not on record");
	return event->not_after < recover->now ? 0 : recover_serial(recover, &serial, err);
}

static int
take_event(struct pass *pass, const struct journal_record_event *event, const char *source,
    struct error *err)
{
	struct db *db = pass->recover->request->db;
	struct certificate_history history;
	bool is_there = false;

	if (recovery_has_event(db, &event->row.id, &is_there, err) < 0)
		return -1;
	if (is_there)
		return 0;
	if (certificate_history_find(db, &event->row.certificate_id, &history, err) < 0)
		return error_forgive(err, ERR_NOT_FOUND) < 0
			   ? -1
			   : take_unknown(pass, event, source, err);
	if (!bytes_equal(bytes_of(history.serial, history.serial_len), event->serial) ||
	    memcmp(&history.generation_id, &event->generation_id, sizeof(struct uuid)) != 0)
		return error_set(err, ERR_BAD_REQUEST,
		    "its serial and CA generation are not those of its certificate");
	return take_known(pass, event, &history, source, err);
}

/* What cannot be read was told when the certificates were read. */
static int
take_line(struct pass *pass, const struct journal_file_line *line, struct error *err)
{
	struct error ignored = { .code = ERR_NONE };
	struct journal_record record;
	char source[512];
	int result = 0;

	(void)snprintf(source, sizeof(source), "%.480s:%lu", line->path, line->number);
	if (journal_record_parse(line->text, &record, &ignored) == 0 &&
	    record.kind == JOURNAL_EVENT)
		result = take_event(pass, &record.event, source, err);
	journal_record_release(&record);
	return result;
}

static bool
may_be_event(const struct journal_file_line *line)
{
	static const char kind[] = "\"" JOURNAL_KIND_EVENT "\"";

	return !line->is_too_long &&
	       memmem(line->text.ptr, line->text.len, kind, sizeof(kind) - 1) != NULL;
}

static int
read_line(const struct journal_file_line *line, void *arg, struct error *err)
{
	struct pass *pass = arg;

	if (!may_be_event(line) || take_line(pass, line, err) == 0)
		return 0;
	if (!error_is(err, ERR_BAD_REQUEST))
		return -1;
	if (pass->is_first)
		recover_tell(pass->recover, RECOVER_TROUBLE, "%s:%lu: refused: %s", line->path,
		    line->number, err->text);
	error_clear(err);
	return 0;
}

static int
read_journal(struct recover *recover, const char *path, void *arg, struct error *err)
{
	const struct journal_file_visit visit = { read_line, arg };

	(void)recover;
	/* that it cannot be read was told before */
	return journal_file_each(path, &visit, err) < 0 ? error_forgive(err, ERR_CONFIG) : 0;
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

/* Writes what the issuance journal lacks: lines that a full disk or a crash has kept off. */
#include "enroll/journal/journal_job.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "enroll/journal/journal.h"
#include "enroll/journal/journal_file.h"
#include "store/journal_outbox.h"

enum {
	LEASE_S = 120,
	AGE_S = 60,    /* so long whoever has made the event may still be about to write it */
	RUN_MS = 20000 /* then the next run goes on, for other jobs wait for this one */
};

/* How far a run has come. */
struct run {
	const struct job_context *context;
	struct buf ids; /* of the page's events whose lines are written */
	int64_t lines;
};

/* Somebody who asks for it by name wants every line: one that comes twice does no harm. */
static uint32_t
age_s(const struct job_context *context)
{
	return context->is_forced ? 0 : AGE_S;
}

static int
write_row(const struct journal_outbox_row *row, void *arg, struct error *err)
{
	struct run *run = arg;

	if (journal_append_late(run->context->settings, row, err) < 0)
		return -1;
	buf_add(&run->ids, bytes_of(row->event.id.octets, sizeof(row->event.id.octets)));
	return buf_failed(&run->ids) ? error_set(err, ERR_INTERNAL, "out of memory") : 0;
}

static int
remove_page(struct db *db, void *arg, struct error *err)
{
	const struct run *run = arg;
	struct uuid id;

	if (jobs_check_lease(db, run->context->lease, err) < 0)
		return -1;
	for (size_t at = 0; at < run->ids.len; at += sizeof(id.octets)) {
		memcpy(id.octets, run->ids.data + at, sizeof(id.octets));
		if (journal_outbox_remove(db, &id, err) < 0)
			return -1;
	}
	return 0;
}

/* What was written before a fault is done with: a full disk would fill with it again and again. */
static int
write_page(struct run *run, size_t *count, struct error *err)
{
	const struct journal_outbox_visit visit = { write_row, run };
	struct db *db = run->context->db;
	struct error end = { .code = ERR_NONE };
	int result;

	buf_reset(&run->ids);
	result = journal_outbox_each(db, age_s(run->context), &visit, count, err);
	if (run->ids.len == 0)
		return result;
	if (journal_file_sync(&end) == 0 && db_transaction(db, remove_page, run, &end) == 0) {
		run->lines += (int64_t)(run->ids.len / sizeof(struct uuid));
		return result;
	}
	if (result == 0)
		*err = end;
	return -1;
}

static int
write_all(struct run *run, struct error *err)
{
	int64_t started_ms = clock_monotonic_ms();
	size_t count = JOURNAL_OUTBOX_PAGE;

	while (count == JOURNAL_OUTBOX_PAGE) {
		if (write_page(run, &count, err) < 0 || job_progress(run->context, err) < 0)
			return -1;
		if (!run->context->is_forced && clock_monotonic_ms() - started_ms >= RUN_MS)
			return 0;
	}
	return 0;
}

/* Says with the fault how much waits. */
static int
fail(const struct run *run, struct error *err)
{
	struct journal_outbox_backlog backlog = { .count = 0 };
	struct error ignored = { .code = ERR_NONE };
	char since[CLOCK_TEXT_MAX];

	if (journal_outbox_backlog(run->context->db, 0, &backlog, &ignored) < 0 ||
	    backlog.count == 0)
		return -1;
	clock_text(backlog.since, since);
	return error_prefix(
	    err, "%" PRId64 " events have waited for their line since %s", backlog.count, since);
}

static int
run_journal(const struct job_context *context, struct error *err)
{
	struct run run = {
		.context = context,
		.ids = BUF_INIT(JOURNAL_OUTBOX_PAGE * sizeof(struct uuid)),
	};
	int result;

	if (!journal_is_kept(context->settings)) {
		log_event(LOG_LEVEL_WARNING, "no_journal",
		    log_text("reason", "[Server] IssuedLog is not set on this host"));
		return 0;
	}
	result = write_all(&run, err);
	buf_release(&run.ids);
	if (run.lines > 0)
		log_event(LOG_LEVEL_WARNING, "journal_late", log_number("lines", run.lines));
	return result < 0 ? fail(&run, err) : 0;
}

static int
is_due(const struct job_context *context, bool *due, struct error *err)
{
	*due = false;
	if (!journal_is_kept(context->settings))
		return 0;
	return journal_outbox_any(context->db, AGE_S, due, err);
}

/*
 * Once in the cluster, although each host has a journal of its own: a line belongs into one of
 * them, no matter which, as `certwright recover` is given all. So a host that lives writes what one
 * that has died or whose disk is full could not; as a host job each would write every line, or
 * leave those of another's to nobody. A run that fails gives the lease back, and the next host that
 * looks may do better. One without a journal never claims it.
 */
const struct job journal_job = {
	.name = "journal",
	.help = "write lines that the issuance journal lacks",
	.lease_s = LEASE_S,
	.is_due = is_due,
	.run = run_journal,
};

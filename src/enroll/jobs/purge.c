/* The job "purge": exports what has outlived its use, and deletes it once that is on disk. */
#include "enroll/jobs/purge.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "enroll/jobs/export_file.h"
#include "store/audit.h"
#include "store/purge.h"

enum {
	DAY_S = 86400,
	HOUR_S = 3600,
	LEASE_S = 300,
	RUN_ROWS = 100000, /* then the next run goes on */
	RUN_MS = 20000,    /* likewise, for other jobs wait for this one */
	TRIES = 3          /* of a piece whose rows change meanwhile */
};

/* What a run works with, and how far it has come. */
struct run {
	const struct job_context *context;
	struct export_file *file;
	char folder[PATH_MAX];
	char name[64];
	struct purge_piece piece;
	struct buf lines; /* the piece, as it was exported */
	struct buf again; /* and as it is when it is deleted */
	bool has_changed;
	int64_t started_ms;
	int64_t progress_ms;
	size_t rows;
};

static const char NAME_PATTERN[] = "purge-%Y%m%dT%H%M%SZ";

/* The lease's token makes it one no other run of the cluster has. */
static int
set_names(struct run *run, struct error *err)
{
	const struct settings *settings = run->context->settings;
	const char *configured = settings->maintain.export_dir;
	bool is_default = configured[0] == '\0';
	time_t now = (time_t)run->context->now;
	char when[32];
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL || strftime(when, sizeof(when), NAME_PATTERN, &tm) == 0)
		return error_set(err, ERR_INTERNAL, "%" PRId64 " is no time", run->context->now);
	(void)snprintf(run->name, sizeof(run->name), "%s-%" PRIu64 ".ndjson", when,
	    run->context->lease->token);
	if (snprintf(run->folder, sizeof(run->folder), "%s%s",
		is_default ? settings->server.state_dir : configured,
		is_default ? "/export" : "") >= (int)sizeof(run->folder))
		return error_set(err, ERR_CONFIG, "[Maintain] ExportDir is too long");
	return 0;
}

/* Without rows there is no file. */
static int
export_lines(struct run *run, struct error *err)
{
	if (!export_file_is_open(run->file) &&
	    export_file_open(run->file, run->folder, run->name, err) < 0)
		return -1;
	if (export_file_add(run->file, buf_bytes(&run->lines), err) < 0)
		return -1;
	return export_file_sync(run->file, err);
}

static int
record(struct db *db, const struct run *run, struct error *err)
{
	char detail[256], before[CLOCK_TEXT_MAX];
	const struct audit_event event = {
		.actor = "job:purge",
		.remote_address = "",
		.action = run->piece.table == PURGE_AUDIT ? "audit.purge" : "certificate.purge",
		.object_type = purge_table_name(run->piece.table),
		.object_name = run->name,
		.outcome = "done",
		.detail = detail,
	};

	clock_text(run->piece.before, before);
	(void)snprintf(detail, sizeof(detail), "%zu rows older than %s, exported to %s",
	    run->piece.count, before, run->name);
	return audit_insert(db, &event, err);
}

/* What is on record now must be, octet for octet, what the file holds. */
static int
delete_piece(struct db *db, void *arg, struct error *err)
{
	struct run *run = arg;

	buf_reset(&run->again);
	run->has_changed = false;
	if (jobs_check_lease(db, run->context->lease, err) < 0 ||
	    purge_read(db, &run->piece, PURGE_LOCKED, &run->again, err) < 0)
		return -1;
	run->has_changed = !bytes_equal(buf_bytes(&run->lines), buf_bytes(&run->again));
	if (run->has_changed)
		return error_set(
		    err, ERR_CONFLICT, "rows changed %d times while they were exported", TRIES);
	if (purge_delete(db, &run->piece, err) < 0)
		return -1;
	return record(db, run, err);
}

static int
try_piece(struct run *run, struct error *err)
{
	struct db *db = run->context->db;

	buf_reset(&run->lines);
	if (purge_read(db, &run->piece, PURGE_UNLOCKED, &run->lines, err) < 0 ||
	    export_lines(run, err) < 0)
		return -1;
	return db_transaction(db, delete_piece, run, err);
}

static int
purge_piece(struct run *run, struct error *err)
{
	for (unsigned tries = 1;; tries++) {
		run->has_changed = false;
		if (try_piece(run, err) == 0)
			return 0;
		if (!run->has_changed || tries == TRIES)
			return -1;
		error_clear(err);
	}
}

/* Prolongs the lease long before it ends. */
static int
keep_lease(struct run *run, struct error *err)
{
	int64_t now = clock_monotonic_ms();

	if (now - run->progress_ms < (int64_t)run->context->lease_s * 1000 / 4)
		return 0;
	run->progress_ms = now;
	return job_progress(run->context, err);
}

/* Somebody who asked for it by name waits. */
static bool
is_over(const struct run *run)
{
	if (run->rows >= RUN_ROWS)
		return true;
	return !run->context->is_forced && clock_monotonic_ms() - run->started_ms >= RUN_MS;
}

static int
purge_table(struct run *run, enum purge_table table, int64_t before, struct error *err)
{
	run->piece = (struct purge_piece){ .table = table, .before = before };
	while (!run->piece.is_last && !is_over(run)) {
		if (purge_find(run->context->db, &run->piece, err) < 0 ||
		    (run->piece.count > 0 && purge_piece(run, err) < 0) || keep_lease(run, err) < 0)
			return -1;
		run->rows += run->piece.count;
	}
	return 0;
}

/* CRLs list a certificate for one validity period of theirs after its end; a day for everybody's
 * clock. */
static int64_t
certificates_before(const struct job_context *context)
{
	int64_t kept = (int64_t)context->settings->maintain.purge_certificates_days * DAY_S;
	int64_t listed = (int64_t)context->settings->crl.validity_s + DAY_S;

	return job_surely_now(context) - (kept > listed ? kept : listed);
}

static int
purge_all(struct run *run, struct error *err)
{
	const struct job_context *context = run->context;
	uint32_t audit_days = context->settings->maintain.purge_audit_days;

	if (context->settings->maintain.purge_certificates_days > 0 &&
	    purge_table(run, PURGE_CERTIFICATE, certificates_before(context), err) < 0)
		return -1;
	if (audit_days == 0)
		return 0;
	return purge_table(
	    run, PURGE_AUDIT, job_surely_now(context) - (int64_t)audit_days * DAY_S, err);
}

static void
release(struct run *run)
{
	export_file_free(run->file);
	buf_release(&run->lines);
	buf_release(&run->again);
}

static int
run_purge(const struct job_context *context, struct error *err)
{
	cleanup(release) struct run run = {
		.context = context,
		.lines = BUF_INIT(PURGE_LINES_MAX),
		.again = BUF_INIT(PURGE_LINES_MAX),
		.started_ms = clock_monotonic_ms(),
		.progress_ms = clock_monotonic_ms(),
	};
	int result;

	run.file = export_file_new();
	if (run.file == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for an export");
	if (set_names(&run, err) < 0)
		return -1;
	result = purge_all(&run, err);
	if (run.rows > 0)
		log_event(LOG_LEVEL_INFO, "purged", log_number("rows", (int64_t)run.rows),
		    log_text("folder", run.folder), log_text("file", run.name));
	return result;
}

static int
is_due(const struct job_context *context, bool *due, struct error *err)
{
	(void)err;
	*due = context->settings->maintain.purge_certificates_days > 0 ||
	       context->settings->maintain.purge_audit_days > 0;
	return 0;
}

const struct job purge_job = {
	.name = "purge",
	.help = "export and delete what was kept long enough",
	.lease_s = LEASE_S,
	.interval_s = HOUR_S,
	.is_due = is_due,
	.run = run_purge,
};

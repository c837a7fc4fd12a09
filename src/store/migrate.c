/* Brings the schema up to this program: the SQL files of deploy/sql, in order, each once. */
#define _GNU_SOURCE
#include "store/migrate.h"

#include <mysqld_error.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/key.h"
#include "store/db_rows.h"

enum {
	LOCK_WAIT_S = 30,
	APPLY_TRIES = 5,
	APPLIED_MAX = 1000,
	NAME_MAX_CHARS = 64,
	VERSION_MAX = 16,
	VERSION_PARTS = 3
};

struct migration {
	const char *name;
	const char *sql;
};

static const struct migration MIGRATIONS[] = {
#include "store/migrations.inc"
};

enum { MIGRATION_COUNT = sizeof(MIGRATIONS) / sizeof(MIGRATIONS[0]) };

/* attempt: who finds a started, unfinished row claims it by counting on. */
static const char SQL_CREATE[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
				 "name VARCHAR(64) CHARACTER SET ascii NOT NULL,"
				 "checksum BINARY(32) NOT NULL,"
				 "compatible_from VARCHAR(16) CHARACTER SET ascii NOT NULL,"
				 "program_version VARCHAR(32) CHARACTER SET ascii NOT NULL,"
				 "attempt INT UNSIGNED NOT NULL,"
				 "started_at DATETIME NOT NULL,"
				 "finished_at DATETIME NULL,"
				 "PRIMARY KEY (name)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
static const char SQL_LOAD[] =
    "SELECT name, checksum, compatible_from, attempt, finished_at FROM schema_migration"
    " ORDER BY name";
static const char SQL_START[] =
    "INSERT INTO schema_migration (name, checksum, compatible_from, program_version, attempt,"
    " started_at) VALUES (?, ?, ?, ?, 1, UTC_TIMESTAMP())";
static const char SQL_CLAIM[] =
    "UPDATE schema_migration SET attempt = attempt + 1, program_version = ?,"
    " started_at = UTC_TIMESTAMP() WHERE name = ? AND attempt = ? AND finished_at IS NULL";
static const char SQL_FINISH[] =
    "UPDATE schema_migration SET finished_at = UTC_TIMESTAMP() WHERE name = ? AND attempt = ?";
/* Lock names are the server's; 64 characters at most. Waits a second, to stay under time limits. */
static const char SQL_LOCK[] = "SELECT GET_LOCK(CONCAT('certwright.', MD5(DATABASE())), 1)";
static const char SQL_UNLOCK[] = "DO RELEASE_LOCK(CONCAT('certwright.', MD5(DATABASE())))";

/* A row of schema_migration. */
struct applied {
	char name[NAME_MAX_CHARS + 1];
	uint8_t checksum[SHA256_SIZE];
	char compatible_from[VERSION_MAX + 1];
	unsigned attempt;
	bool is_finished;
};

struct history {
	struct buf rows; /* struct applied, by name */
};

#define HISTORY_INIT \
	{ \
		.rows = BUF_INIT(APPLIED_MAX * sizeof(struct applied)) \
	}

static void
history_release(struct history *history)
{
	buf_release(&history->rows);
}

static size_t
history_count(const struct history *history)
{
	return history->rows.len / sizeof(struct applied);
}

static struct applied
history_at(const struct history *history, size_t i)
{
	struct applied applied;

	memcpy(&applied, history->rows.data + i * sizeof(applied), sizeof(applied));
	return applied;
}

static bool
history_find(const struct history *history, const char *name, struct applied *out)
{
	for (size_t i = 0; i < history_count(history); i++) {
		*out = history_at(history, i);
		if (strcmp(out->name, name) == 0)
			return true;
	}
	return false;
}

static int
history_load(struct db *db, struct history *history, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	buf_reset(&history->rows);
	if (db_query(db, SQL_LOAD, db_no_args, &rows, err) < 0) {
		if (err->number != ER_NO_SUCH_TABLE)
			return -1;
		error_clear(err);
		return 0;
	}
	while (db_rows_next(rows)) {
		struct applied applied = { .attempt = (unsigned)db_rows_int(rows, 3) };
		struct bytes checksum = db_rows_bytes(rows, 1);

		if (db_rows_text(rows, 0, applied.name, sizeof(applied.name), err) < 0 ||
		    db_rows_text(
			rows, 2, applied.compatible_from, sizeof(applied.compatible_from), err) < 0)
			return error_prefix(err, "schema_migration");
		memcpy(applied.checksum, checksum.ptr, SHA256_SIZE);
		applied.is_finished = !db_rows_is_null(rows, 4);
		buf_add(&history->rows, bytes_of(&applied, sizeof(applied)));
	}
	if (buf_failed(&history->rows))
		return error_set(err, ERR_DATABASE, "schema_migration has too many rows");
	return 0;
}

/* Reads MAJOR.MINOR.PATCH; what is not a number counts as 0, a suffix does not count. */
static void
version_read(const char *text, unsigned long out[static VERSION_PARTS])
{
	for (unsigned i = 0; i < VERSION_PARTS; i++) {
		char *end;

		out[i] = strtoul(text, &end, 10);
		text = *end == '.' ? end + 1 : end;
	}
}

/* Whether this program may use a schema that says it is compatible from that version on. */
static bool
is_compatible(const char *compatible_from)
{
	unsigned long wanted[VERSION_PARTS], ours[VERSION_PARTS];

	version_read(compatible_from, wanted);
	version_read(PACKAGE_VERSION, ours);
	for (unsigned i = 0; i < VERSION_PARTS; i++)
		if (wanted[i] != ours[i])
			return wanted[i] < ours[i];
	return true;
}

static bool
is_known(const char *name)
{
	for (unsigned i = 0; i < MIGRATION_COUNT; i++)
		if (strcmp(MIGRATIONS[i].name, name) == 0)
			return true;
	return false;
}

static int
refuse_incompatible(const struct history *history, struct error *err)
{
	for (size_t i = 0; i < history_count(history); i++) {
		struct applied applied = history_at(history, i);

		if (!is_known(applied.name) && !is_compatible(applied.compatible_from))
			return error_set(err, ERR_CONFIG,
			    "the schema has %s, which needs certwright %s or later; this is "
			    "%s",
			    applied.name, applied.compatible_from, PACKAGE_VERSION);
	}
	return 0;
}

static int
refuse_changed(const struct history *history, struct error *err)
{
	for (unsigned i = 0; i < MIGRATION_COUNT; i++) {
		uint8_t checksum[SHA256_SIZE];
		struct applied applied;

		if (!history_find(history, MIGRATIONS[i].name, &applied))
			continue;
		if (sha256(bytes_text(MIGRATIONS[i].sql), checksum, err) < 0)
			return -1;
		if (memcmp(checksum, applied.checksum, sizeof(checksum)) != 0)
			return error_set(err, ERR_CONFIG,
			    "the schema's %s is not the one of this program (its checksum differs)",
			    MIGRATIONS[i].name);
	}
	return 0;
}

static int
load_and_judge(struct db *db, struct history *history, struct error *err)
{
	if (history_load(db, history, err) < 0 || refuse_incompatible(history, err) < 0)
		return -1;
	return refuse_changed(history, err);
}

/* Copies the version from the text's first line. */
static int
compatible_from(
    const struct migration *migration, char out[static VERSION_MAX + 1], struct error *err)
{
	static const char mark[] = "-- compatible-from: ";
	const char *version = migration->sql + sizeof(mark) - 1;
	size_t len;

	if (strncmp(migration->sql, mark, sizeof(mark) - 1) != 0)
		return error_set(
		    err, ERR_INTERNAL, "%s does not start with '%s'", migration->name, mark);
	len = strcspn(version, "\r\n");
	if (len == 0 || len > VERSION_MAX)
		return error_set(err, ERR_INTERNAL, "%s names no version", migration->name);
	memcpy(out, version, len);
	out[len] = '\0';
	return 0;
}

/* The record that it was started; ERR_CONFLICT when another run on another node was quicker. */
static int
start(struct db *db, const struct migration *migration, struct error *err)
{
	uint8_t checksum[SHA256_SIZE];
	char from[VERSION_MAX + 1];

	if (compatible_from(migration, from, err) < 0 ||
	    sha256(bytes_text(migration->sql), checksum, err) < 0)
		return -1;
	return db_exec(db, SQL_START,
	    db_args(db_text(migration->name), db_blob(bytes_of(checksum, sizeof(checksum))),
		db_text(from), db_text(PACKAGE_VERSION)),
	    NULL, err);
}

static int
claim(struct db *db, const struct applied *applied, struct error *err)
{
	uint64_t rows = 0;

	if (db_exec(db, SQL_CLAIM,
		db_args(db_text(PACKAGE_VERSION), db_text(applied->name), db_int(applied->attempt)),
		&rows, err) < 0)
		return -1;
	if (rows != 1)
		return error_set(err, ERR_CONFLICT, "another run has taken it up");
	return 0;
}

/* A lock of a table's users ends the statement with 1205; it may be restarted. */
static int
carry_out(struct db *db, const struct migration *migration, struct error *err)
{
	for (unsigned tries = 1;; tries++) {
		if (db_exec(db, migration->sql, db_no_args, NULL, err) == 0)
			return 0;
		if (tries == APPLY_TRIES ||
		    (err->number != ER_LOCK_WAIT_TIMEOUT && err->number != ER_LOCK_DEADLOCK))
			return -1;
		error_clear(err);
	}
}

static int
apply(struct db *db, const struct migration *migration, const struct applied *applied,
    struct error *err)
{
	unsigned attempt = applied != NULL ? applied->attempt + 1 : 1;

	if ((applied != NULL ? claim(db, applied, err) : start(db, migration, err)) < 0 ||
	    carry_out(db, migration, err) < 0)
		return error_prefix(err, "%s", migration->name);
	return db_exec(
	    db, SQL_FINISH, db_args(db_text(migration->name), db_int(attempt)), NULL, err);
}

static int
report_end(FILE *report, struct error *err)
{
	if (fflush(report) != 0 || ferror(report))
		return error_set(err, ERR_INTERNAL, "cannot write the report");
	return 0;
}

static int
run_missing(struct db *db, bool dry_run, FILE *report, struct error *err)
{
	cleanup(history_release) struct history history = HISTORY_INIT;
	unsigned missing = 0;

	if (load_and_judge(db, &history, err) < 0)
		return -1;
	for (unsigned i = 0; i < MIGRATION_COUNT; i++) {
		const struct migration *migration = &MIGRATIONS[i];
		struct applied applied;
		bool is_started = history_find(&history, migration->name, &applied);

		if (is_started && applied.is_finished)
			continue;
		missing++;
		if (!dry_run && apply(db, migration, is_started ? &applied : NULL, err) < 0)
			return -1;
		(void)fprintf(report, "%s %s%s\n", migration->name,
		    dry_run ? "would be applied" : "applied",
		    is_started ? " (was begun before and not finished)" : "");
	}
	if (missing == 0)
		(void)fprintf(report, "the schema is up to date\n");
	return report_end(report, err);
}

/*
 * GET_LOCK holds on one server only. Between the nodes of a cluster the row inserted at the start
 * and the claim decide; and every statement may be run twice without harm.
 */
static int
lock(struct db *db, struct error *err)
{
	for (unsigned waited = 0; waited < LOCK_WAIT_S; waited++) {
		cleanup(db_rows_freep) struct db_rows *rows = NULL;

		if (db_query(db, SQL_LOCK, db_no_args, &rows, err) < 0)
			return -1;
		if (db_rows_next(rows) && db_rows_int(rows, 0) == 1)
			return 0;
	}
	return error_set(err, ERR_DATABASE, "another migration is under way");
}

int
migrate_run(struct db *db, bool dry_run, FILE *report, struct error *err)
{
	struct error ignored = { .code = ERR_NONE };
	int status;

	if (dry_run)
		return run_missing(db, true, report, err);
	if (lock(db, err) < 0)
		return -1;
	status = db_exec(db, SQL_CREATE, db_no_args, NULL, err);
	if (status == 0)
		status = run_missing(db, false, report, err);
	if (db_exec(db, SQL_UNLOCK, db_no_args, NULL, &ignored) < 0)
		db_disconnect(db);
	return status;
}

static const char *
state_of(const struct history *history, const char *name)
{
	struct applied applied;

	if (!history_find(history, name, &applied))
		return "missing";
	return applied.is_finished ? "applied" : "begun and not finished";
}

int
migrate_status(struct db *db, FILE *report, struct error *err)
{
	cleanup(history_release) struct history history = HISTORY_INIT;

	if (history_load(db, &history, err) < 0)
		return -1;
	for (unsigned i = 0; i < MIGRATION_COUNT; i++)
		(void)fprintf(
		    report, "%s %s\n", MIGRATIONS[i].name, state_of(&history, MIGRATIONS[i].name));
	for (size_t i = 0; i < history_count(&history); i++) {
		struct applied applied = history_at(&history, i);

		if (!is_known(applied.name))
			(void)fprintf(report, "%s %s by a later program, %s\n", applied.name,
			    applied.is_finished ? "applied" : "begun and not finished",
			    is_compatible(applied.compatible_from)
				? "compatible with this one"
				: "not compatible with this one");
	}
	if (report_end(report, err) < 0)
		return -1;
	return load_and_judge(db, &history, err);
}

int
migrate_check(struct db *db, struct error *err)
{
	cleanup(history_release) struct history history = HISTORY_INIT;

	if (load_and_judge(db, &history, err) < 0)
		return -1;
	for (unsigned i = 0; i < MIGRATION_COUNT; i++) {
		struct applied applied;

		if (!history_find(&history, MIGRATIONS[i].name, &applied))
			return error_set(err, ERR_CONFIG,
			    "the schema lacks %s: run 'certwright migrate'", MIGRATIONS[i].name);
		if (!applied.is_finished)
			return error_set(err, ERR_CONFIG,
			    "%s was begun and not finished: run 'certwright migrate'",
			    MIGRATIONS[i].name);
	}
	return 0;
}

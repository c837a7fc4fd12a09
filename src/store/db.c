/* One connection to MariaDB: opened when needed, its statements, its transactions. */
#define _GNU_SOURCE
#include "store/db.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/random.h"
#include "store/db_args.h"
#include "store/db_connect.h"
#include "store/db_rows.h"

enum {
	STATEMENTS_MAX = 128,
	RECONNECT_PAUSE_MS = 250, /* a dead database must not hold every request for a connect */
	REPEAT_WITHIN_MS = 1000,  /* later than that it was a time limit, not an idle loss */
	SKEW_AGE_MS = 60000,
	TRANSACTION_TRIES = 5,
};

enum transaction { TRANSACTION_NONE, TRANSACTION_OPEN, TRANSACTION_BROKEN };

struct statement {
	const char *sql; /* compared by address */
	MYSQL_STMT *handle;
};

struct db {
	const struct settings *settings;
	enum db_account account;
	MYSQL *mysql;
	char where[DB_WHERE_MAX];
	struct statement statements[STATEMENTS_MAX];
	unsigned next_statement; /* the slot to fill, round and round */
	enum transaction transaction;
	int broken_by; /* MariaDB's number of what broke the transaction */
	bool durable;
	int64_t skew;
	int64_t skew_at_ms;
	int64_t failed_at_ms;
	struct error failure; /* of the last connect, while it is younger than the pause */
};

static const char SQL_STATE[] = "SELECT UNIX_TIMESTAMP(), @@GLOBAL.innodb_flush_log_at_trx_commit,"
				" (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES"
				"  WHERE VARIABLE_NAME = 'WSREP_ON') = 'ON',"
				" (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
				"  WHERE VARIABLE_NAME = 'WSREP_READY') = 'ON'";
static const char SQL_BEGIN[] = "START TRANSACTION";
static const char SQL_COMMIT[] = "COMMIT";
static const char SQL_ROLLBACK[] = "ROLLBACK";

struct db *
db_new(const struct settings *settings)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db != NULL)
		db->settings = settings;
	return db;
}

struct db *
db_new_maintain(const struct settings *settings)
{
	struct db *db = db_new(settings);

	if (db != NULL)
		db->account = DB_ACCOUNT_MAINTAIN;
	return db;
}

const struct settings *
db_settings(const struct db *db)
{
	return db->settings;
}

void
db_free(struct db *db)
{
	if (db == NULL)
		return;
	db_disconnect(db);
	free(db);
}

void
db_disconnect(struct db *db)
{
	/* The connection first: statements then close without a word to the server. */
	if (db->mysql != NULL)
		mysql_close(db->mysql);
	db->mysql = NULL;
	for (unsigned i = 0; i < STATEMENTS_MAX; i++) {
		if (db->statements[i].handle != NULL)
			(void)mysql_stmt_close(db->statements[i].handle);
		db->statements[i] = (struct statement){ NULL, NULL };
	}
	if (db->transaction == TRANSACTION_OPEN) {
		db->transaction = TRANSACTION_BROKEN;
		db->broken_by = 0;
	}
}

/* The fault lies with the connection or its host: nothing more is asked of it. */
static bool
is_loss(unsigned number)
{
	switch (number) {
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
	case CR_SERVER_LOST_EXTENDED:
	case CR_COMMANDS_OUT_OF_SYNC:
	case CR_MALFORMED_PACKET:
	case CR_SSL_CONNECTION_ERROR:
	case ER_SERVER_SHUTDOWN:
	case ER_CONNECTION_KILLED:
	case ER_NET_PACKETS_OUT_OF_ORDER:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
	case ER_UNKNOWN_COM_ERROR: /* 1047: this Galera node is not ready; another host may be */
	case ER_ERROR_DURING_COMMIT:
		return true;
	default:
		return false;
	}
}

bool
db_outcome_unknown(const struct error *err)
{
	return err->code == ERR_DATABASE && err->number > 0 && is_loss((unsigned)err->number) &&
	       err->number != ER_UNKNOWN_COM_ERROR;
}

bool
db_is_rolled_back(const struct error *err)
{
	return err->code == ERR_DATABASE &&
	       (err->number == ER_LOCK_DEADLOCK || err->number == ER_LOCK_WAIT_TIMEOUT);
}

/* Records MariaDB's error and what follows from it; text dies with the connection. */
static int
fail(struct db *db, unsigned number, const char *text, struct error *err)
{
	struct error mine = { .code = ERR_NONE };

	(void)error_set(&mine, number == ER_DUP_ENTRY ? ERR_CONFLICT : ERR_DATABASE,
	    "database %s: %s", db->where, text);
	mine.number = (int)number;
	/* After these the server has rolled back, or may have; whoever goes on would commit a rest.
	 */
	if (db->transaction == TRANSACTION_OPEN && (db_is_rolled_back(&mine) || is_loss(number))) {
		db->transaction = TRANSACTION_BROKEN;
		db->broken_by = (int)number;
	}
	if (is_loss(number)) {
		counter_add(COUNTER_DATABASE, COUNTER_DB_LOST, 0, 1);
		db_disconnect(db);
	}
	if (err->code == ERR_NONE)
		*err = mine;
	return -1;
}

static int
fail_statement(struct db *db, MYSQL_STMT *stmt, struct error *err)
{
	/* An error among the rows is left at the connection alone. */
	if (mysql_stmt_errno(stmt) == 0)
		return fail(db, mysql_errno(db->mysql), mysql_error(db->mysql), err);
	return fail(db, mysql_stmt_errno(stmt), mysql_stmt_error(stmt), err);
}

static void
forget(struct db *db, const char *sql)
{
	for (unsigned i = 0; i < STATEMENTS_MAX; i++) {
		if (db->statements[i].sql != sql)
			continue;
		(void)mysql_stmt_close(db->statements[i].handle);
		db->statements[i] = (struct statement){ NULL, NULL };
		return;
	}
}

/* The prepared statement of this text; the oldest makes room when there are too many. */
static int
prepare(struct db *db, const char *sql, MYSQL_STMT **out, struct error *err)
{
	struct statement *slot = &db->statements[db->next_statement];

	for (unsigned i = 0; i < STATEMENTS_MAX; i++)
		if (db->statements[i].sql == sql) {
			*out = db->statements[i].handle;
			return 0;
		}
	if (slot->sql != NULL)
		forget(db, slot->sql);
	slot->handle = mysql_stmt_init(db->mysql);
	if (slot->handle == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a statement");
	slot->sql = sql;
	if (mysql_stmt_prepare(slot->handle, sql, strlen(sql)) != 0) {
		(void)fail_statement(db, slot->handle, err);
		if (slot->handle != NULL)
			forget(db, sql);
		return -1;
	}
	db->next_statement = (db->next_statement + 1) % STATEMENTS_MAX;
	*out = slot->handle;
	return 0;
}

/* Runs a statement on the connection at hand. */
static int
run(struct db *db, const char *sql, struct db_args args, MYSQL_STMT **out, struct error *err)
{
	struct db_bindings bindings = { 0 };
	MYSQL_STMT *stmt = NULL;

	for (bool again = false;; again = true) {
		unsigned number;

		if (prepare(db, sql, &stmt, err) < 0 ||
		    db_args_bind(stmt, args, &bindings, err) < 0)
			return -1;
		if (mysql_stmt_execute(stmt) == 0)
			break;
		number = mysql_stmt_errno(stmt);
		/* The server does not know the statement (any more): it has run nothing. */
		if (again || (number != ER_UNKNOWN_STMT_HANDLER && number != ER_NEED_REPREPARE))
			return fail_statement(db, stmt, err);
		forget(db, sql);
	}
	*out = stmt;
	return 0;
}

static int
run_query(
    struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct error *err)
{
	MYSQL_STMT *stmt = NULL;

	if (run(db, sql, args, &stmt, err) < 0)
		return -1;
	if (db_rows_fetch(stmt, out, err) == 0)
		return 0;
	return err->code != ERR_NONE ? -1 : fail_statement(db, stmt, err);
}

/* Asks the server for its clock, its durability, and whether it takes part in its cluster. */
static int
ask_state(struct db *db, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	int64_t before = clock_now();

	if (run_query(db, SQL_STATE, db_no_args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "database %s: no answer", db->where);
	db->skew = db_rows_int(rows, 0) - (before + clock_now()) / 2;
	db->skew_at_ms = clock_monotonic_ms();
	db->durable = db_rows_int(rows, 1) == 1;
	/* A server outside any cluster says wsrep_ready OFF too, so wsrep_on decides first. */
	if (db_rows_int(rows, 2) == 1 && db_rows_int(rows, 3) != 1)
		return fail(db, ER_UNKNOWN_COM_ERROR, "not ready (wsrep_ready is OFF)", err);
	if (db->settings->database.require_durable && !db->durable)
		return error_set(err, ERR_DATABASE,
		    "database %s: innodb_flush_log_at_trx_commit is not 1, as RequireDurable wants",
		    db->where);
	return 0;
}

static int
connect_any(struct db *db, struct error *err)
{
	size_t places = db_connect_places(db->settings);

	for (size_t place = 0; place < places; place++) {
		const struct db_place here = { db->settings, db->account, place };

		error_clear(err);
		if (db_connect_open(&here, &db->mysql, db->where, err) < 0)
			continue;
		/* Only then, since a node that is not ready keeps such a read waiting. */
		if (ask_state(db, err) == 0 &&
		    db_connect_read_causally(db->mysql, db->where, err) == 0)
			return 0;
		db_disconnect(db);
	}
	if (places == 0)
		return error_set(err, ERR_CONFIG, "[Database] names neither Socket nor Hosts");
	return -1;
}

/* Connects, but not again soon after a failure. */
static int
connect_now(struct db *db, struct error *err)
{
	if (db->failure.code != ERR_NONE &&
	    clock_monotonic_ms() - db->failed_at_ms < RECONNECT_PAUSE_MS) {
		*err = db->failure;
		return -1;
	}
	if (connect_any(db, err) < 0) {
		counter_add(COUNTER_DATABASE, COUNTER_DB_UNREACHABLE, 0, 1);
		db->failure = *err;
		db->failed_at_ms = clock_monotonic_ms();
		return -1;
	}
	counter_add(COUNTER_DATABASE, COUNTER_DB_CONNECTED, 0, 1);
	error_clear(&db->failure);
	return 0;
}

/* Connects if need be; never in the middle of a transaction. */
static int
ready(struct db *db, struct error *err)
{
	struct error mine = { .code = ERR_NONE };

	if (db->transaction != TRANSACTION_BROKEN) {
		if (db->mysql != NULL || connect_now(db, &mine) == 0)
			return 0;
	} else {
		(void)error_set(&mine, ERR_DATABASE,
		    "database %s: the transaction has failed before", db->where);
		mine.number = db->broken_by;
	}
	if (err->code == ERR_NONE)
		*err = mine;
	return -1;
}

int
db_exec(struct db *db, const char *sql, struct db_args args, uint64_t *rows, struct error *err)
{
	MYSQL_STMT *stmt = NULL;

	if (ready(db, err) < 0 || run(db, sql, args, &stmt, err) < 0)
		return -1;
	if (mysql_stmt_field_count(stmt) > 0) {
		(void)mysql_stmt_free_result(stmt);
		return error_set(err, ERR_INTERNAL, "a query was run as a statement without rows");
	}
	if (rows != NULL)
		*rows = mysql_stmt_affected_rows(stmt);
	return 0;
}

/*
 * Whether what failed so may simply be done again on a new connection, given that it changes
 * nothing: an idle connection was lost to a restart or a time limit, or the node left its cluster.
 */
static bool
may_repeat(const struct db *db, const struct error *err, int64_t started_ms)
{
	return db->mysql == NULL && db->transaction == TRANSACTION_NONE &&
	       err->code == ERR_DATABASE && err->number > 0 && is_loss((unsigned)err->number) &&
	       clock_monotonic_ms() - started_ms < REPEAT_WITHIN_MS;
}

int
db_query(
    struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct error *err)
{
	int64_t started_ms = clock_monotonic_ms();

	if (ready(db, err) < 0)
		return -1;
	if (run_query(db, sql, args, out, err) == 0)
		return 0;
	if (!may_repeat(db, err, started_ms))
		return -1;
	counter_add(COUNTER_DATABASE, COUNTER_DB_REPEATED, 0, 1);
	error_clear(err);
	return ready(db, err) < 0 ? -1 : run_query(db, sql, args, out, err);
}

int
db_query_once(
    struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct error *err)
{
	/* The next one takes the same slot, so that those that stay are not driven out. */
	unsigned slot = db->next_statement;
	int status = db_query(db, sql, args, out, err);

	forget(db, sql);
	db->next_statement = slot;
	return status;
}

int
db_each(struct db *db, const char *sql, struct db_args args, const struct db_visit *visit,
    struct error *err)
{
	MYSQL_STMT *stmt = NULL;

	if (ready(db, err) < 0 || run(db, sql, args, &stmt, err) < 0)
		return -1;
	if (db_rows_visit(stmt, visit, err) == 0)
		return 0;
	return err->code != ERR_NONE ? -1 : fail_statement(db, stmt, err);
}

/* BEGIN changes nothing, so a connection that died while idle costs no request. */
static int
begin(struct db *db, struct error *err)
{
	int64_t started_ms = clock_monotonic_ms();

	if (db_exec(db, SQL_BEGIN, db_no_args, NULL, err) < 0) {
		if (!may_repeat(db, err, started_ms))
			return -1;
		error_clear(err);
		if (db_exec(db, SQL_BEGIN, db_no_args, NULL, err) < 0)
			return -1;
	}
	db->transaction = TRANSACTION_OPEN;
	return 0;
}

/* Leaves the transaction; a connection that cannot even roll back is dropped. */
static void
roll_back(struct db *db)
{
	struct error ignored = { .code = ERR_NONE };

	db->transaction = TRANSACTION_NONE;
	if (db->mysql != NULL && db_exec(db, SQL_ROLLBACK, db_no_args, NULL, &ignored) < 0)
		db_disconnect(db);
}

static int
try_transaction(struct db *db, int (*fn)(struct db *db, void *arg, struct error *err), void *arg,
    struct error *err)
{
	if (begin(db, err) < 0)
		return -1;
	if (fn(db, arg, err) == 0 && db_exec(db, SQL_COMMIT, db_no_args, NULL, err) == 0) {
		db->transaction = TRANSACTION_NONE;
		return 0;
	}
	roll_back(db);
	return -1;
}

/* A pause that grows and differs, so that two in each other's way part. */
static void
pause_before_retry(unsigned tries)
{
	struct timespec pause = { .tv_sec = 0, .tv_nsec = 0 };
	uint8_t jitter;

	random_bytes(&jitter, sizeof(jitter));
	pause.tv_nsec = ((long)tries * 10 + jitter % 20) * 1000000;
	(void)nanosleep(&pause, NULL);
}

int
db_transaction(struct db *db, int (*fn)(struct db *db, void *arg, struct error *err), void *arg,
    struct error *err)
{
	if (db->transaction != TRANSACTION_NONE)
		return error_set(err, ERR_INTERNAL, "a transaction inside a transaction");
	for (unsigned tries = 1;; tries++) {
		if (try_transaction(db, fn, arg, err) == 0)
			return 0;
		if (!db_is_rolled_back(err) || tries == TRANSACTION_TRIES)
			return -1;
		counter_add(COUNTER_DATABASE, COUNTER_DB_RETRIED, 0, 1);
		error_clear(err);
		pause_before_retry(tries);
	}
}

int
db_ping(struct db *db, struct error *err)
{
	if (db->mysql == NULL)
		return ready(db, err);
	if (ask_state(db, err) == 0)
		return 0;
	if (db->mysql != NULL || db->transaction != TRANSACTION_NONE)
		return -1;
	error_clear(err);
	return ready(db, err);
}

int
db_clock_skew(struct db *db, int64_t *seconds, struct error *err)
{
	if (ready(db, err) < 0)
		return -1;
	if (clock_monotonic_ms() - db->skew_at_ms > SKEW_AGE_MS && db_ping(db, err) < 0)
		return -1;
	*seconds = db->skew;
	return 0;
}

bool
db_is_durable(const struct db *db)
{
	return db->durable;
}

#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/settings.h"
#include "base/uuid.h"

/*
 * One connection to MariaDB, opened at the first use and again after it was
 * lost; statements are prepared once a connection and found by the address of their text
 * (so SQL texts are constants). MYSQL_OPT_RECONNECT stays off.
 * Errors are ERR_DATABASE with err->number the MariaDB errno (0: ours);
 * ERR_CONFLICT with number 1062 for a duplicate key.
 */
struct db;

void db_free(struct db *db);
DEFINE_CLEANUP(struct db *, db_free)

/* Remembers where the database is; connects to nothing yet. settings must outlive it. */
struct db *db_new(const struct settings *settings) OWNED(db_free);

/* The settings that it was made with, borrowed. */
const struct settings *db_settings(const struct db *db);

/* The same with the account of [Database] MaintainUser, where that is set: for jobs. */
struct db *db_new_maintain(const struct settings *settings) OWNED(db_free);

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB, DB_TIME };

/* One argument of a statement; pointers are borrowed for the call. */
struct db_arg {
	enum db_type type;
	int64_t number;
	struct bytes bytes;
};

struct db_arg db_null(void);
struct db_arg db_int(int64_t value);
struct db_arg db_text(const char *value);   /* NULL gives SQL NULL */
struct db_arg db_filled(const char *value); /* so does "" */
struct db_arg db_blob(struct bytes value);
struct db_arg db_uuid(const struct uuid *value); /* NULL gives SQL NULL */
struct db_arg db_time(int64_t seconds); /* a DATETIME, UTC; DATETIME(3) takes milliseconds 0 */

struct db_args {
	const struct db_arg *items;
	size_t count;
};

#define db_args(...) \
	((struct db_args){ (const struct db_arg[]){ __VA_ARGS__ }, \
	    sizeof((const struct db_arg[]){ __VA_ARGS__ }) / sizeof(struct db_arg) })
#define db_no_args ((struct db_args){ NULL, 0 })

/* Runs a statement without rows; *rows (may be NULL) is how many it changed. */
int db_exec(struct db *db, const char *sql, struct db_args args, uint64_t *rows, struct error *err);

/* Rows of a query, fetched whole (at most DB_MAX_ROWS, else ERR_DATABASE). */
enum { DB_MAX_ROWS = 10000 };
struct db_rows;
void db_rows_free(struct db_rows *rows);
DEFINE_CLEANUP(struct db_rows *, db_rows_free)

int db_query(
    struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct error *err);

/*
 * The same for a text that is put together from constants for this one call: it is prepared anew
 * and forgotten behind it, and may be freed.
 */
int db_query_once(
    struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct error *err);

/*
 * Runs a query whose rows may be any number and calls each() with one at a time, which is read from
 * the server as it comes, stands at its row and is borrowed for the call; meanwhile the connection
 * takes no other statement. each() ends it by -1. The server's time limit for statements holds
 * unless the text says SET STATEMENT max_statement_time=0 FOR; the one for silence does.
 */
struct db_visit {
	int (*each)(const struct db_rows *row, void *arg, struct error *err);
	void *arg;
};
int db_each(struct db *db, const char *sql, struct db_args args, const struct db_visit *visit,
    struct error *err);

/* Moves to the next row (the first call to the first); false after the last. */
bool db_rows_next(struct db_rows *rows);
size_t db_rows_count(const struct db_rows *rows);

/* Columns of the row at hand, by place from 0; a wrong type is a programming error (abort). */
bool db_rows_is_null(const struct db_rows *rows, unsigned column);
int64_t db_rows_int(const struct db_rows *rows, unsigned column);
int64_t db_rows_time(const struct db_rows *rows, unsigned column);
struct bytes db_rows_bytes(const struct db_rows *rows, unsigned column); /* texts too; borrowed */
struct uuid db_rows_uuid(const struct db_rows *rows, unsigned column);

/*
 * Runs fn inside a transaction: commits when it returns 0, rolls back otherwise.
 * After 1213 or 1205 the whole is tried again, at most a few times, so fn must
 * be repeatable. A lost connection is an error; the outcome of a lost COMMIT is unknown.
 */
int db_transaction(struct db *db, int (*fn)(struct db *db, void *arg, struct error *err), void *arg,
    struct error *err);

/* Whether it was rolled back for others' sake (1213, 1205): the same may go well later. */
bool db_is_rolled_back(const struct error *err);

/* Whether the statement that failed so may have been carried out all the same (2006, 2013, 1180).
 */
bool db_outcome_unknown(const struct error *err);

/* Connects if need be and asks the server something; for /probe and start-up. */
int db_ping(struct db *db, struct error *err);

/*
 * Seconds that the database's clock is ahead of ours, measured at connect and
 * again when older than 60 s.
 */
int db_clock_skew(struct db *db, int64_t *seconds, struct error *err);

/* Whether innodb_flush_log_at_trx_commit was 1 at connect. */
bool db_is_durable(const struct db *db);

/* Drops the connection; the next use opens a new one. */
void db_disconnect(struct db *db);

#endif

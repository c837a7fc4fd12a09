#ifndef STORE_SEARCH_SQL_H
#define STORE_SEARCH_SQL_H

#include "base/buf.h"
#include "store/db.h"

enum { SEARCH_SQL_TEXT_MAX = 65536, SEARCH_SQL_BYTES_MAX = 262144, SEARCH_SQL_ARGS_MAX = 96 };

/*
 * A part of a statement that is put together: its text comes from tables of constants alone, and
 * each value is an argument of a placeholder. Append freely and run it once: what did not fit is an
 * error then.
 */
struct search_sql {
	struct buf text;
	struct buf bytes; /* what the arguments are made of */
	struct db_arg args[SEARCH_SQL_ARGS_MAX];
	size_t offsets[SEARCH_SQL_ARGS_MAX]; /* into bytes */
	size_t count;
	bool failed;
};

void search_sql_init(struct search_sql *sql);
void search_sql_release(struct search_sql *sql);

/* Appends a constant; never a value. */
void search_sql_add(struct search_sql *sql, const char *constant);

/* Appends another part with its arguments. */
void search_sql_append(struct search_sql *sql, const struct search_sql *part);

/* The argument of the next placeholder; copied. */
void search_sql_blob(struct search_sql *sql, struct bytes value);
void search_sql_text(struct search_sql *sql, struct bytes value);
void search_sql_time(struct search_sql *sql, int64_t seconds);
void search_sql_int(struct search_sql *sql, int64_t value);

/* Runs it as a query that is prepared for this once. ERR_VALIDATION when it grew too large. */
int search_sql_query(
    struct db *db, struct search_sql *sql, struct db_rows **out, struct error *err);

#endif

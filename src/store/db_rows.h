#ifndef STORE_DB_ROWS_H
#define STORE_DB_ROWS_H

#include <mysql.h>

#include "base/buf.h"
#include "store/db.h"

/* What the store's own files need of rows beyond store/db.h. */

/*
 * Reads every row of an executed statement. -1 with err untouched: the fault is
 * MariaDB's and stands in stmt; else it is a limit of ours. Frees the statement's result.
 */
int db_rows_fetch(MYSQL_STMT *stmt, struct db_rows **out, struct error *err);

/* The same one row at a time, as db_each says. */
int db_rows_visit(MYSQL_STMT *stmt, const struct db_visit *visit, struct error *err);

/* The number in the first column of a query's one row; ERR_DATABASE where there is none. */
int db_rows_ask(
    struct db *db, const char *sql, struct db_args args, int64_t *out, struct error *err);

/* Copies a text column with its NUL; "" for SQL NULL; ERR_DATABASE when it does not fit. */
int db_rows_text(
    const struct db_rows *rows, unsigned column, char *out, size_t size, struct error *err);

/* Appends a column; nothing for SQL NULL; ERR_DATABASE when it does not fit. */
int db_rows_append(const struct db_rows *rows, unsigned column, struct buf *out, struct error *err);

#endif

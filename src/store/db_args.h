#ifndef STORE_DB_ARGS_H
#define STORE_DB_ARGS_H

#include <mysql.h>

#include "store/db.h"

enum { DB_ARGS_MAX = 96 };

/* What the library reads the arguments from. */
struct db_bindings {
	MYSQL_BIND binds[DB_ARGS_MAX];
	MYSQL_TIME times[DB_ARGS_MAX];
};

/*
 * Binds the arguments of a statement, whose bytes are borrowed as long as bindings are used.
 * ERR_INTERNAL: their number is not the statement's, or a time is none of a DATETIME.
 */
int db_args_bind(
    MYSQL_STMT *stmt, struct db_args args, struct db_bindings *bindings, struct error *err);

#endif

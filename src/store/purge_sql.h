#ifndef STORE_PURGE_SQL_H
#define STORE_PURGE_SQL_H

#include "store/purge.h"

/* What store/purge.c and store/purge_read.c share: a piece's rows are named so many a statement. */
enum { PURGE_SQL_IDS = 64 };

#define PURGE_SQL_8 "?, ?, ?, ?, ?, ?, ?, ?"
#define PURGE_SQL_32 PURGE_SQL_8 ", " PURGE_SQL_8 ", " PURGE_SQL_8 ", " PURGE_SQL_8
#define PURGE_SQL_BATCH "(" PURGE_SQL_32 ", " PURGE_SQL_32 ")"

/* The PURGE_SQL_IDS arguments of the batch that begins there; answers how many rows it is. */
size_t purge_sql_batch(const struct purge_piece *piece, size_t from, struct db_arg *args);

#endif

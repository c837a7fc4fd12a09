#ifndef ENROLL_TRANSACTION_RETRY_H
#define ENROLL_TRANSACTION_RETRY_H

#include "store/db.h"

/*
 * db_transaction, and again while it loses against others' changes of the same row (ERR_CONFLICT,
 * or rolled back), a few times; ERR_DATABASE when it always did. fn starts anew each time.
 */
int transaction_retry(struct db *db, int (*fn)(struct db *db, void *arg, struct error *err),
    void *arg, struct error *err);

#endif

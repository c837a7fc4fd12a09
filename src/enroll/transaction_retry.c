/* Transactions that are tried again after others changed the same row. */
#include "enroll/transaction_retry.h"

enum { TRIES = 10 };

int
transaction_retry(struct db *db, int (*fn)(struct db *db, void *arg, struct error *err), void *arg,
    struct error *err)
{
	for (int tries = 0; tries < TRIES; tries++) {
		if (db_transaction(db, fn, arg, err) == 0)
			return 0;
		if (!error_is(err, ERR_CONFLICT) && !db_is_rolled_back(err))
			return -1;
		error_clear(err);
	}
	return error_set(err, ERR_DATABASE, "others changed the same row %d times", TRIES);
}

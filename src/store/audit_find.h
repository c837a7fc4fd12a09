#ifndef STORE_AUDIT_FIND_H
#define STORE_AUDIT_FIND_H

#include "base/buf.h"
#include "store/db.h"

/* What of a row decides whether it is asked for; texts are borrowed for the visit. */
struct audit_head {
	struct uuid id;
	int64_t at_ms;
	struct bytes actor;
	struct bytes remote_address;
	struct bytes action;
	struct bytes object_type;
	struct bytes object_name;
	struct bytes outcome;
};

enum { AUDIT_WALK_MAX = 10000 };

/*
 * A walk from the newest row to older ones, by id, which holds the time. It reads at most
 * AUDIT_WALK_MAX rows, whatever is before or behind them.
 */
struct audit_walk {
	struct uuid below;       /* rows with smaller ids alone; all octets 0xff: from the newest */
	struct uuid from;        /* and ids not smaller than this one */
	const char *object_type; /* with object_name: the rows of one object, by their key */
	const char *object_name; /* both NULL: any */
	/* Returns 1 to go on, 0 to end the walk, -1 with an error. */
	int (*each)(const struct audit_head *head, void *arg, struct error *err);
	void *arg;
	struct uuid last; /* filled in: the last row that was looked at */
	bool is_cut;      /* filled in: there may be more, but AUDIT_WALK_MAX were looked at */
};

int audit_find_walk(struct db *db, struct audit_walk *walk, struct error *err);

/* The smallest id that a row of this time (milliseconds since 1970) can have. */
struct uuid audit_find_id_at(int64_t ms);

/* What else a row holds; empty where it is NULL. */
struct audit_more {
	struct buf detail;
	struct buf changes;
	struct uuid request_id;
	bool has_request_id;
};

enum { AUDIT_DETAIL_MAX = 4 * 4096, AUDIT_CHANGES_MAX = 16 * 1024 * 1024 };

void audit_more_release(struct audit_more *more);

/* ERR_NOT_FOUND. *more is initialised here; release it in any case. */
int audit_find_more(
    struct db *db, const struct uuid *id, struct audit_more *more, struct error *err);

#endif

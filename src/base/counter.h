#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/*
 * What GET /metrics counts. The numbers are in memory that all processes of a service see: slots of
 * 64-bit counters, each slot on cache lines of its own. A process adds to the slot that it was
 * given; a total is the sum over the slots, none of which is ever set back, so that what a process
 * had counted stays when it dies. Processes may share a slot. Without such memory (commands,
 * tests of units) nothing is counted, and every total is 0.
 */

/* What is counted, with the values of its labels in their order; base/counter_table.c names it all.
 */
enum counter_id {
	COUNTER_ISSUED,       /* by protocol and type; by text */
	COUNTER_RENEWED,      /* the same */
	COUNTER_REVOCATIONS,  /* by action (enum revocation_action's names); by text */
	COUNTER_REFUSED,      /* by enum error_code */
	COUNTER_REQUESTS,     /* by enum counter_route and status / 100 - 1 */
	COUNTER_REQUEST_TIME, /* by enum counter_route: a histogram */
	COUNTER_OCSP,         /* by enum counter_ocsp and enum counter_origin */
	COUNTER_CRLS,         /* by enum counter_crl */
	COUNTER_DATABASE,     /* by enum counter_database */
	COUNTER_WORKERS,      /* by enum counter_worker */
	COUNTER_JOBS,         /* by job and result (done, failed, elsewhere, not_due); by text */
	COUNTER_JOB_TIME,     /* by job, in microseconds; by text */
	COUNTER_FAMILIES
};

enum counter_route {
	COUNTER_ENROLL,
	COUNTER_RENEW,
	COUNTER_ROUTE_OCSP,
	COUNTER_ROUTE_CRL,
	COUNTER_MANAGEMENT,
	COUNTER_ROUTE_OTHER
};

/* What an answer of OCSP said; of several certificates the one that was asked for first. */
enum counter_ocsp {
	COUNTER_OCSP_GOOD,
	COUNTER_OCSP_REVOKED,
	COUNTER_OCSP_UNKNOWN,
	COUNTER_OCSP_MALFORMED_REQUEST,
	COUNTER_OCSP_INTERNAL_ERROR,
	COUNTER_OCSP_TRY_LATER,
	COUNTER_OCSP_UNAUTHORIZED
};
enum counter_origin { COUNTER_SIGNED, COUNTER_REUSED, COUNTER_UNSIGNED /* errors are */ };

enum counter_crl { COUNTER_CRL_FULL, COUNTER_CRL_DELTA };

enum counter_database {
	COUNTER_DB_CONNECTED,   /* a connection was opened */
	COUNTER_DB_UNREACHABLE, /* none could be */
	COUNTER_DB_LOST,        /* one broke off */
	COUNTER_DB_REPEATED,    /* a query was asked again on a new one */
	COUNTER_DB_RETRIED      /* a transaction was begun anew after a deadlock */
};

enum counter_worker {
	COUNTER_WORKER_STARTED,
	COUNTER_WORKER_ENDED, /* in order */
	COUNTER_WORKER_DIED,  /* not in order, those killed among them */
	COUNTER_WORKER_KILLED /* by the master, because it hung */
};

/* Slots: the master's (and a process's without one), the maintain child's, those of workers. */
enum {
	COUNTER_SLOTS = 64,
	COUNTER_SLOT_MASTER = 0,
	COUNTER_SLOT_MAINTAIN = 1,
	COUNTER_SLOT_WORKERS = 2
};

/* Begins to count in anonymous memory, which children inherit. ERR_INTERNAL. */
int counter_share(struct error *err);

/*
 * The same in a file in this folder, for processes that come and go without a common parent. A file
 * that is ours and damaged, of another layout or open to others is replaced by a new one; one that
 * is not ours is refused. ERR_CONFIG, then nothing is counted.
 */
int counter_share_file(const char *folder, struct error *err);

/* From now on this process adds to this slot (modulo their number); a child inherits it. */
void counter_use_slot(size_t slot);
void counter_use_worker_slot(size_t worker);

/* Stops counting in this process; for tests. */
void counter_close(void);

/*
 * Adds n to a series, found by the places of its labels' values (0 for a label that the family has
 * not). A place beyond the last is the last. A few nanoseconds, never fails.
 */
void counter_add(enum counter_id id, unsigned first, unsigned second, uint64_t n);

/* The same by the values themselves (NULL where there is no label); unknown ones are the last. */
void counter_add_text(enum counter_id id, const char *first, const char *second, uint64_t n);

/* Puts one duration into a histogram, and adds it to the sum. */
void counter_observe(enum counter_id id, unsigned first, int64_t microseconds);

enum counter_kind {
	COUNTER_PLAIN,
	COUNTER_SECONDS,  /* counted in microseconds, shown in seconds */
	COUNTER_HISTOGRAM /* the same, with buckets */
};

enum { COUNTER_LABELS = 2, COUNTER_BOUNDS = 17, COUNTER_BUCKETS = COUNTER_BOUNDS + 1 };

struct counter_label {
	const char *name; /* NULL: there is none */
	const char *const *values;
	unsigned count;
};

struct counter_family {
	const char *name; /* as /metrics has it */
	const char *help;
	enum counter_kind kind;
	struct counter_label labels[COUNTER_LABELS];
};

const struct counter_family *counter_family_of(enum counter_id id);

/* The upper bound of a bucket in microseconds; the last bucket has none. */
int64_t counter_bound_us(unsigned bucket);

/* Sums over all slots. Of a histogram: how many are in each bucket alone, and the sum. */
uint64_t counter_total(enum counter_id id, unsigned first, unsigned second);

struct counter_histogram {
	uint64_t buckets[COUNTER_BUCKETS];
	uint64_t sum_us;
};
void counter_histogram_total(enum counter_id id, unsigned first, struct counter_histogram *out);

/* Since when it is counted, seconds UTC; 0: it is not. */
int64_t counter_since(void);

#endif

#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "store/db.h"

/*
 * Leases of cluster jobs (table job): which process runs a job now, until when by the database's
 * clock, and how the last run ended. A lease is claimed by one conditional UPDATE and ends by
 * itself; its token grows with each claim, and is asked for again in every transaction that must
 * not come late. Nothing here relies on row locks or GET_LOCK: on a Galera cluster two claims of
 * one row conflict in certification.
 */
enum { JOB_NAME_MAX = 64, JOB_HOLDER_MAX = 128, JOB_DETAIL_MAX = 512 };

struct job_lease {
	char name[JOB_NAME_MAX + 1];
	uint64_t token;
	int64_t now; /* the database's clock at the claim, seconds UTC */
};

struct job_claim {
	const char *name;
	const char *holder; /* for people: HOST:PID */
	uint32_t lease_s;
	uint32_t min_interval_s; /* none where a run succeeded since; 0: whenever */
};

/* *claimed is false where another holder's lease is valid, or a run succeeded too lately. */
int jobs_claim(struct db *db, const struct job_claim *claim, struct job_lease *out, bool *claimed,
    struct error *err);

/*
 * Inside a transaction that writes a job's result: ERR_CONFLICT where the lease has ended or
 * another holder has claimed the job since; then nothing may be written.
 */
int jobs_check_lease(struct db *db, const struct job_lease *lease, struct error *err);

/* Prolongs it to lease_s from now; ERR_CONFLICT as above. */
int jobs_extend(struct db *db, const struct job_lease *lease, uint32_t lease_s, struct error *err);

/* Ends the lease with its result; detail (NULL: none) is cut. ERR_CONFLICT as above. */
int jobs_end(struct db *db, const struct job_lease *lease, bool succeeded, const char *detail,
    struct error *err);

/* A row of the table, for metrics and `certwright maintain --list`; borrowed. */
struct job_row {
	char name[JOB_NAME_MAX + 1];
	char holder[4 * JOB_HOLDER_MAX + 1];
	bool is_running;      /* its lease is valid */
	int64_t started_at;   /* 0: never */
	int64_t ended_at;     /* 0: never */
	int64_t succeeded_at; /* 0: never */
	bool has_failed;      /* the last run that ended */
	char detail[4 * JOB_DETAIL_MAX + 1];
};
int jobs_each(struct db *db, int (*each)(const struct job_row *row, void *arg, struct error *err),
    void *arg, struct error *err);

/* The database's clock, seconds UTC. */
int jobs_now(struct db *db, int64_t *now, struct error *err);

#endif

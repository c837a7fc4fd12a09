#ifndef ENROLL_JOBS_JOB_H
#define ENROLL_JOBS_JOB_H

#include "base/settings.h"
#include "crypto/keyring.h"
#include "store/jobs.h"

/* What a serving process may want of the maintain child at once (http/pool.h passes it on). */
enum job_wish {
	JOB_WISH_IDENTITY_KEYS = 1 << 0, /* a token named an unknown key */
	JOB_WISH_PUBLISH = 1 << 1,       /* a certificate was revoked, held or released */
	JOB_WISH_READER = 1 << 2         /* somebody, anybody, asked for a CRL that is not there */
};

/* What a run of a job works with; borrowed. */
struct job_context {
	const struct settings *settings;
	struct db *db;                 /* connects at its first use */
	const struct keyring *keyring; /* NULL: [Keys] KeyringFile is not set */
	bool is_forced;                /* asked for by name: do it, due or not */
	bool is_first;                 /* of a master that has just started */
	unsigned wishes;               /* of enum job_wish; 0: the regular look */
	int64_t now;                   /* by the database's clock where it is a cluster job */
	const struct job_lease *lease; /* NULL: a host job */
	uint32_t lease_s;
};

/*
 * One job. Idempotent, bounded, and able to go on where one before it was killed.
 * A cluster job (lease_s not 0) is claimed in the database after is_due said so; every transaction
 * in which it writes asks jobs_check_lease first, and long work calls job_progress now and then.
 */
struct job {
	const char *name;
	const char *help;
	uint32_t lease_s; /* 0: a host job, under the lock of StateDir */
	uint32_t
	    interval_s; /* a cluster job's: none where a run succeeded since; 0: as is_due says */
	bool is_eager;  /* `certwright maintain` without a name runs it, due or not */
	/* Runs for these wishes too, and again until nobody else is at it: interval_s is 0. Without
	 * wishes all jobs run. */
	unsigned wishes;
	/* Cheap; NULL: always. Not asked of a job that is forced. */
	int (*is_due)(const struct job_context *context, bool *due, struct error *err);
	int (*run)(const struct job_context *context, struct error *err);
};

/*
 * The earlier of the database's clock and the host's: what is over by this is over, though one of
 * them has gone wrong. For what cannot be undone.
 */
int64_t job_surely_now(const struct job_context *context);

/* Prolongs the lease of a cluster job. ERR_CONFLICT: it was lost, give up. */
int job_progress(const struct job_context *context, struct error *err);

enum job_result { JOB_NOT_DUE, JOB_ELSEWHERE, JOB_DONE, JOB_FAILED };

/*
 * Runs one job if it is due and nobody else runs it, records and logs what came of it. The
 * context's now, lease and lease_s are filled in here. With JOB_FAILED err says why.
 */
enum job_result job_run(const struct job *job, struct job_context *context, struct error *err);

#endif

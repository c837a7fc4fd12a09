#ifndef STORE_CRLS_H
#define STORE_CRLS_H

#include "store/jobs.h"

/*
 * Published CRLs (tables crl and crl_part) and the numbers of each CA generation's
 * (authority_generation.crl_number is the highest that was ever given to it; generations with one
 * name and key share the sequence). A CRL is there once its row is, which comes last, after all its
 * parts.
 */
enum { CRL_PART_MAX = 1024 * 1024, CRL_SHA256_SIZE = 32 };

enum crl_kind { CRL_FULL, CRL_DELTA };

struct crl_row {
	struct uuid id;
	struct uuid generation_id;
	uint64_t number;
	bool has_base;
	uint64_t base_number; /* of a delta CRL */
	int64_t this_update;
	int64_t next_update;
	uint32_t entries;
	uint32_t size; /* octets of its DER */
	uint8_t sha256[CRL_SHA256_SIZE];
};

/* The newest of a kind; ERR_NOT_FOUND. */
int crls_latest(struct db *db, const struct uuid *generation_id, enum crl_kind kind,
    struct crl_row *out, struct error *err);

/* The newest full ones, newest first. */
enum { CRLS_KEPT = 2 };
struct crl_list {
	struct crl_row rows[CRLS_KEPT];
	size_t count;
};
int crls_latest_full(
    struct db *db, const struct uuid *generation_id, struct crl_list *out, struct error *err);

struct crl_part_visit {
	int (*each)(struct bytes part, void *arg, struct error *err); /* borrowed; -1 ends it */
	void *arg;
};

/*
 * The DER of a CRL, part by part, each by a statement of its own; the caller compares size and hash
 * with the row. ERR_NOT_FOUND where a part is missing: it has been replaced and deleted meanwhile.
 */
int crls_each_part(struct db *db, const struct crl_row *row, const struct crl_part_visit *visit,
    struct error *err);

/*
 * The next number, which nobody else gets. Inside a transaction: of two at once for one generation,
 * on whichever nodes, one waits or is rolled back (db_transaction repeats it); publishers for
 * others with its name and key are kept apart by the job's lease. ERR_NOT_FOUND.
 */
int crls_reserve_number(
    struct db *db, const struct uuid *generation_id, uint64_t *number, struct error *err);

/* Makes the highest number at least this one: of CRLs that only files know (certwright recover). */
int crls_raise_number(
    struct db *db, const struct uuid *generation_id, uint64_t number, struct error *err);

/*
 * Inside a transaction, up to whose end nobody on this node gets a number for the generation:
 * ERR_CONFLICT where a greater one was given to it, or as great a one to another with its name and
 * key. (Between nodes and between these the lease is what keeps others off.)
 */
int crls_check_number(
    struct db *db, const struct uuid *generation_id, uint64_t number, struct error *err);

/* The highest number that was ever given; 0: none. ERR_NOT_FOUND. */
int crls_highest_number(
    struct db *db, const struct uuid *generation_id, uint64_t *number, struct error *err);

/* Adds the part of this index, from 0, in front of the row; at most CRL_PART_MAX octets. */
int crls_add_part(
    struct db *db, const struct uuid *crl_id, unsigned part, struct bytes data, struct error *err);

/*
 * Adds the row, which publishes the CRL. Inside a transaction that has asked jobs_check_lease.
 * ERR_CONFLICT where a CRL of the generation has this number or a greater one already, or the
 * number was never reserved; ERR_DATABASE where a part is missing.
 */
int crls_insert(struct db *db, const struct crl_row *row, struct error *err);

/* A generation that signs CRLs: active or retired, with a certificate that has not ended. */
struct crl_signer {
	struct uuid generation_id;
	char label[49];
	uint64_t highest_number;
};

/* All of them; at is by the database's clock. */
int crls_each_signer(struct db *db, int64_t at,
    int (*each)(const struct crl_signer *signer, void *arg, struct error *err), void *arg,
    struct error *err);

/*
 * Deletes what nobody needs any more: all CRLs of the generation but the two newest full and the
 * two newest delta CRLs (the second for a host that is reading it), one each call. *more says
 * whether to call again. lease may be NULL.
 */
int crls_delete_old(struct db *db, const struct uuid *generation_id, const struct job_lease *lease,
    bool *more, struct error *err);

/* The same for the parts, an hour old, of a publication that came to nothing. */
int crls_delete_orphan(struct db *db, const struct job_lease *lease, bool *more, struct error *err);

#endif

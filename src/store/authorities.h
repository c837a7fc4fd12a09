#ifndef STORE_AUTHORITIES_H
#define STORE_AUTHORITIES_H

#include "base/buf.h"
#include "store/db.h"

struct authority {
	struct uuid id;
	char name[33];
	int64_t created_at;
};

enum generation_state {
	GENERATION_PENDING,
	GENERATION_ACTIVE,
	GENERATION_RETIRED,
	GENERATION_EXPIRED
};

/* "pending", "active", "retired", "expired" */
const char *generation_state_name(enum generation_state state);

/* One CA certificate of an authority. */
struct generation {
	struct uuid id;
	struct uuid authority_id;
	unsigned number;
	char label[49]; /* AUTHORITY-NUMBER, as in /ca/LABEL */
	struct uuid key_id;
	enum generation_state state;
	char subject[1025];      /* RFC 4514 text */
	struct buf csr;          /* empty where self-signed */
	struct buf certificate;  /* empty while an outer CA has not answered */
	struct buf chain;        /* outer CA certificates, DER one after the other, issuer first */
	uint8_t fingerprint[32]; /* SHA-256 of the certificate, zeros while there is none */
	int64_t not_before;      /* 0 while there is no certificate */
	int64_t not_after;
	int64_t created_at;
};

void generation_release(struct generation *generation);

struct cross_certificate {
	struct uuid issuer_generation_id;
	struct uuid subject_generation_id;
	struct bytes serial;
	struct bytes certificate;
};

int authorities_insert(struct db *db, const struct authority *authority, struct error *err);
int authorities_find(struct db *db, const char *name, struct authority *out, struct error *err);
int authorities_find_id(
    struct db *db, const struct uuid *id, struct authority *out, struct error *err);
int authorities_each(struct db *db,
    int (*each)(const struct authority *authority, void *arg, struct error *err), void *arg,
    struct error *err);

/* Locks the authority's row (FOR UPDATE; inside a transaction) and answers the next number. */
int authorities_next_number(
    struct db *db, const struct uuid *authority_id, unsigned *number, struct error *err);

int generations_insert(struct db *db, const struct generation *generation, struct error *err);
int generations_find(struct db *db, const char *label, struct generation *out, struct error *err);
int generations_find_id(
    struct db *db, const struct uuid *id, struct generation *out, struct error *err);

/* The active one of an authority; ERR_NOT_FOUND when none is. */
int generations_find_active(
    struct db *db, const struct uuid *authority_id, struct generation *out, struct error *err);

/* All of an authority in order of number. */
int generations_each(struct db *db, const struct uuid *authority_id,
    int (*each)(const struct generation *generation, void *arg, struct error *err), void *arg,
    struct error *err);

/* Puts the certificate, chain, fingerprint and dates of generation into its pending row;
 * ERR_CONFLICT when it is not pending or has one already. */
int generations_set_certificate(
    struct db *db, const struct generation *generation, struct error *err);

/* Changes the state from one to the other; ERR_CONFLICT when it was not in `from`.
 * Sets activated_at or retired_at. */
int generations_set_state(struct db *db, const struct uuid *id, enum generation_state from,
    enum generation_state to, struct error *err);

int cross_certificates_insert(
    struct db *db, const struct cross_certificate *cross, struct error *err);
/* Those whose subject is this generation, DER one after the other, appended. */
int cross_certificates_of(
    struct db *db, const struct uuid *subject_generation_id, struct buf *ders, struct error *err);

#endif

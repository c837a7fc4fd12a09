#ifndef STORE_OCSP_RESPONDERS_H
#define STORE_OCSP_RESPONDERS_H

#include "base/buf.h"
#include "store/db.h"

/*
 * The delegated OCSP responders of CA generations: a certificate, and its private key sealed under
 * the keyring. The certificate's own row has the same id.
 */
enum { OCSP_RESPONDERS_CERTIFICATE_MAX = 65535, OCSP_RESPONDERS_KEY_MAX = 2048 };

struct ocsp_responder_row {
	struct uuid id;
	struct uuid generation_id;
	struct buf certificate; /* DER */
	struct buf private_key; /* sealed */
	int64_t not_before;
	int64_t not_after;
	int64_t created_at;
};

void ocsp_responders_init(struct ocsp_responder_row *row);
void ocsp_responders_release(struct ocsp_responder_row *row);

/* Inside the transaction that inserts the certificate. */
int ocsp_responders_insert(struct db *db, const struct ocsp_responder_row *row, struct error *err);

/*
 * The one of a generation that was made last of those that are valid at `at` and whose certificate
 * is neither revoked nor on hold; *row was initialised. ERR_NOT_FOUND: there is none.
 */
int ocsp_responders_find_newest(struct db *db, const struct uuid *generation_id, int64_t at,
    struct ocsp_responder_row *row, struct error *err);

/* What tells whether another one is due, or has come. */
struct ocsp_responder_dates {
	struct uuid id;
	int64_t not_before;
	int64_t not_after;
	int64_t created_at;
};

/* Of the same one. ERR_NOT_FOUND. */
int ocsp_responders_find_dates(struct db *db, const struct uuid *generation_id, int64_t at,
    struct ocsp_responder_dates *out, struct error *err);

/* A generation that signs OCSP answers: active, or retired and not ended. */
struct ocsp_responder_generation {
	struct uuid id;
	char label[49];
	int64_t not_after; /* of the CA certificate */
};

/* All of them that are not ended at `at`, in order of label; a negative answer ends it with -1. */
int ocsp_responders_each_generation(struct db *db, int64_t at,
    int (*each)(const struct ocsp_responder_generation *generation, void *arg, struct error *err),
    void *arg, struct error *err);

/* Whether there is one that ended before `before`. */
int ocsp_responders_any_ended(struct db *db, int64_t before, bool *any, struct error *err);

/* Deletes those that ended before `before`; *count is how many there were. */
int ocsp_responders_delete_ended(struct db *db, int64_t before, uint64_t *count, struct error *err);

#endif

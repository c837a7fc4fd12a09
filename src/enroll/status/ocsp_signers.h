#ifndef ENROLL_STATUS_OCSP_SIGNERS_H
#define ENROLL_STATUS_OCSP_SIGNERS_H

#include "enroll/status/ocsp_generation.h"

/*
 * The CA generations that a worker answers OCSP for, as it last read them. They are read again
 * after OCSP_SIGNERS_MS milliseconds (so long a change may take to count), and at once for an
 * issuer that is not among them, at most once in that time.
 */
enum { OCSP_SIGNERS_MS = 1000, OCSP_SAME_ISSUER_MAX = 32 };

struct ocsp_signers;

void ocsp_signers_free(struct ocsp_signers *signers);
DEFINE_CLEANUP(struct ocsp_signers *, ocsp_signers_free)

/* settings, db and keyring (NULL: none is set) must outlive it. */
struct ocsp_signers *ocsp_signers_new(const struct settings *settings, struct db *db,
    const struct keyring *keyring) OWNED(ocsp_signers_free);

/* Who answers a request; borrowed until the next call of ocsp_signers_choose. */
struct ocsp_signer {
	struct ocsp_generation *generation; /* signs */
	/* It and all with its name and key, which CertIDs do not tell apart: a certificate of any
	 * of them is meant. */
	const struct ocsp_generation *same[OCSP_SAME_ISSUER_MAX];
	struct uuid ids[OCSP_SAME_ISSUER_MAX];
	size_t count;
};

/*
 * Chooses by the first CertID whose issuer is one of ours that signs. ERR_NOT_FOUND: none of them
 * is; ERR_DATABASE.
 */
int ocsp_signers_choose(struct ocsp_signers *signers, const struct ocsp_request *request,
    struct ocsp_signer *out, struct error *err);

/* What signs for it; borrowed likewise. */
struct ocsp_signing {
	struct key *key;
	struct bytes key_hash;    /* SHA-1 */
	struct bytes certificate; /* of the delegated responder; empty: the CA signs by itself */
	int64_t not_after;        /* of the certificate that signs */
};

/*
 * Opens what signs at `now`, by the database's clock: the delegated responder, and the CA's own
 * key where the settings want that or no responder can be used, which is logged at most once a
 * minute. ERR_CA_KEY, ERR_DATABASE.
 */
int ocsp_signers_open(struct ocsp_signers *signers, struct ocsp_generation *generation, int64_t now,
    struct ocsp_signing *out, struct error *err);

/*
 * How many generations sign OCSP answers by themselves although the settings want a delegated
 * responder, and the label of one of them (at least 49 bytes; "" for none). ERR_DATABASE.
 */
int ocsp_signers_without_responder(
    struct ocsp_signers *signers, int64_t *count, char label[static 49], struct error *err);

#endif

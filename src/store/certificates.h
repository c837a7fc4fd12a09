#ifndef STORE_CERTIFICATES_H
#define STORE_CERTIFICATES_H

#include "base/buf.h"
#include "store/db.h"

/* What is written when a certificate is issued; all pointers borrowed. */
struct certificate_record {
	struct uuid id;
	struct uuid generation_id;
	struct bytes serial;
	struct bytes fingerprint; /* SHA-256 of der */
	const char *type;         /* Static, IntuneUser */
	const char *source;       /* API */
	const char *subject;      /* RFC 4514 */
	const char *common_name;  /* NULL: none */
	const char *sans;         /* a line each, "DNS:a.example" */
	int64_t not_before;
	int64_t not_after;
	const char *key_type;
	unsigned key_bits;
	struct bytes spki_hash;
	struct bytes csr_hash; /* SHA-256 of the CertificationRequestInfo */
	struct bytes der;
	struct uuid ra_profile_id;
	const char *requester_kind; /* application, user, certificate */
	const struct uuid *requester_tenant;
	const struct uuid *requester_object;
	const struct uuid *requester_application; /* NULL: none */
	const char *requester_upn;                /* NULL: none */
	const char *token_id;                     /* NULL: none */
	const struct uuid *requester_certificate; /* the one that authenticated; NULL: a token */
	const char *remote_address;
	struct uuid request_id;
	const char *dropped;
	const struct uuid *renewed_from; /* NULL: none */
	struct uuid lineage;
	int64_t issued_at;
};

/*
 * The one INSERT of issuing, autocommitted. After an unknown outcome it reconnects
 * and inserts the same once more; a duplicate of the same fingerprint then means that it had
 * been committed: success. ERR_CONFLICT: another row has the serial or the fingerprint.
 */
int certificates_insert(struct db *db, const struct certificate_record *record, struct error *err);

/* The INSERT alone, of any number, inside the transaction at hand, which is to be rolled back where
 * it fails. ERR_CONFLICT as above. */
int certificates_insert_many(struct db *db, const struct certificate_record *const *records,
    size_t count, struct error *err);

/*
 * The same as certificates_insert for a certificate that another one authenticated: in one
 * transaction with a claim on that other's row, which must be good, with its lineage not
 * compromised, so that its revocation cannot pass by an issue under way (row locks are not
 * cluster-wide; the claim makes a Galera node's commit conflict). It counts the claim in its column
 * `renewals`. ERR_CLIENT_CERT when the claim fails.
 */
int certificates_insert_claimed(struct db *db, const struct certificate_record *record,
    const struct uuid *claimed, struct error *err);

/*
 * What is recorded with a certificate in one transaction: called after the certificate's INSERT,
 * and again when the transaction is repeated.
 */
struct certificates_companion {
	int (*insert)(struct db *db, void *arg, struct error *err);
	void *arg;
};

/* The same as certificates_insert, both or neither. Errors as there, and the companion's. */
int certificates_insert_with(struct db *db, const struct certificate_record *record,
    const struct certificates_companion *companion, struct error *err);

/* How many certificates of the lineage were issued since `since`. */
int certificates_count_lineage_since(
    struct db *db, const struct uuid *lineage, int64_t since, int64_t *count, struct error *err);

/* How many this principal was issued since `since`, from the index. */
int certificates_count_since(struct db *db, const struct uuid *tenant, const struct uuid *object,
    int64_t since, int64_t *count, struct error *err);

/* How many of this principal's end after `at` and are not revoked. */
int certificates_count_unexpired(struct db *db, const struct uuid *tenant,
    const struct uuid *object, int64_t at, int64_t *count, struct error *err);

struct certificate_same {
	const struct uuid *tenant;
	const struct uuid *object;
	struct uuid ra_profile_id;
	struct uuid generation_id;
	struct bytes csr_hash;
	int64_t since;
	int64_t ends_after;
};

/* The newest good certificate of the same principal, profile, generation and CSR since then, DER
 * appended; *found. */
int certificates_find_same(struct db *db, const struct certificate_same *same, struct buf *der,
    bool *found, struct error *err);

#endif

#ifndef STORE_RA_CERTIFICATES_H
#define STORE_RA_CERTIFICATES_H

#include "store/db.h"

/* A row of ra_certificate: whose certificate it is, and the key that goes with it. */
struct ra_certificate {
	struct uuid certificate_id;
	struct uuid authority_id;
	struct uuid key_id;
	int64_t created_at;
};

/* After the rows of certificate and managed_key, in their transaction. */
int ra_certificates_insert(
    struct db *db, const struct ra_certificate *certificate, struct error *err);

/* ERR_NOT_FOUND where the certificate is no registration authority's. */
int ra_certificates_find(struct db *db, const struct uuid *certificate_id,
    struct ra_certificate *out, struct error *err);

/* How many this authority has, whatever became of them. */
int ra_certificates_count(
    struct db *db, const struct uuid *authority_id, int64_t *count, struct error *err);

/* How many SCEP profiles name the certificate. */
int ra_certificates_count_users(
    struct db *db, const struct uuid *certificate_id, int64_t *count, struct error *err);

/* The newest `limit` of all authorities, newest first; a negative answer ends it with -1. */
int ra_certificates_each(struct db *db, unsigned limit,
    int (*each)(const struct ra_certificate *certificate, void *arg, struct error *err), void *arg,
    struct error *err);

/* Whoever has a key whose usages hold "scep". */
struct ra_certificates_holder {
	struct uuid id;     /* of the certificate, or of the CA generation */
	bool is_generation; /* one with a certificate */
};

/* The newest `limit` of them, newest first; a negative answer ends it with -1. */
int ra_certificates_each_holder(struct db *db, unsigned limit,
    int (*each)(const struct ra_certificates_holder *holder, void *arg, struct error *err),
    void *arg, struct error *err);

#endif

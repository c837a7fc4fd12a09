#ifndef ENROLL_PROFILES_SCEP_CA_H
#define ENROLL_PROFILES_SCEP_CA_H

#include "base/cleanup.h"
#include "store/certificate_row.h"
#include "store/db.h"

/*
 * A certificate that a SCEP profile may name: that of a registration authority, or a CA generation
 * with its own key. A generation's row has the generation's id and what a row of certificate would
 * say of it; its requester, source and RA profile are empty.
 */
struct scep_ca {
	struct certificate_row *row;
	struct uuid key_id; /* of managed_key */
	bool has_key;       /* a managed key whose usages hold "scep" */
	bool key_is_active; /* and it is not retired */
};

void scep_ca_free(struct scep_ca *ca);
DEFINE_CLEANUP(struct scep_ca *, scep_ca_free)

/* An empty one without a row, NULL without memory. */
struct scep_ca *scep_ca_new(void) OWNED(scep_ca_free);

/*
 * The certificate or the CA generation of this id, acceptable or not. ERR_NOT_FOUND; a generation
 * without a certificate is none. *out belongs to the caller.
 */
int scep_ca_find(struct db *db, const struct uuid *id, struct scep_ca **out, struct error *err);

/*
 * Whether SCEP may use it at this time: it is good and within its dates, and its managed key is
 * active and made for SCEP; RSA, or, where Intune does not take part, ECDSA; never Ed25519, which
 * cannot decrypt and which no SCEP client knows.
 */
bool scep_ca_is_acceptable(const struct scep_ca *ca, bool intune, int64_t now);

struct scep_ca_visit {
	int (*each)(const struct scep_ca *ca, void *arg, struct error *err);
	void *arg;
};

/* The most that scep_ca_each looks at: so many certificates, so many generations. */
enum { SCEP_CA_MAX = 1000 };

/*
 * Visits those that are acceptable, newest first (by when their record was made); a negative answer
 * ends it with -1.
 */
int scep_ca_each(
    struct db *db, bool intune, int64_t now, struct scep_ca_visit visit, struct error *err);

#endif

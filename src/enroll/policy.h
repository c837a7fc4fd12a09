#ifndef ENROLL_POLICY_H
#define ENROLL_POLICY_H

#include "base/error.h"
#include "base/settings.h"
#include "crypto/csr.h"
#include "enroll/principal.h"
#include "store/ra_profiles.h"

/* What kind of certificate it becomes; follows from how the caller authenticated. */
enum certificate_type { CERTIFICATE_STATIC, CERTIFICATE_INTUNE_USER };

/* SCEPman's name of the type, and the first octet of its serials. */
const char *certificate_type_name(enum certificate_type type);
uint8_t certificate_type_octet(enum certificate_type type);

enum { POLICY_MAX_EKUS = CSR_MAX_EKUS, POLICY_DROPPED_MAX = 1024 };

/* Everything a decision depends on; borrowed. */
struct policy_request {
	const struct ra_profile *profile;
	const struct settings *settings;
	const struct principal *principal;
	const struct csr *csr;
	int64_t issuer_not_before;
	int64_t issuer_not_after;
	int64_t now; /* seconds UTC */
};

/* What may be issued; texts and EKUs belong to it, the rest is borrowed from the CSR. */
struct policy_grant {
	enum certificate_type type;
	int64_t not_before;
	int64_t not_after;
	unsigned key_usage;
	size_t eku_count;
	char ekus[POLICY_MAX_EKUS][CSR_OID_MAX];
	bool add_cdp;
	char dropped[POLICY_DROPPED_MAX]; /* what was asked for and not taken */
};

/*
 * Who may ask at all: an application with CSR.Request.Db, or a user with
 * CSR.SelfService. ERR_ROLE otherwise. Needs no CSR, so it comes before one is parsed.
 */
int policy_check_role(
    const struct principal *principal, enum certificate_type *type, struct error *err);

/*
 * Whether the profile takes this principal: enabled, not archived, for this
 * protocol ("rest", "est"), and one of its enrollers matches. ERR_PROFILE.
 */
int policy_check_enroller(const struct ra_profile *profile, const struct principal *principal,
    const char *protocol, struct error *err);

/*
 * The one place that says what may be in a certificate: a pure function of its
 * arguments. ERR_KEY, ERR_NAME, ERR_PROFILE or ERR_SELF_SERVICE with the reason; *out is
 * written on success only.
 */
int policy_decide(
    const struct policy_request *request, struct policy_grant *out, struct error *err);

#endif

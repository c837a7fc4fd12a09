#ifndef ENROLL_ISSUING_POLICY_H
#define ENROLL_ISSUING_POLICY_H

#include "base/error.h"
#include "base/settings.h"
#include "crypto/csr.h"
#include "enroll/issuing/client_certificate.h"
#include "enroll/issuing/principal.h"
#include "store/ra_profiles.h"

/*
 * What kind of certificate it becomes; follows from how the caller authenticated. A registration
 * authority's (ScepRa) is made by a command, an OCSP responder's (OcspResponder) by a job, and
 * nobody enrolls or renews by them.
 */
enum certificate_type {
	CERTIFICATE_STATIC,
	CERTIFICATE_INTUNE_USER,
	CERTIFICATE_SCEP_RA,
	CERTIFICATE_OCSP_RESPONDER
};

/* A certificate for whoever asks, or the next one of the holder of an earlier one. */
enum policy_kind { POLICY_ENROLL, POLICY_RENEW };

/* SCEPman's name of the type (our own for ScepRa and OcspResponder), and the first octet of its
 * serials. */
const char *certificate_type_name(enum certificate_type type);
uint8_t certificate_type_octet(enum certificate_type type);

enum { POLICY_MAX_EKUS = CSR_MAX_EKUS, POLICY_DROPPED_MAX = 1024 };

/* Everything a decision depends on; borrowed. */
struct policy_request {
	const struct ra_profile *profile;
	const struct settings *settings;
	const struct principal *principal;
	enum policy_kind kind;
	const struct client_certificate *client; /* what authenticated; NULL: a token did */
	const struct client_certificate *old;    /* POLICY_RENEW: for its holder; NULL: client */
	const struct csr *csr;
	int64_t issuer_not_before;
	int64_t issuer_not_after;
	int64_t now; /* seconds UTC */
};

/*
 * What may be issued; texts and EKUs belong to it, the names are borrowed from the CSR, or from the
 * old certificate when renewing.
 */
struct policy_grant {
	enum certificate_type type;
	struct bytes subject; /* Name, DER */
	const struct name *name;
	const struct san *sans;
	size_t san_count;
	int64_t not_before;
	int64_t not_after;
	unsigned key_usage;
	size_t eku_count;
	char ekus[POLICY_MAX_EKUS][CSR_OID_MAX];
	bool add_cdp;
	char dropped[POLICY_DROPPED_MAX]; /* what was asked for and not taken */
};

/*
 * Who may ask at all: an application with CSR.Request.Db, or a user with CSR.SelfService, else
 * ERR_ROLE; or a certificate of ours, for which the type is that of the certificate. Needs no CSR,
 * so it comes before one is parsed.
 */
int policy_check_role(const struct principal *principal, const struct client_certificate *client,
    enum certificate_type *type, struct error *err);

/*
 * Whether this certificate may be renewed: [DbCSRValidation] AllowRenewals and
 * ReenrollmentAllowedCertificateTypes, the profile's RenewableTypes, no member of its lineage
 * revoked for keyCompromise, and none of the rights of a CA's own helpers. The profile must be the
 * recorded one, enabled, for "est". ERR_RENEWAL, ERR_PROFILE.
 */
int policy_check_renewal(const struct ra_profile *profile, const struct settings *settings,
    const struct client_certificate *client, struct error *err);

/* Who asks a profile for a certificate, and how; borrowed. */
struct policy_caller {
	const struct principal *principal;
	const struct client_certificate *client; /* NULL: a token */
	const char *protocol;                    /* "rest", "est" */
};

/*
 * Whether the profile takes this caller: enabled, not archived, for this protocol, and one of its
 * enrollers matches. ERR_PROFILE; ERR_CLIENT_CERT for a certificate of whose lineage a member was
 * revoked for keyCompromise.
 */
int policy_check_enroller(
    const struct ra_profile *profile, const struct policy_caller *caller, struct error *err);

/*
 * Whether the caller may renew an old certificate for its holder: an application that is an
 * enroller of the profile, which must be the recorded one, and all that policy_check_renewal asks
 * but "est"; the certificate's type must be one that the caller could enroll. ERR_PROFILE,
 * ERR_ROLE, ERR_RENEWAL.
 */
int policy_check_on_behalf(const struct ra_profile *profile, const struct settings *settings,
    const struct policy_caller *caller, const struct client_certificate *old, struct error *err);

/*
 * The one place that says what may be in a certificate: a pure function of its
 * arguments. Renewing takes subject, subject alternative names and extended key usages from the old
 * certificate, key usages too as far as the new key can carry them, and only the key from the
 * request; on behalf of the holder that must be the old one. Enrolling by a client certificate,
 * every name asked for must stand in that certificate. ERR_KEY, ERR_NAME, ERR_PROFILE or
 * ERR_SELF_SERVICE with the reason; *out is written on success only.
 */
int policy_decide(
    const struct policy_request *request, struct policy_grant *out, struct error *err);

#endif

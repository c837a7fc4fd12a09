#ifndef ENROLL_ISSUING_PRINCIPAL_H
#define ENROLL_ISSUING_PRINCIPAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Who asks, as a verified credential says; filled by api/access/token or api/access/client_cert,
 * judged by enroll/policy. A certificate's ids are those of whoever first asked for its lineage.
 */
enum principal_kind {
	PRINCIPAL_NONE,
	PRINCIPAL_APPLICATION,
	PRINCIPAL_USER,
	PRINCIPAL_CERTIFICATE, /* a certificate of ours */
	PRINCIPAL_ADMIN        /* one that [Admin] Certificates lists; for management routes only */
};

enum {
	PRINCIPAL_GUID_MAX = 37,
	PRINCIPAL_UPN_MAX = 256,
	PRINCIPAL_TOKEN_ID_MAX = 65,
	PRINCIPAL_ROLE_MAX = 121,
	PRINCIPAL_MAX_ROLES = 64,
	PRINCIPAL_FINGERPRINT_MAX = 65,
	PRINCIPAL_ACTOR_MAX = 128
};

struct principal {
	enum principal_kind kind;
	char tenant[PRINCIPAL_GUID_MAX];      /* tid, lower case */
	char object[PRINCIPAL_GUID_MAX];      /* oid, lower case; records key on tid and oid */
	char application[PRINCIPAL_GUID_MAX]; /* azp or appid, lower case, or "" */
	char upn[PRINCIPAL_UPN_MAX];          /* the upn claim alone, or "" */
	bool is_guest;
	char token_id[PRINCIPAL_TOKEN_ID_MAX];       /* uti, or "" */
	char fingerprint[PRINCIPAL_FINGERPRINT_MAX]; /* SHA-256 of a certificate, hex; or "" */
	size_t role_count;
	char roles[PRINCIPAL_MAX_ROLES][PRINCIPAL_ROLE_MAX];
};

#define ROLE_REQUEST_DB "CSR.Request.Db"
#define ROLE_SELF_SERVICE "CSR.SelfService"
#define ROLE_ADMIN "Admin.Full"
#define ROLE_MANAGE "Manage.All"
#define ROLE_MANAGE_READ "Manage.All.Read"

/* Who it is for the audit: "certificate:FINGERPRINT", or "TENANT/OBJECT". */
void principal_write_actor(const struct principal *principal, char out[static PRINCIPAL_ACTOR_MAX]);

/* Whether the token carried this role value, compared whole and by case. */
bool principal_has_role(const struct principal *principal, const char *role);

#endif

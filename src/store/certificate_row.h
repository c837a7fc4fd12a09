#ifndef STORE_CERTIFICATE_ROW_H
#define STORE_CERTIFICATE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/uuid.h"

enum certificate_status { CERTIFICATE_GOOD, CERTIFICATE_ON_HOLD, CERTIFICATE_REVOKED };

/* "good", "hold", "revoked", as in the table. */
const char *certificate_status_name(enum certificate_status status);

/* In octets; a subject has 4096 characters at most. */
enum {
	CERTIFICATE_ROW_SERIAL_MAX = 20,
	CERTIFICATE_ROW_SUBJECT_MAX = 16384,
	CERTIFICATE_ROW_SANS_MAX = 65535,
	CERTIFICATE_ROW_DER_MAX = 65535,
	CERTIFICATE_ROW_OWNER_MAX = 1024,
	CERTIFICATE_ROW_ATTRIBUTES_MAX = 1 << 20
};

/*
 * One row of certificate as it stands, with what it refers to ("" and empty where that is gone);
 * all of it belongs to the row.
 */
struct certificate_row {
	struct uuid id;
	struct uuid generation_id;
	struct uuid authority_id; /* of its generation */
	struct uuid ra_profile_id;
	struct buf generation_der; /* the generation's certificate */
	struct buf der;
	struct buf subject;    /* RFC 4514 text */
	struct buf sans;       /* a line each */
	struct buf attributes; /* custom attributes, a JSON array; empty: none */
	int64_t not_before;
	int64_t not_after;
	int64_t issued_at;
	int64_t revoked_at; /* 0: good */
	enum certificate_status status;
	int revocation_reason; /* RFC 5280, 5.3.1; -1: good */
	unsigned key_bits;
	unsigned renewals; /* how often it authenticated an issue */
	size_t serial_len;
	uint8_t serial[CERTIFICATE_ROW_SERIAL_MAX];
	uint8_t fingerprint[32];
	uint8_t spki_hash[32];
	struct uuid lineage;
	struct uuid renewed_from;
	struct uuid requester_tenant;
	struct uuid requester_object;
	struct uuid requester_application;
	struct uuid requester_certificate; /* the certificate that authenticated */
	bool has_renewed_from;
	bool has_requester; /* tenant and object are known */
	bool has_application;
	bool has_requester_certificate;
	bool has_ra_profile; /* its profile is there */
	bool ra_profile_enabled;
	bool generation_expired;  /* its generation's state is "expired" */
	bool lineage_compromised; /* a member of its lineage was revoked for keyCompromise */
	char generation[49];      /* the generation's label */
	char authority[33];       /* the authority's name */
	char owner[CERTIFICATE_ROW_OWNER_MAX + 1]; /* "" none */
	char ra_profile[65];                       /* the profile's name */
	char type[33];
	char source[17];
	char key_type[17];
	char requester_kind[17];
	char requester_upn[257]; /* "" none */
	char remote_address[46];
	char dropped[1025];
};

void certificate_row_free(struct certificate_row *row);
DEFINE_CLEANUP(struct certificate_row *, certificate_row_free)
struct certificate_row *certificate_row_new(void) OWNED(certificate_row_free);

#endif

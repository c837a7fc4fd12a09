#ifndef STORE_SERIAL_STATUS_H
#define STORE_SERIAL_STATUS_H

#include "store/certificate_row.h"
#include "store/db.h"

/* A serial number, and the generations with the issuer name and key that it belongs to: several
 * where a CA certificate was renewed with its key. */
struct serial_query {
	struct bytes serial; /* content octets of the INTEGER, however many */
	const struct uuid *generation_ids;
	size_t count;
};

/* What is known of it. revoked_at and reason are those of a certificate on hold or revoked. */
struct serial_status {
	int64_t now;   /* by the database's clock */
	bool is_known; /* else nothing below counts */
	enum certificate_status status;
	int64_t revoked_at;
	int reason;
};

/*
 * Asks the certificate's row, and only where there is none the list of what CRLs revoke and the
 * cross-certificates that the generations signed (good). Meant for every OCSP request: one lookup
 * by a unique key for a certificate that was issued. ERR_DATABASE.
 */
int serial_status_find(
    struct db *db, const struct serial_query *query, struct serial_status *out, struct error *err);

#endif

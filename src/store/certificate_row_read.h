#ifndef STORE_CERTIFICATE_ROW_READ_H
#define STORE_CERTIFICATE_ROW_READ_H

#include "store/certificate_row.h"
#include "store/db.h"

/*
 * Left joins: whatever happened to profile or generation, a certificate is found and can be
 * revoked. They also make the server start from certificate, whose primary key gives the order.
 */
#define CERTIFICATE_ROW_SELECT \
	"SELECT c.id, c.generation_id, g.label, g.state = 'expired', g.certificate, a.id, a.name," \
	" c.ra_profile_id, p.name, p.enabled, o.owner, c.attributes, c.serial, c.fingerprint, " \
	"c.spki_hash, c.type, c.source," \
	" c.subject, c.sans, c.not_before, c.not_after, c.key_type, c.key_bits, c.der," \
	" c.requester_kind, c.requester_tenant, c.requester_object, c.requester_application," \
	" c.requester_upn, c.requester_certificate, c.remote_address, c.dropped," \
	" c.renewed_from, c.lineage, c.renewals, c.lineage_compromised, c.issued_at," \
	" c.status, c.revoked_at, c.revocation_reason" \
	" FROM certificate c" \
	" LEFT JOIN authority_generation g ON g.id = c.generation_id" \
	" LEFT JOIN authority a ON a.id = g.authority_id" \
	" LEFT JOIN certificate_owner o ON o.certificate_id = c.id" \
	" LEFT JOIN ra_profile p ON p.id = c.ra_profile_id"

/* The row at hand of a query that begins with CERTIFICATE_ROW_SELECT; *out belongs to the caller.
 */
int certificate_row_read(
    const struct db_rows *rows, struct certificate_row **out, struct error *err);

#endif

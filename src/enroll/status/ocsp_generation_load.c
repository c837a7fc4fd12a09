/* Reads a CA generation for OCSP from its certificate. */
#include <string.h>

#include "crypto/cert.h"
#include "enroll/status/ocsp_generation.h"

static int
fill(struct ocsp_generation *generation, const struct cert *cert, struct error *err)
{
	bool is_own = bytes_equal(cert->issuer, cert->subject) &&
		      cert->serial.len <= sizeof(generation->own_serial);

	if (is_own) {
		generation->own_serial_len = cert->serial.len;
		memcpy(generation->own_serial, cert->serial.ptr, cert->serial.len);
	}
	generation->not_after = cert->not_after;
	return ocsp_issuer_hashes(cert->subject, cert->spki, &generation->hashes, err);
}

int
ocsp_generation_load(struct db *db, const struct signing_generation *row,
    struct ocsp_generation **out, struct error *err)
{
	cleanup(ocsp_generation_freep) struct ocsp_generation *made = ocsp_generation_new();
	cleanup(generation_release) struct generation generation = { 0 };
	cleanup(cert_freep) struct cert *cert = NULL;

	if (made == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	made->row = *row;
	if (generations_find_id(db, &row->id, &generation, err) < 0 ||
	    cert_parse(buf_bytes(&generation.certificate), &cert, err) < 0 ||
	    fill(made, cert, err) < 0)
		return error_prefix(err, "CA generation %s", row->label);
	*out = take(made);
	return 0;
}

/* The newest delegated responder of a CA generation, ready to sign. */
#include <string.h>

#include "crypto/cert.h"
#include "enroll/status/ocsp_responder.h"
#include "store/ocsp_responders.h"

/* A key that is not the certificate's would sign what no client accepts. */
static int
check_certificate(struct ocsp_responder *responder, struct error *err)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	struct ocsp_issuer_hashes hashes;

	if (cert_parse(buf_bytes(&responder->certificate), &cert, err) < 0) {
		err->code = ERR_CA_KEY;
		return -1;
	}
	if (!bytes_equal(cert->spki, key_public(responder->key)))
		return error_set(
		    err, ERR_CA_KEY, "an OCSP responder's key is not that of its certificate");
	if (ocsp_issuer_hashes(cert->subject, cert->spki, &hashes, err) < 0)
		return -1;
	memcpy(responder->key_hash, hashes.key_sha1, sizeof(responder->key_hash));
	return 0;
}

static int
fill(const struct keyring *keyring, struct ocsp_responder_row *row,
    struct ocsp_responder *responder, struct error *err)
{
	responder->id = row->id;
	responder->not_before = row->not_before;
	responder->not_after = row->not_after;
	buf_move(&responder->certificate, &row->certificate);
	if (ocsp_responder_unseal(
		keyring, &row->id, buf_bytes(&row->private_key), &responder->key, err) < 0)
		return -1;
	return check_certificate(responder, err);
}

int // NOLINTNEXTLINE(readability-function-size): a generation, at one point in time
ocsp_responder_load(struct db *db, const struct keyring *keyring, const struct uuid *generation_id,
    int64_t now, struct ocsp_responder **out, struct error *err)
{
	cleanup(ocsp_responder_freep) struct ocsp_responder *responder = ocsp_responder_new();
	cleanup(ocsp_responders_release) struct ocsp_responder_row row;

	ocsp_responders_init(&row);
	if (responder == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (ocsp_responders_find_newest(db, generation_id, now, &row, err) < 0)
		return -1;
	if (fill(keyring, &row, responder, err) < 0)
		return -1;
	*out = take(responder);
	return 0;
}

/* One CA generation as OCSP sees it: the object, and how CertIDs name it. */
#include "enroll/status/ocsp_generation.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/oids.h"

static void
destroy(struct ocsp_generation *generation)
{
	issuer_free(generation->issuer);
	ocsp_responder_free(generation->responder);
	free(generation);
}

void
ocsp_generation_free(struct ocsp_generation *generation)
{
	if (generation != NULL)
		destroy(generation);
}

struct ocsp_generation *
ocsp_generation_new(void)
{
	return calloc(1, sizeof(struct ocsp_generation));
}

bool
ocsp_generation_is_issuer(const struct ocsp_generation *generation, const struct ocsp_cert_id *id)
{
	const struct ocsp_issuer_hashes *hashes = &generation->hashes;

	if (bytes_equal(id->hash_algorithm, DER_BYTES(DER_OID_SHA1)))
		return bytes_equal(id->issuer_key_hash,
			   bytes_of(hashes->key_sha1, sizeof(hashes->key_sha1))) &&
		       bytes_equal(id->issuer_name_hash,
			   bytes_of(hashes->name_sha1, sizeof(hashes->name_sha1)));
	if (bytes_equal(id->hash_algorithm, DER_BYTES(DER_OID_SHA256)))
		return bytes_equal(id->issuer_key_hash,
			   bytes_of(hashes->key_sha256, sizeof(hashes->key_sha256))) &&
		       bytes_equal(id->issuer_name_hash,
			   bytes_of(hashes->name_sha256, sizeof(hashes->name_sha256)));
	return false;
}

bool
ocsp_generation_is_same(
    const struct ocsp_generation *generation, const struct ocsp_generation *other)
{
	return memcmp(&generation->hashes, &other->hashes, sizeof(other->hashes)) == 0;
}

bool
ocsp_generation_is_itself(const struct ocsp_generation *generation, struct bytes serial)
{
	return generation->own_serial_len > 0 &&
	       bytes_equal(serial, bytes_of(generation->own_serial, generation->own_serial_len));
}

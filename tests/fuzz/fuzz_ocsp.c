/* Fuzzes ocsp_request_parse; what it reads lies in the input, and is read the same again. */
#include <stdlib.h>

#include "crypto/der.h"
#include "crypto/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_part(struct bytes part, struct bytes whole)
{
	if (part.ptr < whole.ptr || part.ptr + part.len > whole.ptr + whole.len)
		abort();
}

static void
check_id(const struct ocsp_cert_id *id, struct bytes der)
{
	struct bytes content;

	check_part(id->whole, der);
	check_part(id->hash_algorithm, id->whole);
	check_part(id->issuer_name_hash, id->whole);
	check_part(id->issuer_key_hash, id->whole);
	check_part(id->serial, id->whole);
	if (id->serial.len == 0 || !der_only(id->whole, DER_SEQUENCE, &content))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ocsp_request request;
	struct error err = { .code = ERR_NONE };
	struct bytes der = bytes_of(data, size), nonce;

	if (ocsp_request_parse(der, &request, &err) < 0) {
		if (err.code != ERR_BAD_REQUEST)
			abort();
		return 0;
	}
	if (request.count == 0 || request.count > OCSP_CERT_IDS_MAX)
		abort();
	for (size_t i = 0; i < request.count; i++)
		check_id(&request.ids[i], der);
	if (request.has_nonce && (!der_only(request.nonce, DER_OCTET_STRING, &nonce) ||
				     nonce.len == 0 || nonce.len > OCSP_NONCE_MAX))
		abort();
	return 0;
}

/* Fuzzes cert_parse, and cert_verify with what was read as its own issuer. */
#include "crypto/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	struct error err = { .code = ERR_NONE };

	if (cert_parse(bytes_of(data, size), &cert, &err) == 0)
		(void)cert_verify(cert, cert, &err);
	return 0;
}

/* Fuzzes cert_parse, cert_verify with what was read as its own issuer, and cert_holder_read. */
#include "crypto/cert_holder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	cleanup(cert_holder_freep) struct cert_holder *holder = NULL;
	struct error err = { .code = ERR_NONE };

	if (cert_parse(bytes_of(data, size), &cert, &err) < 0)
		return 0;
	(void)cert_verify(cert, cert, &err);
	error_clear(&err);
	(void)cert_holder_read(cert, &holder, &err);
	return 0;
}

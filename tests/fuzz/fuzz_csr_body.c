/* The body forms of POST /api/csr, and the request parser behind them. */
#include <stddef.h>
#include <stdint.h>

#include "api/enrollment/csr_body.h"
#include "base/cleanup.h"
#include "crypto/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_release) struct buf der = BUF_INIT(65536);
	cleanup(csr_freep) struct csr *csr = NULL;
	struct error err = { .code = ERR_NONE };

	if (csr_body_decode(bytes_of(data, size), &der, &err) == 0)
		(void)csr_parse(buf_bytes(&der), 100, &csr, &err);
	return 0;
}

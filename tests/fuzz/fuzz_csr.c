/* Fuzzes csr_parse: every path but the one behind a good signature is ours. */
#include "crypto/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_release) struct buf text = BUF_INIT(65536);
	cleanup(csr_freep) struct csr *csr = NULL;
	struct error err = { .code = ERR_NONE };

	if (csr_parse(bytes_of(data, size), 100, &csr, &err) < 0)
		return 0;
	for (size_t i = 0; i < csr->san_count; i++)
		san_text(&csr->sans[i], &text);
	name_text(&csr->name, &text);
	return 0;
}

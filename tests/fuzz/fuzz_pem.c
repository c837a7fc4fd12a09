/* Fuzzes pem_decode over all blocks of a text; what was read must survive writing. */
#include <stdlib.h>

#include "crypto/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_and_read(struct bytes der)
{
	cleanup(buf_release) struct buf text = BUF_INIT(1048576);
	cleanup(buf_release) struct buf again = BUF_INIT(1048576);
	struct error err = { .code = ERR_NONE };
	size_t offset = 0;

	pem_encode("X", der, &text);
	if (!buf_failed(&text) && (pem_decode(buf_bytes(&text), "X", &offset, &again, &err) < 0 ||
				      !bytes_equal(der, buf_bytes(&again))))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .code = ERR_NONE };
	size_t offset = 0;

	for (;;) {
		cleanup(buf_release) struct buf der = BUF_INIT(65536);

		if (pem_decode(bytes_of(data, size), "CERTIFICATE", &offset, &der, &err) < 0)
			return 0;
		write_and_read(buf_bytes(&der));
	}
}

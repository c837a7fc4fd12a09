/* base/enc: what is decoded must be the only text that encodes to it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/enc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 65536 };

static void
check(struct bytes text, int (*decode)(struct bytes, struct buf *, struct error *),
    void (*encode)(struct bytes, struct buf *))
{
	cleanup(buf_release) struct buf decoded = BUF_INIT(INPUT_MAX);
	cleanup(buf_release) struct buf again = BUF_INIT(2 * INPUT_MAX);
	struct error err = { .code = ERR_NONE };

	if (decode(text, &decoded, &err) < 0)
		return;
	encode(buf_bytes(&decoded), &again);
	if (!bytes_equal(buf_bytes(&again), text))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_release) struct buf hex = BUF_INIT(INPUT_MAX);
	struct error err = { .code = ERR_NONE };
	struct bytes text = bytes_of(data, size);

	if (size > INPUT_MAX)
		return 0;
	check(text, base64_decode, base64_encode);
	check(text, base64url_decode, base64url_encode);
	(void)hex_decode(text, &hex, &err);
	return 0;
}

/* Fuzzes names: as DER, and as text, which must come out as a name that is readable again. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "crypto/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_der(struct bytes der)
{
	cleanup(buf_release) struct buf text = BUF_INIT(65536);
	struct error err = { .code = ERR_NONE };
	struct name name;

	if (name_read(der, &name, &err) == 0)
		name_text(&name, &text);
}

static void
try_text(const char *text)
{
	cleanup(buf_release) struct buf der = BUF_INIT(65536);
	struct error err = { .code = ERR_NONE };
	struct name name;

	if (name_from_text(text, &der, &err) == 0 && name_read(buf_bytes(&der), &name, &err) < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_release) struct buf text = BUF_INIT(65536);

	try_der(bytes_of(data, size));
	buf_add(&text, bytes_of(data, size));
	try_text(buf_text(&text));
	return 0;
}

/* Fuzzes keyring_parse, and the opening of blobs, none of which may open that was not sealed. */
#include <stdlib.h>
#include <string.h>

#include "crypto/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key of octets 1. */
static const char RING[] = "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";

static void
seal_and_open(const struct keyring *keyring, struct bytes text)
{
	cleanup(buf_release) struct buf blob = BUF_INIT(8192);
	cleanup(buf_release) struct buf plain = BUF_INIT(8192);
	struct error err = { .code = ERR_NONE };

	if (text.len > KEYRING_PLAIN_MAX)
		return;
	if (keyring_seal(keyring, bytes_text("place"), text, &blob, &err) < 0 ||
	    keyring_unseal(keyring, bytes_text("place"), buf_bytes(&blob), &plain, &err) < 0 ||
	    !bytes_equal(text, buf_bytes(&plain)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(keyring_freep) struct keyring *ours = NULL;
	cleanup(keyring_freep) struct keyring *keyring = NULL;
	cleanup(buf_release) struct buf plain = BUF_INIT(8192);
	struct error err = { .code = ERR_NONE };
	struct bytes text = bytes_of(data, size);

	if (keyring_parse(bytes_text(RING), &ours, &err) < 0)
		abort();
	if (keyring_unseal(ours, bytes_text("elsewhere"), text, &plain, &err) == 0 ||
	    err.code != ERR_CA_KEY || plain.len > 0)
		abort();
	error_clear(&err);
	if (keyring_parse(text, &keyring, &err) == 0)
		seal_and_open(keyring, text);
	else if (err.code != ERR_CONFIG || strstr(err.text, "AQEBAQEB") != NULL)
		abort();
	return 0;
}

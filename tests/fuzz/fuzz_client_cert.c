/* The forms of SSL_CLIENT_CERT, and the certificate reader behind them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/access/client_cert_text.h"
#include "base/cleanup.h"
#include "crypto/cert_holder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[CLIENT_CERT_TEXT_MAX + 2];
	cleanup(buf_release) struct buf der = BUF_INIT(65536);
	cleanup(cert_freep) struct cert *cert = NULL;
	cleanup(cert_holder_freep) struct cert_holder *holder = NULL;
	struct error err = { .code = ERR_NONE };

	if (size >= sizeof(text))
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (client_cert_text_decode(text, &der, &err) < 0) {
		if (err.code != ERR_CLIENT_CERT)
			abort();
		return 0;
	}
	if (cert_parse(buf_bytes(&der), &cert, &err) == 0)
		(void)cert_holder_read(cert, &holder, &err);
	return 0;
}

/* GET /api/openapi.yaml: our own description of what is served. */
#include "api/openapi.h"

#include <stdio.h>

#include "api/answer.h"
#include "base/buf.h"
#include "crypto/key.h"

static const char description[] =
#include "api/openapi.inc"
    ;

/* An entity tag with its quotes: 16 octets of the text's SHA-256. */
enum { TAG_OCTETS = 16, TAG_SIZE = 2 * TAG_OCTETS + 3 };

static int
make_tag(char tag[static TAG_SIZE], struct error *err)
{
	const struct bytes text = bytes_text(description);
	uint8_t digest[SHA256_SIZE];

	if (sha256(text, digest, err) < 0)
		return -1;
	tag[0] = '"';
	for (size_t i = 0; i < TAG_OCTETS; i++)
		(void)snprintf(tag + 1 + 2 * i, 3, "%02x", digest[i]);
	tag[TAG_SIZE - 2] = '"';
	tag[TAG_SIZE - 1] = '\0';
	return 0;
}

int
openapi_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf body = BUF_INIT(sizeof(description));
	char tag[TAG_SIZE];

	(void)app;
	(void)params;
	if (make_tag(tag, err) < 0)
		return -1;
	response_header(response, "ETag", tag);
	/* An upgrade changes it: keep it, but ask each time. */
	response_header(response, "Cache-Control", "no-cache");
	if (answer_not_modified(request, tag, response))
		return 0;
	buf_add(&body, bytes_text(description));
	response_take(response, 200, "application/yaml", &body);
	return 0;
}

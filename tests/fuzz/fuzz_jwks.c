/* remote/identity_documents: discovery documents and key sets as a stranger might send them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "remote/identity_documents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ISSUER "https://login.example.test/11111111-2222-4333-8444-555555555555/v2.0"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct key_set_rules rules = {
		.issuer = ISSUER,
		.v2_issuer = ISSUER,
		.tenant = "11111111-2222-4333-8444-555555555555",
		.cloud = "example.test",
		.now = 1800000000,
	};
	cleanup(json_object_putp) struct json_object *keys = NULL;
	struct error err = { .code = ERR_NONE };
	struct discovery discovery;

	(void)identity_documents_discovery(
	    bytes_of(data, size), ISSUER, "https://login.example.test", &discovery, &err);
	error_clear(&err);
	(void)identity_documents_keys(bytes_of(data, size), &rules, &keys, &err);
	return 0;
}

/* crypto/jwt and api/access/token: a token that nobody signed must never be accepted. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "api/access/token.h"
#include "base/cleanup.h"
#include "crypto/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1800000000 };

/* Without a state folder there are no keys, so every path ends before the signature. */
static struct settings *
make_settings(void)
{
	static char tenant[] = "11111111-2222-4333-8444-555555555555";
	static char application[] = "0a0a0a0a-1111-4222-8333-bbbbbbbbbbbb";
	static char host[] = "https://login.example.test";
	static char sts[] = "https://sts.example.test/";
	static char nowhere[] = "/nonexistent";
	static char *tenants[] = { tenant };
	static struct settings settings;

	settings.auth.tenant_ids = (struct text_list){ .items = tenants, .count = 1 };
	settings.auth.application_id = application;
	settings.auth.authority_host = host;
	settings.auth.v1_issuer = sts;
	settings.auth.accept_v1 = true;
	settings.auth.accept_v2 = true;
	settings.server.state_dir = nowhere;
	return &settings;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings = make_settings();
	cleanup(identity_keys_freep) struct identity_keys *keys = identity_keys_new(settings);
	cleanup(jwt_release) struct jwt jwt;
	struct error err = { .code = ERR_NONE };
	struct principal who;

	(void)jwt_split(bytes_of(data, size), &jwt, &err);
	error_clear(&err);
	if (keys != NULL &&
	    token_verify(bytes_of(data, size), settings, keys, NOW, &who, &err) == 0)
		abort();
	return 0;
}

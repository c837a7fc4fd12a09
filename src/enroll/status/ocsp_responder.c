/* Delegated OCSP responders: the object, and its private key at rest. */
#include "enroll/status/ocsp_responder.h"

#include <stdlib.h>

#include "enroll/secrets/secret.h"
#include "store/ocsp_responders.h"

_Static_assert((int)SECRET_BLOB_MAX == (int)OCSP_RESPONDERS_KEY_MAX, "a blob fits its column");

void
ocsp_responder_free(struct ocsp_responder *responder)
{
	if (responder == NULL)
		return;
	buf_release(&responder->certificate);
	key_free(responder->key);
	free(responder);
}

struct ocsp_responder *
ocsp_responder_new(void)
{
	struct ocsp_responder *responder = calloc(1, sizeof(*responder));

	if (responder != NULL)
		responder->certificate = (struct buf)BUF_INIT(OCSP_RESPONDERS_CERTIFICATE_MAX);
	return responder;
}

static struct secret_place
place_of(const struct uuid *id)
{
	return (struct secret_place){ "ocsp_responder", "private_key", id };
}

int
ocsp_responder_seal(const struct keyring *keyring, const struct uuid *id, const struct key *key,
    struct buf *blob, struct error *err)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);
	const struct secret_place place = place_of(id);

	if (key_export(key, &plain, err) < 0)
		return -1;
	return secret_seal(keyring, &place, buf_bytes(&plain), blob, err);
}

int
ocsp_responder_unseal(const struct keyring *keyring, const struct uuid *id, struct bytes blob,
    struct key **out, struct error *err)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(SECRET_MAX);
	const struct secret_place place = place_of(id);

	if (secret_open(keyring, &place, blob, &plain, err) < 0 ||
	    key_open_der(buf_bytes(&plain), out, err) < 0)
		return secret_prefix(&place, err);
	return 0;
}

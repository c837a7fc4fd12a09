#ifndef REMOTE_IDENTITY_DOCUMENTS_H
#define REMOTE_IDENTITY_DOCUMENTS_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum {
	IDENTITY_DOCUMENT_MAX = 512 * 1024,
	IDENTITY_MAX_KEYS = 1000,
	IDENTITY_URL_MAX = 2048,
	IDENTITY_CLOUD_MAX = 256
};

/* What we take from a discovery document. */
struct discovery {
	char jwks_uri[IDENTITY_URL_MAX];
	char cloud[IDENTITY_CLOUD_MAX]; /* cloud_instance_name, or "" */
};

/* What the keys of a set must agree with. */
struct key_set_rules {
	const char *issuer;    /* the iss of the tokens that they shall verify */
	const char *v2_issuer; /* the v2 form of the same tenant's issuer */
	const char *tenant;
	const char *cloud; /* of the discovery document, or "" */
	int64_t now;       /* becomes last_seen */
};

/*
 * Reads a discovery document (OpenID Connect Discovery 1.0, 3): its issuer must
 * be the one expected, its jwks_uri https on the origin that served it. ERR_IDENTITY_KEYS.
 */
int identity_documents_discovery(struct bytes text, const char *issuer, const char *origin,
    struct discovery *out, struct error *err);

/*
 * Reads a key set (RFC 7517, 5) into an array of what identity-keys.json keeps of
 * each usable key. A symmetric or private key or a kid that occurs twice refuses the whole; a key
 * that is weak, of another type, issuer or cloud is left out. ERR_IDENTITY_KEYS, also where none
 * is left. On success *out belongs to the caller.
 */
int identity_documents_keys(struct bytes text, const struct key_set_rules *rules,
    struct json_object **out, struct error *err);

/* Whether a kid is of the form we look up: 1 to 128 of A-Z a-z 0-9 - _. */
bool identity_documents_is_kid(const char *kid);

#endif

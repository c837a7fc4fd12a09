#ifndef CRYPTO_JWK_INTERNAL_H
#define CRYPTO_JWK_INTERNAL_H

#include <gnutls/abstract.h>
#include <stdbool.h>

#include "crypto/jwk.h"

/* What crypto/jwt sees of a key; nobody else includes this. */
enum { JWK_KID_MAX = 128 };

struct jwk {
	gnutls_pubkey_t key;
	enum jwt_algorithm algorithm; /* its own alg, JWT_NONE where it has none */
	bool is_rsa;
	char kid[JWK_KID_MAX + 1];
};

/* By the name of RFC 7518, 3.1; JWT_NONE for one that we do not know. */
enum jwt_algorithm jwk_algorithm_named(const char *name);

/* Whether the key's type is the algorithm's; never for JWT_NONE. */
bool jwk_fits(const struct jwk *jwk, enum jwt_algorithm algorithm);

#endif

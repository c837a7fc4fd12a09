#ifndef CRYPTO_JWK_H
#define CRYPTO_JWK_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"

/* The signature algorithms that crypto/jwt knows (RFC 7518, 3). */
enum jwt_algorithm { JWT_NONE, JWT_RS256, JWT_PS256, JWT_ES256 };

/* A public key of a JWK (RFC 7517), checked: RSA of 2048 to 4096 bits with e 65537, or P-256. */
struct jwk;

void jwk_free(struct jwk *jwk);
DEFINE_CLEANUP(struct jwk *, jwk_free)

/*
 * Reads one JWK object. Refused with ERR_KEY: symmetric keys, private members, weak or odd
 * RSA keys, points not on the curve, use other than sig, key_ops without verify, an alg that we do
 * not know.
 * On success *out belongs to the caller.
 */
int jwk_read(const struct json_object *object, struct jwk **out, struct error *err);

/* Whether the JWK is symmetric or has a private member: it may stand in no published set. */
bool jwk_is_secret(const struct json_object *object);

/* kid, or "" where the JWK has none; borrowed. */
const char *jwk_kid(const struct jwk *jwk);

#endif

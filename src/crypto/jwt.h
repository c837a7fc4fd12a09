#ifndef CRYPTO_JWT_H
#define CRYPTO_JWT_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "crypto/jwk.h"

enum { JWT_MAX_BYTES = 16384, JWT_MAX_HEADER = 1024, JWT_MAX_PAYLOAD = 12288, JWT_KID_MAX = 128 };

/* A compact JWS taken apart (RFC 7515, 3.1); nothing in it is believed yet. */
struct jwt {
	struct bytes signing_input; /* borrowed from the token */
	struct buf header;          /* decoded JSON text */
	struct buf payload;
	struct buf signature;
	enum jwt_algorithm algorithm; /* by the header's alg, JWT_NONE: not one we know */
	char kid[JWT_KID_MAX + 1];    /* "" where absent */
};

void jwt_release(struct jwt *jwt);

/*
 * Splits and decodes: exactly two dots, strict base64url, strict JSON header.
 * Refused: crit, b64, zip, jwk, jku, x5u, x5c, cty, a typ other than "JWT", a kid that is no
 * text of 1 to 128 bytes, an empty header or signature, anything over the limits. (An empty
 * payload is a JWS all the same, and no JSON for who reads it.) ERR_TOKEN. jwt_release(out) in
 * any case.
 */
int jwt_split(struct bytes token, struct jwt *out, struct error *err);

/*
 * Verifies the signature with this key and exactly this algorithm: the header's
 * alg must be it, the key's type must fit, and the key's own alg, if it has one, must equal it.
 * A pure function of its arguments. ERR_TOKEN.
 */
int jwt_verify(
    const struct jwt *jwt, const struct jwk *key, enum jwt_algorithm algorithm, struct error *err);

#endif

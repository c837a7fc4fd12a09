#ifndef TESTS_JWT_MAKER_H
#define TESTS_JWT_MAKER_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "crypto/jwk.h"

/* A private key of a test that signs what the identity provider would, and what it would not. */
struct jwt_maker;

void jwt_maker_free(struct jwt_maker *maker);
DEFINE_CLEANUP(struct jwt_maker *, jwt_maker_free)

/* Makes a new RSA key of so many bits, or a P-256 key for 256; ends the test when it cannot. */
struct jwt_maker *jwt_maker_new(unsigned bits) OWNED(jwt_maker_free);

/* Appends the public JWK with this kid as JSON text; extra is put in as it stands, may be "". */
void jwt_maker_jwk(
    const struct jwt_maker *maker, const char *kid, const char *extra, struct buf *out);

/* Appends header.payload.signature, signed with the algorithm whatever the header says. */
void jwt_maker_sign(const struct jwt_maker *maker, enum jwt_algorithm algorithm,
    struct bytes header, struct bytes payload, struct buf *out);

#endif

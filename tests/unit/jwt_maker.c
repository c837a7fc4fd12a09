/* Makes keys, JWKs and signed tokens for tests. */
#include "jwt_maker.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/enc.h"

struct jwt_maker {
	gnutls_privkey_t key;
	bool is_rsa;
};

static void
must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, gnutls_strerror(rc));
	abort();
}

struct jwt_maker *
jwt_maker_new(unsigned bits)
{
	struct jwt_maker *maker = calloc(1, sizeof(*maker));

	if (maker == NULL)
		abort();
	maker->is_rsa = bits != 256;
	must(gnutls_privkey_init(&maker->key), "init");
	must(gnutls_privkey_generate(maker->key, maker->is_rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
		 maker->is_rsa ? bits : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
	    "generate");
	return maker;
}

void
jwt_maker_free(struct jwt_maker *maker)
{
	gnutls_privkey_deinit(maker->key);
	free(maker);
}

/* Pads on the left to `size` octets, which a coordinate must have. */
static void
add_member(const char *name, gnutls_datum_t octets, size_t size, struct buf *out)
{
	cleanup(buf_release) struct buf padded = BUF_INIT(1024);

	while (padded.len + octets.size < size)
		buf_add_byte(&padded, 0);
	buf_add(&padded, bytes_of(octets.data, octets.size));
	buf_printf(out, ",\"%s\":\"", name);
	base64url_encode(buf_bytes(&padded), out);
	buf_add_text(out, "\"");
	gnutls_free(octets.data);
}

void
jwt_maker_jwk(const struct jwt_maker *maker, const char *kid, const char *extra, struct buf *out)
{
	gnutls_datum_t first = { 0 };
	gnutls_datum_t second = { 0 };
	const unsigned flags = GNUTLS_EXPORT_FLAG_NO_LZ;

	buf_printf(out, "{\"kid\":\"%s\"%s%s", kid, extra[0] != '\0' ? "," : "", extra);
	if (maker->is_rsa) {
		must(gnutls_privkey_export_rsa_raw2(
			 maker->key, &first, &second, NULL, NULL, NULL, NULL, NULL, NULL, flags),
		    "export");
		buf_add_text(out, ",\"kty\":\"RSA\"");
		add_member("n", first, 0, out);
		add_member("e", second, 0, out);
	} else {
		must(gnutls_privkey_export_ecc_raw2(maker->key, NULL, &first, &second, NULL, flags),
		    "export");
		buf_add_text(out, ",\"kty\":\"EC\",\"crv\":\"P-256\"");
		add_member("x", first, 32, out);
		add_member("y", second, 32, out);
	}
	buf_add_text(out, "}");
}

static gnutls_sign_algorithm_t
signature_of(enum jwt_algorithm algorithm)
{
	switch (algorithm) {
	case JWT_PS256:
		return GNUTLS_SIGN_RSA_PSS_RSAE_SHA256;
	case JWT_ES256:
		return GNUTLS_SIGN_ECDSA_SHA256;
	case JWT_RS256:
	case JWT_NONE:
		break;
	}
	return GNUTLS_SIGN_RSA_SHA256;
}

/* RFC 7518, 3.4: two numbers of 32 octets. */
static void
add_es256(const gnutls_datum_t *der, struct buf *out)
{
	uint8_t both[64] = { 0 };
	gnutls_datum_t number[2] = { { 0 }, { 0 } };

	must(gnutls_decode_rs_value(der, &number[0], &number[1]), "decode");
	for (size_t i = 0; i < 2; i++) {
		size_t skip = number[i].size > 32 ? number[i].size - 32 : 0;

		for (size_t j = skip; j < number[i].size; j++)
			both[i * 32 + 32 - (number[i].size - j)] = number[i].data[j];
		gnutls_free(number[i].data);
	}
	base64url_encode(bytes_of(both, sizeof(both)), out);
}

void
jwt_maker_sign(const struct jwt_maker *maker, enum jwt_algorithm algorithm, struct bytes header,
    struct bytes payload, struct buf *out)
{
	cleanup(buf_release) struct buf input = BUF_INIT(65536);
	gnutls_datum_t signature = { 0 };
	gnutls_datum_t data;

	base64url_encode(header, &input);
	buf_add_text(&input, ".");
	base64url_encode(payload, &input);
	data = (gnutls_datum_t){ .data = input.data, .size = (unsigned)input.len };
	must(gnutls_privkey_sign_data2(maker->key, signature_of(algorithm), 0, &data, &signature),
	    "sign");
	buf_add(out, buf_bytes(&input));
	buf_add_text(out, ".");
	if (algorithm == JWT_ES256)
		add_es256(&signature, out);
	else
		base64url_encode(bytes_of(signature.data, signature.size), out);
	gnutls_free(signature.data);
}

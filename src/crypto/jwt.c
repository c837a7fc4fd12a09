/* Compact JSON Web Signatures (RFC 7515): taking apart and verifying, nothing about claims. */
#include "crypto/jwt.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "base/enc.h"
#include "base/json.h"
#include "crypto/jwk_internal.h"

enum { JWT_MAX_SIGNATURE = 1024, ES256_HALF = 32 };

static const struct json_limits HEADER_LIMITS = {
	.max_bytes = JWT_MAX_HEADER,
	.max_depth = 8,
	.max_members = 128,
};

void
jwt_release(struct jwt *jwt)
{
	buf_release(&jwt->header);
	buf_release(&jwt->payload);
	buf_release(&jwt->signature);
}

/* Splits off what stands before the next dot; false where there is none. */
static bool
split_part(struct bytes *rest, struct bytes *part)
{
	const uint8_t *dot = rest->len > 0 ? memchr(rest->ptr, '.', rest->len) : NULL;

	if (dot == NULL)
		return false;
	*part = bytes_of(rest->ptr, (size_t)(dot - rest->ptr));
	*rest = bytes_of(dot + 1, rest->len - part->len - 1);
	return true;
}

static int
decode_part(struct bytes text, const char *name, struct buf *out, struct error *err)
{
	struct error wrong = { .code = ERR_NONE };

	if (base64url_decode(text, out, &wrong) < 0)
		return error_set(err, ERR_TOKEN, "token %s: %s", name, wrong.text);
	return 0;
}

/* Key material or rules that the sender would choose for us, and forms that are not built. */
static int
check_header(const struct json_object *header, struct error *err)
{
	static const char *const refused[] = { "crit", "b64", "zip", "jwk", "jku", "x5u", "x5c",
		"cty" };
	const char *typ = "";

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (json_has(header, refused[i]))
			return error_set(
			    err, ERR_TOKEN, "token header: %s is not accepted", refused[i]);
	if (json_has(header, "typ") &&
	    (!json_get_text(header, "typ", &typ) || strcmp(typ, "JWT") != 0))
		return error_set(err, ERR_TOKEN, "token header: typ is not JWT");
	return 0;
}

static int
read_header(struct jwt *jwt, struct error *err)
{
	cleanup(json_object_putp) struct json_object *header = NULL;
	struct error wrong = { .code = ERR_NONE };
	const char *text = "";

	if (json_parse(buf_bytes(&jwt->header), &HEADER_LIMITS, &header, &wrong) < 0)
		return error_set(err, ERR_TOKEN, "token header: %s", wrong.text);
	if (check_header(header, err) < 0)
		return -1;
	if (!json_get_text(header, "alg", &text))
		return error_set(err, ERR_TOKEN, "token header: no alg");
	jwt->algorithm = jwk_algorithm_named(text);
	if (!json_has(header, "kid"))
		return 0;
	if (!json_get_text(header, "kid", &text) || text[0] == '\0' || strlen(text) > JWT_KID_MAX)
		return error_set(
		    err, ERR_TOKEN, "token header: kid is no text of 1 to %d bytes", JWT_KID_MAX);
	memcpy(jwt->kid, text, strlen(text) + 1);
	return 0;
}

int
jwt_split(struct bytes token, struct jwt *out, struct error *err)
{
	struct bytes rest = token;
	struct bytes header;
	struct bytes payload;

	*out = (struct jwt){
		.header = BUF_INIT(JWT_MAX_HEADER),
		.payload = BUF_INIT(JWT_MAX_PAYLOAD),
		.signature = BUF_INIT(JWT_MAX_SIGNATURE),
	};
	if (token.len > JWT_MAX_BYTES)
		return error_set(
		    err, ERR_TOKEN, "token of %zu bytes, more than %d", token.len, JWT_MAX_BYTES);
	if (!split_part(&rest, &header) || !split_part(&rest, &payload) ||
	    (rest.len > 0 && memchr(rest.ptr, '.', rest.len) != NULL))
		return error_set(err, ERR_TOKEN, "token does not have exactly two dots");
	if (header.len == 0 || rest.len == 0)
		return error_set(err, ERR_TOKEN, "token with an empty header or signature");
	out->signing_input = bytes_of(token.ptr, header.len + 1 + payload.len);
	if (decode_part(header, "header", &out->header, err) < 0 ||
	    decode_part(payload, "payload", &out->payload, err) < 0 ||
	    decode_part(rest, "signature", &out->signature, err) < 0)
		return -1;
	return read_header(out, err);
}

/* GnuTLS reads through this pointer only, its type does not say so. */
static gnutls_datum_t
datum_of(const uint8_t *ptr, size_t len)
{
	return (gnutls_datum_t){ .data = (unsigned char *)(uintptr_t)ptr, .size = (unsigned)len };
}

static int
verify_with(const struct jwt *jwt, const struct jwk *key, gnutls_sign_algorithm_t algorithm,
    gnutls_datum_t signature)
{
	gnutls_datum_t data = datum_of(jwt->signing_input.ptr, jwt->signing_input.len);

	return gnutls_pubkey_verify_data2(key->key, algorithm, 0, &data, &signature);
}

/* RFC 7518, 3.4: the two numbers one after the other, where GnuTLS wants them as DER. */
static int
verify_es256(const struct jwt *jwt, const struct jwk *key)
{
	const uint8_t *octets = jwt->signature.data;
	gnutls_datum_t der = { 0 };
	gnutls_datum_t r;
	gnutls_datum_t s;
	int rc;

	if (jwt->signature.len != 2 * (size_t)ES256_HALF)
		return GNUTLS_E_PK_SIG_VERIFY_FAILED;
	r = datum_of(octets, ES256_HALF);
	s = datum_of(octets + ES256_HALF, ES256_HALF);
	rc = gnutls_encode_rs_value(&der, &r, &s);
	if (rc < 0)
		return rc;
	rc = verify_with(jwt, key, GNUTLS_SIGN_ECDSA_SHA256, der);
	gnutls_free(der.data);
	return rc;
}

static int
verify_as(const struct jwt *jwt, const struct jwk *key, enum jwt_algorithm algorithm)
{
	gnutls_datum_t signature = datum_of(jwt->signature.data, jwt->signature.len);

	switch (algorithm) {
	case JWT_RS256:
		return verify_with(jwt, key, GNUTLS_SIGN_RSA_SHA256, signature);
	case JWT_PS256:
		return verify_with(jwt, key, GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, signature);
	case JWT_ES256:
		return verify_es256(jwt, key);
	case JWT_NONE:
		break;
	}
	return GNUTLS_E_PK_SIG_VERIFY_FAILED;
}

int
jwt_verify(
    const struct jwt *jwt, const struct jwk *key, enum jwt_algorithm algorithm, struct error *err)
{
	if (algorithm == JWT_NONE || jwt->algorithm != algorithm)
		return error_set(err, ERR_TOKEN, "token header: not the alg that is expected");
	if (!jwk_fits(key, algorithm) ||
	    (key->algorithm != JWT_NONE && key->algorithm != algorithm))
		return error_set(err, ERR_TOKEN, "token: the key is not for this alg");
	if (verify_as(jwt, key, algorithm) < 0)
		return error_set(err, ERR_TOKEN, "token: the signature does not verify");
	return 0;
}

/* Public keys from JSON Web Keys (RFC 7517; RFC 7518, 6), checked before anything uses them. */
#include "crypto/jwk.h"

#include <gnutls/abstract.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/json.h"
#include "crypto/jwk_internal.h"
#include "crypto/key.h"

enum { RSA_MIN_OCTETS = 256, RSA_MAX_OCTETS = 512, P256_OCTETS = 32 };

static const struct {
	const char *name;
	enum jwt_algorithm algorithm;
	bool is_rsa;
} ALGORITHMS[] = {
	{ "RS256", JWT_RS256, true },
	{ "PS256", JWT_PS256, true },
	{ "ES256", JWT_ES256, false },
};

enum { ALGORITHM_COUNT = sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]) };

enum jwt_algorithm
jwk_algorithm_named(const char *name)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (strcmp(ALGORITHMS[i].name, name) == 0)
			return ALGORITHMS[i].algorithm;
	return JWT_NONE;
}

bool
jwk_fits(const struct jwk *jwk, enum jwt_algorithm algorithm)
{
	for (size_t i = 0; i < ALGORITHM_COUNT; i++)
		if (ALGORITHMS[i].algorithm == algorithm)
			return ALGORITHMS[i].is_rsa == jwk->is_rsa;
	return false;
}

void
jwk_free(struct jwk *jwk)
{
	if (jwk == NULL)
		return;
	if (jwk->key != NULL)
		gnutls_pubkey_deinit(jwk->key);
	free(jwk);
}

static struct jwk *
jwk_new(void)
{
	return calloc(1, sizeof(struct jwk));
}

bool
jwk_is_secret(const struct json_object *object)
{
	/* RFC 7518, 6.2.2, 6.3.2 and 6.4.1 */
	static const char *const members[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k" };
	const char *kty = "";

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (json_has(object, members[i]))
			return true;
	return json_get_text(object, "kty", &kty) && strcmp(kty, "oct") == 0;
}

/* Whether the list of RFC 7517, 4.3 allows what we do. */
static bool
lists_verify(struct json_object *operations)
{
	size_t count = json_object_array_length(operations);

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(operations, i);

		if (json_object_is_type(item, json_type_string) &&
		    strcmp(json_object_get_string(item), "verify") == 0)
			return true;
	}
	return false;
}

static int
check_purpose(const struct json_object *object, struct error *err)
{
	const char *use = "";
	struct json_object *operations = NULL;

	if (json_has(object, "use") &&
	    (!json_get_text(object, "use", &use) || strcmp(use, "sig") != 0))
		return error_set(err, ERR_KEY, "JWK: its use is not sig");
	if (json_has(object, "key_ops") &&
	    (!json_get_array(object, "key_ops", &operations) || !lists_verify(operations)))
		return error_set(err, ERR_KEY, "JWK: its key_ops have no verify");
	return 0;
}

/* Reads kid and alg, both optional (RFC 7517, 4.4 and 4.5). */
static int
read_labels(const struct json_object *object, struct jwk *jwk, struct error *err)
{
	const char *text = "";

	if (json_has(object, "kid") &&
	    (!json_get_text(object, "kid", &text) || strlen(text) > JWK_KID_MAX))
		return error_set(
		    err, ERR_KEY, "JWK: kid is no text of at most %d bytes", JWK_KID_MAX);
	memcpy(jwk->kid, text, strlen(text) + 1);
	if (!json_has(object, "alg"))
		return 0;
	if (json_get_text(object, "alg", &text))
		jwk->algorithm = jwk_algorithm_named(text);
	if (jwk->algorithm == JWT_NONE || !jwk_fits(jwk, jwk->algorithm))
		return error_set(err, ERR_KEY, "JWK: its alg is not known or not of its kty");
	return 0;
}

static int
read_octets(const struct json_object *object, const char *name, struct buf *out, struct error *err)
{
	struct error wrong = { .code = ERR_NONE };
	const char *text = "";

	if (!json_get_text(object, name, &text))
		return error_set(err, ERR_KEY, "JWK: no text %s", name);
	if (base64url_decode(bytes_text(text), out, &wrong) < 0)
		return error_set(err, ERR_KEY, "JWK: %s: %s", name, wrong.text);
	return 0;
}

static gnutls_datum_t
datum_of(const struct buf *buf)
{
	return (gnutls_datum_t){ .data = buf->data, .size = (unsigned)buf->len };
}

/* GnuTLS takes any modulus and exponent, even 1, so the checks are here. */
static int
check_rsa(const struct buf *n, const struct buf *e, struct error *err)
{
	if (!bytes_equal(buf_bytes(e), bytes_of("\x01\x00\x01", 3)))
		return error_set(err, ERR_KEY, "JWK: the RSA exponent is not 65537");
	if (n->len < RSA_MIN_OCTETS || n->len > RSA_MAX_OCTETS)
		return error_set(err, ERR_KEY, "JWK: an RSA modulus of %zu octets, not %d to %d",
		    n->len, RSA_MIN_OCTETS, RSA_MAX_OCTETS);
	if ((n->data[0] & 0x80) == 0 || (n->data[n->len - 1] & 1) == 0)
		return error_set(err, ERR_KEY, "JWK: the RSA modulus is even or its top bit is 0");
	return 0;
}

static int
read_rsa(const struct json_object *object, struct jwk *jwk, struct error *err)
{
	cleanup(buf_release) struct buf n = BUF_INIT(RSA_MAX_OCTETS + 1);
	cleanup(buf_release) struct buf e = BUF_INIT(RSA_MAX_OCTETS);
	gnutls_datum_t modulus;
	gnutls_datum_t exponent;
	int rc;

	if (read_octets(object, "n", &n, err) < 0 || read_octets(object, "e", &e, err) < 0 ||
	    check_rsa(&n, &e, err) < 0)
		return -1;
	modulus = datum_of(&n);
	exponent = datum_of(&e);
	rc = gnutls_pubkey_import_rsa_raw(jwk->key, &modulus, &exponent);
	if (rc < 0)
		return error_set(err, ERR_KEY, "JWK: %s", gnutls_strerror(rc));
	return 0;
}

/* GnuTLS imports a point that is not on the curve, so the key goes through our own reader. */
static int
check_point(gnutls_pubkey_t key, struct error *err)
{
	uint8_t spki[256];
	size_t len = sizeof(spki);
	struct key_facts facts;
	int rc = gnutls_pubkey_export(key, GNUTLS_X509_FMT_DER, spki, &len);

	if (rc < 0)
		return error_set(err, ERR_KEY, "JWK: %s", gnutls_strerror(rc));
	return key_facts_read(bytes_of(spki, len), &facts, err);
}

static int
read_p256(const struct json_object *object, struct jwk *jwk, struct error *err)
{
	cleanup(buf_release) struct buf x = BUF_INIT(P256_OCTETS + 1);
	cleanup(buf_release) struct buf y = BUF_INIT(P256_OCTETS + 1);
	const char *curve = "";
	gnutls_datum_t point_x;
	gnutls_datum_t point_y;
	int rc;

	if (!json_get_text(object, "crv", &curve) || strcmp(curve, "P-256") != 0)
		return error_set(err, ERR_KEY, "JWK: its curve is not P-256");
	if (read_octets(object, "x", &x, err) < 0 || read_octets(object, "y", &y, err) < 0)
		return -1;
	/* RFC 7518, 6.2.1.2: always the full size of a coordinate */
	if (x.len != P256_OCTETS || y.len != P256_OCTETS)
		return error_set(err, ERR_KEY, "JWK: coordinates of %zu and %zu octets, not %d",
		    x.len, y.len, P256_OCTETS);
	point_x = datum_of(&x);
	point_y = datum_of(&y);
	rc = gnutls_pubkey_import_ecc_raw(jwk->key, GNUTLS_ECC_CURVE_SECP256R1, &point_x, &point_y);
	if (rc < 0)
		return error_set(err, ERR_KEY, "JWK: %s", gnutls_strerror(rc));
	return check_point(jwk->key, err);
}

int
jwk_read(const struct json_object *object, struct jwk **out, struct error *err)
{
	cleanup(jwk_freep) struct jwk *jwk = NULL;
	const char *kty = "";

	if (!json_get_text(object, "kty", &kty))
		return error_set(err, ERR_KEY, "JWK: no kty");
	if (jwk_is_secret(object))
		return error_set(err, ERR_KEY, "JWK: a symmetric or a private key");
	if (strcmp(kty, "RSA") != 0 && strcmp(kty, "EC") != 0)
		return error_set(err, ERR_KEY, "JWK: an unknown kty");
	jwk = jwk_new();
	if (jwk == NULL || gnutls_pubkey_init(&jwk->key) < 0)
		return error_set(err, ERR_INTERNAL, "JWK: out of memory");
	jwk->is_rsa = strcmp(kty, "RSA") == 0;
	if (check_purpose(object, err) < 0 || read_labels(object, jwk, err) < 0)
		return -1;
	if ((jwk->is_rsa ? read_rsa(object, jwk, err) : read_p256(object, jwk, err)) < 0)
		return -1;
	*out = take(jwk);
	return 0;
}

const char *
jwk_kid(const struct jwk *jwk)
{
	return jwk->kid;
}

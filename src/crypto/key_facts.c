/* What a SubjectPublicKeyInfo holds, and whether we take it. */
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/key.h"
#include "crypto/key_internal.h"

enum { RSA_MIN_BITS = 2048, RSA_MAX_BITS = 8192 };

static const char *const TYPE_NAMES[] = {
	[KEY_RSA] = "rsa",
	[KEY_P256] = "p256",
	[KEY_P384] = "p384",
	[KEY_ED25519] = "ed25519",
};

static const struct {
	const char *text;
	struct key_facts facts;
} KINDS[] = {
	{ "rsa2048", { KEY_RSA, 2048 } },
	{ "rsa3072", { KEY_RSA, 3072 } },
	{ "rsa4096", { KEY_RSA, 4096 } },
	{ "p256", { KEY_P256, 256 } },
	{ "p384", { KEY_P384, 384 } },
	{ "ed25519", { KEY_ED25519, 256 } },
};

/* AlgorithmIdentifiers by RFC 3279, 2.3.1, RFC 5480, 2.1.1 and RFC 8410, 3: exactly these octets.
 */
#define ALG_RSA "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
#define ALG_EC "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
#define ALG_P256 "\x30\x13" ALG_EC "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define ALG_P384 "\x30\x10" ALG_EC "\x06\x05\x2b\x81\x04\x00\x22"
#define ALG_ED25519 "\x30\x05\x06\x03\x2b\x65\x70"

const char *
key_type_name(enum key_type type)
{
	return TYPE_NAMES[type];
}

int
key_facts_parse(const char *text, struct key_facts *out, struct error *err)
{
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(KINDS[0]); i++)
		if (strcmp(KINDS[i].text, text) == 0) {
			*out = KINDS[i].facts;
			return 0;
		}
	return error_set(err, ERR_CONFIG,
	    "\"%.40s\" is none of rsa2048, rsa3072, rsa4096, p256, p384, ed25519", text);
}

/* RFC 3279, 2.3.1: RSAPublicKey ::= SEQUENCE { modulus, publicExponent }. */
static int
read_rsa(struct bytes key, struct key_facts *out, struct error *err)
{
	struct bytes rest, n, e;
	size_t bits;

	if (!der_only(key, DER_SEQUENCE, &rest) || !der_take_integer(&rest, &n) ||
	    !der_take_integer(&rest, &e) || rest.len != 0)
		return error_set(err, ERR_KEY, "malformed RSA public key");
	if (n.ptr[0] >= 0x80)
		return error_set(err, ERR_KEY, "RSA modulus is negative");
	if (n.ptr[0] == 0)
		n = bytes_of(n.ptr + 1, n.len - 1);
	bits = n.len * 8;
	for (unsigned top = n.len > 0 ? n.ptr[0] : 0x80; top < 0x80; top <<= 1)
		bits--;
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
		return error_set(err, ERR_KEY, "RSA key of %zu bits; %d to %d are taken", bits,
		    RSA_MIN_BITS, RSA_MAX_BITS);
	if ((n.ptr[n.len - 1] & 1) == 0)
		return error_set(err, ERR_KEY, "RSA modulus is even");
	if (!bytes_equal(e, DER_BYTES("\x01\x00\x01")))
		return error_set(err, ERR_KEY, "RSA exponent is not 65537");
	*out = (struct key_facts){ KEY_RSA, (unsigned)bits };
	return 0;
}

/* RFC 5480, 2.2: an uncompressed point; whether it is on the curve GnuTLS says. */
static int
read_point(struct bytes key, struct key_facts facts, struct key_facts *out, struct error *err)
{
	if (key.len != 1 + 2 * facts.bits / 8 || key.ptr[0] != 0x04)
		return error_set(err, ERR_KEY, "%s public key is not an uncompressed point",
		    key_type_name(facts.type));
	*out = facts;
	return 0;
}

static int
read_by_algorithm(
    struct bytes algorithm, struct bytes key, struct key_facts *out, struct error *err)
{
	if (bytes_equal(algorithm, DER_BYTES(ALG_RSA)))
		return read_rsa(key, out, err);
	if (bytes_equal(algorithm, DER_BYTES(ALG_P256)))
		return read_point(key, (struct key_facts){ KEY_P256, 256 }, out, err);
	if (bytes_equal(algorithm, DER_BYTES(ALG_P384)))
		return read_point(key, (struct key_facts){ KEY_P384, 384 }, out, err);
	if (!bytes_equal(algorithm, DER_BYTES(ALG_ED25519)))
		return error_set(
		    err, ERR_KEY, "public key is none of RSA, P-256, P-384 and Ed25519");
	if (key.len != 32)
		return error_set(err, ERR_KEY, "Ed25519 public key of %zu octets", key.len);
	*out = (struct key_facts){ KEY_ED25519, 256 };
	return 0;
}

/* The point's coordinates by themselves: GnuTLS's own way through the DER costs 15 us. */
static int
import_point(gnutls_pubkey_t key, struct key_facts facts, struct bytes spki)
{
	gnutls_ecc_curve_t curve =
	    facts.type == KEY_P256 ? GNUTLS_ECC_CURVE_SECP256R1 : GNUTLS_ECC_CURVE_SECP384R1;
	unsigned size = facts.bits / 8;
	uint8_t point[2 * 384 / 8];
	gnutls_datum_t x = { point, size }, y = { point + size, size };

	/* key_facts_layout has seen that the key ends with x and y. */
	memcpy(point, spki.ptr + spki.len - 2 * (size_t)size, 2 * (size_t)size);
	return gnutls_pubkey_import_ecc_raw(key, curve, &x, &y);
}

int
key_import_public(
    struct bytes spki, struct key_facts facts, gnutls_pubkey_t *out, struct error *err)
{
	cleanup(gnutls_pubkey_deinitp) gnutls_pubkey_t key = NULL;
	gnutls_datum_t datum;
	int rc;

	if (key_datum(spki, &datum, err) < 0)
		return -1;
	rc = gnutls_pubkey_init(&key);
	if (rc < 0)
		return error_set(err, ERR_INTERNAL, "public key: %s", gnutls_strerror(rc));
	if (facts.type == KEY_P256 || facts.type == KEY_P384)
		rc = import_point(key, facts, spki);
	else
		rc = gnutls_pubkey_import(key, &datum, GNUTLS_X509_FMT_DER);
	if (rc < 0)
		return error_set(err, ERR_KEY, "public key: %s", gnutls_strerror(rc));
	if (gnutls_pubkey_verify_params(key) < 0)
		return error_set(err, ERR_KEY, "public key is not a point on its curve");
	*out = take(key);
	return 0;
}

int
key_facts_layout(struct bytes spki, struct key_facts *out, struct error *err)
{
	struct bytes rest, algorithm, key;
	unsigned unused;

	if (!der_only(spki, DER_SEQUENCE, &rest) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&rest, &key, &unused) || rest.len != 0 || unused != 0)
		return error_set(err, ERR_KEY, "malformed SubjectPublicKeyInfo");
	return read_by_algorithm(algorithm, key, out, err);
}

int
key_facts_read(struct bytes spki, struct key_facts *out, struct error *err)
{
	cleanup(gnutls_pubkey_deinitp) gnutls_pubkey_t key = NULL;
	struct key_facts facts = { KEY_RSA, 0 };

	if (key_facts_layout(spki, &facts, err) < 0 ||
	    key_import_public(spki, facts, &key, err) < 0)
		return -1;
	*out = facts;
	return 0;
}

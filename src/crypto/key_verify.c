/* Verifying signatures: which algorithms we believe, with which keys. */
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "crypto/der.h"
#include "crypto/key.h"
#include "crypto/key_internal.h"

#define PKCS1 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define SHA2 "\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
/* RFC 4055, 3.1: hash, MGF1 with the same hash, a salt as long as the hash; the trailer by default.
 */
#define PSS(hash, salt) \
	"\x30\x41" PKCS1 "\x0a\x30\x34\xa0\x0f" SHA2 hash "\x05\x00" \
	"\xa1\x1c\x30\x1a" PKCS1 "\x08" SHA2 hash "\x05\x00" \
	"\xa2\x03\x02\x01" salt
/* The same without the NULLs, as .NET writes it; RFC 4055, 2.1: both are to be accepted. */
#define SHA2_BARE "\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02"
#define PSS_BARE(hash, salt) \
	"\x30\x3d" PKCS1 "\x0a\x30\x30\xa0\x0d" SHA2_BARE hash "\xa1\x1a\x30\x18" PKCS1 \
	"\x08" SHA2_BARE hash "\xa2\x03\x02\x01" salt
#define ECDSA_SHA2 "\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"

#define ENTRY(literal, family, sign) \
	{ \
		literal, sizeof(literal) - 1, family, sign \
	}

enum family { FAMILY_RSA, FAMILY_EC, FAMILY_ED };

/*
 * Whole AlgorithmIdentifiers, compared octet for octet: no parameter that the signature
 * does not cover can be bent. RFC 4055, 5: for RSA the NULL may be missing.
 */
static const struct algorithm {
	const char *der;
	size_t len;
	enum family family;
	gnutls_sign_algorithm_t sign;
} ALGORITHMS[] = {
	ENTRY("\x30\x0d" PKCS1 "\x0b\x05\x00", FAMILY_RSA, GNUTLS_SIGN_RSA_SHA256),
	ENTRY(ECDSA_SHA2 "\x02", FAMILY_EC, GNUTLS_SIGN_ECDSA_SHA256),
	ENTRY(ECDSA_SHA2 "\x03", FAMILY_EC, GNUTLS_SIGN_ECDSA_SHA384),
	ENTRY(ECDSA_SHA2 "\x04", FAMILY_EC, GNUTLS_SIGN_ECDSA_SHA512),
	ENTRY("\x30\x05\x06\x03\x2b\x65\x70", FAMILY_ED, GNUTLS_SIGN_EDDSA_ED25519),
	ENTRY("\x30\x0d" PKCS1 "\x0c\x05\x00", FAMILY_RSA, GNUTLS_SIGN_RSA_SHA384),
	ENTRY("\x30\x0d" PKCS1 "\x0d\x05\x00", FAMILY_RSA, GNUTLS_SIGN_RSA_SHA512),
	ENTRY("\x30\x0b" PKCS1 "\x0b", FAMILY_RSA, GNUTLS_SIGN_RSA_SHA256),
	ENTRY("\x30\x0b" PKCS1 "\x0c", FAMILY_RSA, GNUTLS_SIGN_RSA_SHA384),
	ENTRY("\x30\x0b" PKCS1 "\x0d", FAMILY_RSA, GNUTLS_SIGN_RSA_SHA512),
	ENTRY(PSS("\x01", "\x20"), FAMILY_RSA, GNUTLS_SIGN_RSA_PSS_SHA256),
	ENTRY(PSS("\x02", "\x30"), FAMILY_RSA, GNUTLS_SIGN_RSA_PSS_SHA384),
	ENTRY(PSS("\x03", "\x40"), FAMILY_RSA, GNUTLS_SIGN_RSA_PSS_SHA512),
	ENTRY(PSS_BARE("\x01", "\x20"), FAMILY_RSA, GNUTLS_SIGN_RSA_PSS_SHA256),
	ENTRY(PSS_BARE("\x02", "\x30"), FAMILY_RSA, GNUTLS_SIGN_RSA_PSS_SHA384),
	ENTRY(PSS_BARE("\x03", "\x40"), FAMILY_RSA, GNUTLS_SIGN_RSA_PSS_SHA512),
};

/* Known by their OID only to say why they are refused. */
static const struct {
	const char *oid;
	const char *why;
} REFUSED[] = {
	{ "1.2.840.113549.1.1.4", "MD5" },
	{ "1.2.840.113549.1.1.5", "SHA-1" },
	{ "1.2.840.10045.4.1", "SHA-1" },
	{ "1.2.840.113549.1.1.10", "RSA-PSS with a hash, mask or salt that is not taken" },
};

static int
refuse(struct bytes algorithm, struct error *err)
{
	struct bytes rest, oid;
	char text[64];

	if (!der_only(algorithm, DER_SEQUENCE, &rest) || !der_take_oid(&rest, &oid) ||
	    !der_oid_text(oid, text, sizeof(text)))
		return error_set(err, ERR_KEY, "malformed signature algorithm");
	for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++)
		if (bytes_equal_text(bytes_text(text), REFUSED[i].oid))
			return error_set(
			    err, ERR_KEY, "signature algorithm %s: %s", text, REFUSED[i].why);
	return error_set(err, ERR_KEY, "signature algorithm %s is not taken as it stands", text);
}

static enum family
family_of(enum key_type type)
{
	switch (type) {
	case KEY_P256:
	case KEY_P384:
		return FAMILY_EC;
	case KEY_ED25519:
		return FAMILY_ED;
	case KEY_RSA:
		break;
	}
	return FAMILY_RSA;
}

static int
find(struct bytes der, enum key_type type, gnutls_sign_algorithm_t *out, struct error *err)
{
	for (size_t i = 0; i < sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]); i++) {
		const struct algorithm *a = &ALGORITHMS[i];

		if (!bytes_equal(der, bytes_of(a->der, a->len)))
			continue;
		if (a->family != family_of(type))
			return error_set(err, ERR_KEY,
			    "signature algorithm %s with a key of type %s",
			    gnutls_sign_get_name(a->sign), key_type_name(type));
		*out = a->sign;
		return 0;
	}
	return refuse(der, err);
}

int
key_check_algorithm(struct bytes algorithm, enum key_type type, struct error *err)
{
	gnutls_sign_algorithm_t sign;

	return find(algorithm, type, &sign, err);
}

int
key_verify(struct bytes spki, struct bytes algorithm, struct bytes data, struct bytes signature,
    struct error *err)
{
	cleanup(gnutls_pubkey_deinitp) gnutls_pubkey_t key = NULL;
	gnutls_sign_algorithm_t sign = GNUTLS_SIGN_UNKNOWN;
	struct key_facts facts = { KEY_RSA, 0 };
	gnutls_datum_t text, seal;
	int rc;

	if (key_facts_layout(spki, &facts, err) < 0 ||
	    find(algorithm, facts.type, &sign, err) < 0 || key_datum(data, &text, err) < 0 ||
	    key_datum(signature, &seal, err) < 0 || key_import_public(spki, facts, &key, err) < 0)
		return -1;
	rc = gnutls_pubkey_verify_data2(key, sign, 0, &text, &seal);
	if (rc < 0)
		return error_set(
		    err, ERR_CSR_SIGNATURE, "signature does not verify: %s", gnutls_strerror(rc));
	return 0;
}

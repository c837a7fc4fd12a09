/* Reading X.509 certificates (RFC 5280) strictly, and verifying one by another. */
#include "crypto/cert.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/csr_internal.h"
#include "crypto/der.h"
#include "crypto/oids.h"

enum { CERT_MAX_BYTES = 262144, SERIAL_MAX = 20, MAX_EXTENSIONS = 64, KEY_ID_SIZE = 20 };

void
cert_free(struct cert *cert)
{
	if (cert == NULL)
		return;
	buf_release(&cert->der);
	free(cert);
}

static struct cert *
cert_new(void)
{
	struct cert *cert = calloc(1, sizeof(*cert));

	if (cert != NULL) {
		cert->der = (struct buf)BUF_INIT(CERT_MAX_BYTES);
		cert->path_len = -1;
	}
	return cert;
}

int
cert_key_id(struct bytes spki, uint8_t out[static 20], struct error *err)
{
	uint8_t digest[SHA256_SIZE];
	struct bytes rest, algorithm, bits;
	unsigned unused;

	if (!der_only(spki, DER_SEQUENCE, &rest) || !der_take(&rest, DER_SEQUENCE, &algorithm) ||
	    !der_take_bits(&rest, &bits, &unused) || rest.len != 0)
		return error_set(err, ERR_KEY, "malformed SubjectPublicKeyInfo");
	if (sha256(bits, digest, err) < 0)
		return -1;
	memcpy(out, digest, KEY_ID_SIZE); /* RFC 7093, 2, method 1 */
	return 0;
}

/* Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } */
struct outer {
	struct bytes tbs;
	struct bytes algorithm;
	struct bytes signature;
};

static int
read_outer(struct bytes der, struct outer *out, struct error *err)
{
	struct bytes rest;
	unsigned unused;

	if (!der_only(der, DER_SEQUENCE, &rest) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &out->tbs) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &out->algorithm) ||
	    !der_take_bits(&rest, &out->signature, &unused) || unused != 0 || rest.len != 0)
		return error_set(err, ERR_BAD_REQUEST,
		    "not one DER certificate (RFC 5280, 4.1), or octets behind it");
	return 0;
}

/* RFC 5280, 4.2.1.9 */
static bool
read_basic_constraints(struct bytes value, struct cert *cert)
{
	struct bytes rest, number;

	if (!der_only(value, DER_SEQUENCE, &rest) || !der_take_flag(&rest, &cert->is_ca))
		return false;
	if (rest.len == 0)
		return true;
	if (!der_take_integer(&rest, &number) || rest.len != 0 || number.len != 1 ||
	    number.ptr[0] >= 0x80)
		return false;
	cert->path_len = number.ptr[0];
	return true;
}

static bool
is_key_id(struct bytes id)
{
	return id.len > 0 && id.len <= CERT_KEY_ID_MAX;
}

static bool
read_subject_key_id(struct bytes value, struct cert *cert)
{
	return der_only(value, DER_OCTET_STRING, &cert->key_id) && is_key_id(cert->key_id);
}

/* RFC 5280, 4.2.1.1: keyIdentifier [0] OPTIONAL; issuer and serial number are not looked at. */
static bool
read_authority_key_id(struct bytes value, struct cert *cert)
{
	struct bytes rest;

	if (!der_only(value, DER_SEQUENCE, &rest))
		return false;
	if (!der_is(rest, DER_CONTEXT(0)))
		return true;
	return der_take(&rest, DER_CONTEXT(0), &cert->authority_key_id) &&
	       is_key_id(cert->authority_key_id);
}

static bool
read_key_usage(struct bytes value, struct cert *cert)
{
	cert->has_key_usage = csr_key_usage(value, &cert->key_usage);
	return cert->has_key_usage;
}

static bool
keep_sans(struct bytes value, struct cert *cert)
{
	cert->sans = value;
	return true;
}

static bool
keep_ekus(struct bytes value, struct cert *cert)
{
	cert->ekus = value;
	return true;
}

static const struct {
	const char *oid;
	bool (*read)(struct bytes value, struct cert *cert);
} EXTENSIONS[] = {
	{ DER_OID_BASIC_CONSTRAINTS, read_basic_constraints },
	{ DER_OID_KEY_USAGE, read_key_usage },
	{ DER_OID_SUBJECT_KEY_ID, read_subject_key_id },
	{ DER_OID_AUTHORITY_KEY_ID, read_authority_key_id },
	{ DER_OID_SUBJECT_ALT_NAME, keep_sans },
	{ DER_OID_EXTENDED_KEY_USAGE, keep_ekus },
};

static int
read_extension(struct bytes rest, struct cert *cert, struct bytes *oid, struct error *err)
{
	struct bytes value;
	bool is_critical;

	if (!der_take_oid(&rest, oid) || !der_take_flag(&rest, &is_critical) ||
	    !der_take(&rest, DER_OCTET_STRING, &value) || rest.len != 0)
		return error_set(err, ERR_BAD_REQUEST, "malformed certificate extension");
	for (size_t i = 0; i < sizeof(EXTENSIONS) / sizeof(EXTENSIONS[0]); i++)
		if (bytes_equal_text(*oid, EXTENSIONS[i].oid) && !EXTENSIONS[i].read(value, cert))
			return error_set(err, ERR_BAD_REQUEST,
			    "malformed certificate extension 2.5.29.%d", oid->ptr[2]);
	return 0;
}

static int
read_extensions(struct bytes rest, struct cert *cert, struct error *err)
{
	struct bytes oids[MAX_EXTENSIONS] = { { NULL, 0 } }, extension;

	for (size_t count = 0; rest.len > 0; count++) {
		if (count == MAX_EXTENSIONS || !der_take(&rest, DER_SEQUENCE, &extension))
			return error_set(err, ERR_BAD_REQUEST,
			    "malformed certificate extensions, or more than %d", MAX_EXTENSIONS);
		if (read_extension(extension, cert, &oids[count], err) < 0)
			return -1;
		/* RFC 5280, 4.2: not more than one instance of an extension */
		for (size_t i = 0; i < count; i++)
			if (bytes_equal(oids[i], oids[count]))
				return error_set(err, ERR_BAD_REQUEST,
				    "a certificate extension stands there twice");
	}
	return 0;
}

/* Serial number to dates. */
static int
read_head(struct bytes *rest, struct cert *cert, const struct outer *outer, struct error *err)
{
	struct bytes algorithm, validity;

	if (!der_take_integer(rest, &cert->serial) || cert->serial.len > SERIAL_MAX)
		return error_set(err, ERR_BAD_REQUEST, "malformed or too long serial number");
	if (!der_take_whole(rest, DER_SEQUENCE, &algorithm) ||
	    !bytes_equal(algorithm, outer->algorithm))
		return error_set(err, ERR_BAD_REQUEST,
		    "signature algorithms differ inside and outside (RFC 5280, 4.1.1.2)");
	if (!der_take_whole(rest, DER_SEQUENCE, &cert->issuer) ||
	    !der_take(rest, DER_SEQUENCE, &validity) ||
	    !der_take_time(&validity, &cert->not_before) ||
	    !der_take_time(&validity, &cert->not_after) || validity.len != 0)
		return error_set(err, ERR_BAD_REQUEST, "malformed issuer or validity");
	return 0;
}

static int
read_tbs(struct bytes tbs, struct cert *cert, const struct outer *outer, struct error *err)
{
	struct bytes rest, version = { NULL, 0 }, tagged, list;

	if (!der_only(tbs, DER_SEQUENCE, &rest) || !der_take(&rest, DER_CONTEXT_OF(0), &version) ||
	    !bytes_equal(version, DER_BYTES("\x02\x01\x02")))
		return error_set(err, ERR_BAD_REQUEST, "not a certificate of version 3");
	if (read_head(&rest, cert, outer, err) < 0)
		return -1;
	if (!der_take_whole(&rest, DER_SEQUENCE, &cert->subject) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &cert->spki))
		return error_set(err, ERR_BAD_REQUEST, "malformed subject or public key");
	if (key_facts_read(cert->spki, &cert->key, err) < 0) {
		err->code = ERR_BAD_REQUEST;
		return error_prefix(err, "certificate");
	}
	/* RFC 5280, 4.1.2.8: issuerUniqueID and subjectUniqueID, long dead, are not taken. */
	if (rest.len == 0)
		return 0;
	if (!der_take(&rest, DER_CONTEXT_OF(3), &tagged) || rest.len != 0 ||
	    !der_only(tagged, DER_SEQUENCE, &list) || list.len == 0)
		return error_set(err, ERR_BAD_REQUEST, "malformed certificate extensions");
	return read_extensions(list, cert, err);
}

int
cert_parse(struct bytes der, struct cert **out, struct error *err)
{
	cleanup(cert_freep) struct cert *cert = cert_new();
	struct outer outer = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

	if (cert == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	buf_add(&cert->der, der);
	if (buf_failed(&cert->der))
		return error_set(err, ERR_BAD_REQUEST, "certificate of %zu octets; the limit is %d",
		    der.len, CERT_MAX_BYTES);
	if (read_outer(buf_bytes(&cert->der), &outer, err) < 0 ||
	    read_tbs(outer.tbs, cert, &outer, err) < 0)
		return -1;
	*out = take(cert);
	return 0;
}

int
cert_verify(const struct cert *cert, const struct cert *issuer, struct error *err)
{
	struct outer outer = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };

	if (!bytes_equal(cert->issuer, issuer->subject))
		return error_set(
		    err, ERR_BAD_REQUEST, "certificate's issuer is not the subject of the other");
	if (read_outer(buf_bytes(&cert->der), &outer, err) < 0)
		return -1;
	if (key_verify(issuer->spki, outer.algorithm, outer.tbs, outer.signature, err) < 0) {
		err->code = ERR_BAD_REQUEST;
		return error_prefix(err, "certificate");
	}
	return 0;
}

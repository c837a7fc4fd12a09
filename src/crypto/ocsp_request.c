/* Reading OCSP requests (RFC 6960, 4.1), strictly and in one pass. */
#include "crypto/der.h"
#include "crypto/ocsp.h"
#include "crypto/oids.h"

/* A directoryName or a certificate has less than half of that. */
enum { DEPTH_MAX = 16 };

static int
malformed(struct error *err, const char *what)
{
	return error_set(err, ERR_BAD_REQUEST, "OCSP request: %s", what);
}

/* An AlgorithmIdentifier; its parameters, if any, are one element of whatever kind. */
static bool
take_algorithm(struct bytes *rest, struct bytes *oid)
{
	struct bytes algorithm;

	return der_take(rest, DER_SEQUENCE, &algorithm) && der_take_oid(&algorithm, oid) &&
	       (algorithm.len == 0 || der_is_well_formed(algorithm, DEPTH_MAX));
}

/* One element behind an explicit tag, and nothing beside it. */
static bool
take_tagged(struct bytes *rest, unsigned number, uint8_t tag, struct bytes *content)
{
	struct bytes tagged;

	return der_take(rest, DER_CONTEXT_OF(number), &tagged) && der_only(tagged, tag, content);
}

/* RFC 9654, 2.1: an OCTET STRING of 1 to 128 octets, others MUST be rejected as malformed. */
static int
read_nonce(struct bytes value, struct ocsp_request *request, struct error *err)
{
	struct bytes octets;

	if (request->has_nonce)
		return malformed(err, "two nonces");
	if (!der_only(value, DER_OCTET_STRING, &octets))
		return malformed(err, "the nonce is no OCTET STRING");
	if (octets.len == 0 || octets.len > OCSP_NONCE_MAX)
		return error_set(err, ERR_BAD_REQUEST,
		    "OCSP request: a nonce of %zu octets, 1 to %d are allowed", octets.len,
		    OCSP_NONCE_MAX);
	request->has_nonce = true;
	request->nonce = value;
	return 0;
}

static bool
take_extension(struct bytes *rest, struct bytes *oid, bool *critical, struct bytes *value)
{
	struct bytes extension;

	return der_take(rest, DER_SEQUENCE, &extension) && der_take_oid(&extension, oid) &&
	       der_take_flag(&extension, critical) &&
	       der_take(&extension, DER_OCTET_STRING, value) && extension.len == 0;
}

/*
 * Extensions of the request, or of one certificate's part (request NULL): there we know none.
 * RFC 6960, 4.4: those that are not understood are ignored unless they are critical.
 */
static int
read_extensions(struct bytes list, struct ocsp_request *request, struct error *err)
{
	struct bytes oid, value;
	bool critical;

	if (list.len == 0)
		return malformed(err, "an empty list of extensions");
	while (list.len > 0) {
		if (!take_extension(&list, &oid, &critical, &value))
			return malformed(err, "malformed extension");
		if (request != NULL && bytes_equal(oid, DER_BYTES(DER_OID_OCSP_NONCE))) {
			if (read_nonce(value, request, err) < 0)
				return -1;
		} else if (critical)
			return malformed(err, "an unknown critical extension");
	}
	return 0;
}

/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
static bool
take_cert_id(struct bytes *rest, struct ocsp_cert_id *id)
{
	struct bytes parts;

	return der_take_whole(rest, DER_SEQUENCE, &id->whole) &&
	       der_only(id->whole, DER_SEQUENCE, &parts) &&
	       take_algorithm(&parts, &id->hash_algorithm) &&
	       der_take(&parts, DER_OCTET_STRING, &id->issuer_name_hash) &&
	       der_take(&parts, DER_OCTET_STRING, &id->issuer_key_hash) &&
	       der_take_integer(&parts, &id->serial) && parts.len == 0;
}

/* Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] EXPLICIT OPTIONAL } */
static int
read_single(struct bytes single, struct ocsp_cert_id *id, struct error *err)
{
	struct bytes list;

	if (!take_cert_id(&single, id))
		return malformed(err, "malformed CertID");
	if (single.len == 0)
		return 0;
	if (!take_tagged(&single, 0, DER_SEQUENCE, &list) || single.len != 0)
		return malformed(err, "octets behind a CertID");
	return read_extensions(list, NULL, err);
}

static int
read_list(struct bytes list, struct ocsp_request *request, struct error *err)
{
	struct bytes single;

	if (list.len == 0)
		return malformed(err, "no certificate is asked about");
	for (request->count = 0; list.len > 0; request->count++) {
		if (request->count == OCSP_CERT_IDS_MAX)
			return error_set(err, ERR_BAD_REQUEST,
			    "OCSP request: more than %d certificates", OCSP_CERT_IDS_MAX);
		if (!der_take(&list, DER_SEQUENCE, &single))
			return malformed(err, "malformed list of certificates");
		if (read_single(single, &request->ids[request->count], err) < 0)
			return -1;
	}
	return 0;
}

/* Version DEFAULT v1: DER leaves it out (X.690, 11.5), but v1 written down is no other request. */
static bool
skip_version(struct bytes *rest)
{
	struct bytes version;

	return !der_is(*rest, DER_CONTEXT_OF(0)) || (take_tagged(rest, 0, DER_INTEGER, &version) &&
							bytes_equal(version, bytes_of("", 1)));
}

/* requestorName [1] EXPLICIT GeneralName (RFC 5280, 4.2.1.6: [0] to [8]): read by nobody. */
static bool
skip_requestor(struct bytes *rest)
{
	struct bytes name;

	if (!der_is(*rest, DER_CONTEXT_OF(1)))
		return true;
	return der_take(rest, DER_CONTEXT_OF(1), &name) && name.len > 0 &&
	       (name.ptr[0] & ~0x20U) >= DER_CONTEXT(0) &&
	       (name.ptr[0] & ~0x20U) <= DER_CONTEXT(8) && der_is_well_formed(name, DEPTH_MAX);
}

/* TBSRequest */
static int
read_tbs(struct bytes rest, struct ocsp_request *request, struct error *err)
{
	struct bytes list;

	if (!skip_version(&rest))
		return malformed(err, "its version is not 1");
	if (!skip_requestor(&rest))
		return malformed(err, "malformed requestorName");
	if (!der_take(&rest, DER_SEQUENCE, &list))
		return malformed(err, "malformed list of certificates");
	if (read_list(list, request, err) < 0)
		return -1;
	if (rest.len == 0)
		return 0;
	if (!take_tagged(&rest, 2, DER_SEQUENCE, &list) || rest.len != 0)
		return malformed(err, "octets behind the list of certificates");
	return read_extensions(list, request, err);
}

/*
 * Signature ::= SEQUENCE { signatureAlgorithm, signature BIT STRING, certs [0] EXPLICIT SEQUENCE OF
 * Certificate OPTIONAL }: whoever asks may ask, so that it is not verified.
 */
static bool
skip_signature(struct bytes rest)
{
	struct bytes signature, oid, bits, certs, certificate;
	unsigned unused;

	if (rest.len == 0)
		return true;
	if (!take_tagged(&rest, 0, DER_SEQUENCE, &signature) || rest.len != 0 ||
	    !take_algorithm(&signature, &oid) || !der_take_bits(&signature, &bits, &unused))
		return false;
	if (signature.len == 0)
		return true;
	if (!take_tagged(&signature, 0, DER_SEQUENCE, &certs) || signature.len != 0)
		return false;
	while (certs.len > 0)
		if (!der_take_whole(&certs, DER_SEQUENCE, &certificate) ||
		    !der_is_well_formed(certificate, DEPTH_MAX))
			return false;
	return true;
}

int
ocsp_request_parse(struct bytes der, struct ocsp_request *out, struct error *err)
{
	struct bytes rest, tbs;

	out->count = 0;
	out->has_nonce = false;
	out->nonce = bytes_of(NULL, 0);
	if (!der_only(der, DER_SEQUENCE, &rest) || !der_take(&rest, DER_SEQUENCE, &tbs))
		return malformed(err, "not one DER OCSPRequest, or octets behind it");
	if (read_tbs(tbs, out, err) < 0)
		return -1;
	return skip_signature(rest) ? 0 : malformed(err, "malformed signature, or octets behind");
}

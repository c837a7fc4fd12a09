/* Writing and signing OCSP responses (RFC 6960, 4.2), as RFC 5019 and RFC 9654 narrow them. */
#include "crypto/der.h"
#include "crypto/extension.h"
#include "crypto/key.h"
#include "crypto/ocsp.h"
#include "crypto/oids.h"

enum { RESPONSE_MAX = 262144, SIGNATURE_MAX = 2048, CRL_REASON_MAX = 10, CRL_REASON_UNUSED = 7 };

/* RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] EXPLICIT CRLReason OPTIONAL },
 * under the implicit tag [1]. */
static int
add_revoked(const struct ocsp_single *single, struct buf *der, struct error *err)
{
	size_t mark = der_open(der, DER_CONTEXT_OF(1)), reason;
	uint8_t value = (uint8_t)single->reason;

	if (der_add_generalized_time(der, single->revoked_at, err) < 0)
		return -1;
	if (single->reason >= 0) {
		reason = der_open(der, DER_CONTEXT_OF(0));
		der_add(der, DER_ENUMERATED, bytes_of(&value, 1));
		der_close(der, reason);
	}
	der_close(der, mark);
	return 0;
}

/* CertStatus ::= CHOICE { good [0] NULL, revoked [1] RevokedInfo, unknown [2] NULL }, implicit */
static int
add_status(const struct ocsp_single *single, struct buf *der, struct error *err)
{
	switch (single->status) {
	case OCSP_GOOD:
		der_add(der, DER_CONTEXT(0), bytes_of(NULL, 0));
		return 0;
	case OCSP_REVOKED:
		return add_revoked(single, der, err);
	case OCSP_UNKNOWN:
		der_add(der, DER_CONTEXT(2), bytes_of(NULL, 0));
		return 0;
	}
	return error_set(err, ERR_INTERNAL, "OCSP status %d", (int)single->status);
}

static int
add_single(const struct ocsp_single *single, struct buf *der, struct error *err)
{
	size_t whole = der_open(der, DER_SEQUENCE), next;

	buf_add(der, single->cert_id);
	if (add_status(single, der, err) < 0 ||
	    der_add_generalized_time(der, single->this_update, err) < 0)
		return -1;
	if (single->next_update != 0) {
		next = der_open(der, DER_CONTEXT_OF(0));
		if (der_add_generalized_time(der, single->next_update, err) < 0)
			return -1;
		der_close(der, next);
	}
	der_close(der, whole);
	return 0;
}

static void
add_extensions(const struct ocsp_template *template, struct buf *der)
{
	struct extension_marks marks;
	size_t tagged, list;

	if (!template->has_nonce && !template->extended_revoke)
		return;
	tagged = der_open(der, DER_CONTEXT_OF(1));
	list = der_open(der, DER_SEQUENCE);
	if (template->has_nonce) {
		marks = extension_open(der, DER_BYTES(DER_OID_OCSP_NONCE), false);
		buf_add(der, template->nonce);
		extension_close(der, marks);
	}
	if (template->extended_revoke) {
		marks = extension_open(der, DER_BYTES(DER_OID_OCSP_EXTENDED_REVOKE), false);
		der_add(der, DER_NULL, bytes_of(NULL, 0));
		extension_close(der, marks);
	}
	der_close(der, list);
	der_close(der, tagged);
}

/* ResponseData; the version is the default. ResponderID byKey, [2] EXPLICIT KeyHash. */
static int
add_tbs(const struct ocsp_template *template, struct buf *der, struct error *err)
{
	size_t tbs = der_open(der, DER_SEQUENCE), mark = der_open(der, DER_CONTEXT_OF(2));

	der_add(der, DER_OCTET_STRING, template->responder_key_hash);
	der_close(der, mark);
	if (der_add_generalized_time(der, template->produced_at, err) < 0)
		return -1;
	mark = der_open(der, DER_SEQUENCE);
	for (size_t i = 0; i < template->count; i++)
		if (add_single(&template->singles[i], der, err) < 0)
			return -1;
	der_close(der, mark);
	add_extensions(template, der);
	der_close(der, tbs);
	return 0;
}

static void
add_certificate(struct bytes certificate, struct buf *der)
{
	size_t tagged, list;

	if (certificate.len == 0)
		return;
	tagged = der_open(der, DER_CONTEXT_OF(0));
	list = der_open(der, DER_SEQUENCE);
	buf_add(der, certificate);
	der_close(der, list);
	der_close(der, tagged);
}

/* BasicOCSPResponse */
static int
add_basic(const struct ocsp_template *template, struct key *key, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf signature = BUF_INIT(SIGNATURE_MAX);
	size_t whole = der_open(der, DER_SEQUENCE);

	if (add_tbs(template, der, err) < 0)
		return -1;
	if (buf_failed(der))
		return 0;
	if (key_sign(key, bytes_of(der->data + whole, der->len - whole), &signature, err) < 0)
		return -1;
	if (buf_failed(&signature))
		return error_set(
		    err, ERR_INTERNAL, "a signature of more than %d octets", SIGNATURE_MAX);
	buf_add(der, key_signature_algorithm(key));
	der_add_bits(der, buf_bytes(&signature), 0);
	add_certificate(template->certificate, der);
	der_close(der, whole);
	return 0;
}

/* What no client could read, whatever the caller thinks. */
static int
check_template(const struct ocsp_template *template, struct error *err)
{
	struct bytes content;

	if (template->count == 0)
		return error_set(err, ERR_INTERNAL, "an OCSP response about nothing");
	if (template->responder_key_hash.len != OCSP_SHA1_SIZE)
		return error_set(err, ERR_INTERNAL, "a responder's key hash of %zu octets",
		    template->responder_key_hash.len);
	if (template->certificate.len > 0 &&
	    !der_only(template->certificate, DER_SEQUENCE, &content))
		return error_set(err, ERR_INTERNAL, "the responder's certificate is none");
	for (size_t i = 0; i < template->count; i++) {
		const struct ocsp_single *single = &template->singles[i];

		if (!der_only(single->cert_id, DER_SEQUENCE, &content))
			return error_set(err, ERR_INTERNAL, "a CertID that is none");
		if (single->reason < -1 || single->reason > CRL_REASON_MAX ||
		    single->reason == CRL_REASON_UNUSED)
			return error_set(err, ERR_INTERNAL, "CRLReason %d", single->reason);
		if (single->next_update != 0 && single->next_update < single->this_update)
			return error_set(err, ERR_INTERNAL, "nextUpdate before thisUpdate");
	}
	return 0;
}

/* OCSPResponse ::= SEQUENCE { responseStatus, responseBytes [0] EXPLICIT ResponseBytes OPTIONAL }
 */
int
ocsp_response_sign(
    const struct ocsp_template *template, struct key *key, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf response = BUF_INIT(RESPONSE_MAX);
	size_t whole = der_open(&response, DER_SEQUENCE), tagged, bytes, octets;

	if (check_template(template, err) < 0)
		return -1;
	der_add(&response, DER_ENUMERATED, bytes_of("", 1)); /* successful */
	tagged = der_open(&response, DER_CONTEXT_OF(0));
	bytes = der_open(&response, DER_SEQUENCE);
	der_add(&response, DER_OID, DER_BYTES(DER_OID_OCSP_BASIC));
	octets = der_open(&response, DER_OCTET_STRING);
	if (add_basic(template, key, &response, err) < 0)
		return -1;
	der_close(&response, octets);
	der_close(&response, bytes);
	der_close(&response, tagged);
	der_close(&response, whole);
	buf_add(der, buf_bytes(&response));
	if (buf_failed(&response) || buf_failed(der))
		return error_set(err, ERR_INTERNAL, "an OCSP response of too many octets");
	return 0;
}

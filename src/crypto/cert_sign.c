/* Writing and signing X.509 certificates (RFC 5280) from a template. */
#include <string.h>

#include "crypto/cert.h"
#include "crypto/csr_internal.h"
#include "crypto/der.h"
#include "crypto/extension.h"
#include "crypto/oids.h"

enum { CERT_MAX = 262144, SIGNATURE_MAX = 2048, KEY_ID_SIZE = 20, PATH_LEN_MAX = 127 };

static void
add_basic_constraints(const struct cert_template *t, struct buf *der)
{
	struct extension_marks marks =
	    extension_open(der, DER_BYTES(DER_OID_BASIC_CONSTRAINTS), true);
	size_t mark = der_open(der, DER_SEQUENCE);
	uint8_t path_len = (uint8_t)t->path_len;

	if (t->is_ca)
		der_add(der, DER_BOOLEAN, DER_BYTES("\xff"));
	if (t->is_ca && t->path_len >= 0)
		der_add(der, DER_INTEGER, bytes_of(&path_len, 1));
	der_close(der, mark);
	extension_close(der, marks);
}

static void
add_key_usage(const struct cert_template *t, struct buf *der)
{
	struct extension_marks marks;

	if (t->key_usage == 0)
		return;
	marks = extension_open(der, DER_BYTES(DER_OID_KEY_USAGE), true);
	csr_add_key_usage(der, t->key_usage);
	extension_close(der, marks);
}

static int
add_ekus(const struct cert_template *t, struct buf *der, struct error *err)
{
	struct extension_marks marks;
	size_t mark;

	if (t->eku_count == 0)
		return 0;
	marks = extension_open(der, DER_BYTES(DER_OID_EXTENDED_KEY_USAGE), false);
	mark = der_open(der, DER_SEQUENCE);
	for (size_t i = 0; i < t->eku_count; i++)
		if (der_add_oid(der, t->ekus[i], err) < 0)
			return -1;
	der_close(der, mark);
	extension_close(der, marks);
	return 0;
}

static int
add_key_ids(const struct cert_template *t, struct buf *der, struct error *err)
{
	struct extension_marks marks;
	uint8_t id[KEY_ID_SIZE];
	size_t mark;

	if (cert_key_id(t->spki, id, err) < 0)
		return -1;
	marks = extension_open(der, DER_BYTES(DER_OID_SUBJECT_KEY_ID), false);
	der_add(der, DER_OCTET_STRING,
	    t->subject_key_id.len > 0 ? t->subject_key_id : bytes_of(id, sizeof(id)));
	extension_close(der, marks);
	if (t->authority_key_id.len == 0)
		return 0;
	marks = extension_open(der, DER_BYTES(DER_OID_AUTHORITY_KEY_ID), false);
	mark = der_open(der, DER_SEQUENCE);
	der_add(der, DER_CONTEXT(0), t->authority_key_id);
	der_close(der, mark);
	extension_close(der, marks);
	return 0;
}

/* RFC 5280, 4.2.1.6: critical where the subject is empty. */
static void
add_sans(const struct cert_template *t, struct buf *der)
{
	struct extension_marks marks;
	size_t mark;

	if (t->san_count == 0)
		return;
	marks = extension_open(der, DER_BYTES(DER_OID_SUBJECT_ALT_NAME),
	    bytes_equal(t->subject, DER_BYTES("\x30\x00")));
	mark = der_open(der, DER_SEQUENCE);
	for (size_t i = 0; i < t->san_count; i++)
		buf_add(der, t->sans[i].der);
	der_close(der, mark);
	extension_close(der, marks);
}

static void
add_access(struct buf *der, struct bytes method, const char *uri)
{
	size_t mark;

	if (uri == NULL)
		return;
	mark = der_open(der, DER_SEQUENCE);
	der_add(der, DER_OID, method);
	der_add(der, DER_CONTEXT(6), bytes_text(uri));
	der_close(der, mark);
}

/* AuthorityInfoAccess (RFC 5280, 4.2.2.1) and the CRL distribution point (4.2.1.13). */
static void
add_locations(const struct cert_template *t, struct buf *der)
{
	struct extension_marks marks;
	size_t mark, point, name, full;

	if (t->ca_issuers[0] != NULL || t->ca_issuers[1] != NULL || t->ocsp != NULL) {
		marks = extension_open(der, DER_BYTES(DER_OID_AUTHORITY_INFO), false);
		mark = der_open(der, DER_SEQUENCE);
		add_access(der, DER_BYTES(DER_OID_CA_ISSUERS), t->ca_issuers[0]);
		add_access(der, DER_BYTES(DER_OID_CA_ISSUERS), t->ca_issuers[1]);
		add_access(der, DER_BYTES(DER_OID_OCSP), t->ocsp);
		der_close(der, mark);
		extension_close(der, marks);
	}
	if (t->crl == NULL)
		return;
	marks = extension_open(der, DER_BYTES(DER_OID_CRL_DISTRIBUTION), false);
	mark = der_open(der, DER_SEQUENCE);
	point = der_open(der, DER_SEQUENCE);
	name = der_open(der, DER_CONTEXT_OF(0));
	full = der_open(der, DER_CONTEXT_OF(0));
	der_add(der, DER_CONTEXT(6), bytes_text(t->crl));
	der_close(der, full);
	der_close(der, name);
	der_close(der, point);
	der_close(der, mark);
	extension_close(der, marks);
}

/* RFC 6960, 4.2.2.2.1 */
static void
add_ocsp_no_check(const struct cert_template *t, struct buf *der)
{
	struct extension_marks marks;

	if (!t->ocsp_no_check)
		return;
	marks = extension_open(der, DER_BYTES(DER_OID_OCSP_NO_CHECK), false);
	der_add(der, DER_NULL, bytes_of(NULL, 0));
	extension_close(der, marks);
}

static int
add_extensions(const struct cert_template *t, struct buf *der, struct error *err)
{
	size_t tagged = der_open(der, DER_CONTEXT_OF(3));
	size_t list = der_open(der, DER_SEQUENCE);

	add_basic_constraints(t, der);
	add_key_usage(t, der);
	if (add_ekus(t, der, err) < 0 || add_key_ids(t, der, err) < 0)
		return -1;
	add_sans(t, der);
	add_locations(t, der);
	add_ocsp_no_check(t, der);
	der_close(der, list);
	der_close(der, tagged);
	return 0;
}

/* The order of RFC 5280, 4.1. */
static int
add_tbs(const struct cert_template *t, struct bytes algorithm, struct buf *der, struct error *err)
{
	size_t tbs = der_open(der, DER_SEQUENCE), validity;

	buf_add(der, DER_BYTES("\xa0\x03\x02\x01\x02")); /* version 3 */
	der_add(der, DER_INTEGER, bytes_of(t->serial, sizeof(t->serial)));
	buf_add(der, algorithm);
	buf_add(der, t->issuer);
	validity = der_open(der, DER_SEQUENCE);
	if (der_add_time(der, t->not_before, err) < 0 || der_add_time(der, t->not_after, err) < 0)
		return -1;
	der_close(der, validity);
	buf_add(der, t->subject);
	buf_add(der, t->spki);
	if (add_extensions(t, der, err) < 0)
		return -1;
	der_close(der, tbs);
	return 0;
}

/* What would make a certificate that nobody should sign, whatever the caller thinks. */
static int
check_template(const struct cert_template *t, struct error *err)
{
	struct bytes content;

	if (t->serial[0] == 0 || t->serial[0] >= 0x80)
		return error_set(
		    err, ERR_INTERNAL, "serial number begins with octet %02x", t->serial[0]);
	if (t->not_after < t->not_before)
		return error_set(err, ERR_INTERNAL, "certificate would end before it begins");
	if (!der_only(t->issuer, DER_SEQUENCE, &content) || content.len == 0)
		return error_set(err, ERR_INTERNAL, "issuer is empty or not a name");
	if (!der_only(t->subject, DER_SEQUENCE, &content))
		return error_set(err, ERR_INTERNAL, "subject is not a name");
	if (content.len == 0 && (t->san_count == 0 || t->is_ca))
		return error_set(err, ERR_INTERNAL, "subject is empty (RFC 5280, 4.1.2.6)");
	if (t->path_len > PATH_LEN_MAX)
		return error_set(err, ERR_INTERNAL, "path length %d", t->path_len);
	return 0;
}

int
cert_sign(const struct cert_template *template, struct key *key, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf cert = BUF_INIT(CERT_MAX);
	cleanup(buf_release) struct buf signature = BUF_INIT(SIGNATURE_MAX);
	size_t whole = der_open(&cert, DER_SEQUENCE);

	if (check_template(template, err) < 0 ||
	    add_tbs(template, key_signature_algorithm(key), &cert, err) < 0)
		return -1;
	if (buf_failed(&cert))
		return error_set(err, ERR_INTERNAL, "certificate larger than %d octets", CERT_MAX);
	if (key_sign(key, bytes_of(cert.data + whole, cert.len - whole), &signature, err) < 0)
		return -1;
	buf_add(&cert, key_signature_algorithm(key));
	der_add_bits(&cert, buf_bytes(&signature), 0);
	der_close(&cert, whole);
	if (buf_failed(&cert) || buf_failed(&signature))
		return error_set(err, ERR_INTERNAL, "certificate larger than %d octets", CERT_MAX);
	buf_add(der, buf_bytes(&cert));
	return buf_failed(der)
		   ? error_set(err, ERR_NAME, "the certificate's %zu octets are too many", cert.len)
		   : 0;
}

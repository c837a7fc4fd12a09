/* Writing CRLs: the entries as they come, then the extensions and the signature. */
#include <string.h>

#include "crypto/crl.h"
#include "crypto/der.h"
#include "crypto/extension.h"
#include "crypto/oids.h"

enum { SIGNATURE_MAX = 2048, SERIAL_MAX = 20, REASON_UNUSED = 7 };

void
crl_writer_release(struct crl_writer *writer)
{
	buf_release(&writer->der);
	buf_release(&writer->extensions);
}

/* An INTEGER that is not negative, in the fewest octets (X.690, 8.3.2). */
static void
add_number(struct buf *der, uint64_t number)
{
	uint8_t octets[sizeof(number) + 1] = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < sizeof(number); i++)
		octets[i + 1] = (uint8_t)(number >> (8 * (sizeof(number) - 1 - i)));
	while (at < sizeof(number) && octets[at] == 0 && octets[at + 1] < 0x80)
		at++;
	der_add(der, DER_INTEGER, bytes_of(octets + at, sizeof(octets) - at));
}

static void
add_number_extension(struct buf *der, struct bytes oid, bool critical, uint64_t number)
{
	struct extension_marks marks = extension_open(der, oid, critical);

	add_number(der, number);
	extension_close(der, marks);
}

/* RFC 5280, 5.2.1 */
static void
add_authority_key_id(struct buf *der, struct bytes key_id)
{
	struct extension_marks marks =
	    extension_open(der, DER_BYTES(DER_OID_AUTHORITY_KEY_ID), false);
	size_t mark = der_open(der, DER_SEQUENCE);

	der_add(der, DER_CONTEXT(0), key_id);
	der_close(der, mark);
	extension_close(der, marks);
}

/* DistributionPointName, fullName with one URI (RFC 5280, 4.2.1.13). */
static void
add_point_name(struct buf *der, const char *uri)
{
	size_t name = der_open(der, DER_CONTEXT_OF(0));
	size_t full = der_open(der, DER_CONTEXT_OF(0));

	der_add(der, DER_CONTEXT(6), bytes_text(uri));
	der_close(der, full);
	der_close(der, name);
}

/* RFC 5280, 5.2.5: the whole of the CA's certificates, for all reasons. */
static void
add_issuing_point(struct buf *der, const char *uri)
{
	struct extension_marks marks = extension_open(der, DER_BYTES(DER_OID_ISSUING_POINT), true);
	size_t mark = der_open(der, DER_SEQUENCE);

	add_point_name(der, uri);
	der_close(der, mark);
	extension_close(der, marks);
}

/* RFC 5280, 5.2.6: the syntax of cRLDistributionPoints. */
static void
add_freshest(struct buf *der, const char *uri)
{
	struct extension_marks marks = extension_open(der, DER_BYTES(DER_OID_FRESHEST_CRL), false);
	size_t list = der_open(der, DER_SEQUENCE);
	size_t point = der_open(der, DER_SEQUENCE);

	add_point_name(der, uri);
	der_close(der, point);
	der_close(der, list);
	extension_close(der, marks);
}

static void
add_extensions(struct buf *der, const struct crl_template *t)
{
	size_t tagged = der_open(der, DER_CONTEXT_OF(0));
	size_t list = der_open(der, DER_SEQUENCE);

	add_authority_key_id(der, t->authority_key_id);
	add_number_extension(der, DER_BYTES(DER_OID_CRL_NUMBER), false, t->number);
	if (t->has_base)
		add_number_extension(der, DER_BYTES(DER_OID_DELTA_CRL), true, t->base_number);
	if (t->idp != NULL)
		add_issuing_point(der, t->idp);
	if (t->freshest != NULL)
		add_freshest(der, t->freshest);
	der_close(der, list);
	der_close(der, tagged);
}

/* What would make a CRL that nobody should sign. */
static int
check_template(const struct crl_template *t, struct error *err)
{
	struct bytes content;

	if (!der_only(t->issuer, DER_SEQUENCE, &content) || content.len == 0)
		return error_set(err, ERR_INTERNAL, "the CRL's issuer is empty or not a name");
	if (t->authority_key_id.len == 0)
		return error_set(
		    err, ERR_INTERNAL, "a CRL without a key identifier (RFC 5280, 5.2.1)");
	if (t->next_update <= t->this_update)
		return error_set(err, ERR_INTERNAL, "the CRL would end before it begins");
	/* RFC 5280, 5.2.3 and 5.2.4: the numbers of full and delta CRLs grow together. */
	if (t->has_base && t->base_number >= t->number)
		return error_set(err, ERR_INTERNAL, "a delta CRL with a number below its base's");
	if (t->has_base && t->freshest != NULL)
		return error_set(err, ERR_INTERNAL, "freshestCRL in a delta CRL (RFC 5280, 5.2.6)");
	return 0;
}

static int
check_size(const struct crl_writer *writer, struct error *err)
{
	if (!buf_failed(&writer->der) && !buf_failed(&writer->extensions))
		return 0;
	return error_set(err, ERR_TOO_LARGE,
	    "a CRL of %zu entries is larger than %d octets, or there is no memory for it",
	    writer->entries, CRL_MAX);
}

int
crl_writer_begin(struct crl_writer *writer, const struct crl_template *template, struct key *key,
    struct error *err)
{
	struct buf *der = &writer->der;

	if (check_template(template, err) < 0)
		return -1;
	writer->key = key;
	writer->is_delta = template->has_base;
	writer->entries = 0;
	writer->list_mark = 0;
	buf_reset(der);
	buf_reset(&writer->extensions);
	add_extensions(&writer->extensions, template);
	/* The order of RFC 5280, 5.1. */
	writer->whole_mark = der_open(der, DER_SEQUENCE);
	writer->tbs_mark = der_open(der, DER_SEQUENCE);
	add_number(der, 1); /* version 2 */
	buf_add(der, key_signature_algorithm(key));
	buf_add(der, template->issuer);
	if (der_add_time(der, template->this_update, err) < 0 ||
	    der_add_time(der, template->next_update, err) < 0)
		return -1;
	return check_size(writer, err);
}

static int
check_entry(const struct crl_writer *writer, const struct crl_entry *entry, struct error *err)
{
	struct bytes serial = entry->serial;

	/* RFC 5280, 4.1.2.2: positive, 20 octets at most; X.690, 8.3.2: no needless zero. */
	if (serial.len == 0 || serial.len > SERIAL_MAX || serial.ptr[0] >= 0x80 ||
	    (serial.ptr[0] == 0 && (serial.len == 1 || serial.ptr[1] < 0x80)))
		return error_set(
		    err, ERR_INTERNAL, "a CRL entry with a serial of %zu octets", serial.len);
	/* RFC 5280, 5.3.1: 7 is not used, removeFromCRL is of delta CRLs alone. */
	if (entry->reason < 0 || entry->reason > CRL_REASON_MAX || entry->reason == REASON_UNUSED ||
	    (entry->reason == CRL_REMOVED && !writer->is_delta))
		return error_set(
		    err, ERR_INTERNAL, "a CRL entry with the reason %d", entry->reason);
	return 0;
}

/* RFC 5280, 5.3.1: left out where it is unspecified. */
static void
add_reason(struct buf *der, int reason)
{
	static const char REASON[] =
	    "\x30\x0c\x30\x0a\x06\x03" DER_OID_CRL_REASON "\x04\x03\x0a\x01";

	if (reason == CRL_UNSPECIFIED)
		return;
	buf_add(der, DER_BYTES(REASON));
	buf_add_byte(der, (uint8_t)reason);
}

int
crl_writer_add(struct crl_writer *writer, const struct crl_entry *entry, struct error *err)
{
	struct buf *der = &writer->der;
	size_t mark;

	if (check_entry(writer, entry, err) < 0)
		return -1;
	if (writer->list_mark == 0)
		writer->list_mark = der_open(der, DER_SEQUENCE);
	mark = der_open(der, DER_SEQUENCE);
	der_add(der, DER_INTEGER, entry->serial);
	if (der_add_time(der, entry->revoked_at, err) < 0)
		return -1;
	add_reason(der, entry->reason);
	der_close(der, mark);
	writer->entries++;
	return check_size(writer, err);
}

int
crl_writer_finish(struct crl_writer *writer, struct error *err)
{
	cleanup(buf_release) struct buf signature = BUF_INIT(SIGNATURE_MAX);
	struct buf *der = &writer->der;

	/* RFC 5280, 5.1.2.6: the list is absent where there is no entry. */
	if (writer->list_mark != 0)
		der_close(der, writer->list_mark);
	buf_add(der, buf_bytes(&writer->extensions));
	der_close(der, writer->tbs_mark);
	if (check_size(writer, err) < 0)
		return -1;
	if (key_sign(writer->key,
		bytes_of(der->data + writer->whole_mark, der->len - writer->whole_mark), &signature,
		err) < 0)
		return -1;
	if (buf_failed(&signature))
		return error_set(
		    err, ERR_INTERNAL, "a signature larger than %d octets", SIGNATURE_MAX);
	buf_add(der, key_signature_algorithm(writer->key));
	der_add_bits(der, buf_bytes(&signature), 0);
	der_close(der, writer->whole_mark);
	return check_size(writer, err);
}

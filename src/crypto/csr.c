/* PKCS#10 requests (RFC 2986): one strict pass over the bytes, then one verification. */
#include "crypto/csr.h"

#include <stdlib.h>

#include "crypto/csr_internal.h"
#include "crypto/der.h"
#include "crypto/key_internal.h"

enum { CSR_MAX_BYTES = 262144 };

void
csr_free(struct csr *csr)
{
	if (csr == NULL)
		return;
	buf_release(&csr->storage);
	free(csr->sans);
	free(csr);
}

static struct csr *
csr_new(void)
{
	struct csr *csr = calloc(1, sizeof(*csr));

	if (csr != NULL)
		csr->storage = (struct buf)BUF_INIT(CSR_MAX_BYTES);
	return csr;
}

/* CertificationRequestInfo ::= SEQUENCE { version, subject, subjectPKInfo, attributes [0] } */
static int
read_info(struct bytes info, struct csr *csr, struct bytes *attributes, struct error *err)
{
	struct bytes rest, version;

	*attributes = bytes_of(NULL, 0);
	if (!der_only(info, DER_SEQUENCE, &rest) || !der_take_integer(&rest, &version) ||
	    !bytes_equal(version, DER_BYTES("\0")))
		return error_set(
		    err, ERR_CSR_SYNTAX, "not a PKCS#10 request of version 0 (RFC 2986, 4.1)");
	if (!der_take_whole(&rest, DER_SEQUENCE, &csr->subject) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &csr->spki))
		return error_set(err, ERR_CSR_SYNTAX, "malformed subject or public key");
	/* Some clients leave the attributes out where there are none. */
	if (rest.len > 0 && !der_take(&rest, DER_CONTEXT_OF(0), attributes))
		return error_set(err, ERR_CSR_SYNTAX, "malformed attributes");
	if (rest.len > 0)
		return error_set(err, ERR_CSR_SYNTAX, "%zu octets behind the attributes", rest.len);
	return 0;
}

/* What stands in the outer SEQUENCE beside the info. */
struct seal {
	struct bytes algorithm;
	struct bytes signature;
};

static int
read_outer(struct bytes der, struct csr *csr, struct seal *seal, struct error *err)
{
	struct bytes rest;
	struct der_item item;
	unsigned unused;

	if (!der_next(&der, &item) || item.tag != DER_SEQUENCE)
		return error_set(err, ERR_CSR_SYNTAX, "not a DER SEQUENCE, or cut short");
	if (der.len > 0)
		return error_set(err, ERR_CSR_SYNTAX, "%zu octets behind the request", der.len);
	rest = item.content;
	if (!der_take_whole(&rest, DER_SEQUENCE, &csr->info) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &seal->algorithm) ||
	    !der_take_bits(&rest, &seal->signature, &unused) || unused != 0 || rest.len != 0)
		return error_set(err, ERR_CSR_SYNTAX, "not a PKCS#10 request (RFC 2986, 4.2)");
	return 0;
}

/* Everything but the signature, cheapest refusals first. */
static int
read_facts(struct csr *csr, size_t max_sans, struct seal *seal, struct error *err)
{
	struct bytes attributes = { NULL, 0 };

	if (read_outer(buf_bytes(&csr->storage), csr, seal, err) < 0 ||
	    read_info(csr->info, csr, &attributes, err) < 0 ||
	    key_facts_layout(csr->spki, &csr->key, err) < 0 ||
	    key_check_algorithm(seal->algorithm, csr->key.type, err) < 0)
		return -1;
	if (name_read(csr->subject, &csr->name, err) < 0)
		return error_prefix(err, "subject");
	return csr_attributes_read(attributes, max_sans, csr, err);
}

int
csr_parse(struct bytes der, size_t max_sans, struct csr **out, struct error *err)
{
	cleanup(csr_freep) struct csr *csr = csr_new();
	struct seal seal = { { NULL, 0 }, { NULL, 0 } };

	if (csr == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	buf_add(&csr->storage, der);
	if (buf_failed(&csr->storage))
		return error_set(err, ERR_TOO_LARGE, "request of %zu octets; the limit is %d",
		    der.len, CSR_MAX_BYTES);
	if (read_facts(csr, max_sans, &seal, err) < 0 ||
	    key_verify(csr->spki, seal.algorithm, csr->info, seal.signature, err) < 0)
		return -1;
	*out = take(csr);
	return 0;
}

/* Number and dates of a CRL, read around its entries. */
#include "crypto/crl_peek.h"

#include "crypto/der.h"

#define CRL_NUMBER "\x55\x1d\x14" /* id-ce-cRLNumber, 2.5.29.20 */

/* RFC 5280, 5.1: what stands between the start of TBSCertList and its dates. */
static bool
skip_to_times(struct bytes *tbs)
{
	struct bytes ignored;

	if (der_is(*tbs, DER_INTEGER) && !der_take_integer(tbs, &ignored))
		return false;
	/* signature, issuer */
	for (int i = 0; i < 2; i++)
		if (!der_take(tbs, DER_SEQUENCE, &ignored))
			return false;
	return true;
}

/* Enters an element whose end may be beyond what is at hand: only its head is taken. */
static bool
enter(struct bytes *rest, uint8_t tag)
{
	uint8_t len;
	size_t head;

	if (rest->len < 2 || rest->ptr[0] != tag)
		return false;
	len = rest->ptr[1];
	head = 2 + (len < 0x80 ? 0U : len & 0x7fU);
	if (len == 0x80 || len > 0x84 || head > rest->len)
		return false;
	*rest = bytes_of(rest->ptr + head, rest->len - head);
	return true;
}

/* CertificateList, TBSCertList. */
static bool
enter_list(struct bytes *rest)
{
	for (int depth = 0; depth < 2; depth++)
		if (!enter(rest, DER_SEQUENCE))
			return false;
	return true;
}

int
crl_peek_times(struct bytes start, int64_t *this_update, int64_t *next_update, struct error *err)
{
	int64_t first, second;

	if (!enter_list(&start) || !skip_to_times(&start) || !der_take_time(&start, &first) ||
	    !der_take_time(&start, &second))
		return error_set(err, ERR_BAD_REQUEST, "not the start of a CRL with its dates");
	*this_update = first;
	*next_update = second;
	return 0;
}

/* TBSCertList's crlExtensions, the Extensions themselves. */
static bool
find_extensions(struct bytes der, struct bytes *extensions)
{
	struct bytes whole, tbs, tagged, ignored;
	int64_t this_update, next_update;

	if (!der_only(der, DER_SEQUENCE, &whole) || !der_take(&whole, DER_SEQUENCE, &tbs) ||
	    !skip_to_times(&tbs) || !der_take_time(&tbs, &this_update) ||
	    !der_take_time(&tbs, &next_update))
		return false;
	if (der_is(tbs, DER_SEQUENCE) && !der_take(&tbs, DER_SEQUENCE, &ignored))
		return false;
	return der_take(&tbs, DER_CONTEXT_OF(0), &tagged) && tbs.len == 0 &&
	       der_only(tagged, DER_SEQUENCE, extensions);
}

static bool
read_number(struct bytes value, uint64_t *number)
{
	struct bytes octets;
	uint64_t sum = 0;

	if (!der_take_integer(&value, &octets) || value.len > 0 || octets.len == 0 ||
	    octets.ptr[0] >= 0x80)
		return false;
	if (octets.ptr[0] == 0)
		octets = bytes_of(octets.ptr + 1, octets.len - 1);
	if (octets.len > sizeof(sum))
		return false;
	for (size_t i = 0; i < octets.len; i++)
		sum = sum << 8 | octets.ptr[i];
	*number = sum;
	return true;
}

static bool
find_number(struct bytes extensions, uint64_t *number)
{
	struct bytes extension, oid, value;
	bool is_critical;

	while (der_take(&extensions, DER_SEQUENCE, &extension)) {
		if (!der_take_oid(&extension, &oid) || !der_take_flag(&extension, &is_critical) ||
		    !der_take(&extension, DER_OCTET_STRING, &value))
			return false;
		if (bytes_equal(oid, DER_BYTES(CRL_NUMBER)))
			return read_number(value, number);
	}
	return false;
}

int
crl_peek_number(struct bytes der, uint64_t *number, struct error *err)
{
	struct bytes extensions;

	if (!find_extensions(der, &extensions) || !find_number(extensions, number))
		return error_set(err, ERR_BAD_REQUEST, "not a CRL with a number");
	return 0;
}

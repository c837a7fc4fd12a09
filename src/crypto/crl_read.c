/* Reading CRLs: one strict pass over all of it, without copies. */
#include "crypto/crl.h"
#include "crypto/der.h"
#include "crypto/oids.h"

enum { SERIAL_MAX = 20, REASON_UNUSED = 7, EXTENSION_DEPTH = 8, EXTENSIONS_MAX = 32 };

struct extension {
	struct bytes oid;
	bool is_critical;
	struct bytes value; /* what is inside the OCTET STRING */
};

static bool
take_extension(struct bytes *rest, struct extension *out)
{
	struct bytes content;

	return der_take(rest, DER_SEQUENCE, &content) && der_take_oid(&content, &out->oid) &&
	       der_take_flag(&content, &out->is_critical) &&
	       der_take(&content, DER_OCTET_STRING, &out->value) && content.len == 0;
}

/* An INTEGER that is not negative, of 64 bits at most, and nothing else. */
static bool
read_number(struct bytes value, uint64_t *out)
{
	struct bytes octets;
	uint64_t number = 0;

	if (!der_take_integer(&value, &octets) || value.len != 0 || octets.ptr[0] >= 0x80 ||
	    octets.len > sizeof(number) + 1 ||
	    (octets.len == sizeof(number) + 1 && octets.ptr[0] != 0))
		return false;
	for (size_t i = 0; i < octets.len; i++)
		number = number << 8 | octets.ptr[i];
	*out = number;
	return true;
}

static bool
read_authority_key_id(struct bytes value, struct bytes *out)
{
	struct bytes content;

	if (!der_is_well_formed(value, EXTENSION_DEPTH) || !der_only(value, DER_SEQUENCE, &content))
		return false;
	return !der_is(content, DER_CONTEXT(0)) ||
	       (der_take(&content, DER_CONTEXT(0), out) && out->len > 0);
}

/*
 * RFC 5280, 5.2.5: with a distribution point alone it is a CRL of the issuer's own certificates,
 * all of them, for all reasons; whatever else may stand there narrows or widens that.
 */
static bool
is_plain_point(struct bytes value)
{
	struct bytes content, name;

	return der_is_well_formed(value, EXTENSION_DEPTH) &&
	       der_only(value, DER_SEQUENCE, &content) &&
	       der_take(&content, DER_CONTEXT_OF(0), &name) && content.len == 0;
}

/* Which extensions have been there: none may come twice (RFC 5280, 4.2). */
struct seen {
	bool key_id;
	bool number;
	bool delta;
	bool point;
};

static bool
is_first(bool *seen)
{
	bool first = !*seen;

	*seen = true;
	return first;
}

static bool
read_extension(const struct extension *extension, struct seen *seen, struct crl_facts *out)
{
	if (bytes_equal(extension->oid, DER_BYTES(DER_OID_AUTHORITY_KEY_ID)))
		return is_first(&seen->key_id) &&
		       read_authority_key_id(extension->value, &out->authority_key_id);
	if (bytes_equal(extension->oid, DER_BYTES(DER_OID_CRL_NUMBER)))
		return is_first(&seen->number) && read_number(extension->value, &out->number);
	/* RFC 5280, 5.2.4 and 5.2.5: these two are critical; a reader that skipped them would err.
	 */
	if (bytes_equal(extension->oid, DER_BYTES(DER_OID_DELTA_CRL)))
		return is_first(&seen->delta) && extension->is_critical &&
		       read_number(extension->value, &out->base_number);
	if (bytes_equal(extension->oid, DER_BYTES(DER_OID_ISSUING_POINT)))
		return is_first(&seen->point) && extension->is_critical &&
		       is_plain_point(extension->value);
	return !extension->is_critical;
}

static int
read_extensions(struct bytes *rest, struct crl_facts *out, struct error *err)
{
	struct seen seen = { .key_id = false };
	struct bytes tagged, list;
	size_t count = 0;

	if (!der_take(rest, DER_CONTEXT_OF(0), &tagged) || rest->len != 0 ||
	    !der_only(tagged, DER_SEQUENCE, &list))
		return error_set(err, ERR_BAD_REQUEST, "CRL: its extensions are malformed");
	while (list.len > 0) {
		struct extension extension;

		if (++count > EXTENSIONS_MAX || !take_extension(&list, &extension) ||
		    !read_extension(&extension, &seen, out))
			return error_set(err, ERR_BAD_REQUEST,
			    "CRL: extension %zu is malformed, repeated, or critical and unknown",
			    count);
	}
	out->has_base = seen.delta;
	if (!seen.number)
		return error_set(err, ERR_BAD_REQUEST, "CRL: it has no number (RFC 5280, 5.2.3)");
	if (seen.delta && out->base_number >= out->number)
		return error_set(
		    err, ERR_BAD_REQUEST, "CRL: its base's number is not below its own");
	return 0;
}

/* ENUMERATED (RFC 5280, 5.3.1). */
static bool
read_reason(struct bytes value, int *out)
{
	struct bytes octets;

	if (!der_only(value, DER_ENUMERATED, &octets) || octets.len != 1 ||
	    octets.ptr[0] > CRL_REASON_MAX || octets.ptr[0] == REASON_UNUSED)
		return false;
	*out = octets.ptr[0];
	return true;
}

/* crlEntryExtensions; a critical one, such as certificateIssuer, is none of ours. */
static bool
read_entry_extensions(struct bytes list, int *reason)
{
	bool has_reason = false;
	size_t count = 0;

	while (list.len > 0) {
		struct extension extension;

		if (++count > EXTENSIONS_MAX || !take_extension(&list, &extension) ||
		    extension.is_critical)
			return false;
		if (bytes_equal(extension.oid, DER_BYTES(DER_OID_CRL_REASON)) &&
		    (!is_first(&has_reason) || !read_reason(extension.value, reason)))
			return false;
	}
	return count > 0;
}

static bool
take_entry(struct bytes *rest, struct crl_entry *out)
{
	struct bytes content, extensions;

	out->reason = CRL_UNSPECIFIED;
	if (!der_take(rest, DER_SEQUENCE, &content) || !der_take_integer(&content, &out->serial) ||
	    !der_take_time(&content, &out->revoked_at))
		return false;
	if (out->serial.len > SERIAL_MAX || out->serial.ptr[0] >= 0x80 ||
	    (out->serial.len == 1 && out->serial.ptr[0] == 0))
		return false;
	if (content.len == 0)
		return true;
	return der_take(&content, DER_SEQUENCE, &extensions) && content.len == 0 &&
	       read_entry_extensions(extensions, &out->reason);
}

static int
count_entries(struct crl_facts *facts, struct error *err)
{
	struct bytes rest = facts->revoked;

	while (rest.len > 0) {
		struct crl_entry entry;

		facts->entries++;
		if (!take_entry(&rest, &entry))
			return error_set(
			    err, ERR_BAD_REQUEST, "CRL: entry %zu is malformed", facts->entries);
		if (entry.reason == CRL_REMOVED && !facts->has_base)
			return error_set(err, ERR_BAD_REQUEST,
			    "CRL: entry %zu is a removal, which only a delta CRL may have",
			    facts->entries);
	}
	return 0;
}

/* Up to and with nextUpdate. */
static bool
read_head(struct bytes *rest, struct crl_facts *out)
{
	struct bytes version, algorithm, name;

	if (!der_take_integer(rest, &version) || !bytes_equal(version, DER_BYTES("\x01")) ||
	    !der_take_whole(rest, DER_SEQUENCE, &algorithm) ||
	    !bytes_equal(algorithm, out->algorithm))
		return false;
	return der_take_whole(rest, DER_SEQUENCE, &out->issuer) &&
	       der_only(out->issuer, DER_SEQUENCE, &name) && name.len > 0 &&
	       der_take_time(rest, &out->this_update) && der_take_time(rest, &out->next_update) &&
	       out->next_update >= out->this_update;
}

static int
read_tbs(struct crl_facts *out, struct error *err)
{
	struct bytes rest;

	if (!der_only(out->tbs, DER_SEQUENCE, &rest) || !read_head(&rest, out))
		return error_set(
		    err, ERR_BAD_REQUEST, "CRL: version, algorithm, issuer or dates are malformed");
	/* RFC 5280, 5.1.2.6: an empty list is absent. */
	if (der_is(rest, DER_SEQUENCE) &&
	    (!der_take(&rest, DER_SEQUENCE, &out->revoked) || out->revoked.len == 0))
		return error_set(err, ERR_BAD_REQUEST, "CRL: its list of entries is malformed");
	if (read_extensions(&rest, out, err) < 0)
		return -1;
	return count_entries(out, err);
}

int
crl_read(struct bytes der, struct crl_facts *out, struct error *err)
{
	struct crl_facts facts = { .number = 0 };
	struct bytes rest;
	unsigned unused;

	if (der.len > CRL_MAX)
		return error_set(
		    err, ERR_TOO_LARGE, "CRL: %zu octets, at most %d are read", der.len, CRL_MAX);
	if (!der_only(der, DER_SEQUENCE, &rest) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &facts.tbs) ||
	    !der_take_whole(&rest, DER_SEQUENCE, &facts.algorithm) ||
	    !der_take_bits(&rest, &facts.signature, &unused) || unused != 0 || rest.len != 0)
		return error_set(
		    err, ERR_BAD_REQUEST, "not a CRL in DER, or more or less than one");
	if (read_tbs(&facts, err) < 0)
		return -1;
	*out = facts;
	return 0;
}

int
crl_each(struct bytes der, const struct crl_visit *visit, struct error *err)
{
	struct crl_facts facts = { .number = 0 };
	struct bytes rest;

	if (crl_read(der, &facts, err) < 0)
		return -1;
	for (rest = facts.revoked; rest.len > 0;) {
		struct crl_entry entry;

		if (!take_entry(&rest, &entry))
			return error_set(
			    err, ERR_INTERNAL, "CRL: it has changed while it was read");
		if (visit->each(&entry, visit->arg, err) < 0)
			return -1;
	}
	return 0;
}

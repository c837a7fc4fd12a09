/* What a request asks for beside its subject: extensions, and how long it should live. */
#include <stdlib.h>
#include <string.h>

#include "crypto/csr.h"
#include "crypto/csr_internal.h"
#include "crypto/der.h"
#include "crypto/oids.h"

enum { MAX_ATTRIBUTES = 64, MAX_EXTENSIONS = 32, MAX_UNIT_DIGITS = 6 };

/* Months and years are the usual round figures: the request can only shorten. */
static const struct {
	const char *name;
	int64_t seconds;
} PERIODS[] = {
	{ "Seconds", 1 },
	{ "Minutes", 60 },
	{ "Hours", 3600 },
	{ "Days", 86400 },
	{ "Weeks", INT64_C(7) * 86400 },
	{ "Months", INT64_C(30) * 86400 },
	{ "Years", INT64_C(365) * 86400 },
};

/* Gathers what comes in several attributes, to be judged at the end. */
struct attributes {
	struct csr *csr;
	size_t max_sans;
	bool has_extensions;
	int64_t period_s; /* 0: not asked for */
	int64_t units;
};

/* Notes an OID (its content octets) that was not taken, once. */
static void
note_dropped(struct csr *csr, struct bytes oid)
{
	static const char cut[] = " ...";
	size_t used = strlen(csr->dropped), len;
	const size_t max = sizeof(csr->dropped) - sizeof(cut);
	char text[CSR_OID_MAX];
	const char *at = csr->dropped;

	if (!der_oid_text(oid, text, sizeof(text)))
		memcpy(text, "?", 2);
	len = strlen(text);
	for (; (at = strstr(at, text)) != NULL; at += len)
		if ((at == csr->dropped || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return;
	if (used > max || (used > 3 && strcmp(csr->dropped + used - 3, "...") == 0))
		return;
	if (used + 1 + len > max) {
		memcpy(csr->dropped + used, cut, sizeof(cut));
		return;
	}
	if (used > 0)
		csr->dropped[used++] = ' ';
	memcpy(csr->dropped + used, text, len + 1);
}

static int
read_sans(struct bytes value, struct attributes *all, struct error *err)
{
	struct csr *csr = all->csr;

	if (csr->sans != NULL)
		return error_set(err, ERR_CSR_SYNTAX, "an extension stands there twice");
	/* RFC 5280, 4.2.1.6 wants one at least; an empty list asks for nothing. */
	return san_read_all(value, all->max_sans, &csr->sans, &csr->san_count, err);
}

bool
csr_key_usage(struct bytes value, unsigned *out)
{
	struct bytes bits;
	unsigned unused, usage;

	if (!der_take_bits(&value, &bits, &unused) || value.len != 0 || bits.len < 1 ||
	    bits.len > 2 || (bits.len == 2 && (bits.ptr[1] & 0x7f) != 0))
		return false;
	usage = bits.ptr[0] | (bits.len == 2 ? (unsigned)bits.ptr[1] << 8 : 0);
	if (usage == 0)
		return false;
	*out = usage;
	return true;
}

static int
read_key_usage(struct bytes value, struct attributes *all, struct error *err)
{
	if (!csr_key_usage(value, &all->csr->key_usage))
		return error_set(err, ERR_CSR_SYNTAX, "malformed key usage (RFC 5280, 4.2.1.3)");
	all->csr->has_key_usage = true;
	return 0;
}

static bool
has_eku(char ekus[static CSR_MAX_EKUS][CSR_OID_MAX], size_t count, const char *oid)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ekus[i], oid) == 0)
			return true;
	return false;
}

int
csr_read_ekus(struct bytes value, char ekus[static CSR_MAX_EKUS][CSR_OID_MAX], size_t *count,
    struct error *err)
{
	struct bytes rest, oid;
	char text[CSR_OID_MAX];
	size_t n = 0;

	if (!der_only(value, DER_SEQUENCE, &rest) || rest.len == 0)
		return error_set(
		    err, ERR_CSR_SYNTAX, "malformed extended key usage (RFC 5280, 4.2.1.12)");
	while (rest.len > 0) {
		if (!der_take_oid(&rest, &oid) || !der_oid_text(oid, text, sizeof(text)))
			return error_set(err, ERR_CSR_SYNTAX, "malformed extended key usage");
		if (has_eku(ekus, n, text))
			continue;
		if (n == CSR_MAX_EKUS)
			return error_set(
			    err, ERR_CSR_SYNTAX, "more than %d extended key usages", CSR_MAX_EKUS);
		memcpy(ekus[n++], text, sizeof(text));
	}
	*count = n;
	return 0;
}

/* The flag itself says nothing in a request; older encoders write the FALSE out, against DER. */
static bool
skip_critical(struct bytes *rest)
{
	struct bytes flag;

	return !der_is(*rest, DER_BOOLEAN) ||
	       (der_take(rest, DER_BOOLEAN, &flag) && flag.len == 1 &&
		   (flag.ptr[0] == 0x00 || flag.ptr[0] == 0xff));
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static int
read_extension(struct bytes rest, struct attributes *all, struct bytes *oid, struct error *err)
{
	struct bytes value;

	if (!der_take_oid(&rest, oid) || !skip_critical(&rest) ||
	    !der_take(&rest, DER_OCTET_STRING, &value) || rest.len != 0)
		return error_set(err, ERR_CSR_SYNTAX, "malformed extension");
	if (bytes_equal(*oid, DER_BYTES(DER_OID_SUBJECT_ALT_NAME)))
		return read_sans(value, all, err);
	if (bytes_equal(*oid, DER_BYTES(DER_OID_KEY_USAGE)))
		return read_key_usage(value, all, err);
	if (bytes_equal(*oid, DER_BYTES(DER_OID_EXTENDED_KEY_USAGE)))
		return csr_read_ekus(value, all->csr->ekus, &all->csr->eku_count, err);
	note_dropped(all->csr, *oid);
	return 0;
}

/* One attribute value: Extensions, each OID at most once (RFC 5280, 4.2). */
static int
read_extensions(struct bytes value, struct attributes *all, struct error *err)
{
	struct bytes oids[MAX_EXTENSIONS] = { { NULL, 0 } }, rest, extension;
	size_t count = 0;

	if (!der_only(value, DER_SEQUENCE, &rest))
		return error_set(
		    err, ERR_CSR_SYNTAX, "malformed extension request (RFC 2985, 5.4.2)");
	if (all->has_extensions)
		return error_set(err, ERR_CSR_SYNTAX, "more than one extension request");
	all->has_extensions = true;
	for (; rest.len > 0; count++) {
		if (count == MAX_EXTENSIONS)
			return error_set(
			    err, ERR_CSR_SYNTAX, "more than %d extensions", MAX_EXTENSIONS);
		if (!der_take(&rest, DER_SEQUENCE, &extension))
			return error_set(err, ERR_CSR_SYNTAX, "malformed extension");
		if (read_extension(extension, all, &oids[count], err) < 0)
			return -1;
		for (size_t i = 0; i < count; i++)
			if (bytes_equal(oids[i], oids[count]))
				return error_set(
				    err, ERR_CSR_SYNTAX, "an extension stands there twice");
	}
	return 0;
}

/* A BMPString of ASCII characters as text. */
static bool
ascii_of_bmp(struct bytes bmp, char *out, size_t size)
{
	if (bmp.len % 2 != 0 || bmp.len / 2 >= size)
		return false;
	for (size_t i = 0; i < bmp.len / 2; i++) {
		if (bmp.ptr[2 * i] != 0 || bmp.ptr[2 * i + 1] < 0x20 || bmp.ptr[2 * i + 1] > 0x7e)
			return false;
		out[i] = (char)bmp.ptr[2 * i + 1];
	}
	out[bmp.len / 2] = '\0';
	return true;
}

static bool
is_text(const char *text, const char *want)
{
	return bytes_equal_nocase(bytes_text(text), bytes_text(want));
}

static bool
read_period(const char *text, int64_t *seconds)
{
	for (size_t i = 0; i < sizeof(PERIODS) / sizeof(PERIODS[0]); i++)
		if (is_text(text, PERIODS[i].name)) {
			*seconds = PERIODS[i].seconds;
			return true;
		}
	return false;
}

static bool
read_units(const char *text, int64_t *units)
{
	size_t len = strspn(text, "0123456789");
	int64_t value = 0;

	if (len == 0 || len > MAX_UNIT_DIGITS || text[len] != '\0')
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (text[i] - '0');
	*units = value;
	return value > 0;
}

/*
 * Microsoft's EnrollmentNameValuePair ::= SEQUENCE { name, value BMPString }. ValidityPeriod
 * and ValidityPeriodUnits are taken; what they mean must be clear, as it limits the certificate.
 */
static int
read_pair(struct bytes value, struct attributes *all, struct error *err)
{
	struct bytes rest, name_bmp, value_bmp;
	char name[32], text[32];
	bool ok, is_period, is_units;

	if (!der_only(value, DER_SEQUENCE, &rest) || !der_take(&rest, DER_BMP_STRING, &name_bmp) ||
	    !der_take(&rest, DER_BMP_STRING, &value_bmp) || rest.len != 0)
		return error_set(err, ERR_CSR_SYNTAX, "malformed enrollment name-value pair");
	is_period = ascii_of_bmp(name_bmp, name, sizeof(name)) && is_text(name, "ValidityPeriod");
	is_units = !is_period && ascii_of_bmp(name_bmp, name, sizeof(name)) &&
		   is_text(name, "ValidityPeriodUnits");
	if (!is_period && !is_units) {
		note_dropped(all->csr, DER_BYTES(DER_OID_NAME_VALUE_PAIR));
		return 0;
	}
	if ((is_period ? all->period_s : all->units) != 0)
		return error_set(err, ERR_CSR_SYNTAX, "requested validity stands there twice");
	ok = ascii_of_bmp(value_bmp, text, sizeof(text)) &&
	     (is_period ? read_period(text, &all->period_s) : read_units(text, &all->units));
	return ok ? 0 : error_set(err, ERR_CSR_SYNTAX, "requested validity is not understood");
}

/* Each value of a SET OF goes to `read`. */
static int
read_values(struct bytes values, struct attributes *all,
    int (*read)(struct bytes, struct attributes *, struct error *), struct error *err)
{
	struct der_item item;

	while (values.len > 0) {
		if (!der_next(&values, &item))
			return error_set(err, ERR_CSR_SYNTAX, "malformed attribute");
		if (read(item.whole, all, err) < 0)
			return -1;
	}
	return 0;
}

/* Attribute ::= SEQUENCE { type, values SET OF } (RFC 2986, 4.1) */
static int
read_attribute(struct bytes rest, struct attributes *all, struct error *err)
{
	struct bytes oid, values;

	if (!der_take_oid(&rest, &oid) || !der_take(&rest, DER_SET, &values) || rest.len != 0)
		return error_set(err, ERR_CSR_SYNTAX, "malformed attribute");
	if (bytes_equal(oid, DER_BYTES(DER_OID_EXTENSION_REQUEST)) ||
	    bytes_equal(oid, DER_BYTES(DER_OID_MS_EXTENSION_REQUEST)))
		return read_values(values, all, read_extensions, err);
	/* Several such attributes, and several values in one, are both met. */
	if (bytes_equal(oid, DER_BYTES(DER_OID_NAME_VALUE_PAIR)))
		return read_values(values, all, read_pair, err);
	note_dropped(all->csr, oid);
	return 0;
}

int
csr_attributes_read(struct bytes rest, size_t max_sans, struct csr *csr, struct error *err)
{
	struct attributes all = { .csr = csr, .max_sans = max_sans };
	struct bytes attribute;

	for (size_t count = 0; rest.len > 0; count++) {
		if (count == MAX_ATTRIBUTES)
			return error_set(
			    err, ERR_CSR_SYNTAX, "more than %d attributes", MAX_ATTRIBUTES);
		if (!der_take(&rest, DER_SEQUENCE, &attribute))
			return error_set(err, ERR_CSR_SYNTAX, "malformed attributes");
		if (read_attribute(attribute, &all, err) < 0)
			return -1;
	}
	csr->has_validity = all.period_s > 0 && all.units > 0;
	if (csr->has_validity)
		csr->validity_s = all.period_s * all.units;
	else if (all.period_s > 0 || all.units > 0) /* half a pair says nothing */
		note_dropped(csr, DER_BYTES(DER_OID_NAME_VALUE_PAIR));
	return 0;
}

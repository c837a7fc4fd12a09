/* Subject alternative names: reading one GeneralName strictly, and writing it for people. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "crypto/csr.h"
#include "crypto/csr_internal.h"
#include "crypto/der.h"
#include "crypto/oids.h"
#include "crypto/text.h"

enum {
	DNS_MAX = 253,
	LABEL_MAX = 63,
	EMAIL_MAX = 254,
	LOCAL_MAX = 64,
	URI_MAX = 2048,
	UPN_MAX = 1024,
	OTHER_NAME_DEPTH = 8
};

/* What binds a certificate to an account by its security identifier; nobody may ask for that. */
static const char SID_URI[] = "tag:microsoft.com,2022-09-14:sid:";

static const struct {
	const char *name;
	const char *prefix;
} TYPES[] = {
	[SAN_DNS] = { "dns", "DNS:" },
	[SAN_EMAIL] = { "email", "EMAIL:" },
	[SAN_URI] = { "uri", "URI:" },
	[SAN_IP] = { "ip", "IP:" },
	[SAN_UPN] = { "upn", "UPN:" },
	[SAN_OTHER] = { "other", "OTHER:" },
};

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* RFC 1034, 3.5, with digits anywhere (RFC 1123, 2.1) and the underscore that is met in practice.
 */
static bool
is_label(const uint8_t *at, size_t len)
{
	if (len == 0 || len > LABEL_MAX || at[0] == '-' || at[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_letter(at[i]) && !is_digit(at[i]) && at[i] != '-' && at[i] != '_')
			return false;
	return true;
}

static bool
is_host(struct bytes text)
{
	size_t start = 0;

	if (text.len == 0 || text.len > DNS_MAX)
		return false;
	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.ptr[i] != '.')
			continue;
		if (!is_label(text.ptr + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

/* RFC 5280, 4.2.1.6, and a wildcard as the whole leftmost label (RFC 6125, 6.4.3). */
static bool
is_dns_name(struct bytes text)
{
	if (text.len > DNS_MAX)
		return false;
	if (text.len > 2 && text.ptr[0] == '*' && text.ptr[1] == '.')
		text = bytes_of(text.ptr + 2, text.len - 2);
	return is_host(text);
}

/* RFC 5280, 4.2.1.6: a Mailbox, local-part "@" domain, neither quoted nor with a phrase round it.
 */
static bool
is_mailbox(struct bytes text)
{
	const uint8_t *sign = text.len > 0 ? memchr(text.ptr, '@', text.len) : NULL;
	size_t local;

	if (sign == NULL || text.len > EMAIL_MAX || !text_is_ascii(text))
		return false;
	local = (size_t)(sign - text.ptr);
	for (size_t i = 0; i < local; i++)
		if (strchr(" \"(),:;<>[\\]", text.ptr[i]) != NULL)
			return false;
	return local > 0 && local <= LOCAL_MAX && is_host(bytes_of(sign + 1, text.len - local - 1));
}

/* The octet at *at, percent-decoded where it is encoded (RFC 3986, 2.1); moves *at behind it. */
static uint8_t
next_octet(struct bytes text, size_t *at)
{
	uint8_t c = text.ptr[(*at)++];
	int high, low;

	if (c != '%' || text.len - *at < 2)
		return c;
	high = hex_digit(text.ptr[*at]);
	low = hex_digit(text.ptr[*at + 1]);
	if (high < 0 || low < 0)
		return c;
	*at += 2;
	return (uint8_t)(high * 16 + low);
}

/* Begins with the SID scheme, letters in any case, plain or percent-encoded (RFC 3986, 6.2.2). */
static bool
is_sid_uri(struct bytes text)
{
	size_t at = 0;

	for (const char *want = SID_URI; *want != '\0'; want++) {
		uint8_t c;

		if (at >= text.len)
			return false;
		c = next_octet(text, &at);
		if (!bytes_equal_nocase(bytes_of(&c, 1), bytes_of(want, 1)))
			return false;
	}
	return true;
}

/* RFC 3986, 3: a scheme, a colon and something behind it, no space or control character. */
static bool
is_uri(struct bytes text)
{
	size_t colon = 0;

	if (text.len == 0 || text.len > URI_MAX || !text_is_ascii(text) ||
	    !is_letter(text.ptr[0]) || memchr(text.ptr, ' ', text.len) != NULL)
		return false;
	while (colon < text.len && text.ptr[colon] != ':') {
		uint8_t c = text.ptr[colon];

		if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.')
			return false;
		colon++;
	}
	return colon + 1 < text.len;
}

/* OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT }; a UPN may be empty, policy decides. */
static int
read_other_name(struct bytes rest, struct san *san, struct error *err)
{
	struct bytes oid, wrapped;
	struct der_item item;

	if (!der_take_oid(&rest, &oid) || !der_take(&rest, DER_CONTEXT_OF(0), &wrapped) ||
	    rest.len != 0 || !der_is_well_formed(wrapped, OTHER_NAME_DEPTH) ||
	    !der_next(&wrapped, &item))
		return error_set(err, ERR_NAME, "malformed otherName (RFC 5280, 4.2.1.6)");
	san->type = SAN_OTHER;
	san->value = bytes_of(NULL, 0);
	if (!bytes_equal(oid, DER_BYTES(DER_OID_UPN)))
		return 0;
	if (item.tag != DER_UTF8_STRING || item.content.len > UPN_MAX ||
	    !text_is_clean(item.content))
		return error_set(err, ERR_NAME,
		    "user principal name is not a UTF8String of at most %d octets without control "
		    "characters",
		    UPN_MAX);
	san->type = SAN_UPN;
	san->value = item.content;
	return 0;
}

static int
read_uri(struct bytes text, struct san *san, struct error *err)
{
	if (!is_uri(text))
		return error_set(
		    err, ERR_NAME, "URI of %zu octets is malformed or too long", text.len);
	if (is_sid_uri(text))
		return error_set(err, ERR_NAME, "a security identifier URI cannot be asked for");
	*san = (struct san){ .type = SAN_URI, .value = text };
	return 0;
}

/* directoryName is EXPLICIT, as Name is a CHOICE; judged like a subject. */
static int
read_directory_name(struct bytes content, struct error *err)
{
	struct name name;

	return name_read(content, &name, err);
}

/* The kinds by their tags (RFC 5280, 4.2.1.6). */
static int
read_kind(const struct der_item *item, struct san *san, struct error *err)
{
	char text[CSR_OID_MAX];

	*san = (struct san){ .type = SAN_OTHER, .value = bytes_of(NULL, 0) };
	switch (item->tag) {
	case 0xa0:
		return read_other_name(item->content, san, err);
	case 0x81:
		*san = (struct san){ .type = SAN_EMAIL, .value = item->content };
		return is_mailbox(item->content)
			   ? 0
			   : error_set(err, ERR_NAME, "malformed e-mail address");
	case 0x82:
		*san = (struct san){ .type = SAN_DNS, .value = item->content };
		return is_dns_name(item->content) ? 0
						  : error_set(err, ERR_NAME, "malformed dNSName");
	case 0xa4:
		return read_directory_name(item->content, err);
	case 0x86:
		return read_uri(item->content, san, err);
	case 0x87:
		*san = (struct san){ .type = SAN_IP, .value = item->content };
		return item->content.len == 4 || item->content.len == 16
			   ? 0
			   : error_set(
				 err, ERR_NAME, "IP address of %zu octets", item->content.len);
	case 0x88:
		return der_oid_text(item->content, text, sizeof(text))
			   ? 0
			   : error_set(err, ERR_NAME, "malformed registeredID");
	default: /* x400Address and ediPartyName too: nobody uses them */
		return error_set(err, ERR_NAME, "unknown kind of name, tag 0x%02x", item->tag);
	}
}

static int
read_one(struct bytes *rest, struct san *out, struct error *err)
{
	struct der_item item;

	if (!der_next(rest, &item))
		return error_set(err, ERR_NAME, "malformed GeneralName");
	if (read_kind(&item, out, err) < 0)
		return -1;
	out->der = item.whole;
	return 0;
}

/* Counts first, so that a list of thousands of names costs next to nothing. */
static int
count_names(struct bytes rest, size_t max, size_t *out, struct error *err)
{
	struct der_item item;
	size_t count = 0;

	while (rest.len > 0) {
		if (count == max)
			return error_set(
			    err, ERR_NAME, "more than %zu subject alternative names", max);
		if (!der_next(&rest, &item))
			return error_set(
			    err, ERR_CSR_SYNTAX, "malformed subject alternative names");
		count++;
	}
	*out = count;
	return 0;
}

static int
read_names(struct bytes rest, struct san *sans, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (read_one(&rest, &sans[i], err) < 0)
			return error_prefix(err, "subject alternative name %zu", i + 1);
	return 0;
}

int
san_read_all(struct bytes value, size_t max, struct san **out, size_t *count, struct error *err)
{
	struct san *sans;
	struct bytes rest;
	size_t n = 0;

	if (!der_only(value, DER_SEQUENCE, &rest))
		return error_set(err, ERR_CSR_SYNTAX, "malformed subject alternative names");
	if (count_names(rest, max, &n, err) < 0)
		return -1;
	sans = n > 0 ? calloc(n, sizeof(*sans)) : NULL;
	if (n > 0 && sans == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (read_names(rest, sans, n, err) < 0) {
		free(sans);
		return -1;
	}
	*out = sans;
	*count = n;
	return 0;
}

const char *
san_type_name(enum san_type type)
{
	return TYPES[type].name;
}

void
san_text(const struct san *san, struct buf *out)
{
	buf_add_text(out, TYPES[san->type].prefix);
	if (san->type == SAN_IP) {
		char address[INET6_ADDRSTRLEN] = "";

		(void)inet_ntop(san->value.len == 4 ? AF_INET : AF_INET6, san->value.ptr, address,
		    sizeof(address));
		buf_add_text(out, address);
	} else if (san->type == SAN_OTHER)
		hex_encode(san->der, out);
	else
		buf_add(out, san->value);
}

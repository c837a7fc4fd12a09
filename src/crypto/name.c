/* Distinguished names: DER Name to text (RFC 4514) and back. */
#include "crypto/name.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/enc.h"
#include "base/utf8.h"
#include "crypto/der.h"
#include "crypto/text.h"

enum { NAME_DER_MAX = 16384 };

/* RFC 4514, 3, and two that everybody writes; types by RFC 4519 and RFC 5280, appendix A.1. */
static const struct keyword {
	const char *text;
	const char *oid;
	uint8_t tag;
} KEYWORDS[] = {
	{ "CN", OID_COMMON_NAME, DER_UTF8_STRING },
	{ "L", "2.5.4.7", DER_UTF8_STRING },
	{ "ST", "2.5.4.8", DER_UTF8_STRING },
	{ "O", "2.5.4.10", DER_UTF8_STRING },
	{ "OU", "2.5.4.11", DER_UTF8_STRING },
	{ "C", "2.5.4.6", DER_PRINTABLE_STRING },
	{ "STREET", "2.5.4.9", DER_UTF8_STRING },
	{ "DC", "0.9.2342.19200300.100.1.25", DER_IA5_STRING },
	{ "UID", "0.9.2342.19200300.100.1.1", DER_UTF8_STRING },
	{ "emailAddress", OID_EMAIL_ADDRESS, DER_IA5_STRING },
	{ "serialNumber", "2.5.4.5", DER_PRINTABLE_STRING },
};

static const size_t KEYWORD_COUNT = sizeof(KEYWORDS) / sizeof(KEYWORDS[0]);

/* X.680, 41.4, and the two that are met in practice: "*" of wildcards and "&". */
static bool
is_printable_string(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr(" '()+,-./:=?*&", c) == NULL))
			return false;
	}
	return true;
}

/* One UCS-2 character as UTF-8; the result is judged by text_is_clean. */
static size_t
utf8_of(unsigned value, uint8_t out[static 3])
{
	if (value < 0x80) {
		out[0] = (uint8_t)value;
		return 1;
	}
	if (value < 0x800) {
		out[0] = (uint8_t)(0xc0 | value >> 6);
		out[1] = (uint8_t)(0x80 | (value & 0x3f));
		return 2;
	}
	out[0] = (uint8_t)(0xe0 | value >> 12);
	out[1] = (uint8_t)(0x80 | ((value >> 6) & 0x3f));
	out[2] = (uint8_t)(0x80 | (value & 0x3f));
	return 3;
}

static bool
read_bmp(struct bytes text, char out[static NAME_VALUE_MAX])
{
	size_t used = 0;
	uint8_t utf8[3];

	if (text.len % 2 != 0)
		return false;
	for (size_t i = 0; i < text.len; i += 2) {
		size_t len = utf8_of((unsigned)text.ptr[i] << 8 | text.ptr[i + 1], utf8);

		if (used + len >= NAME_VALUE_MAX)
			return false;
		memcpy(out + used, utf8, len);
		used += len;
	}
	out[used] = '\0';
	/* A NUL character shortens the text: then the lengths differ. */
	return strlen(out) == used && text_is_clean(bytes_of(out, used));
}

static int
read_value(const struct der_item *item, struct name_attribute *out, struct error *err)
{
	struct bytes text = item->content;
	bool ok = false;

	if (text.len == 0)
		return error_set(err, ERR_NAME, "empty value of %s in the name", out->oid);
	if (item->tag == DER_BMP_STRING) {
		if (!read_bmp(text, out->value))
			return error_set(
			    err, ERR_NAME, "BMPString of %s is malformed or too long", out->oid);
		return 0;
	}
	if (text.len >= NAME_VALUE_MAX)
		return error_set(err, ERR_NAME, "value of %s has %zu octets, the limit is %d",
		    out->oid, text.len, NAME_VALUE_MAX - 1);
	if (item->tag == DER_UTF8_STRING)
		ok = text_is_clean(text);
	else if (item->tag == DER_PRINTABLE_STRING)
		ok = is_printable_string(text);
	else if (item->tag == DER_IA5_STRING || item->tag == DER_T61_STRING)
		ok = text_is_ascii(text);
	if (!ok)
		return error_set(err, ERR_NAME,
		    "value of %s (string type 0x%02x) has characters that are not taken", out->oid,
		    item->tag);
	memcpy(out->value, text.ptr, text.len);
	out->value[text.len] = '\0';
	return 0;
}

/* AttributeTypeAndValue: its content octets. */
static int
read_attribute(struct bytes rest, struct name *name, struct error *err)
{
	struct name_attribute *out = &name->attributes[name->count];
	struct bytes oid;
	struct der_item item;

	if (name->count == NAME_MAX_ATTRIBUTES)
		return error_set(
		    err, ERR_NAME, "more than %d attributes in the name", NAME_MAX_ATTRIBUTES);
	if (!der_take_oid(&rest, &oid) || !der_next(&rest, &item) || rest.len != 0)
		return error_set(err, ERR_NAME, "malformed attribute in the name");
	if (!der_oid_text(oid, out->oid, sizeof(out->oid)))
		return error_set(err, ERR_NAME, "attribute type in the name is too long");
	if (read_value(&item, out, err) < 0)
		return -1;
	name->count++;
	return 0;
}

/* X.690, 11.6: SET OF in ascending order, the shorter padded with zeros. */
static bool
is_ascending(struct bytes before, struct bytes after)
{
	size_t len = before.len < after.len ? before.len : after.len;
	int order = len > 0 ? memcmp(before.ptr, after.ptr, len) : 0;

	return order < 0 || (order == 0 && before.len <= after.len);
}

static int
read_rdn(struct bytes rest, struct name *name, struct error *err)
{
	struct bytes before = { NULL, 0 };
	struct der_item item;

	if (rest.len == 0)
		return error_set(err, ERR_NAME, "empty RDN in the name");
	while (rest.len > 0) {
		if (!der_next(&rest, &item) || item.tag != DER_SEQUENCE ||
		    !is_ascending(before, item.whole))
			return error_set(err, ERR_NAME, "malformed RDN in the name");
		before = item.whole;
		if (read_attribute(item.content, name, err) < 0)
			return -1;
	}
	return 0;
}

int
name_read(struct bytes der, struct name *out, struct error *err)
{
	struct bytes rest, rdn;
	struct name name;

	name.count = 0;
	if (!der_only(der, DER_SEQUENCE, &rest))
		return error_set(err, ERR_NAME, "the name is not a SEQUENCE");
	while (rest.len > 0) {
		if (!der_take(&rest, DER_SET, &rdn))
			return error_set(err, ERR_NAME, "malformed name");
		if (read_rdn(rdn, &name, err) < 0)
			return -1;
	}
	memcpy(out->attributes, name.attributes, name.count * sizeof(name.attributes[0]));
	out->count = name.count;
	return 0;
}

/* RFC 4514, 2.4: what must be escaped where. */
static void
add_escaped(const char *value, struct buf *out)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++) {
		char c = value[i];

		if (strchr("\"+,;<>\\", c) != NULL || (i == 0 && (c == ' ' || c == '#')) ||
		    (i == len - 1 && c == ' '))
			buf_add_byte(out, '\\');
		buf_add_byte(out, (uint8_t)c);
	}
}

/* An attribute without a keyword keeps its text behind the dotted OID: these lines are for people.
 */
const char *
name_common_name(const struct name *name)
{
	for (size_t i = name->count; i > 0; i--)
		if (strcmp(name->attributes[i - 1].oid, OID_COMMON_NAME) == 0)
			return name->attributes[i - 1].value;
	return NULL;
}

void
name_text(const struct name *name, struct buf *out)
{
	for (size_t i = name->count; i > 0; i--) {
		const struct name_attribute *a = &name->attributes[i - 1];
		const char *type = a->oid;

		for (size_t k = 0; k < KEYWORD_COUNT; k++)
			if (strcmp(KEYWORDS[k].oid, type) == 0)
				type = KEYWORDS[k].text;
		if (i < name->count)
			buf_add_byte(out, ',');
		buf_add_text(out, type);
		buf_add_byte(out, '=');
		add_escaped(a->value, out);
	}
}

/* The text being read, with the column for error texts. */
struct source {
	const char *text;
	size_t at;
};

static int
wrong(const struct source *source, const char *what, struct error *err)
{
	return error_set(
	    err, ERR_CONFIG, "name \"%.100s\", column %zu: %s", source->text, source->at + 1, what);
}

/* The attribute's OID and string type; leaves the source behind "=". */
static int
scan_type(struct source *source, struct keyword *type, char oid[static 32], struct error *err)
{
	const char *start = source->text + source->at;
	size_t len = strcspn(start, "=,+\\\"");
	size_t end = len;
	struct bytes word;

	while (end > 0 && start[end - 1] == ' ')
		end--;
	if (start[len] != '=' || end == 0 || end >= 32)
		return wrong(source, "expected TYPE=value", err);
	memcpy(oid, start, end);
	oid[end] = '\0';
	word = bytes_of(oid, end);
	*type = (struct keyword){ oid, oid, DER_UTF8_STRING };
	for (size_t k = 0; k < KEYWORD_COUNT; k++)
		if (bytes_equal_nocase(word, bytes_text(KEYWORDS[k].text)) ||
		    bytes_equal_text(word, KEYWORDS[k].oid))
			*type = KEYWORDS[k];
	if (type->text == oid && (*start < '0' || *start > '2'))
		return wrong(source, "unknown attribute type", err);
	source->at += len + 1;
	return 0;
}

/* What follows a backslash: two hexadecimal digits or a special character. */
static int
scan_escape(struct source *source, struct buf *value, struct error *err)
{
	const char *at = source->text + source->at;
	int high = hex_digit(at[0]), low = high >= 0 ? hex_digit(at[1]) : -1;

	if (low >= 0) {
		buf_add_byte(value, (uint8_t)(high << 4 | low));
		source->at += 2;
		return 0;
	}
	if (at[0] == '\0' || strchr(" \"#+,;<=>\\", at[0]) == NULL)
		return wrong(source, "unknown escape", err);
	buf_add_byte(value, (uint8_t)at[0]);
	source->at++;
	return 0;
}

/* RFC 4514, 3: everything up to an unescaped separator; spaces round it are not the value's. */
static int
scan_value(struct source *source, struct buf *value, struct error *err)
{
	size_t keep = 0;
	char c;

	while (source->text[source->at] == ' ')
		source->at++;
	if (source->text[source->at] == '#')
		return wrong(source, "values in hexadecimal are not taken", err);
	while ((c = source->text[source->at]) != '\0' && c != ',' && c != '+') {
		if (strchr("\";<>", c) != NULL)
			return wrong(source, "this character needs a backslash", err);
		source->at++;
		if (c != '\\')
			buf_add_byte(value, (uint8_t)c);
		else if (scan_escape(source, value, err) < 0)
			return -1;
		if (c != ' ')
			keep = value->len;
	}
	value->len = keep;
	if (keep == 0 || buf_failed(value))
		return wrong(source, keep == 0 ? "empty value" : "value too long", err);
	return 0;
}

/* One AttributeTypeAndValue as DER. */
static int
scan_attribute(struct source *source, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf value = BUF_INIT(NAME_VALUE_MAX - 1);
	struct keyword type = KEYWORDS[0];
	char oid[32];
	size_t mark;

	while (source->text[source->at] == ' ')
		source->at++;
	if (scan_type(source, &type, oid, err) < 0 || scan_value(source, &value, err) < 0)
		return -1;
	mark = der_open(der, DER_SEQUENCE);
	if (der_add_oid(der, type.oid, err) < 0)
		return -1;
	der_add(der, type.tag, buf_bytes(&value));
	der_close(der, mark);
	return 0;
}

/* Puts the element that begins at `last` in its place among those from `first` (X.690, 11.6). */
static void
sort_last(struct buf *der, size_t first, size_t last, struct buf *scratch)
{
	struct bytes rest = bytes_of(der->data + first, last - first);
	struct bytes element = bytes_of(der->data + last, der->len - last);
	struct der_item item;
	size_t at = first;

	while (der_next(&rest, &item) && is_ascending(item.whole, element))
		at += item.whole.len;
	buf_reset(scratch);
	buf_add(scratch, element);
	buf_add(scratch, bytes_of(der->data + at, last - at));
	if (!buf_failed(scratch))
		memcpy(der->data + at, scratch->data, scratch->len);
}

/* One RDN as DER; `der` is empty before. Leaves the source at "," or the end. */
static int
scan_rdn(struct source *source, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf scratch = BUF_INIT(NAME_DER_MAX);
	size_t mark = der_open(der, DER_SET);

	for (;;) {
		size_t last = der->len;

		if (scan_attribute(source, der, err) < 0)
			return -1;
		if (!buf_failed(der))
			sort_last(der, mark, last, &scratch);
		if (source->text[source->at] != '+')
			break;
		source->at++;
	}
	der_close(der, mark);
	return 0;
}

/* The Name's content: each RDN goes in front of those before it. */
static int
scan_name(struct source *source, struct buf *content, struct error *err)
{
	for (;;) {
		cleanup(buf_release) struct buf rdn = BUF_INIT(NAME_DER_MAX);

		if (scan_rdn(source, &rdn, err) < 0)
			return -1;
		buf_add(&rdn, buf_bytes(content));
		if (buf_failed(&rdn))
			return wrong(source, "the name is too long", err);
		buf_move(content, &rdn);
		if (source->text[source->at] == '\0')
			return 0;
		source->at++;
	}
}

int
name_from_text(const char *text, struct buf *der, struct error *err)
{
	cleanup(buf_release) struct buf content = BUF_INIT(NAME_DER_MAX);
	cleanup(buf_release) struct buf whole = BUF_INIT(NAME_DER_MAX + 8);
	struct source source = { .text = text, .at = 0 };
	struct error why = { .code = ERR_NONE };
	struct name name;

	if (scan_name(&source, &content, err) < 0)
		return -1;
	der_add(&whole, DER_SEQUENCE, buf_bytes(&content));
	/* The same rules that requests must meet, so that we never sign worse. */
	if (name_read(buf_bytes(&whole), &name, &why) < 0)
		return error_set(err, ERR_CONFIG, "name \"%.100s\": %s", text, why.text);
	buf_add(der, buf_bytes(&whole));
	return 0;
}

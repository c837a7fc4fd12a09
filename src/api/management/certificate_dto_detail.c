/* CertificateDetailDto: what one certificate holds beyond its line in a list. */
#include <string.h>

#include "api/management/attribute_dto.h"
#include "api/management/certificate_dto.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_add.h"
#include "crypto/cert_holder.h"
#include "store/certificates_find.h"

enum { CONTENT_MAX = CERTIFICATE_ROW_DER_MAX * 2, SAN_MAX = CERTIFICATE_ROW_SANS_MAX + 64 };

/* RFC 5280, 4.2.1.3. */
static const struct {
	enum key_usage bit;
	const char *name;
} USAGES[] = {
	{ KU_DIGITAL_SIGNATURE, "digitalSignature" },
	{ KU_NON_REPUDIATION, "nonRepudiation" },
	{ KU_KEY_ENCIPHERMENT, "keyEncipherment" },
	{ KU_DATA_ENCIPHERMENT, "dataEncipherment" },
	{ KU_KEY_AGREEMENT, "keyAgreement" },
	{ KU_KEY_CERT_SIGN, "keyCertSign" },
	{ KU_CRL_SIGN, "cRLSign" },
	{ KU_ENCIPHER_ONLY, "encipherOnly" },
	{ KU_DECIPHER_ONLY, "decipherOnly" },
};

/* GeneralName's choices (RFC 5280, 4.2.1.6), each there even where it is empty; and the lines of a
 * record that belong to it, with what stands in front of the value. */
static const struct {
	const char *name;
	const char *prefix;
	const char *lead;
} NAMES[] = {
	{ "otherName", "UPN:", "1.3.6.1.4.1.311.20.2.3=" },
	{ "otherName", "OTHER:", "#" },
	{ "rfc822Name", "EMAIL:", "" },
	{ "dNSName", "DNS:", "" },
	{ "x400Address", NULL, "" },
	{ "directoryName", NULL, "" },
	{ "ediPartyName", NULL, "" },
	{ "uniformResourceIdentifier", "URI:", "" },
	{ "iPAddress", "IP:", "" },
	{ "registeredID", NULL, "" },
};
enum { NAME_COUNT = sizeof(NAMES) / sizeof(NAMES[0]) };

static struct json_object *
array_of(struct json_object *names, const char *name)
{
	struct json_object *array = NULL;

	if (!json_object_object_get_ex(names, name, &array)) {
		array = json_object_new_array();
		json_add(names, name, array);
	}
	return array;
}

static void
add_line(struct json_object *names, struct bytes line)
{
	cleanup(buf_release) struct buf value = BUF_INIT(SAN_MAX);

	for (size_t i = 0; i < NAME_COUNT; i++) {
		const char *prefix = NAMES[i].prefix;
		size_t len = prefix != NULL ? strlen(prefix) : 0;

		if (prefix == NULL || line.len < len || memcmp(line.ptr, prefix, len) != 0)
			continue;
		buf_add_text(&value, NAMES[i].lead);
		buf_add(&value, bytes_of(line.ptr + len, line.len - len));
		(void)json_object_array_add(
		    array_of(names, NAMES[i].name), json_object_new_string(buf_text(&value)));
		return;
	}
}

static void
add_names(struct json_object *object, const struct certificate_row *row)
{
	struct json_object *names = json_object_new_object();
	struct bytes rest = buf_bytes(&row->sans);

	for (size_t i = 0; i < NAME_COUNT; i++)
		(void)array_of(names, NAMES[i].name);
	while (rest.len > 0) {
		const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;

		add_line(names, bytes_of(rest.ptr, len));
		len += end != NULL;
		rest = bytes_of(rest.ptr + len, rest.len - len);
	}
	json_add(object, "subjectAlternativeNames", names);
}

static void
add_usages(struct json_object *object, const struct cert *cert)
{
	struct json_object *usages = json_object_new_array();

	for (size_t i = 0; i < sizeof(USAGES) / sizeof(USAGES[0]); i++)
		if (cert->has_key_usage && (cert->key_usage & USAGES[i].bit) != 0)
			(void)json_object_array_add(usages, json_object_new_string(USAGES[i].name));
	json_add(object, "keyUsage", usages);
}

/* A CA certificate from elsewhere may hold names that are not taken; its purposes are left out
 * then.
 */
static void
add_purposes(struct json_object *object, const struct cert *cert)
{
	cleanup(cert_holder_freep) struct cert_holder *holder = NULL;
	struct json_object *purposes = json_object_new_array();
	struct error ignored = { .code = ERR_NONE };

	if (cert_holder_read(cert, &holder, &ignored) == 0)
		for (size_t i = 0; i < holder->eku_count; i++)
			(void)json_object_array_add(
			    purposes, json_object_new_string(holder->ekus[i]));
	json_add(object, "extendedKeyUsage", purposes);
}

static const char *
subject_type_of(const struct cert *cert)
{
	bool is_self = bytes_equal(cert->subject, cert->issuer);

	if (cert->is_ca)
		return is_self ? "rootCa" : "intermediateCa";
	return is_self ? "selfSignedEndEntity" : "endEntity";
}

static void
add_content(struct json_object *object, const struct certificate_row *row)
{
	cleanup(buf_release) struct buf text = BUF_INIT(CONTENT_MAX);

	base64_encode(buf_bytes(&row->der), &text);
	json_add_text(object, "certificateContent", buf_text(&text));
}

static void
add_empty(struct json_object *object)
{
	static const char *const names[] = { "metadata", "locations", "nonCompliantRules",
		"issueAttributes", "revokeAttributes" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_add(object, names[i], json_object_new_array());
}

/* The one that it was renewed from; it may be gone from a database that was restored in part. */
static int
add_related(struct db *db, const struct certificate_row *row, int64_t now,
    struct json_object *object, struct error *err)
{
	cleanup(json_object_putp) struct json_object *related = json_object_new_array();
	cleanup(certificate_row_freep) struct certificate_row *source = NULL;
	struct json_object *dto = NULL;

	if (row->has_renewed_from) {
		json_add_uuid(object, "sourceCertificateUuid", &row->renewed_from);
		if (certificates_find_id(db, &row->renewed_from, &source, err) == 0) {
			if (certificate_dto(db, source, now, &dto, err) < 0)
				return -1;
			(void)json_object_array_add(related, dto);
		} else if (error_forgive(err, ERR_NOT_FOUND) < 0) {
			return -1;
		}
	}
	json_add(object, "relatedCertificates", take(related));
	return 0;
}

static int
add_attributes(
    struct db *db, const struct certificate_row *row, struct json_object *object, struct error *err)
{
	struct json_object *attributes = NULL;

	if (attribute_dtos_text(db, "certificates", buf_bytes(&row->attributes), &attributes, err) <
	    0)
		return -1;
	json_add(object, "customAttributes", attributes);
	return 0;
}

int
certificate_dto_detail(struct db *db, const struct certificate_row *row, int64_t now,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = NULL;
	cleanup(cert_freep) struct cert *cert = NULL;

	if (certificate_dto(db, row, now, &object, err) < 0 ||
	    cert_parse(buf_bytes(&row->der), &cert, err) < 0)
		return -1;
	add_content(object, row);
	json_add_text(object, "subjectType", subject_type_of(cert));
	add_usages(object, cert);
	add_purposes(object, cert);
	add_names(object, row);
	add_empty(object);
	if (add_attributes(db, row, object, err) < 0 || add_related(db, row, now, object, err) < 0)
		return -1;
	*out = take(object);
	return 0;
}

/* Sealed values inside JSON columns. */
#include "enroll/secrets/secret_document.h"

#include "base/enc.h"
#include "base/json.h"
#include "enroll/attributes/attributes.h"
#include "enroll/secrets/secret.h"

/* As what wrote it: enroll/attributes/attributes keeps a stored array below these. */
static const struct json_limits LIMITS = {
	.max_bytes = SECRETS_DOCUMENT_MAX,
	.max_depth = 64,
	.max_members = 65536,
};

enum { SEALED_MAX = 65536 };

static struct secret_place
place_of(size_t document, const struct secrets_value *value)
{
	size_t count;
	const struct secrets_document *documents = secrets_documents(&count);

	return (struct secret_place){ documents[document].table, documents[document].column,
		&value->row };
}

/* What others may have written there is a fault of the data, not of a request. */
static int
parse(const struct secrets_value *value, struct json_object **out, struct error *err)
{
	if (json_parse(buf_bytes(&value->blob), &LIMITS, out, err) == 0)
		return 0;
	err->code = ERR_CA_KEY;
	return -1;
}

static int
visit_item(struct json_object *item, const struct secret_place *place,
    const struct secret_document_visit *visit, struct error *err)
{
	cleanup(buf_release) struct buf blob = BUF_INIT(SEALED_MAX);
	struct error ignored = { .code = ERR_NONE };
	char id[KEYRING_ID_TEXT];
	const char *sealed;

	if (!json_get_text(item, "sealed", &sealed))
		return 0;
	if (base64_decode(bytes_text(sealed), &blob, &ignored) < 0 || buf_failed(&blob))
		return error_set(err, ERR_CA_KEY, "not a sealed value in base64");
	if (keyring_blob_id(buf_bytes(&blob), id, err) < 0)
		return -1;
	return visit->each(id, place, visit->arg, err);
}

static int
visit_entry(struct json_object *entry, const struct secret_place *place,
    const struct secret_document_visit *visit, struct error *err)
{
	struct json_object *content;

	if (!json_get_array(entry, "content", &content))
		return 0;
	for (size_t i = 0; i < json_object_array_length(content); i++)
		if (visit_item(json_object_array_get_idx(content, i), place, visit, err) < 0)
			return -1;
	return 0;
}

static int
visit_all(struct json_object *stored, const struct secret_place *place,
    const struct secret_document_visit *visit, struct error *err)
{
	if (!json_object_is_type(stored, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(stored); i++)
		if (visit_entry(json_object_array_get_idx(stored, i), place, visit, err) < 0)
			return -1;
	return 0;
}

int
secret_document_each(size_t document, const struct secrets_value *value,
    const struct secret_document_visit *visit, struct error *err)
{
	cleanup(json_object_putp) struct json_object *stored = NULL;
	const struct secret_place place = place_of(document, value);

	if (parse(value, &stored, err) < 0 || visit_all(stored, &place, visit, err) < 0)
		return secret_prefix(&place, err);
	return 0;
}

int
secret_document_each_row(
    struct db *db, size_t document, const struct secret_document_visit *visit, struct error *err)
{
	cleanup(secrets_value_release) struct secrets_value value;

	secrets_document_init(&value);
	while (secrets_next_document(db, document, &value, err) == 0)
		if (secret_document_each(document, &value, visit, err) < 0)
			return -1;
	return error_forgive(err, ERR_NOT_FOUND);
}

int
secret_document_seal(const struct keyring *keyring, size_t document,
    const struct secrets_value *value, struct buf *out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *stored = NULL;
	size_t count;
	const struct secret_place place = place_of(document, value);
	const struct attributes_object object = {
		.resource = secrets_documents(&count)[document].resource,
		.id = &value->row,
		.keyring = keyring,
	};
	const char *text;
	bool changed = false;

	if (parse(value, &stored, err) < 0 ||
	    attributes_reseal(&object, stored, &changed, err) < 0) {
		if (error_is(err, ERR_BAD_REQUEST))
			err->code = ERR_CA_KEY;
		return secret_prefix(&place, err);
	}
	text = json_object_to_json_string_ext(stored, JSON_C_TO_STRING_PLAIN);
	if (text != NULL)
		buf_add_text(out, text);
	if (text == NULL || buf_failed(out))
		return error_set(err, ERR_INTERNAL, "out of memory");
	return 0;
}

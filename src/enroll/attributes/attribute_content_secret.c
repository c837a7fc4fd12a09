/* Secrets among the values of custom attributes: sealed inside the object's JSON column. */
#include "enroll/attributes/attribute_content_secret.h"

#include <stdio.h>

#include "base/enc.h"
#include "base/json.h"
#include "enroll/attributes/attribute_content.h"
#include "enroll/attributes/attribute_content_data.h"
#include "enroll/secrets/secret.h"
#include "store/custom_attribute_values.h"

enum {
	BLOB_MAX = 4 * ATTRIBUTE_SECRET_MAX,
	TEXT_MAX = 2 * BLOB_MAX,
	COLUMN_MAX = 32 + UUID_TEXT_MAX
};

static int
out_of_memory(struct error *err)
{
	return error_set(err, ERR_INTERNAL, "out of memory for a secret");
}

/* The attribute is part of the place, so that no value opens as another attribute's. */
static struct secret_place
place_of(const struct attribute_secret *secret, char column[static COLUMN_MAX])
{
	const struct custom_attribute_column *where =
	    custom_attribute_column_of(secret->object->resource);
	char attribute[UUID_TEXT_MAX];

	uuid_text(secret->attribute, attribute);
	(void)snprintf(column, COLUMN_MAX, "%s/%s", where->column, attribute);
	return (struct secret_place){ where->table, column, secret->object->id };
}

static int
add_sealed(const struct attribute_secret *secret, struct bytes plain, struct json_object *item,
    struct error *err)
{
	cleanup(buf_release) struct buf blob = BUF_INIT(BLOB_MAX);
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
	char column[COLUMN_MAX];
	const struct secret_place place = place_of(secret, column);
	struct json_object *value;

	if (secret_seal(secret->object->keyring, &place, plain, &blob, err) < 0)
		return -1;
	base64_encode(buf_bytes(&blob), &text);
	if (buf_failed(&blob) || buf_failed(&text))
		return out_of_memory(err);
	value = json_object_new_string(buf_text(&text));
	if (value != NULL && json_object_object_add(item, "sealed", value) == 0)
		return 0;
	json_object_put(value);
	return out_of_memory(err);
}

/* json-c frees what it printed without wiping it, so the secret is copied out and the rest wiped.
 */
static int
seal_data(const struct attribute_secret *secret, struct json_object *data, struct json_object *item,
    struct error *err)
{
	cleanup(json_object_putp) struct json_object *read = NULL;
	const char *text;

	if (attribute_content_data_reader("secret")(data, &read, err) < 0)
		return -1;
	text = json_object_to_json_string_ext(read, JSON_C_TO_STRING_PLAIN);
	if (text == NULL)
		return out_of_memory(err);
	return add_sealed(secret, bytes_text(text), item, err);
}

static int
keep(struct json_object *before, struct json_object *item, struct error *err)
{
	struct json_object *sealed = NULL;

	if (before == NULL || !json_object_object_get_ex(before, "sealed", &sealed))
		return error_set(err, ERR_VALIDATION, "a content item has no data");
	if (json_object_object_add(item, "sealed", json_object_get(sealed)) == 0)
		return 0;
	json_object_put(sealed);
	return out_of_memory(err);
}

int
attribute_content_seal(const struct attribute_secret *secret, struct json_object *given,
    struct json_object *item, struct error *err)
{
	struct json_object *data = NULL;

	if (secret->object == NULL || secret->object->id == NULL)
		return error_set(err, ERR_VALIDATION, "secret content cannot be stored here");
	if (!json_object_object_get_ex(given, "data", &data) || data == NULL)
		return keep(secret->before, item, err);
	return seal_data(secret, data, item, err);
}

int
attribute_content_reseal(
    const struct attribute_secret *secret, struct json_object *item, struct error *err)
{
	cleanup(buf_release) struct buf blob = BUF_INIT(BLOB_MAX);
	cleanup(buf_release) struct buf plain = BUF_INIT(BLOB_MAX);
	char column[COLUMN_MAX];
	const struct secret_place place = place_of(secret, column);
	const char *sealed = NULL;

	if (!json_get_text(item, "sealed", &sealed))
		return error_set(err, ERR_CA_KEY, "a secret of a custom attribute is not there");
	if (base64_decode(bytes_text(sealed), &blob, err) < 0 ||
	    secret_open(secret->object->keyring, &place, buf_bytes(&blob), &plain, err) < 0)
		return -1;
	return add_sealed(secret, buf_bytes(&plain), item, err);
}

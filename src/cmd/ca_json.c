/* CAs, their generations and keys as JSON, which all ways of showing them start from. */
#include "cmd/ca_json.h"

#include "base/clock.h"
#include "base/enc.h"
#include "base/json_add.h"
#include "crypto/cert.h"
#include "crypto/der.h"

struct json_object *
ca_json_time(int64_t seconds)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(seconds, text);
	return json_object_new_string(text);
}

static struct json_object *
hex_json(struct bytes bytes)
{
	cleanup(buf_release) struct buf text = BUF_INIT(4096);

	hex_encode(bytes, &text);
	return json_object_new_string(buf_text(&text));
}

static struct json_object *
name_json(struct bytes der)
{
	cleanup(buf_release) struct buf text = BUF_INIT(8192);
	struct error ignored = { 0 };
	struct name name;

	if (name_read(der, &name, &ignored) < 0)
		return json_object_new_string("(not readable)");
	name_text(&name, &text);
	return json_object_new_string(buf_text(&text));
}

struct json_object *
ca_json_key(const struct managed_key *key)
{
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		return NULL;
	json_add_text(object, "name", key->name);
	json_add_text(object, "algorithm", key->algorithm);
	json_add_int(object, "bits", key->bits);
	json_add_text(object, "uri", key->uri);
	json_add_filled(object, "passphraseFile", key->passphrase_file);
	json_add_text(object, "usages", key->usages);
	json_add_text(object, "state", key->state);
	json_add(object, "createdAt", ca_json_time(key->created_at));
	return object;
}

/* Counts the certificates in a run of DER. */
static int64_t
count_certificates(struct bytes ders)
{
	struct der_item item;
	int64_t count = 0;

	while (der_next(&ders, &item))
		count++;
	return count;
}

static int
add_certificate(const struct generation *generation, struct json_object *object, struct error *err)
{
	cleanup(cert_freep) struct cert *cert = NULL;

	if (cert_parse(buf_bytes(&generation->certificate), &cert, err) < 0)
		return -1;
	json_add(object, "issuer", name_json(cert->issuer));
	json_add(object, "serial", hex_json(cert->serial));
	json_add(object, "notBefore", ca_json_time(cert->not_before));
	json_add(object, "notAfter", ca_json_time(cert->not_after));
	if (cert->path_len >= 0)
		json_add_int(object, "pathLength", cert->path_len);
	json_add(object, "subjectKeyId", hex_json(cert->key_id));
	json_add(object, "fingerprint",
	    hex_json(bytes_of(generation->fingerprint, sizeof(generation->fingerprint))));
	json_add_int(
	    object, "chainCertificates", count_certificates(buf_bytes(&generation->chain)));
	return 0;
}

static int
add_records(struct db *db, const struct generation *generation, struct json_object *object,
    struct error *err)
{
	cleanup(managed_key_release) struct managed_key key = { .bits = 0 };
	cleanup(buf_release) struct buf crosses = BUF_INIT(1048576);

	if (keys_find(db, &generation->key_id, &key, err) < 0 ||
	    cross_certificates_of(db, &generation->id, &crosses, err) < 0)
		return -1;
	json_add_int(object, "crossCertificates", count_certificates(buf_bytes(&crosses)));
	json_add(object, "key", ca_json_key(&key));
	return 0;
}

int
ca_json_generation(
    struct db *db, const struct generation *generation, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = json_object_new_object();

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_text(object, "label", generation->label);
	json_add_text(object, "state", generation_state_name(generation->state));
	json_add_text(object, "subject", generation->subject);
	json_add(object, "createdAt", ca_json_time(generation->created_at));
	if (generation->certificate.len > 0 && add_certificate(generation, object, err) < 0)
		return error_prefix(err, "%s", generation->label);
	if (add_records(db, generation, object, err) < 0)
		return -1;
	*out = take(object);
	return 0;
}

struct list {
	struct db *db;
	struct json_object *array;
};

static int
add_generation(const struct generation *generation, void *arg, struct error *err)
{
	const struct list *list = arg;
	struct json_object *object = NULL;

	if (ca_json_generation(list->db, generation, &object, err) < 0)
		return -1;
	json_object_array_add(list->array, object);
	return 0;
}

int
ca_json_authority(
    struct db *db, const struct authority *authority, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = json_object_new_object();
	struct list list = { .db = db, .array = json_object_new_array() };

	if (object == NULL || list.array == NULL) {
		json_object_put(list.array);
		return error_set(err, ERR_INTERNAL, "out of memory");
	}
	json_add_text(object, "name", authority->name);
	json_add(object, "createdAt", ca_json_time(authority->created_at));
	json_add(object, "generations", list.array);
	if (generations_each(db, &authority->id, add_generation, &list, err) < 0)
		return -1;
	*out = take(object);
	return 0;
}

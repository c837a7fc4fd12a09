/* Microsoft Entra's discovery documents and key sets: judged before anything is kept of them. */
#include "remote/identity_documents.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "crypto/jwk.h"
#include "remote/fetch.h"

enum { KID_MAX = 128 };

static const struct json_limits DOCUMENT_LIMITS = {
	.max_bytes = IDENTITY_DOCUMENT_MAX,
	.max_depth = 8,
	.max_members = IDENTITY_MAX_KEYS,
};

static int
parse(struct bytes text, const char *what, struct json_object **out, struct error *err)
{
	struct error wrong = { .code = ERR_NONE };

	if (json_parse(text, &DOCUMENT_LIMITS, out, &wrong) < 0)
		return error_set(err, ERR_IDENTITY_KEYS, "%s: %s", what, wrong.text);
	return 0;
}

int
identity_documents_discovery(struct bytes text, const char *issuer, const char *origin,
    struct discovery *out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *document = NULL;
	const char *found = "";
	const char *uri = "";
	const char *cloud = "";

	if (parse(text, "discovery document", &document, err) < 0)
		return -1;
	if (!json_get_text(document, "issuer", &found) || strcmp(found, issuer) != 0)
		return error_set(
		    err, ERR_IDENTITY_KEYS, "discovery document: its issuer is not %s", issuer);
	if (!json_get_text(document, "jwks_uri", &uri) || strlen(uri) >= IDENTITY_URL_MAX)
		return error_set(err, ERR_IDENTITY_KEYS, "discovery document: no usable jwks_uri");
	if (fetch_check_origin(uri, origin, ERR_IDENTITY_KEYS, err) < 0)
		return error_prefix(err, "discovery document: jwks_uri");
	(void)json_get_text(document, "cloud_instance_name", &cloud);
	if (strlen(cloud) >= IDENTITY_CLOUD_MAX)
		return error_set(err, ERR_IDENTITY_KEYS,
		    "discovery document: cloud_instance_name of %zu bytes", strlen(cloud));
	(void)snprintf(out->jwks_uri, sizeof(out->jwks_uri), "%s", uri);
	(void)snprintf(out->cloud, sizeof(out->cloud), "%s", cloud);
	return 0;
}

bool
identity_documents_is_kid(const char *kid)
{
	size_t len =
	    strspn(kid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	return len >= 1 && len <= KID_MAX && kid[len] == '\0';
}

/* Whether the key's issuer, its {tenantid} replaced by the tenant, is the expected one. */
static bool
is_issuer(const char *template, const char *tenant, const char *expected)
{
	static const char mark[] = "{tenantid}";
	const char *at = strstr(template, mark);
	size_t head = at != NULL ? (size_t)(at - template) : 0;
	size_t tenant_len = strlen(tenant);

	if (at == NULL)
		return strcmp(template, expected) == 0;
	return strncmp(template, expected, head) == 0 &&
	       strncmp(expected + head, tenant, tenant_len) == 0 &&
	       strcmp(expected + head + tenant_len, at + strlen(mark)) == 0;
}

/* Why the key is of no use here; NULL when it is of use. */
static const char *
find_misfit(const struct json_object *key, const struct key_set_rules *rules)
{
	const char *text = "";

	if (!json_get_text(key, "kid", &text) || !identity_documents_is_kid(text))
		return "no kid of the known form";
	if (!json_get_text(key, "kty", &text) || strcmp(text, "RSA") != 0)
		return "not an RSA key";
	if (json_has(key, "alg") &&
	    (!json_get_text(key, "alg", &text) || strcmp(text, "RS256") != 0))
		return "its alg is not RS256";
	/* A v1 token's issuer can never be that of a key that v1 and v2 share. */
	if (json_has(key, "issuer") && (!json_get_text(key, "issuer", &text) ||
					   (!is_issuer(text, rules->tenant, rules->issuer) &&
					       !is_issuer(text, rules->tenant, rules->v2_issuer))))
		return "it is another issuer's";
	if (json_has(key, "cloud_instance_name") && rules->cloud[0] != '\0' &&
	    (!json_get_text(key, "cloud_instance_name", &text) || strcmp(text, rules->cloud) != 0))
		return "it is another cloud's";
	return NULL;
}

static int
add_text(struct json_object *to, const char *name, const struct json_object *from)
{
	const char *text = "";

	(void)json_get_text(from, name, &text);
	return json_object_object_add(to, name, json_object_new_string(text));
}

/* What identity-keys.json keeps: never more than was checked. */
static struct json_object *
copy_key(const struct json_object *key, int64_t now)
{
	cleanup(json_object_putp) struct json_object *copy = json_object_new_object();

	if (copy == NULL || add_text(copy, "kty", key) < 0 || add_text(copy, "kid", key) < 0 ||
	    add_text(copy, "n", key) < 0 || add_text(copy, "e", key) < 0 ||
	    json_object_object_add(copy, "last_seen", json_object_new_int64(now)) < 0)
		return NULL;
	return take(copy);
}

/* What was left out of one document, for one line in the log. */
struct left_out {
	size_t count;
	char first[ERROR_TEXT_MAX];
};

static int
add_key(const struct json_object *key, const struct key_set_rules *rules, struct json_object *to,
    struct left_out *left_out, struct error *err)
{
	cleanup(jwk_freep) struct jwk *jwk = NULL;
	cleanup(json_object_putp) struct json_object *copy = NULL;
	struct error weak = { .code = ERR_NONE };
	const char *misfit = find_misfit(key, rules);

	if (misfit == NULL && jwk_read(key, &jwk, &weak) < 0)
		misfit = weak.text;
	if (misfit != NULL) {
		if (left_out->count++ == 0)
			(void)snprintf(left_out->first, sizeof(left_out->first), "%s", misfit);
		return 0;
	}
	copy = copy_key(key, rules->now);
	if (copy == NULL || json_object_array_add(to, copy) < 0)
		return error_set(err, ERR_INTERNAL, "key set: out of memory");
	(void)take(copy);
	return 0;
}

static int
add_usable(struct json_object *keys, const struct key_set_rules *rules, struct json_object *to,
    struct error *err)
{
	struct left_out left_out = { .count = 0 };

	for (size_t i = 0; i < json_object_array_length(keys); i++)
		if (add_key(json_object_array_get_idx(keys, i), rules, to, &left_out, err) < 0)
			return -1;
	if (left_out.count > 0)
		log_event(LOG_LEVEL_INFO, "identity_keys_left_out",
		    log_text("issuer", rules->issuer), log_number("count", (int64_t)left_out.count),
		    log_text("first", left_out.first));
	if (json_object_array_length(to) == 0)
		return error_set(err, ERR_IDENTITY_KEYS, "key set: no usable key");
	return 0;
}

/* Whether an item before the one at `index` has its kid. */
static bool
is_repeated(struct json_object *keys, size_t index)
{
	const char *kid = "";
	const char *earlier = "";

	if (!json_get_text(json_object_array_get_idx(keys, index), "kid", &kid))
		return false;
	for (size_t i = 0; i < index; i++)
		if (json_get_text(json_object_array_get_idx(keys, i), "kid", &earlier) &&
		    strcmp(kid, earlier) == 0)
			return true;
	return false;
}

/* What speaks against the whole document (RFC 8725, 3.4: nothing of it is believed then). */
static int
check_set(struct json_object *keys, struct error *err)
{
	size_t count = json_object_array_length(keys);

	for (size_t i = 0; i < count; i++) {
		struct json_object *key = json_object_array_get_idx(keys, i);

		if (!json_object_is_type(key, json_type_object))
			return error_set(
			    err, ERR_IDENTITY_KEYS, "key set: item %zu is no object", i);
		if (jwk_is_secret(key))
			return error_set(err, ERR_IDENTITY_KEYS,
			    "key set: item %zu is a symmetric or a private key", i);
		if (is_repeated(keys, i))
			return error_set(err, ERR_IDENTITY_KEYS,
			    "key set: item %zu has the kid of an earlier one", i);
	}
	return 0;
}

int
identity_documents_keys(struct bytes text, const struct key_set_rules *rules,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *document = NULL;
	cleanup(json_object_putp) struct json_object *usable = json_object_new_array();
	struct json_object *keys = NULL;

	if (parse(text, "key set", &document, err) < 0)
		return -1;
	if (usable == NULL || !json_get_array(document, "keys", &keys))
		return error_set(err, ERR_IDENTITY_KEYS, "key set: no array of keys");
	if (check_set(keys, err) < 0 || add_usable(keys, rules, usable, err) < 0)
		return -1;
	*out = take(usable);
	return 0;
}

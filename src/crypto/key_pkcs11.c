/* Private keys behind PKCS#11: modules, PINs, generating inside a token. */
#define _GNU_SOURCE
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs11.h>
#include <string.h>

#include "base/enc.h"
#include "base/random.h"
#include "crypto/key.h"
#include "crypto/key_internal.h"

enum { URI_MAX = 4096, LABEL_MAX = 255, KEY_ID_SIZE = 8 };

/* Appends an attribute's percent-decoded value (RFC 7512, 2.3); false when it is not there. */
static bool
uri_attribute(const char *uri, const char *name, struct buf *out, struct error *err)
{
	size_t name_len = strlen(name), len;
	const char *at = uri + strlen("pkcs11:");

	for (;; at += len + 1) {
		len = strcspn(at, ";?&");
		if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=')
			break;
		if (at[len] == '\0')
			return false;
	}
	for (size_t i = name_len + 1; i < len; i++)
		if (at[i] != '%')
			buf_add_byte(out, (uint8_t)at[i]);
		else if (len - i > 2 && hex_decode(bytes_of(at + i + 1, 2), out, err) == 0)
			i += 2;
		else
			out->failed = true;
	return true;
}

/* Hands GnuTLS the PIN once; a second asking means it was wrong, and tokens lock themselves. */
static int /* NOLINTNEXTLINE(readability-function-size): GnuTLS fixes the parameters */
give_pin(void *secret, int attempt, const char *token_url, const char *label, unsigned flags,
    char *pin, size_t pin_max)
{
	struct buf *text = secret;

	(void)token_url;
	(void)label;
	(void)flags;
	if (attempt > 0 || text == NULL || text->len == 0 || text->len >= pin_max)
		return -1;
	memcpy(pin, text->data, text->len);
	pin[text->len] = '\0';
	return 0;
}

/*
 * Loads the module that the URI names, and no other; without module-path GnuTLS
 * loads those that p11-kit is configured for when it meets the first URI.
 */
static int
load_module(const char *uri, struct error *err)
{
	cleanup(buf_release) struct buf path = BUF_INIT(URI_MAX);
	int rc;

	if (!uri_attribute(uri, "module-path", &path, err))
		return 0;
	if (err->code != ERR_NONE || buf_failed(&path) || path.len == 0 || path.data[0] != '/' ||
	    memchr(path.data, '\0', path.len) != NULL)
		return error_set(err, ERR_CA_KEY, "module-path must be an absolute path");
	rc = gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_MANUAL, NULL);
	if (rc == 0)
		rc = gnutls_pkcs11_add_provider(buf_text(&path), NULL);
	if (rc < 0)
		return error_set(
		    err, ERR_CA_KEY, "PKCS#11 module %s: %s", buf_text(&path), gnutls_strerror(rc));
	return 0;
}

int
key_pkcs11_open(const char *uri, struct buf *secret, gnutls_privkey_t key, struct error *err)
{
	int rc;

	if (load_module(uri, err) < 0)
		return -1;
	gnutls_privkey_set_pin_function(key, give_pin, secret);
	rc = gnutls_privkey_import_url(key, uri, GNUTLS_PKCS11_OBJ_FLAG_LOGIN);
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "%s", gnutls_strerror(rc));
	return 0;
}

/* Whether the token has a private key by that URI already. */
static int
refuse_existing(const char *uri, struct buf *secret, struct error *err)
{
	cleanup(gnutls_privkey_deinitp) gnutls_privkey_t key = NULL;
	struct error ignored = { .code = ERR_NONE };

	if (gnutls_privkey_init(&key) < 0)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (key_pkcs11_open(uri, secret, key, &ignored) == 0)
		return error_set(err, ERR_CA_KEY, "the token has a key of this name already");
	return 0;
}

/* Of all usages GnuTLS makes CKA_DECRYPT of this one alone. */
static unsigned
usage_of(enum key_purpose purpose)
{
	switch (purpose) {
	case KEY_SIGNS:
		return GNUTLS_KEY_DIGITAL_SIGNATURE;
	case KEY_SIGNS_AND_DECRYPTS:
		return GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_DECIPHER_ONLY;
	}
	return 0;
}

static int
generate(const char *uri, const char *label, struct key_facts facts, enum key_purpose purpose,
    struct error *err)
{
	gnutls_pk_algorithm_t algorithm = GNUTLS_PK_UNKNOWN;
	unsigned bits = 0;
	uint8_t id[KEY_ID_SIZE];
	gnutls_datum_t cid = { id, sizeof(id) };
	int rc;

	random_bytes(id, sizeof(id));
	key_gnutls_kind(facts, &algorithm, &bits);
	rc = gnutls_pkcs11_privkey_generate3(uri, algorithm, bits, label, &cid, GNUTLS_X509_FMT_DER,
	    NULL, usage_of(purpose),
	    GNUTLS_PKCS11_OBJ_FLAG_LOGIN | GNUTLS_PKCS11_OBJ_FLAG_MARK_SENSITIVE |
		GNUTLS_PKCS11_OBJ_FLAG_MARK_PRIVATE);
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "generating: %s", gnutls_strerror(rc));
	return 0;
}

static int
generate_named(const char *uri, struct buf *secret, struct key_facts facts,
    enum key_purpose purpose, struct error *err)
{
	cleanup(buf_release) struct buf label = BUF_INIT(LABEL_MAX);

	if (strncmp(uri, "pkcs11:", 7) != 0 || !uri_attribute(uri, "object", &label, err) ||
	    err->code != ERR_NONE || buf_failed(&label) || label.len == 0)
		return error_set(err, ERR_CA_KEY,
		    "not a pkcs11: URI with an object= of 1 to %d octets", LABEL_MAX);
	if (load_module(uri, err) < 0 || refuse_existing(uri, secret, err) < 0)
		return -1;
	gnutls_pkcs11_set_pin_function(give_pin, secret);
	return generate(uri, buf_text(&label), facts, purpose, err);
}

int
key_generate_pkcs11(const char *uri, const char *passphrase_file, struct key_facts facts,
    enum key_purpose purpose, struct error *err)
{
	cleanup(buf_release) struct buf secret = BUF_INIT(KEY_SECRET_MAX);
	int rc;

	if (key_file_secret(passphrase_file, &secret, err) < 0)
		return -1;
	rc = generate_named(uri, &secret, facts, purpose, err);
	/* The PIN must not outlive this call. */
	gnutls_pkcs11_set_pin_function(NULL, NULL);
	return rc < 0 ? error_prefix(err, "key %.*s", (int)strcspn(uri, "?"), uri) : 0;
}

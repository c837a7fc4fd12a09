/* Makes a CA generation ready to sign: its row, its certificate, its key, its URLs. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "enroll/issuing/issuer.h"
#include "store/keys.h"

static int url_set(char out[static ISSUER_URL_MAX], struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
url_set(char out[static ISSUER_URL_MAX], struct error *err, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(out, ISSUER_URL_MAX, format, args);
	va_end(args);
	if (len < 0 || len >= ISSUER_URL_MAX)
		return error_set(err, ERR_CONFIG, "BaseUrl or HttpBaseUrl is too long");
	return 0;
}

static int
set_urls(struct issuer *issuer, const struct settings *settings, struct error *err)
{
	const char *label = issuer->generation.label;
	const char *https = settings->server.base_url;
	const char *http = settings->server.http_base_url;

	if (url_set(issuer->ca_issuers_https, err, "%s/ca/%s", https, label) < 0 ||
	    url_set(issuer->ca_issuers_http, err, "%s/ca/%s", http, label) < 0 ||
	    url_set(issuer->ocsp, err, "%s/ocsp", http) < 0 ||
	    url_set(issuer->crl, err, "%s/crl/%s.crl", http, label) < 0)
		return -1;
	/* Where no CRL is published, nothing may lead there. */
	issuer->adds_cdp = settings->crl.add_cdp && strcmp(settings->crl.source, "None") != 0;
	return 0;
}

/* Opens the generation's key; its public key must be the row's and the certificate's. */
static int
open_key(struct db *db, struct issuer *issuer, struct error *err)
{
	cleanup(managed_key_release) struct managed_key row = { 0 };
	const char *label = issuer->generation.label;

	if (keys_find(db, &issuer->generation.key_id, &row, err) < 0)
		return -1;
	if (key_open(row.uri, row.passphrase_file[0] != '\0' ? row.passphrase_file : NULL,
		&issuer->key, err) < 0)
		return error_prefix(err, "CA generation %s", label);
	if (!bytes_equal(key_public(issuer->key), buf_bytes(&row.public_key)) ||
	    !bytes_equal(key_public(issuer->key), issuer->cert->spki))
		return error_set(err, ERR_CA_KEY,
		    "CA generation %s: the key in %s is not the certificate's", label, row.uri);
	return 0;
}

static int
find_active(
    struct db *db, const struct uuid *authority_id, struct generation *out, struct error *err)
{
	if (generations_find_active(db, authority_id, out, err) == 0)
		return 0;
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	err->number = ISSUER_ABSENT;
	return error_set(err, ERR_CA_KEY, "the authority has no active CA generation");
}

/* RFC 5280, 4.2.1.1: leaves need an AKI even under a CA certificate without an SKI. */
static int
set_key_id(struct issuer *issuer, struct error *err)
{
	issuer->key_id = issuer->cert->key_id;
	if (issuer->key_id.len > 0)
		return 0;
	if (cert_key_id(issuer->cert->spki, issuer->made_key_id, err) < 0)
		return -1;
	issuer->key_id = bytes_of(issuer->made_key_id, sizeof(issuer->made_key_id));
	return 0;
}

/* What follows from the generation's row, which is there. */
static int
fill(struct db *db, const struct settings *settings, struct issuer *issuer, struct error *err)
{
	if (cert_parse(buf_bytes(&issuer->generation.certificate), &issuer->cert, err) < 0 ||
	    set_key_id(issuer, err) < 0 || open_key(db, issuer, err) < 0)
		return -1;
	return set_urls(issuer, settings, err);
}

/* Whatever is wrong with our own records is not the caller's fault. */
static int
fail(struct error *err)
{
	if (!error_is(err, ERR_DATABASE) && !error_is(err, ERR_INTERNAL))
		err->code = ERR_CA_KEY;
	return -1;
}

int
issuer_load(struct db *db, const struct settings *settings, const struct uuid *authority_id,
    struct issuer **out, struct error *err)
{
	cleanup(issuer_freep) struct issuer *issuer = issuer_new();

	if (issuer == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (find_active(db, authority_id, &issuer->generation, err) < 0 ||
	    fill(db, settings, issuer, err) < 0)
		return fail(err);
	*out = take(issuer);
	return 0;
}

int
issuer_load_generation(struct db *db, const struct settings *settings,
    const struct uuid *generation_id, struct issuer **out, struct error *err)
{
	cleanup(issuer_freep) struct issuer *issuer = issuer_new();

	if (issuer == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (generations_find_id(db, generation_id, &issuer->generation, err) < 0)
		return -1;
	if (issuer->generation.certificate.len == 0)
		return error_set(err, ERR_CA_KEY, "CA generation %s has no certificate yet",
		    issuer->generation.label);
	if (fill(db, settings, issuer, err) < 0)
		return fail(err);
	*out = take(issuer);
	return 0;
}

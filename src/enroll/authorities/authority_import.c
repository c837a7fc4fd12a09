/* CA certificates from outside: an outer CA's answer to a request of ours, and whole CAs. */
#define _GNU_SOURCE
#include "enroll/authorities/authority_import.h"

#include <stdio.h>
#include <string.h>

#include "enroll/authorities/authority_change.h"
#include "enroll/authorities/authority_cross.h"
#include "enroll/authorities/authority_generation.h"

enum { DETAIL_MAX = 1024 };

/* The certificate and what leads from it to the outer root. */
struct bundle {
	struct cert *cert;
	struct cert *chain[AUTHORITY_CHAIN_MAX];
	size_t count;
};

static void
bundle_release(struct bundle *bundle)
{
	cert_freep(&bundle->cert);
	for (size_t i = 0; i < bundle->count; i++)
		cert_freep(&bundle->chain[i]);
}

static int
add_certificate(struct bytes der, struct bundle *bundle, struct error *err)
{
	struct cert **slot = &bundle->chain[bundle->count];

	if (bundle->cert == NULL)
		return cert_parse(der, &bundle->cert, err);
	if (bundle->count == AUTHORITY_CHAIN_MAX)
		return error_set(err, ERR_BAD_REQUEST, "a chain of more than %d certificates",
		    AUTHORITY_CHAIN_MAX);
	if (cert_parse(der, slot, err) < 0)
		return error_prefix(err, "certificate %zu of the chain", bundle->count + 1);
	bundle->count++;
	return 0;
}

static bool
has_pem(struct bytes text, size_t offset)
{
	static const char begin[] = "-----BEGIN ";

	return offset < text.len &&
	       memmem(text.ptr + offset, text.len - offset, begin, sizeof(begin) - 1) != NULL;
}

static int
read_pem(struct bytes text, struct bundle *bundle, struct error *err)
{
	size_t offset = 0;

	do {
		cleanup(buf_release) struct buf der = BUF_INIT(CA_CERTIFICATE_MAX);

		if (pem_decode(text, "CERTIFICATE", &offset, &der, err) < 0 ||
		    add_certificate(buf_bytes(&der), bundle, err) < 0)
			return -1;
	} while (has_pem(text, offset));
	return 0;
}

static int
read_bundle(const struct authority_import *import, struct bundle *bundle, struct error *err)
{
	bool is_der = import->certificate.len > 0 && import->certificate.ptr[0] == 0x30;
	int rc = is_der ? add_certificate(import->certificate, bundle, err)
			: read_pem(import->certificate, bundle, err);

	if (rc < 0 || bundle->cert == NULL) {
		(void)error_prefix(err, "the certificate");
		return -1;
	}
	if (import->chain.len > 0 && read_pem(import->chain, bundle, err) < 0)
		return error_prefix(err, "the chain");
	return 0;
}

/* RFC 5280, 4.2.1.3 and 4.2.1.9: what makes a certificate a CA's. */
static int
check_is_ca(const struct cert *cert, struct error *err)
{
	if (!cert->is_ca)
		return error_set(
		    err, ERR_BAD_REQUEST, "not a CA certificate: BasicConstraints lacks CA");
	if (cert->has_key_usage && (cert->key_usage & KU_KEY_CERT_SIGN) == 0)
		return error_set(
		    err, ERR_BAD_REQUEST, "not a CA certificate: KeyUsage lacks keyCertSign");
	return 0;
}

static int
check_dates(const struct cert *cert, int64_t now, struct error *err)
{
	if (cert->not_before > now)
		return error_set(err, ERR_BAD_REQUEST, "the certificate is not valid yet");
	if (cert->not_after <= now)
		return error_set(err, ERR_BAD_REQUEST, "the certificate has ended");
	return 0;
}

static int
check_bundle(const struct bundle *bundle, int64_t now, struct error *err)
{
	const struct cert *below = bundle->cert;

	if (check_is_ca(below, err) < 0 || check_dates(below, now, err) < 0)
		return error_prefix(err, "the certificate");
	if (bytes_equal(below->issuer, below->subject) && bundle->count == 0 &&
	    cert_verify(below, below, err) < 0)
		return error_prefix(err, "the certificate");
	for (size_t i = 0; i < bundle->count; below = bundle->chain[i++])
		if (check_is_ca(bundle->chain[i], err) < 0 ||
		    check_dates(bundle->chain[i], now, err) < 0 ||
		    cert_verify(below, bundle->chain[i], err) < 0)
			return error_prefix(err,
			    "certificate %zu of the chain (issuer first, then its issuer)", i + 1);
	return 0;
}

static int
certify(struct generation *generation, const struct bundle *bundle, struct error *err)
{
	generation->chain.max = CA_CHAIN_MAX;
	buf_reset(&generation->chain);
	for (size_t i = 0; i < bundle->count; i++)
		buf_add(&generation->chain, buf_bytes(&bundle->chain[i]->der));
	if (buf_failed(&generation->chain))
		return error_set(
		    err, ERR_TOO_LARGE, "the chain is larger than %d bytes", CA_CHAIN_MAX);
	return authority_generation_certify(generation, bundle->cert, err);
}

static int
record_existing(const struct authority_context *context, const struct authority *authority,
    const struct authority_key *key, struct authority_outcome *outcome, struct error *err)
{
	char detail[DETAIL_MAX];
	const struct authority_change change = {
		.action = "ca.import",
		.detail = detail,
		.authority = authority,
		.is_new = true,
		.key = key,
		.insert = &outcome->generation,
		.activate = &outcome->generation,
		.outcome = outcome,
	};

	outcome->generation.key_id = key->row.id;
	memcpy(outcome->key_uri, key->row.uri, sizeof(outcome->key_uri));
	authority_describe(&outcome->generation, &key->row, detail, sizeof(detail));
	return authority_change_apply(context, &change, err);
}

static int
check_same_key(const struct cert *cert, const struct authority_key *key, struct error *err)
{
	if (bytes_equal(cert->spki, key_public(key->key)))
		return 0;
	return error_set(
	    err, ERR_BAD_REQUEST, "the certificate is not of the key in %s", key->row.uri);
}

int
authority_import_existing(const struct authority_context *context,
    const struct authority_import *import, const struct authority_key_choice *choice,
    struct authority_outcome *out, struct error *err)
{
	cleanup(bundle_release) struct bundle bundle = { .cert = NULL };
	cleanup(authority_key_release) struct authority_key key = { .key = NULL };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	struct authority_key_choice existing = *choice;
	struct authority authority;

	existing.existing = true;
	if (authority_check_new(context->db, import->name, &authority, err) < 0 ||
	    read_bundle(import, &bundle, err) < 0 || check_bundle(&bundle, context->now, err) < 0)
		return -1;
	authority_generation_begin(&outcome.generation, &authority, 1, context->now);
	if (authority_key_prepare(
		context->settings, &existing, outcome.generation.label, &key, err) < 0 ||
	    check_same_key(bundle.cert, &key, err) < 0 ||
	    certify(&outcome.generation, &bundle, err) < 0 ||
	    record_existing(context, &authority, &key, &outcome, err) < 0)
		return -1;
	*out = outcome;
	outcome = (struct authority_outcome){ .former = "" };
	return 0;
}

/* Looks through an authority's generations for the one that a certificate belongs to. */
struct search {
	struct db *db;
	struct bytes spki;
	char found[49];
	bool any_waits;
};

static int
match_waiting(const struct generation *generation, void *arg, struct error *err)
{
	cleanup(managed_key_release) struct managed_key key = { .bits = 0 };
	struct search *search = arg;

	if (generation->state != GENERATION_PENDING || generation->certificate.len > 0)
		return 0;
	search->any_waits = true;
	if (keys_find(search->db, &generation->key_id, &key, err) < 0)
		return -1;
	if (bytes_equal(buf_bytes(&key.public_key), search->spki))
		memcpy(search->found, generation->label, sizeof(search->found));
	return 0;
}

static int
find_waiting(struct db *db, const struct authority *authority, const struct cert *cert,
    struct generation *out, struct error *err)
{
	struct search search = { .db = db, .spki = cert->spki };

	if (generations_each(db, &authority->id, match_waiting, &search, err) < 0)
		return -1;
	if (!search.any_waits)
		return error_set(err, ERR_CONFLICT,
		    "no generation of the CA %s waits for a certificate", authority->name);
	if (search.found[0] == '\0')
		return error_set(err, ERR_BAD_REQUEST,
		    "the certificate's public key is not that of a generation of %s that waits for "
		    "its certificate",
		    authority->name);
	return generations_find(db, search.found, out, err);
}

/* With the active generation, if there is one, has another key and can sign. */
static int
cross_active(const struct authority_context *context, const struct generation *active,
    const struct authority_side *answered, struct authority_crosses *crosses, struct error *err)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	cleanup(authority_key_release) struct authority_key key = { .key = NULL };

	if (memcmp(&active->key_id, &answered->generation->key_id, sizeof(active->key_id)) == 0)
		return 0;
	if (cert_parse(buf_bytes(&active->certificate), &cert, err) < 0 ||
	    authority_key_load(context->db, &active->key_id, &key, err) < 0)
		return -1;
	return authority_cross(answered, &(struct authority_side){ active, cert, key.key },
	    context->now, crosses, err);
}

/* Tells whether the authority has an active generation, which is put into *active then. */
static int
find_active(struct db *db, const struct authority *authority, struct generation *active,
    bool *found, struct error *err)
{
	*found = generations_find_active(db, &authority->id, active, err) == 0;
	return *found ? 0 : error_forgive(err, ERR_NOT_FOUND);
}

static int
record_answer(const struct authority_context *context, const struct authority *authority,
    const struct cert *cert, struct authority_outcome *outcome, struct error *err)
{
	cleanup(generation_release) struct generation active = { .number = 0 };
	cleanup(authority_key_release) struct authority_key key = { .key = NULL };
	cleanup(authority_crosses_release) struct authority_crosses crosses = { .count = 0 };
	bool has_active;
	char detail[DETAIL_MAX];
	struct authority_change change = {
		.action = "ca.import",
		.detail = detail,
		.authority = authority,
		.certified = &outcome->generation,
		.outcome = outcome,
	};
	struct authority_side side = { &outcome->generation, cert, NULL };

	if (authority_key_load(context->db, &outcome->generation.key_id, &key, err) < 0 ||
	    find_active(context->db, authority, &active, &has_active, err) < 0)
		return -1;
	side.key = key.key;
	if (has_active && cross_active(context, &active, &side, &crosses, err) < 0)
		return -1;
	memcpy(outcome->key_uri, key.row.uri, sizeof(outcome->key_uri));
	authority_describe(&outcome->generation, &key.row, detail, sizeof(detail));
	change.activate = has_active ? NULL : &outcome->generation;
	change.crosses = crosses.rows;
	change.cross_count = crosses.count;
	return authority_change_apply(context, &change, err);
}

int
authority_import_answer(const struct authority_context *context,
    const struct authority_import *import, struct authority_outcome *out, struct error *err)
{
	cleanup(bundle_release) struct bundle bundle = { .cert = NULL };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	struct authority authority;

	if (authority_find(context->db, import->name, &authority, err) < 0 ||
	    read_bundle(import, &bundle, err) < 0 || check_bundle(&bundle, context->now, err) < 0 ||
	    find_waiting(context->db, &authority, bundle.cert, &outcome.generation, err) < 0 ||
	    certify(&outcome.generation, &bundle, err) < 0 ||
	    record_answer(context, &authority, bundle.cert, &outcome, err) < 0)
		return -1;
	*out = outcome;
	outcome = (struct authority_outcome){ .former = "" };
	return 0;
}

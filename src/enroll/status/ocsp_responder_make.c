/* Makes the certificate and the key of a delegated OCSP responder. */
#include "enroll/status/ocsp_responder_make.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json_add.h"
#include "base/random.h"
#include "crypto/cert.h"
#include "enroll/audit_change.h"
#include "enroll/authorities/authority_generation.h"
#include "enroll/issuing/issuer.h"
#include "enroll/journal/journal.h"
#include "enroll/status/ocsp_responder.h"
#include "enroll/issuing/policy.h"
#include "store/certificates.h"
#include "store/ocsp_responders.h"

enum {
	RSA_BITS = 2048, /* for a day; a CA's own may be too slow for each answer */
	SUBJECT_MAX = 512,
	SERIAL_TEXT_MAX = 2 * CERT_SERIAL_SIZE + 1
};

static const char *const EKUS[] = { "1.3.6.1.5.5.7.3.9" }; /* id-kp-OCSPSigning */

/* A responder in the making. */
struct making {
	const struct job_context *context;
	struct authority authority;
	struct issuer *issuer;
	struct key *key;
	struct buf subject;
	struct buf subject_text;
	struct name name;
	uint8_t serial[CERT_SERIAL_SIZE];
	char serial_text[SERIAL_TEXT_MAX];
	struct uuid request_id;
	struct ocsp_responder_row row;
	struct json_object *facts; /* for the audit */
};

static void
making_release(struct making *making)
{
	issuer_freep(&making->issuer);
	key_freep(&making->key);
	buf_release(&making->subject);
	buf_release(&making->subject_text);
	ocsp_responders_release(&making->row);
	json_object_put(making->facts);
}

static int
write_subject(struct making *making, const char *ending, struct error *err)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "CN=%s OCSP%s", making->authority.name, ending);
	buf_reset(&making->subject);
	if (name_from_text(text, &making->subject, err) < 0 ||
	    name_read(buf_bytes(&making->subject), &making->name, err) < 0)
		return -1;
	buf_reset(&making->subject_text);
	name_text(&making->name, &making->subject_text);
	return buf_failed(&making->subject_text)
		   ? error_set(err, ERR_INTERNAL, "an OCSP responder's subject is too long")
		   : 0;
}

/* RFC 5280, 6.1: with the CA's own subject it would pass for a self-issued certificate. */
static int
choose_subject(struct making *making, struct error *err)
{
	if (write_subject(making, "", err) < 0)
		return -1;
	if (!bytes_equal(buf_bytes(&making->subject), making->issuer->cert->subject))
		return 0;
	return write_subject(making, " responder", err);
}

static int
choose_dates(struct making *making, struct error *err)
{
	const struct job_context *context = making->context;
	const struct authority_context now = { .settings = context->settings, .now = context->now };
	const struct cert *issuer = making->issuer->cert;
	struct ocsp_responder_row *row = &making->row;

	if (context->now < issuer->not_before || context->now >= issuer->not_after)
		return error_set(err, ERR_CA_KEY, "the certificate of %s is outside its dates",
		    making->issuer->generation.label);
	row->created_at = context->now;
	row->not_before = authority_not_before(&now);
	if (row->not_before < issuer->not_before)
		row->not_before = issuer->not_before;
	row->not_after = context->now + (int64_t)context->settings->ocsp.responder_validity_s;
	if (row->not_after > issuer->not_after)
		row->not_after = issuer->not_after;
	return 0;
}

static int
prepare(const struct uuid *generation_id, struct making *making, struct error *err)
{
	const struct job_context *context = making->context;

	if (issuer_load_generation(
		context->db, context->settings, generation_id, &making->issuer, err) < 0 ||
	    authorities_find_id(context->db, &making->issuer->generation.authority_id,
		&making->authority, err) < 0 ||
	    choose_subject(making, err) < 0)
		return -1;
	making->row.id = uuid_new();
	making->row.generation_id = *generation_id;
	making->request_id = uuid_new();
	return choose_dates(making, err);
}

/* Sealed before the CA signs: without a keyring there is no certificate either. */
static int
make_key(struct making *making, struct error *err)
{
	struct key_facts facts = key_facts(making->issuer->key);

	if (facts.type == KEY_RSA)
		facts.bits = RSA_BITS;
	if (key_generate(facts, &making->key, err) < 0 ||
	    ocsp_responder_seal(making->context->keyring, &making->row.id, making->key,
		&making->row.private_key, err) < 0)
		return -1;
	return buf_failed(&making->row.private_key)
		   ? error_set(err, ERR_INTERNAL, "an OCSP responder's key is too long")
		   : 0;
}

/* RFC 6960, 4.2.2.2 and 4.2.2.2.1: nobody is to ask whether it is revoked, so no place is named. */
static int
sign(struct making *making, struct error *err)
{
	struct cert_template template = issuer_template(making->issuer);
	cleanup(buf_release) struct buf text = BUF_INIT(SERIAL_TEXT_MAX);

	template.not_before = making->row.not_before;
	template.not_after = making->row.not_after;
	template.subject = buf_bytes(&making->subject);
	template.spki = key_public(making->key);
	template.key_usage = KU_DIGITAL_SIGNATURE;
	template.ekus = EKUS;
	template.eku_count = sizeof(EKUS) / sizeof(EKUS[0]);
	template.ocsp = NULL;
	template.crl = NULL;
	template.ocsp_no_check = true;
	random_bytes(making->serial, sizeof(making->serial));
	making->serial[0] = certificate_type_octet(CERTIFICATE_OCSP_RESPONDER);
	memcpy(template.serial, making->serial, sizeof(template.serial));
	hex_encode_upper(bytes_of(making->serial, sizeof(making->serial)), &text);
	(void)snprintf(making->serial_text, sizeof(making->serial_text), "%s", buf_text(&text));
	return cert_sign(&template, making->issuer->key, &making->row.certificate, err);
}

static int
gather_facts(struct making *making, struct error *err)
{
	char ends[CLOCK_TEXT_MAX];

	making->facts = json_object_new_object();
	if (making->facts == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	clock_text(making->row.not_after, ends);
	json_add_text(making->facts, "authority", making->authority.name);
	json_add_text(making->facts, "generation", making->issuer->generation.label);
	json_add_text(making->facts, "subject", buf_text(&making->subject_text));
	json_add_text(making->facts, "ends", ends);
	return 0;
}

/* In the certificate's transaction, which comes too late where the lease is not ours any more. */
static int
insert_rest(struct db *db, void *arg, struct error *err)
{
	const struct making *making = arg;
	const struct audit_actor actor = { .name = "job:ocsp-responders", .remote_address = "" };
	const struct audit_change change = {
		.action = "ocsp_responder.create",
		.object_type = "certificate",
		.object_name = making->serial_text,
		.after = making->facts,
	};

	if (jobs_check_lease(db, making->context->lease, err) < 0 ||
	    ocsp_responders_insert(db, &making->row, err) < 0)
		return -1;
	return audit_change_insert(db, &actor, &change, err);
}

/* There is neither a request nor an RA profile; zeros stand for both. */
static int
record(struct making *making, struct error *err)
{
	const struct key_facts facts = key_facts(making->key);
	uint8_t fingerprint[SHA256_SIZE], spki_hash[SHA256_SIZE], csr_hash[SHA256_SIZE] = { 0 };
	const struct certificates_companion rest = { insert_rest, making };
	const struct certificate_record row = {
		.id = making->row.id,
		.generation_id = making->row.generation_id,
		.serial = bytes_of(making->serial, sizeof(making->serial)),
		.fingerprint = bytes_of(fingerprint, sizeof(fingerprint)),
		.type = certificate_type_name(CERTIFICATE_OCSP_RESPONDER),
		.source = "Job",
		.subject = buf_text(&making->subject_text),
		.common_name = name_common_name(&making->name),
		.sans = "",
		.not_before = making->row.not_before,
		.not_after = making->row.not_after,
		.key_type = key_type_name(facts.type),
		.key_bits = facts.bits,
		.spki_hash = bytes_of(spki_hash, sizeof(spki_hash)),
		.csr_hash = bytes_of(csr_hash, sizeof(csr_hash)),
		.der = buf_bytes(&making->row.certificate),
		.requester_kind = "job",
		.remote_address = "",
		.request_id = making->request_id,
		.dropped = "",
		.lineage = making->row.id,
		.issued_at = making->row.created_at,
	};

	if (sha256(row.der, fingerprint, err) < 0 ||
	    sha256(key_public(making->key), spki_hash, err) < 0 || gather_facts(making, err) < 0 ||
	    certificates_insert_with(making->context->db, &row, &rest, err) < 0)
		return -1;
	return journal_issued(making->context->db, &row, err);
}

int
ocsp_responder_make(
    const struct job_context *context, const struct uuid *generation_id, struct error *err)
{
	cleanup(making_release) struct making making = {
		.context = context,
		.subject = BUF_INIT(SUBJECT_MAX),
		.subject_text = BUF_INIT(SUBJECT_MAX),
	};

	ocsp_responders_init(&making.row);
	if (prepare(generation_id, &making, err) < 0 || make_key(&making, err) < 0 ||
	    sign(&making, err) < 0)
		return -1;
	return record(&making, err);
}

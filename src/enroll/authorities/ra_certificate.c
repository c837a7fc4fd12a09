/* Makes and retires the certificates and keys of registration authorities, which SCEP works with.
 */
#include "enroll/authorities/ra_certificate.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/json_add.h"
#include "base/random.h"
#include "crypto/cert.h"
#include "enroll/audit_change.h"
#include "enroll/authorities/authority_generation.h"
#include "enroll/issuing/issue.h"
#include "enroll/issuing/issuer.h"
#include "enroll/journal/journal.h"
#include "enroll/issuing/policy.h"
#include "store/certificates.h"
#include "store/certificates_find.h"
#include "store/ra_certificates.h"
#include "store/revocations.h"

enum { SUBJECT_MAX = 8192, SUBJECT_TEXT_MAX = 1024, SERIAL_TEXT_MAX = 2 * CERT_SERIAL_SIZE + 1 };

/*
 * Microsoft's Certificate Request Agent, as NDES has it: Intune asks for this one or serverAuth,
 * and a registration authority is no TLS server.
 */
static const char *const EKUS[] = { "1.3.6.1.4.1.311.20.2.1" };

/* A certificate in the making. */
struct making {
	const struct authority_context *context;
	struct authority authority;
	struct issuer *issuer;
	struct authority_key key;
	struct buf subject;
	struct buf subject_text;
	struct buf der;
	struct name name;
	uint8_t serial[CERT_SERIAL_SIZE];
	char serial_text[SERIAL_TEXT_MAX];
	struct uuid id;
	int64_t not_before;
	int64_t not_after;
	struct json_object *facts; /* for the audit */
};

static void
making_release(struct making *making)
{
	issuer_freep(&making->issuer);
	authority_key_release(&making->key);
	buf_release(&making->subject);
	buf_release(&making->subject_text);
	buf_release(&making->der);
	json_object_put(making->facts);
}

static int
read_subject(const struct ra_certificate_plan *plan, struct making *making, struct error *err)
{
	char common_name[64];

	(void)snprintf(common_name, sizeof(common_name), "CN=%s SCEP RA", making->authority.name);
	if (name_from_text(
		plan->subject != NULL ? plan->subject : common_name, &making->subject, err) < 0 ||
	    name_read(buf_bytes(&making->subject), &making->name, err) < 0)
		return -1;
	name_text(&making->name, &making->subject_text);
	if (buf_failed(&making->subject_text) || making->name.count == 0)
		return error_set(err, ERR_CONFIG, "the subject is empty or longer than %d bytes",
		    SUBJECT_TEXT_MAX);
	/* RFC 5280, 6.1: it would pass for a self-issued one. */
	if (bytes_equal(buf_bytes(&making->subject), making->issuer->cert->subject))
		return error_set(
		    err, ERR_CONFIG, "the subject is that of the CA itself; choose another");
	return 0;
}

static int
choose_dates(const struct ra_certificate_plan *plan, struct making *making, struct error *err)
{
	const struct authority_context *context = making->context;
	const struct cert *issuer = making->issuer->cert;

	if (context->now < issuer->not_before || context->now >= issuer->not_after)
		return error_set(err, ERR_CA_KEY, "the certificate of %s is outside its dates",
		    making->issuer->generation.label);
	making->not_before = authority_not_before(context);
	if (making->not_before < issuer->not_before)
		making->not_before = issuer->not_before;
	making->not_after = context->now + (int64_t)plan->days * DAY_SECONDS;
	if (making->not_after > issuer->not_after)
		making->not_after = issuer->not_after;
	return 0;
}

/* Everything that can fail before there is a key. */
static int
prepare(const struct ra_certificate_plan *plan, struct making *making, struct error *err)
{
	const struct authority_context *context = making->context;

	if (authority_find(context->db, plan->authority, &making->authority, err) < 0 ||
	    issue_check_clocks(context->db, err) < 0 ||
	    issuer_load(
		context->db, context->settings, &making->authority.id, &making->issuer, err) < 0 ||
	    read_subject(plan, making, err) < 0)
		return -1;
	return choose_dates(plan, making, err);
}

/* No name of a CA holds a dot, so that no key of a generation is ever called so. */
static int
prepare_key(const struct ra_certificate_plan *plan, struct making *making, struct error *err)
{
	const struct authority_context *context = making->context;
	struct authority_key_choice choice = plan->key;
	int64_t count = 0;
	char label[64];

	if (ra_certificates_count(context->db, &making->authority.id, &count, err) < 0)
		return -1;
	(void)snprintf(
	    label, sizeof(label), "%s.ra-%lld", making->authority.name, (long long)count + 1);
	choice.usages = "scep";
	return authority_key_prepare(context->settings, &choice, label, &making->key, err);
}

/* A key has one purpose: with a CA's, a message to decrypt could be a certificate to sign. */
static int
refuse_same(const struct managed_key *present, void *arg, struct error *err)
{
	const struct authority_key *key = arg;

	if (!bytes_equal(buf_bytes(&present->public_key), key_public(key->key)))
		return 0;
	return error_set(err, ERR_CONFLICT, "the key in %s is on record already, as %s",
	    key->row.uri, present->name);
}

static int
check_key(struct making *making, struct error *err)
{
	struct db *db = making->context->db;
	uint8_t spki_hash[SHA256_SIZE];
	bool is_compromised = false;

	if (key_facts(making->key.key).type != KEY_RSA)
		return error_set(err, ERR_CONFIG,
		    "SCEP clients encrypt to a registration authority's RSA key; this is one of "
		    "type %s",
		    key_type_name(key_facts(making->key.key).type));
	if (keys_each(db, refuse_same, &making->key, err) < 0 ||
	    sha256(key_public(making->key.key), spki_hash, err) < 0 ||
	    revocations_is_compromised(db, bytes_of(spki_hash, SHA256_SIZE), &is_compromised, err) <
		0)
		return -1;
	return is_compromised
		   ? error_set(err, ERR_KEY, "this public key was revoked for keyCompromise")
		   : 0;
}

static int
sign(struct making *making, struct error *err)
{
	struct cert_template template = issuer_template(making->issuer);
	cleanup(buf_release) struct buf text = BUF_INIT(SERIAL_TEXT_MAX);

	template.not_before = making->not_before;
	template.not_after = making->not_after;
	template.subject = buf_bytes(&making->subject);
	template.spki = key_public(making->key.key);
	template.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT;
	template.ekus = EKUS;
	template.eku_count = sizeof(EKUS) / sizeof(EKUS[0]);
	random_bytes(making->serial, sizeof(making->serial));
	making->serial[0] = certificate_type_octet(CERTIFICATE_SCEP_RA);
	memcpy(template.serial, making->serial, sizeof(template.serial));
	hex_encode_upper(bytes_of(making->serial, sizeof(making->serial)), &text);
	(void)snprintf(making->serial_text, sizeof(making->serial_text), "%s", buf_text(&text));
	return cert_sign(&template, making->issuer->key, &making->der, err);
}

static int
gather_facts(struct making *making, struct error *err)
{
	struct json_object *facts = json_object_new_object();

	if (facts == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	making->facts = facts;
	json_add_text(facts, "authority", making->authority.name);
	json_add_text(facts, "generation", making->issuer->generation.label);
	json_add_text(facts, "subject", buf_text(&making->subject_text));
	json_add_text(facts, "key", making->key.row.name);
	json_add_text(facts, "keyUri", making->key.row.uri);
	return 0;
}

static int
insert_audit(struct db *db, const struct making *making, struct error *err)
{
	const struct audit_actor actor = { .name = making->context->actor, .remote_address = "" };
	const struct audit_change change = {
		.action = "ra.create",
		.object_type = "certificate",
		.object_name = making->serial_text,
		.after = making->facts,
	};

	return audit_change_insert(db, &actor, &change, err);
}

static int
insert_rest(struct db *db, void *arg, struct error *err)
{
	const struct making *making = arg;
	const struct ra_certificate row = {
		.certificate_id = making->id,
		.authority_id = making->authority.id,
		.key_id = making->key.row.id,
		.created_at = making->context->now,
	};

	if (keys_insert(db, &making->key.row, err) < 0 || ra_certificates_insert(db, &row, err) < 0)
		return -1;
	return insert_audit(db, making, err);
}

/* There is neither a request nor an RA profile; zeros stand for both. */
static int
record(struct making *making, struct error *err)
{
	const struct key_facts facts = key_facts(making->key.key);
	uint8_t fingerprint[SHA256_SIZE], spki_hash[SHA256_SIZE], csr_hash[SHA256_SIZE] = { 0 };
	const struct certificates_companion rest = { insert_rest, making };
	struct certificate_record row = {
		.id = making->id,
		.generation_id = making->issuer->generation.id,
		.serial = bytes_of(making->serial, sizeof(making->serial)),
		.fingerprint = bytes_of(fingerprint, sizeof(fingerprint)),
		.type = certificate_type_name(CERTIFICATE_SCEP_RA),
		.source = "Command",
		.subject = buf_text(&making->subject_text),
		.common_name = name_common_name(&making->name),
		.sans = "",
		.not_before = making->not_before,
		.not_after = making->not_after,
		.key_type = key_type_name(facts.type),
		.key_bits = facts.bits,
		.spki_hash = bytes_of(spki_hash, sizeof(spki_hash)),
		.csr_hash = bytes_of(csr_hash, sizeof(csr_hash)),
		.der = buf_bytes(&making->der),
		.requester_kind = "command",
		.remote_address = "",
		.request_id = uuid_new(),
		.dropped = "",
		.lineage = making->id,
		.issued_at = making->context->now,
	};

	if (sha256(row.der, fingerprint, err) < 0 ||
	    sha256(key_public(making->key.key), spki_hash, err) < 0 ||
	    gather_facts(making, err) < 0)
		return -1;
	if (certificates_insert_with(making->context->db, &row, &rest, err) < 0)
		return -1;
	return journal_issued(making->context->db, &row, err);
}

int
ra_certificate_create(const struct authority_context *context,
    const struct ra_certificate_plan *plan, struct ra_certificate_outcome *out, struct error *err)
{
	cleanup(making_release) struct making making = {
		.context = context,
		.subject = BUF_INIT(SUBJECT_MAX),
		.subject_text = BUF_INIT(SUBJECT_TEXT_MAX),
		.der = BUF_INIT(ISSUE_MAX_DER),
		.id = uuid_new(),
	};

	if (prepare(plan, &making, err) < 0 || prepare_key(plan, &making, err) < 0)
		return -1;
	if (check_key(&making, err) < 0 || sign(&making, err) < 0 || record(&making, err) < 0)
		return authority_key_stays(&making.key, err);
	*out = (struct ra_certificate_outcome){ .id = making.id };
	memcpy(out->key_uri, making.key.row.uri, sizeof(out->key_uri));
	return 0;
}

/* A key on its way out. */
struct retirement {
	const struct authority_context *context;
	struct ra_certificate certificate;
	char serial[2 * CERTIFICATE_ROW_SERIAL_MAX + 1];
	struct json_object *before;
	struct json_object *after;
	int64_t users;
};

static void
retirement_release(struct retirement *retirement)
{
	json_object_put(retirement->before);
	json_object_put(retirement->after);
}

static int
find_retired(const struct uuid *certificate_id, struct retirement *retirement, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	cleanup(buf_release) struct buf serial = BUF_INIT(sizeof(retirement->serial));
	struct db *db = retirement->context->db;

	if (ra_certificates_find(db, certificate_id, &retirement->certificate, err) < 0 ||
	    certificates_find_id(db, certificate_id, &row, err) < 0)
		return -1;
	hex_encode_upper(bytes_of(row->serial, row->serial_len), &serial);
	(void)snprintf(retirement->serial, sizeof(retirement->serial), "%s", buf_text(&serial));
	return 0;
}

static int
gather_states(struct retirement *retirement, struct error *err)
{
	retirement->before = json_object_new_object();
	retirement->after = json_object_new_object();
	if (retirement->before == NULL || retirement->after == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_text(retirement->before, "keyState", "active");
	json_add_text(retirement->after, "keyState", "retired");
	return 0;
}

static int
retire(struct db *db, void *arg, struct error *err)
{
	struct retirement *retirement = arg;
	const struct audit_actor actor = {
		.name = retirement->context->actor,
		.remote_address = "",
	};
	const struct audit_change change = {
		.action = "ra.retire",
		.object_type = "certificate",
		.object_name = retirement->serial,
		.before = retirement->before,
		.after = retirement->after,
	};

	if (keys_retire(db, &retirement->certificate.key_id, err) < 0 ||
	    ra_certificates_count_users(
		db, &retirement->certificate.certificate_id, &retirement->users, err) < 0)
		return -1;
	return audit_change_insert(db, &actor, &change, err);
}

int
ra_certificate_retire(const struct authority_context *context, const struct uuid *certificate_id,
    struct ra_certificate_outcome *out, struct error *err)
{
	cleanup(retirement_release) struct retirement retirement = { .context = context };

	if (find_retired(certificate_id, &retirement, err) < 0 ||
	    gather_states(&retirement, err) < 0)
		return -1;
	if (db_transaction(context->db, retire, &retirement, err) < 0)
		return db_outcome_unknown(err)
			   ? error_prefix(err,
				 "it is not known whether the key was retired, look at certwright "
				 "ra list")
			   : -1;
	*out = (struct ra_certificate_outcome){
		.id = *certificate_id,
		.users = retirement.users,
	};
	return 0;
}

/* What is written down of an issued certificate: its row, and a line in the log. */
#include "enroll/issuing/issuance.h"

#include "base/enc.h"
#include "base/log.h"
#include "enroll/journal/journal.h"
#include "store/certificates.h"

enum { SERIAL_TEXT_MAX = 2 * CERT_SERIAL_SIZE, SUBJECT_TEXT_MAX = 4096, SANS_TEXT_MAX = 65535 };

int
issuance_requester_read(
    const struct principal *principal, struct issuance_requester *out, struct error *err)
{
	struct issuance_requester who = { .has_ids = principal->tenant[0] != '\0' };

	if (!who.has_ids && principal->kind != PRINCIPAL_CERTIFICATE)
		return error_set(err, ERR_INTERNAL, "a principal without tenant and object");
	if (who.has_ids && (uuid_parse(principal->tenant, &who.tenant, err) < 0 ||
			       uuid_parse(principal->object, &who.object, err) < 0))
		return -1;
	who.has_application = principal->application[0] != '\0';
	if (who.has_application && uuid_parse(principal->application, &who.application, err) < 0)
		return -1;
	*out = who;
	return 0;
}

static void
sans_text(const struct policy_grant *grant, struct buf *out)
{
	for (size_t i = 0; i < grant->san_count; i++) {
		if (i > 0)
			buf_add_byte(out, '\n');
		san_text(&grant->sans[i], out);
	}
}

static const char *
text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static const char *
requester_kind(const struct principal *principal)
{
	switch (principal->kind) {
	case PRINCIPAL_APPLICATION:
		return "application";
	case PRINCIPAL_USER:
		return "user";
	case PRINCIPAL_CERTIFICATE:
		return "certificate";
	case PRINCIPAL_NONE:
	case PRINCIPAL_ADMIN:
		return "";
	}
	return "";
}

/* The part of the row that says who asked and from where. */
static void
record_requester(const struct issuance *issuance, struct certificate_record *record)
{
	const struct principal *principal = issuance->request->principal;
	const struct client_certificate *client = issuance->request->client;
	const struct issuance_requester *who = &issuance->requester;

	record->requester_kind = requester_kind(principal);
	record->requester_tenant = who->has_ids ? &who->tenant : NULL;
	record->requester_object = who->has_ids ? &who->object : NULL;
	record->requester_application = who->has_application ? &who->application : NULL;
	record->requester_upn = text_or_null(principal->upn);
	record->token_id = text_or_null(principal->token_id);
	record->requester_certificate = client != NULL ? &client->row->id : NULL;
	record->remote_address = issuance->request->remote_address;
	record->request_id = issuance->request->request_id;
}

/* The certificate on whose strength this one is issued; NULL: a token's alone. */
static const struct client_certificate *
earlier(const struct issuance *issuance)
{
	return issuance->request->old != NULL ? issuance->request->old : issuance->request->client;
}

/* What one certificate wins for its holder shares its fate, so it is of the same lineage. */
static void
record_lineage(const struct issuance *issuance, struct certificate_record *record)
{
	const struct client_certificate *from = earlier(issuance);

	record->lineage = record->id;
	if (from == NULL)
		return;
	record->lineage = from->row->lineage;
	if (issuance->request->kind == POLICY_RENEW)
		record->renewed_from = &from->row->id;
}

/* A client certificate that goes with its holder's request and one that is renewed for its holder
 * were revoked alike; which of them it was decides the words. */
static int
insert(struct db *db, const struct issuance *issuance, const struct certificate_record *row,
    struct error *err)
{
	const struct client_certificate *from = earlier(issuance);

	if (from == NULL)
		return certificates_insert(db, row, err);
	if (certificates_insert_claimed(db, row, &from->row->id, err) == 0)
		return 0;
	if (issuance->request->old == NULL)
		return -1;
	return error_replace(
	    err, ERR_CLIENT_CERT, ERR_RENEWAL, "the certificate to renew was revoked meanwhile");
}

int
issuance_record(struct db *db, const struct issuance *issuance, struct bytes der, struct error *err)
{
	cleanup(buf_release) struct buf subject = BUF_INIT(SUBJECT_TEXT_MAX);
	cleanup(buf_release) struct buf sans = BUF_INIT(SANS_TEXT_MAX);
	const struct policy_grant *grant = &issuance->grant;
	const struct key_facts *key = &issuance->csr->key;
	struct certificate_record row = {
		.id = uuid_new(),
		.generation_id = issuance->use.issuer->generation.id,
		.serial = bytes_of(issuance->serial, sizeof(issuance->serial)),
		.fingerprint = bytes_of(issuance->fingerprint, SHA256_SIZE),
		.type = certificate_type_name(grant->type),
		.source = issuance->request->source,
		.common_name = name_common_name(grant->name),
		.not_before = grant->not_before,
		.not_after = grant->not_after,
		.key_type = key_type_name(key->type),
		.key_bits = key->bits,
		.spki_hash = bytes_of(issuance->spki_hash, SHA256_SIZE),
		.csr_hash = bytes_of(issuance->csr_hash, SHA256_SIZE),
		.der = der,
		.ra_profile_id = issuance->use.profile->id,
		.dropped = grant->dropped,
		.issued_at = issuance->now,
	};

	name_text(grant->name, &subject);
	sans_text(grant, &sans);
	if (buf_failed(&subject) || buf_failed(&sans))
		return error_set(err, ERR_NAME, "subject or subject alternative names too long");
	row.subject = buf_text(&subject);
	row.sans = buf_text(&sans);
	record_lineage(issuance, &row);
	record_requester(issuance, &row);
	return insert(db, issuance, &row, err) < 0 ? -1 : journal_issued(db, &row, err);
}

void
issuance_log(const struct issuance *issuance)
{
	cleanup(buf_release) struct buf serial = BUF_INIT(SERIAL_TEXT_MAX);
	const struct principal *principal = issuance->request->principal;
	bool is_renewal = issuance->request->kind == POLICY_RENEW;

	hex_encode_upper(bytes_of(issuance->serial, sizeof(issuance->serial)), &serial);
	log_event(LOG_LEVEL_INFO, is_renewal ? "renewed" : "issued",
	    log_text("serial", buf_text(&serial)),
	    log_text("type", certificate_type_name(issuance->grant.type)),
	    log_text("profile", issuance->use.profile->name),
	    log_text("generation", issuance->use.issuer->generation.label),
	    log_text("tid", text_or_null(principal->tenant)),
	    log_text("oid", text_or_null(principal->object)),
	    log_text("app", text_or_null(principal->application)),
	    log_text("certificate", text_or_null(principal->fingerprint)),
	    log_text("dropped", text_or_null(issuance->grant.dropped)));
}

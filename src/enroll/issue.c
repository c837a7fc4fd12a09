/* The one path that issues certificates. */
#include "enroll/issue.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/log.h"
#include "base/random.h"
#include "crypto/cert.h"
#include "enroll/policy.h"
#include "store/certificates.h"

enum {
	MAX_CLOCK_SKEW_S = 60,
	HOUR_S = 3600,
	SERIAL_TEXT_MAX = 2 * CERT_SERIAL_SIZE,
	SUBJECT_TEXT_MAX = 4096,
	SANS_TEXT_MAX = 65535
};

/* The requester's ids as the rows hold them. */
struct requester {
	struct uuid tenant;
	struct uuid object;
	struct uuid application;
	bool has_application;
};

/* One certificate on its way from the decision to its row. */
struct issuance {
	const struct issue_request *request;
	const struct csr *csr;
	const struct ra_profile *profile;
	struct issuer *issuer;
	int64_t now;
	struct requester requester;
	struct policy_grant grant;
	uint8_t serial[CERT_SERIAL_SIZE];
	uint8_t fingerprint[SHA256_SIZE];
	uint8_t spki_hash[SHA256_SIZE];
	uint8_t csr_hash[SHA256_SIZE];
};

static int
requester_read(const struct principal *principal, struct requester *out, struct error *err)
{
	if (uuid_parse(principal->tenant, &out->tenant, err) < 0 ||
	    uuid_parse(principal->object, &out->object, err) < 0)
		return -1;
	out->has_application = principal->application[0] != '\0';
	return out->has_application ? uuid_parse(principal->application, &out->application, err)
				    : 0;
}

static int
check_clocks(struct db *db, struct error *err)
{
	int64_t skew = 0;

	if (db_clock_skew(db, &skew, err) < 0)
		return -1;
	if (llabs(skew) > MAX_CLOCK_SKEW_S)
		return error_set(err, ERR_DATABASE,
		    "the database's clock is %lld s off ours, more than %d", (long long)skew,
		    MAX_CLOCK_SKEW_S);
	return 0;
}

static int
check_limits(const struct issue_context *context, const struct requester *who, struct error *err)
{
	uint32_t hourly = context->settings->limits.per_principal_per_hour;
	uint32_t unexpired = context->settings->limits.unexpired_per_principal;
	int64_t now = clock_now();
	int64_t count = 0;

	if (hourly > 0) {
		if (certificates_count_since(
			context->db, &who->tenant, &who->object, now - HOUR_S, &count, err) < 0)
			return -1;
		if (count >= hourly)
			return error_set(err, ERR_LIMIT,
			    "this principal was issued %lld certificates within an hour",
			    (long long)count);
	}
	if (unexpired > 0) {
		if (certificates_count_unexpired(
			context->db, &who->tenant, &who->object, now, &count, err) < 0)
			return -1;
		if (count >= unexpired)
			return error_set(err, ERR_LIMIT,
			    "this principal has %lld unexpired certificates", (long long)count);
	}
	return 0;
}

int
issue_admit(const struct issue_context *context, const struct issue_request *request,
    size_t *max_sans, struct error *err)
{
	const struct ra_profile *profile = NULL;
	struct issuer *issuer = NULL;
	struct requester who = { .has_application = false };
	enum certificate_type type;

	if (policy_check_role(request->principal, &type, err) < 0 ||
	    profile_cache_get(context->profiles, context->db, &profile, &issuer, err) < 0 ||
	    policy_check_enroller(profile, request->principal, request->protocol, err) < 0 ||
	    check_clocks(context->db, err) < 0 ||
	    requester_read(request->principal, &who, err) < 0 ||
	    check_limits(context, &who, err) < 0)
		return -1;
	*max_sans = profile->max_sans;
	return 0;
}

static int
find_same(const struct issue_context *context, const struct issuance *issuance, struct buf *der,
    bool *found, struct error *err)
{
	uint32_t minutes = context->settings->limits.same_csr_minutes;
	const struct certificate_same same = {
		.tenant = &issuance->requester.tenant,
		.object = &issuance->requester.object,
		.ra_profile_id = issuance->profile->id,
		.generation_id = issuance->issuer->generation.id,
		.csr_hash = bytes_of(issuance->csr_hash, SHA256_SIZE),
		.since = issuance->now - (int64_t)minutes * 60,
		.ends_after = issuance->now,
	};

	*found = false;
	return minutes > 0 ? certificates_find_same(context->db, &same, der, found, err) : 0;
}

static int
decide(const struct issue_context *context, struct issuance *issuance, struct error *err)
{
	const struct policy_request question = {
		.profile = issuance->profile,
		.settings = context->settings,
		.principal = issuance->request->principal,
		.csr = issuance->csr,
		.issuer_not_before = issuance->issuer->cert->not_before,
		.issuer_not_after = issuance->issuer->cert->not_after,
		.now = issuance->now,
	};

	return policy_decide(&question, &issuance->grant, err);
}

static int
sign(struct issuance *issuance, struct buf *der, struct error *err)
{
	const struct policy_grant *grant = &issuance->grant;
	const struct issuer *issuer = issuance->issuer;
	const char *ekus[POLICY_MAX_EKUS];
	struct cert_template template = {
		.issuer = issuer->cert->subject,
		.authority_key_id = issuer->key_id,
		.not_before = grant->not_before,
		.not_after = grant->not_after,
		.subject = issuance->csr->subject,
		.spki = issuance->csr->spki,
		.path_len = -1,
		.key_usage = grant->key_usage,
		.ekus = ekus,
		.eku_count = grant->eku_count,
		.sans = issuance->csr->sans,
		.san_count = issuance->csr->san_count,
		.ca_issuers = { issuer->ca_issuers_https, issuer->ca_issuers_http },
		.ocsp = issuer->ocsp,
		.crl = grant->add_cdp ? issuer->crl : NULL,
	};

	for (size_t i = 0; i < grant->eku_count; i++)
		ekus[i] = grant->ekus[i];
	random_bytes(issuance->serial, sizeof(issuance->serial));
	issuance->serial[0] = certificate_type_octet(grant->type);
	memcpy(template.serial, issuance->serial, sizeof(template.serial));
	if (cert_sign(&template, issuer->key, der, err) < 0)
		return -1;
	return sha256(buf_bytes(der), issuance->fingerprint, err);
}

/* The most specific common name stands last. */
static const char *
common_name(const struct csr *csr)
{
	for (size_t i = csr->name.count; i > 0; i--)
		if (strcmp(csr->name.attributes[i - 1].oid, OID_COMMON_NAME) == 0)
			return csr->name.attributes[i - 1].value;
	return NULL;
}

static void
sans_text(const struct csr *csr, struct buf *out)
{
	for (size_t i = 0; i < csr->san_count; i++) {
		if (i > 0)
			buf_add_byte(out, '\n');
		san_text(&csr->sans[i], out);
	}
}

static const char *
text_or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* The part of the row that says who asked and from where. */
static void
record_requester(const struct issuance *issuance, struct certificate_record *record)
{
	const struct principal *principal = issuance->request->principal;
	const struct requester *who = &issuance->requester;

	record->requester_kind = principal->kind == PRINCIPAL_APPLICATION ? "application" : "user";
	record->requester_tenant = &who->tenant;
	record->requester_object = &who->object;
	record->requester_application = who->has_application ? &who->application : NULL;
	record->requester_upn = text_or_null(principal->upn);
	record->token_id = text_or_null(principal->token_id);
	record->remote_address = issuance->request->remote_address;
	record->request_id = issuance->request->request_id;
}

static int
record(struct db *db, const struct issuance *issuance, struct bytes der, struct error *err)
{
	cleanup(buf_release) struct buf subject = BUF_INIT(SUBJECT_TEXT_MAX);
	cleanup(buf_release) struct buf sans = BUF_INIT(SANS_TEXT_MAX);
	const struct csr *csr = issuance->csr;
	struct certificate_record row = {
		.id = uuid_new(),
		.generation_id = issuance->issuer->generation.id,
		.serial = bytes_of(issuance->serial, sizeof(issuance->serial)),
		.fingerprint = bytes_of(issuance->fingerprint, SHA256_SIZE),
		.type = certificate_type_name(issuance->grant.type),
		.source = issuance->request->source,
		.common_name = common_name(csr),
		.not_before = issuance->grant.not_before,
		.not_after = issuance->grant.not_after,
		.key_type = key_type_name(csr->key.type),
		.key_bits = csr->key.bits,
		.spki_hash = bytes_of(issuance->spki_hash, SHA256_SIZE),
		.csr_hash = bytes_of(issuance->csr_hash, SHA256_SIZE),
		.der = der,
		.ra_profile_id = issuance->profile->id,
		.dropped = issuance->grant.dropped,
		.issued_at = issuance->now,
	};

	name_text(&csr->name, &subject);
	sans_text(csr, &sans);
	if (buf_failed(&subject) || buf_failed(&sans))
		return error_set(err, ERR_NAME, "subject or subject alternative names too long");
	row.subject = buf_text(&subject);
	row.sans = buf_text(&sans);
	row.lineage = row.id;
	record_requester(issuance, &row);
	return certificates_insert(db, &row, err);
}

static void
log_issued(const struct issuance *issuance)
{
	cleanup(buf_release) struct buf serial = BUF_INIT(SERIAL_TEXT_MAX);
	const struct principal *principal = issuance->request->principal;

	hex_encode_upper(bytes_of(issuance->serial, sizeof(issuance->serial)), &serial);
	log_event(LOG_LEVEL_INFO, "issued", log_text("serial", buf_text(&serial)),
	    log_text("type", certificate_type_name(issuance->grant.type)),
	    log_text("profile", issuance->profile->name),
	    log_text("generation", issuance->issuer->generation.label),
	    log_text("tid", principal->tenant), log_text("oid", principal->object),
	    log_text("app", text_or_null(principal->application)),
	    log_text("dropped", text_or_null(issuance->grant.dropped)));
}

static int
issue(const struct issue_context *context, struct issuance *issuance, struct buf *der,
    struct error *err)
{
	cleanup(buf_release) struct buf made = BUF_INIT(ISSUE_MAX_DER);
	bool found = false;

	if (profile_cache_get(
		context->profiles, context->db, &issuance->profile, &issuance->issuer, err) < 0 ||
	    policy_check_enroller(issuance->profile, issuance->request->principal,
		issuance->request->protocol, err) < 0 ||
	    decide(context, issuance, err) < 0 ||
	    find_same(context, issuance, der, &found, err) < 0)
		return -1;
	if (found)
		return 0;
	if (sign(issuance, &made, err) < 0 ||
	    record(context->db, issuance, buf_bytes(&made), err) < 0)
		return -1;
	log_issued(issuance);
	buf_add(der, buf_bytes(&made));
	return buf_failed(der) ? error_set(err, ERR_INTERNAL, "the certificate is too large") : 0;
}

int
issue_certificate(const struct issue_context *context, const struct issue_request *request,
    const struct csr *csr, struct buf *der, struct error *err)
{
	struct issuance issuance = { .request = request, .csr = csr, .now = clock_now() };

	if (requester_read(request->principal, &issuance.requester, err) < 0 ||
	    sha256(csr->spki, issuance.spki_hash, err) < 0 ||
	    sha256(csr->info, issuance.csr_hash, err) < 0)
		return -1;
	if (issue(context, &issuance, der, err) == 0)
		return 0;
	/* A serial or fingerprint that another row has: of 120 random bits, so something is broken.
	 */
	if (error_is(err, ERR_CONFLICT))
		err->code = ERR_INTERNAL;
	return -1;
}

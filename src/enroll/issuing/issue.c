/* The one path that issues certificates. */
#include "enroll/issuing/issue.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/random.h"
#include "enroll/issuing/issuance.h"
#include "enroll/issuing/issue_attributes.h"
#include "enroll/journal/journal.h"
#include "store/certificates.h"
#include "store/revocations.h"

enum { MAX_CLOCK_SKEW_S = 60, HOUR_S = 3600 };

int
issue_check_clocks(struct db *db, struct error *err)
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
check_hour(int64_t count, uint32_t limit, const char *whose, struct error *err)
{
	if (count < limit)
		return 0;
	return error_set(err, ERR_LIMIT, "this %s was issued %lld certificates within an hour",
	    whose, (long long)count);
}

static int
check_principal_limits(
    const struct issue_context *context, const struct issuance_requester *who, struct error *err)
{
	uint32_t hourly = context->settings->limits.per_principal_per_hour;
	uint32_t unexpired = context->settings->limits.unexpired_per_principal;
	int64_t now = clock_now();
	int64_t count = 0;

	if (hourly > 0 && (certificates_count_since(context->db, &who->tenant, &who->object,
			       now - HOUR_S, &count, err) < 0 ||
			      check_hour(count, hourly, "principal", err) < 0))
		return -1;
	if (unexpired == 0)
		return 0;
	if (certificates_count_unexpired(
		context->db, &who->tenant, &who->object, now, &count, err) < 0)
		return -1;
	if (count >= unexpired)
		return error_set(err, ERR_LIMIT, "this principal has %lld unexpired certificates",
		    (long long)count);
	return 0;
}

/* One application may have enrolled a thousand devices: each renews on its own account. */
static int
check_lineage_limit(
    const struct issue_context *context, const struct client_certificate *client, struct error *err)
{
	uint32_t hourly = context->settings->limits.per_principal_per_hour;
	int64_t count = 0;

	if (hourly == 0)
		return 0;
	if (certificates_count_lineage_since(
		context->db, &client->row->lineage, clock_now() - HOUR_S, &count, err) < 0)
		return -1;
	return check_hour(count, hourly, "certificate's lineage", err);
}

static int
check_limits(
    const struct issue_context *context, const struct issue_request *request, struct error *err)
{
	struct issuance_requester who = { .has_ids = false };

	if (request->client != NULL)
		return check_lineage_limit(context, request->client, err);
	return issuance_requester_read(request->principal, &who, err) < 0
		   ? -1
		   : check_principal_limits(context, &who, err);
}

/* Renewing takes the recorded profile; a label that names another one is refused below. */
static int
find_profile(const struct issue_context *context, const struct issue_request *request,
    struct profile_use *out, struct error *err)
{
	bool by_record =
	    request->kind == POLICY_RENEW && request->label == NULL && request->profile_id == NULL;
	const struct profile_choice choice = {
		.name = request->label,
		.id = by_record ? &request->client->row->ra_profile_id : request->profile_id,
	};

	return profile_cache_get(context->profiles, &choice, out, err);
}

static int
check_caller(const struct issue_context *context, const struct issue_request *request,
    const struct ra_profile *profile, struct error *err)
{
	const struct policy_caller caller = {
		.principal = request->principal,
		.client = request->client,
		.protocol = request->protocol,
	};

	if (request->old != NULL)
		return policy_check_on_behalf(
			   profile, context->settings, &caller, request->old, err) < 0
			   ? -1
			   : client_certificate_check(context->db, request->old, clock_now(), err);
	return request->kind == POLICY_RENEW
		   ? policy_check_renewal(profile, context->settings, request->client, err)
		   : policy_check_enroller(profile, &caller, err);
}

int
issue_admit(const struct issue_context *context, const struct issue_request *request,
    size_t *max_sans, struct error *err)
{
	struct profile_use use = { .profile = NULL };
	enum certificate_type type;

	if (policy_check_role(request->principal, request->client, &type, err) < 0 ||
	    find_profile(context, request, &use, err) < 0 ||
	    check_caller(context, request, use.profile, err) < 0 ||
	    issue_check_clocks(context->db, err) < 0 || check_limits(context, request, err) < 0)
		return -1;
	*max_sans = use.profile->max_sans;
	return 0;
}

/*
 * Once revoked for keyCompromise, a key is nobody's to certify again: at once where a certificate
 * asks, and where a token does within PROFILE_CACHE_MS of the first such revocation, for looking up
 * each key costs an enrollment 40 us (tests/bench/enroll).
 */
static int
check_compromise(struct db *db, const struct issuance *issuance, struct error *err)
{
	bool is_compromised = false;

	if (issuance->request->client == NULL && issuance->request->old == NULL &&
	    !issuance->use.any_key_compromised)
		return 0;
	if (revocations_is_compromised(
		db, bytes_of(issuance->spki_hash, SHA256_SIZE), &is_compromised, err) < 0)
		return -1;
	if (!is_compromised)
		return 0;
	return error_set(err, issuance->request->kind == POLICY_RENEW ? ERR_RENEWAL : ERR_KEY,
	    "this public key was revoked for keyCompromise");
}

/*
 * A replay of another holder's request must not be answered from that holder's records, nor a
 * renewal or a narrower request by what it is not.
 */
static bool
may_answer_again(const struct issue_context *context, const struct issue_request *request)
{
	return context->settings->limits.same_csr_minutes > 0 && request->client == NULL &&
	       request->kind == POLICY_ENROLL && request->attributes == NULL;
}

static int
find_same(const struct issue_context *context, const struct issuance *issuance, struct buf *der,
    bool *found, struct error *err)
{
	int64_t window_s = (int64_t)context->settings->limits.same_csr_minutes * 60;
	const struct certificate_same same = {
		.tenant = &issuance->requester.tenant,
		.object = &issuance->requester.object,
		.ra_profile_id = issuance->use.profile->id,
		.generation_id = issuance->use.issuer->generation.id,
		.csr_hash = bytes_of(issuance->csr_hash, SHA256_SIZE),
		.since = issuance->now - window_s,
		.ends_after = issuance->now,
	};

	*found = false;
	return may_answer_again(context, issuance->request)
		   ? certificates_find_same(context->db, &same, der, found, err)
		   : 0;
}

static int
decide(const struct issue_context *context, struct issuance *issuance, struct error *err)
{
	const struct policy_request question = {
		.profile = issuance->use.profile,
		.settings = context->settings,
		.principal = issuance->request->principal,
		.kind = issuance->request->kind,
		.client = issuance->request->client,
		.old = issuance->request->old,
		.csr = issuance->csr,
		.issuer_not_before = issuance->use.issuer->cert->not_before,
		.issuer_not_after = issuance->use.issuer->cert->not_after,
		.now = issuance->now,
	};

	return policy_decide(&question, &issuance->grant, err);
}

static int
sign(struct issuance *issuance, struct buf *der, struct error *err)
{
	const struct policy_grant *grant = &issuance->grant;
	const struct issuer *issuer = issuance->use.issuer;
	const char *ekus[POLICY_MAX_EKUS];
	struct cert_template template = issuer_template(issuer);

	template.not_before = grant->not_before;
	template.not_after = grant->not_after;
	template.subject = grant->subject;
	template.spki = issuance->csr->spki;
	template.key_usage = grant->key_usage;
	template.ekus = ekus;
	template.eku_count = grant->eku_count;
	template.sans = grant->sans;
	template.san_count = grant->san_count;
	if (grant->add_cdp)
		template.crl = issuer->crl;
	for (size_t i = 0; i < grant->eku_count; i++)
		ekus[i] = grant->ekus[i];
	random_bytes(issuance->serial, sizeof(issuance->serial));
	issuance->serial[0] = certificate_type_octet(grant->type);
	memcpy(template.serial, issuance->serial, sizeof(template.serial));
	if (cert_sign(&template, issuer->key, der, err) < 0)
		return -1;
	return sha256(buf_bytes(der), issuance->fingerprint, err);
}

/* A copy, for the profile at hand is the cache's. */
static int
narrow_profile(struct issuance *issuance, struct error *err)
{
	if (issuance->request->attributes == NULL)
		return 0;
	issuance->narrowed = *issuance->use.profile;
	if (issue_attributes_apply(&issuance->narrowed, issuance->request->attributes, err) < 0)
		return -1;
	issuance->use.profile = &issuance->narrowed;
	return 0;
}

static void
count(const struct issuance *issuance)
{
	counter_add_text(issuance->request->kind == POLICY_RENEW ? COUNTER_RENEWED : COUNTER_ISSUED,
	    issuance->request->protocol, certificate_type_name(issuance->grant.type), 1);
}

static int
issue(const struct issue_context *context, struct issuance *issuance, struct buf *der,
    struct error *err)
{
	cleanup(buf_release) struct buf made = BUF_INIT(ISSUE_MAX_DER);
	bool found = false;

	if (find_profile(context, issuance->request, &issuance->use, err) < 0 ||
	    check_caller(context, issuance->request, issuance->use.profile, err) < 0 ||
	    narrow_profile(issuance, err) < 0 || decide(context, issuance, err) < 0 ||
	    check_compromise(context->db, issuance, err) < 0 ||
	    find_same(context, issuance, der, &found, err) < 0)
		return -1;
	if (found)
		return journal_issued_again(context->db, buf_bytes(der), err);
	if (sign(issuance, &made, err) < 0 ||
	    issuance_record(context->db, issuance, buf_bytes(&made), err) < 0)
		return -1;
	issuance_log(issuance);
	count(issuance);
	buf_add(der, buf_bytes(&made));
	return buf_failed(der) ? error_set(err, ERR_INTERNAL, "the certificate is too large") : 0;
}

int
issue_certificate(const struct issue_context *context, const struct issue_request *request,
    const struct csr *csr, struct buf *der, struct error *err)
{
	struct issuance issuance = { .request = request, .csr = csr, .now = clock_now() };

	if (issuance_requester_read(request->principal, &issuance.requester, err) < 0 ||
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

/* From an OCSP request to its signed answer: the certificates' rows say what it is. */
#include "enroll/status/ocsp_answer.h"

#include <string.h>

#include "base/counter.h"
#include "store/serial_status.h"

enum { NO_REASON = -1, REASON_UNSPECIFIED = 0, REASON_HOLD = 6 };

/* An answer in the making. */
struct making {
	const struct ocsp_context *context;
	const struct ocsp_request *request;
	struct ocsp_signer signer;
	bool never_issued; /* a serial number that nobody issued is said to be revoked */
	int64_t now;       /* the database's clock */
	struct ocsp_single singles[OCSP_CERT_IDS_MAX];
};

static bool
is_itself(const struct ocsp_signer *signer, struct bytes serial)
{
	for (size_t i = 0; i < signer->count; i++)
		if (ocsp_generation_is_itself(signer->same[i], serial))
			return true;
	return false;
}

static void
set_good(const struct settings *settings, struct ocsp_single *single)
{
	single->status = OCSP_GOOD;
	single->next_update = single->this_update + settings->ocsp.good_s;
}

/*
 * RFC 5280, 5.3.1: no reason is better than "unspecified". With a time to come, of a host whose
 * clock was ahead, clients such as Java's would take the certificate for good until then.
 */
static void
set_revoked(
    const struct settings *settings, const struct serial_status *found, struct ocsp_single *single)
{
	bool is_on_hold = found->status == CERTIFICATE_ON_HOLD;

	single->status = OCSP_REVOKED;
	single->revoked_at = found->revoked_at < found->now ? found->revoked_at : found->now;
	single->reason = found->reason != REASON_UNSPECIFIED ? found->reason : NO_REASON;
	single->next_update =
	    single->this_update + (is_on_hold ? settings->ocsp.other_s : settings->ocsp.good_s);
}

/* RFC 6960, 2.2: "revoked" for what was never issued is on hold since 1970. */
static void
set_unknown(struct making *making, struct ocsp_single *single)
{
	const struct settings *settings = making->context->settings;

	single->status = OCSP_UNKNOWN;
	single->next_update = single->this_update + settings->ocsp.other_s;
	if (strcmp(settings->ocsp.unknown_serial, "revoked") != 0)
		return;
	single->status = OCSP_REVOKED;
	single->revoked_at = 0;
	single->reason = REASON_HOLD;
	making->never_issued = true;
}

static void
set_known(struct making *making, const struct serial_status *found, struct ocsp_single *single)
{
	switch (found->status) {
	case CERTIFICATE_GOOD:
		set_good(making->context->settings, single);
		return;
	case CERTIFICATE_ON_HOLD:
	case CERTIFICATE_REVOKED:
		set_revoked(making->context->settings, found, single);
		return;
	}
}

/* The answer on a certificate of the signer's. */
static int
look_up(struct making *making, const struct ocsp_cert_id *id, struct ocsp_single *single,
    struct error *err)
{
	const struct ocsp_signer *signer = &making->signer;
	const struct serial_query query = {
		.serial = id->serial,
		.generation_ids = signer->ids,
		.count = signer->count,
	};
	struct serial_status found = { .now = 0 };

	if (serial_status_find(making->context->db, &query, &found, err) < 0)
		return -1;
	single->this_update = found.now;
	if (found.is_known)
		set_known(making, &found, single);
	else if (is_itself(signer, id->serial))
		set_good(making->context->settings, single);
	else
		set_unknown(making, single);
	return 0;
}

/* Nothing is said of other issuers' certificates: this signer does not speak for them. */
static void
set_foreign(const struct making *making, int64_t now, struct ocsp_single *single)
{
	single->status = OCSP_UNKNOWN;
	single->this_update = now;
	single->next_update = now + making->context->settings->ocsp.other_s;
}

static int
look_up_all(struct db *db, void *arg, struct error *err)
{
	struct making *making = arg;
	const struct ocsp_request *request = making->request;

	(void)db;
	making->never_issued = false;
	making->now = 0;
	for (size_t i = 0; i < request->count; i++) {
		struct ocsp_single *single = &making->singles[i];

		*single = (struct ocsp_single){
			.cert_id = request->ids[i].whole,
			.reason = NO_REASON,
		};
		if (!ocsp_generation_is_issuer(making->signer.generation, &request->ids[i]))
			continue;
		if (look_up(making, &request->ids[i], single, err) < 0)
			return -1;
		if (single->this_update > making->now)
			making->now = single->this_update;
	}
	for (size_t i = 0; i < request->count; i++)
		if (making->singles[i].this_update == 0)
			set_foreign(making, making->now, &making->singles[i]);
	return 0;
}

/*
 * In a Galera cluster each read outside a transaction waits for what other nodes have committed; of
 * a request's many the first one does, or anybody could keep a worker waiting for seconds.
 */
static int
look_up_request(struct making *making, struct error *err)
{
	struct db *db = making->context->db;

	return making->request->count == 1 ? look_up_all(db, making, err)
					   : db_transaction(db, look_up_all, making, err);
}

/* Nobody should believe an answer longer than the certificate that signed it. */
static void
limit_times(struct making *making, int64_t not_after, struct ocsp_answer *answer)
{
	answer->this_update = answer->now;
	answer->next_update = INT64_MAX;
	for (size_t i = 0; i < making->request->count; i++) {
		struct ocsp_single *single = &making->singles[i];

		if (single->next_update > not_after && not_after > single->this_update)
			single->next_update = not_after;
		if (single->this_update < answer->this_update)
			answer->this_update = single->this_update;
		if (single->next_update < answer->next_update)
			answer->next_update = single->next_update;
	}
}

static int
sign(struct making *making, struct ocsp_answer *answer, struct error *err)
{
	const struct ocsp_request *request = making->request;
	struct ocsp_signing signing = { .key = NULL };
	struct ocsp_template template = {
		.singles = making->singles,
		.count = request->count,
		.produced_at = answer->now,
		.has_nonce = request->has_nonce,
		.nonce = request->nonce,
		.extended_revoke = making->never_issued,
	};

	if (ocsp_signers_open(making->context->signers, making->signer.generation, answer->now,
		&signing, err) < 0)
		return -1;
	limit_times(making, signing.not_after, answer);
	template.responder_key_hash = signing.key_hash;
	template.certificate = signing.certificate;
	return ocsp_response_sign(&template, signing.key, &answer->der, err);
}

static struct ocsp_reuse_key
reuse_key(const struct making *making)
{
	const struct ocsp_single *single = &making->singles[0];

	return (struct ocsp_reuse_key){
		.cert_id = single->cert_id,
		.status = single->status,
		.revoked_at = single->revoked_at,
		.reason = single->reason,
		.stamp = making->signer.generation->stamp,
	};
}

/* An answer that was signed before and still is what would be signed now. */
static bool
find_signed(const struct making *making, struct ocsp_answer *answer)
{
	const struct ocsp_context *context = making->context;
	const struct ocsp_reuse_key key = reuse_key(making);
	struct ocsp_reuse_times times;

	if (!ocsp_reuse_find(context->reuse, &key,
		(struct ocsp_reuse_limits){ answer->now, context->settings->ocsp.reuse_s }, &times,
		&answer->der))
		return false;
	answer->this_update = times.this_update;
	answer->next_update = times.next_update;
	return true;
}

static void
count(const struct making *making, enum counter_origin origin)
{
	static const enum counter_ocsp answers[] = {
		[OCSP_GOOD] = COUNTER_OCSP_GOOD,
		[OCSP_REVOKED] = COUNTER_OCSP_REVOKED,
		[OCSP_UNKNOWN] = COUNTER_OCSP_UNKNOWN,
	};

	counter_add(COUNTER_OCSP, answers[making->singles[0].status], origin, 1);
}

static int
sign_and_count(struct making *making, struct ocsp_answer *answer, struct error *err)
{
	if (sign(making, answer, err) < 0)
		return -1;
	count(making, COUNTER_SIGNED);
	return 0;
}

static int
answer_one(struct making *making, struct ocsp_answer *answer, struct error *err)
{
	struct ocsp_reuse_key key;

	if (find_signed(making, answer)) {
		count(making, COUNTER_REUSED);
		return 0;
	}
	if (sign_and_count(making, answer, err) < 0)
		return -1;
	/* Signing may have loaded another responder. */
	key = reuse_key(making);
	ocsp_reuse_keep(making->context->reuse, &key,
	    (struct ocsp_reuse_times){ answer->this_update, answer->next_update },
	    buf_bytes(&answer->der));
	return 0;
}

int
ocsp_answer_make(const struct ocsp_context *context, const struct ocsp_request *request,
    struct ocsp_answer *answer, struct error *err)
{
	struct making making;
	bool may_reuse = request->count == 1 && !request->has_nonce;

	making.context = context;
	making.request = request;
	answer->der = (struct buf)BUF_INIT(OCSP_ANSWER_MAX);
	if (ocsp_signers_choose(context->signers, request, &making.signer, err) < 0 ||
	    look_up_request(&making, err) < 0)
		return -1;
	answer->now = making.now;
	return may_reuse ? answer_one(&making, answer, err) : sign_and_count(&making, answer, err);
}

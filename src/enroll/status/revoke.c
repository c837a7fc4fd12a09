/* Revocation: holds, releases and revocations of one certificate or of a whole lineage. */
#include "enroll/status/revoke.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/enc.h"
#include "crypto/text.h"
#include "enroll/journal/journal.h"
#include "store/audit.h"
#include "store/certificates_find.h"
#include "store/jobs.h"

enum { DETAIL_MAX = REVOKE_COMMENT_MAX + 256, REASON_HOLD = 6, REASON_RELEASE = 8 };
enum { PATIENCE_MS = 10000 };

/* RFC 5280, 5.3.1; 7 is unused. */
static const struct {
	const char *name;
	int number;
	bool is_final; /* a revocation's; not of a hold or its release */
} reasons[] = {
	{ "unspecified", 0, true },
	{ "keyCompromise", 1, true },
	{ "cACompromise", 2, true },
	{ "affiliationChanged", 3, true },
	{ "superseded", 4, true },
	{ "cessationOfOperation", 5, true },
	{ "certificateHold", REASON_HOLD, false },
	{ "removeFromCRL", REASON_RELEASE, false },
	{ "privilegeWithdrawn", 9, true },
	{ "aACompromise", 10, true },
};
enum { REASON_COUNT = sizeof(reasons) / sizeof(reasons[0]) };

/* What the transaction is about; what it counts is set anew when it is tried again. */
struct transaction {
	const struct revoke_request *request;
	const struct certificate_row *row;
	int64_t now;
	int reason;
	struct revoke_outcome outcome;
	struct journal_events journal;
	struct db *db;
};

const char *
revoke_reason_name(int reason)
{
	for (size_t i = 0; i < REASON_COUNT; i++)
		if (reasons[i].number == reason)
			return reasons[i].name;
	return NULL;
}

int
revoke_reason_number(const char *name)
{
	for (size_t i = 0; i < REASON_COUNT; i++)
		if (strcmp(reasons[i].name, name) == 0)
			return reasons[i].number;
	return -1;
}

static int
choose_reason(const struct revoke_request *request, int *out, struct error *err)
{
	switch (request->action) {
	case REVOCATION_HOLD:
		*out = REASON_HOLD;
		return 0;
	case REVOCATION_RELEASE:
		*out = REASON_RELEASE;
		return 0;
	case REVOCATION_REVOKE:
		break;
	}
	for (size_t i = 0; i < REASON_COUNT; i++)
		if (reasons[i].number == request->reason && reasons[i].is_final) {
			*out = request->reason;
			return 0;
		}
	return error_set(err, ERR_BAD_REQUEST,
	    "%d is no reason of a revocation: 0 to 5, 9 or 10 (RFC 5280, 5.3.1)", request->reason);
}

static bool
is_key_compromise(const struct transaction *transaction)
{
	return transaction->request->action == REVOCATION_REVOKE &&
	       transaction->reason == REVOKE_KEY_COMPROMISE;
}

/* What the events of all its certificates have in common. */
static struct revocation_event
event_of(const struct transaction *transaction)
{
	const struct revoke_request *request = transaction->request;

	return (struct revocation_event){
		.action = request->action,
		.reason = transaction->reason,
		.at = transaction->now,
		.actor = request->actor,
		.remote_address = request->remote_address,
		.request_id = request->request_id,
		.comment = request->comment,
	};
}

/* Changes one certificate, and counts whether its state allowed it. */
static int
apply(const struct uuid *certificate_id, void *arg, struct error *err)
{
	struct transaction *transaction = arg;
	struct revocation_event event = event_of(transaction);
	bool changed = false;

	event.id = uuid_new();
	event.certificate_id = *certificate_id;
	if (revocations_apply(transaction->db, &event, &changed, err) < 0 ||
	    (changed &&
		journal_events_add(&transaction->journal, transaction->db, &event, err) < 0))
		return -1;
	if (changed)
		transaction->outcome.changed++;
	else
		transaction->outcome.unchanged++;
	/* Its key too where it was revoked before, for another reason. */
	return is_key_compromise(transaction) ? revocations_add_compromised_key(transaction->db,
						    certificate_id, transaction->now, err)
					      : 0;
}

static int
refuse_state(const struct transaction *transaction, struct error *err)
{
	static const char *const wanted[] = {
		[REVOCATION_HOLD] = "only a good certificate can be put on hold",
		[REVOCATION_RELEASE] = "only a certificate on hold can be released",
		[REVOCATION_REVOKE] = "it was revoked before, which is final",
	};

	return error_set(err, ERR_CONFLICT, "%s%s",
	    transaction->request->whole_lineage ? "none of the lineage: " : "",
	    wanted[transaction->request->action]);
}

static int
insert_audit(const struct transaction *transaction, struct error *err)
{
	cleanup(buf_release) struct buf serial = BUF_INIT(2 * CERTIFICATE_ROW_SERIAL_MAX + 1);
	char action[32], detail[DETAIL_MAX];
	const struct revoke_request *request = transaction->request;
	struct audit_event event = {
		.actor = request->actor,
		.remote_address = request->remote_address,
		.request_id = request->request_id,
		.action = action,
		.object_type = "certificate",
		.outcome = "done",
		.detail = detail,
	};

	hex_encode_upper(bytes_of(transaction->row->serial, transaction->row->serial_len), &serial);
	event.object_name = buf_text(&serial);
	(void)snprintf(
	    action, sizeof(action), "certificate.%s", revocation_action_name(request->action));
	(void)snprintf(detail, sizeof(detail), "%s, %zu of %zu certificates%s%s",
	    revoke_reason_name(transaction->reason), transaction->outcome.changed,
	    transaction->outcome.changed + transaction->outcome.unchanged,
	    request->comment != NULL ? ": " : "", request->comment != NULL ? request->comment : "");
	return audit_insert(transaction->db, &event, err);
}

static bool
touches_lineage(const struct transaction *transaction)
{
	return transaction->request->whole_lineage || is_key_compromise(transaction);
}

static int
run(struct db *db, void *arg, struct error *err)
{
	struct transaction *transaction = arg;
	const struct certificate_row *row = transaction->row;
	int result;

	transaction->outcome = (struct revoke_outcome){ .changed = 0 };
	journal_events_reset(&transaction->journal);
	result = transaction->request->whole_lineage
		     ? revocations_lock_lineage(db, &row->lineage, apply, transaction, err)
		     : apply(&row->id, transaction, err);
	if (result < 0)
		return -1;
	if (transaction->outcome.changed == 0)
		return refuse_state(transaction, err);
	if (is_key_compromise(transaction) && revocations_mark_lineage(db, &row->lineage, err) < 0)
		return -1;
	if (touches_lineage(transaction) && revocations_open_gate(db, &row->lineage, err) < 0)
		return -1;
	return insert_audit(transaction, err);
}

/* The gate is closed anew each time, as it lapses if nobody does. */
static int
try_once(struct transaction *transaction, struct error *err)
{
	if (touches_lineage(transaction) &&
	    revocations_close_gate(transaction->db, &transaction->row->lineage, err) < 0)
		return -1;
	return db_transaction(transaction->db, run, transaction, err);
}

/*
 * On a Galera cluster each issue of another node on this lineage undoes our transaction, and who
 * renews without pause with a stolen key must not keep the key's revocation off.
 */
static int
run_patiently(struct transaction *transaction, struct error *err)
{
	int64_t end_ms = clock_monotonic_ms() + PATIENCE_MS;

	while (try_once(transaction, err) < 0) {
		if (!db_is_rolled_back(err) || clock_monotonic_ms() > end_ms)
			return -1;
		error_clear(err);
	}
	return 0;
}

static int
check_comment(const char *comment, struct error *err)
{
	if (comment == NULL ||
	    (strlen(comment) <= REVOKE_COMMENT_MAX && text_is_clean(bytes_text(comment))))
		return 0;
	return error_set(err, ERR_BAD_REQUEST,
	    "a comment is UTF-8 text of at most %d octets without control characters",
	    REVOKE_COMMENT_MAX);
}

static int
write_journal(const struct transaction *transaction, struct error *err)
{
	const struct revocation_event like = event_of(transaction);
	const struct journal_change change = { .like = &like };

	return journal_events_write(transaction->db, &transaction->journal, &change, err);
}

static int
carry_out(struct transaction *transaction, struct error *err)
{
	struct error ignored = { .code = ERR_NONE };

	if (run_patiently(transaction, err) == 0) {
		counter_add_text(COUNTER_REVOCATIONS,
		    revocation_action_name(transaction->request->action), NULL,
		    transaction->outcome.changed);
		return write_journal(transaction, err);
	}
	if (touches_lineage(transaction))
		(void)revocations_open_gate(transaction->db, &transaction->row->lineage, &ignored);
	return -1;
}

int
revoke_certificate(struct db *db, const struct uuid *certificate_id,
    const struct revoke_request *request, struct revoke_outcome *out, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	struct transaction transaction = {
		.request = request,
		.journal = JOURNAL_EVENTS_INIT,
		.db = db,
	};
	int result;

	if (choose_reason(request, &transaction.reason, err) < 0 ||
	    check_comment(request->comment, err) < 0 ||
	    certificates_find_id(db, certificate_id, &row, err) < 0 ||
	    /* relying parties compare it with a CRL's dates, which are the database's */
	    jobs_now(db, &transaction.now, err) < 0)
		return -1;
	transaction.row = row;
	transaction.journal.whole_lineage = request->whole_lineage;
	result = carry_out(&transaction, err);
	journal_events_release(&transaction.journal);
	if (result == 0)
		*out = transaction.outcome;
	return result;
}

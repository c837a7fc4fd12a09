/* Publishing one CRL: number, entries, signature, parts, and the row that makes it count. */
#include "enroll/status/publish.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "crypto/crl.h"
#include "enroll/issuing/issuer.h"
#include "store/revoked_certificates.h"

enum { PROGRESS_PARTS = 16, BACKDATED_MAX_S = 60 };

/* A CRL on its way; everything but the two rows is borrowed. */
struct publication {
	const struct job_context *context;
	const struct publish_request *request;
	struct issuer *issuer;
	struct crl_row row;
	int64_t now; /* by the database's clock */
	bool has_unstamped;
	char freshest[ISSUER_URL_MAX];
};

static int
check_lease(const struct job_context *context, struct db *db, struct error *err)
{
	return context->lease != NULL ? jobs_check_lease(db, context->lease, err) : 0;
}

static int
reserve(struct db *db, void *arg, struct error *err)
{
	struct publication *making = arg;

	if (check_lease(making->context, db, err) < 0)
		return -1;
	return crls_reserve_number(db, &making->request->generation_id, &making->row.number, err);
}

static int
stamp_some(struct db *db, void *arg, struct error *err)
{
	struct publication *making = arg;
	const struct uuid *generation_id = &making->request->generation_id;
	uint64_t number = making->row.number;

	/* A late stamp would be below the number of a CRL that has missed the event. */
	if (check_lease(making->context, db, err) < 0 ||
	    crls_check_number(db, generation_id, number, err) < 0)
		return -1;
	return revocations_stamp(db, generation_id, number, &making->has_unstamped, err);
}

/*
 * The number is ours, and stands on every event so far, before the list is read: a delta CRL to
 * this one lists every event with a greater number or none. What is committed between here and the
 * reading is in both. A number that never becomes a CRL leaves a gap, and nothing is lost with it:
 * events are told from others by the number of a CRL that there is.
 */
static int
take_number(struct publication *making, struct error *err)
{
	struct db *db = making->context->db;

	if (db_transaction(db, reserve, making, err) < 0)
		return -1;
	do {
		if (job_progress(making->context, err) < 0 ||
		    db_transaction(db, stamp_some, making, err) < 0)
			return -1;
	} while (making->has_unstamped);
	return 0;
}

/*
 * RFC 5280, 5.1.2.5: the next one will be issued by then. It may lie beyond the CA's own end, as no
 * rule ties the two: a relying party that still verifies then refuses the CA itself, and the pace
 * of publication stays the same to the end.
 */
static int64_t
full_until(const struct settings *settings, int64_t this_update)
{
	return this_update + settings->crl.validity_s;
}

/*
 * The next delta CRL comes DeltaHours after this one was signed; the share of it that full CRLs
 * overlap by is added, for a job that is late. It ends with the newest full CRL at the latest: RFC
 * 5280, 6.3.3 (c) to (f) combines it with a complete CRL that is itself current, and by then the
 * next one is out.
 */
static int64_t
delta_until(const struct settings *settings, int64_t this_update, const struct crl_row *full)
{
	uint64_t spare = (uint64_t)settings->crl.delta_s * settings->crl.overlap_percent / 100;
	int64_t signed_at = this_update + publish_backdating(settings->crl.validity_s);
	int64_t until = signed_at + settings->crl.delta_s + (int64_t)spare;

	return until < full->next_update ? until : full->next_update;
}

/*
 * The base is the older one of the two newest full CRLs while that is still valid: caches hold it,
 * and a delta CRL goes with its base and with every later complete CRL (RFC 5280, 5.2.4).
 */
static int
set_base(struct publication *making, struct error *err)
{
	const struct settings *settings = making->context->settings;
	struct crl_row *row = &making->row;
	struct crl_list full = { .count = 0 };
	size_t base;

	if (settings->crl.delta_s == 0)
		return error_set(err, ERR_CONFIG, "[CRL] DeltaHours is 0: no delta CRLs");
	if (crls_latest_full(making->context->db, &row->generation_id, &full, err) < 0)
		return -1;
	if (full.count == 0 || full.rows[0].next_update <= making->now)
		return error_set(
		    err, ERR_NOT_FOUND, "there is no valid CRL that a delta CRL could be to");
	base = full.count - 1;
	if (full.rows[base].next_update <= making->now)
		base = 0;
	row->has_base = true;
	row->base_number = full.rows[base].number;
	row->next_update = delta_until(settings, row->this_update, &full.rows[0]);
	return 0;
}

int64_t
publish_backdating(int64_t validity_s)
{
	return validity_s / 10 < BACKDATED_MAX_S ? validity_s / 10 : BACKDATED_MAX_S;
}

static int
set_dates(struct publication *making, struct error *err)
{
	struct crl_row *row = &making->row;

	/* The database's clock, which all hosts share. */
	if (jobs_now(making->context->db, &making->now, err) < 0)
		return -1;
	row->this_update =
	    making->now - publish_backdating(making->context->settings->crl.validity_s);
	if (making->request->kind == CRL_DELTA)
		return set_base(making, err);
	row->next_update = full_until(making->context->settings, row->this_update);
	return 0;
}

static int
set_urls(struct publication *making, struct error *err)
{
	const struct issuer *issuer = making->issuer;
	int len = snprintf(making->freshest, sizeof(making->freshest), "%s/crl/%s-delta.crl",
	    making->context->settings->server.http_base_url, issuer->generation.label);

	if (len < 0 || (size_t)len >= sizeof(making->freshest))
		return error_set(err, ERR_CONFIG, "HttpBaseUrl is too long");
	return 0;
}

/* What the CRL says besides its entries. */
static struct crl_template
template_of(const struct publication *making)
{
	const struct settings *settings = making->context->settings;
	const struct crl_row *row = &making->row;
	struct crl_template template = {
		.issuer = making->issuer->cert->subject,
		.authority_key_id = making->issuer->key_id,
		.number = row->number,
		.has_base = row->has_base,
		.base_number = row->base_number,
		.this_update = row->this_update,
		.next_update = row->next_update,
	};

	/*
	 * The same in full and delta CRLs, else they do not go together (RFC 5280, 5.2.4 (c)); and
	 * only where certificates name the place, as OpenSSL refuses the CRL for others.
	 */
	if (settings->crl.add_cdp && settings->crl.add_idp)
		template.idp = making->issuer->crl;
	if (settings->crl.delta_s > 0 && !row->has_base)
		template.freshest = making->freshest;
	return template;
}

/* What the entries go to. */
struct listing {
	struct crl_writer *writer;
	int64_t now; /* not thisUpdate, before which nobody may have revoked what it lists */
};

static int
add_entry(const struct revoked_certificate *revoked, void *arg, struct error *err)
{
	const struct listing *listing = arg;
	struct crl_entry entry = {
		.serial = revoked->serial,
		.revoked_at = revoked->revoked_at,
		.reason = revoked->reason,
	};

	if (revoked->is_removed)
		entry.reason = CRL_REMOVED;
	/* Clients such as Java's take a certificate for good until the date of its revocation. */
	if (revoked->is_removed || entry.revoked_at > listing->now)
		entry.revoked_at = listing->now;
	return crl_writer_add(listing->writer, &entry, err);
}

/*
 * RFC 5280, 3.3: a certificate leaves the CRL after one that was issued beyond its end; the period
 * of validity is what that takes at least. Where none was issued for longer, those that ended since
 * the last one are still to come on one.
 */
static int
find_ends_from(const struct publication *making, int64_t *out, struct error *err)
{
	int64_t from = making->now - making->context->settings->crl.validity_s;
	struct crl_list full = { .count = 0 };

	if (crls_latest_full(making->context->db, &making->row.generation_id, &full, err) < 0)
		return -1;
	*out = full.count > 0 && full.rows[0].this_update < from ? full.rows[0].this_update : from;
	return 0;
}

static int
add_entries(const struct publication *making, struct crl_writer *writer, struct error *err)
{
	const struct crl_row *row = &making->row;
	struct db *db = making->context->db;
	struct listing listing = { writer, making->now };
	const struct revoked_visit visit = { add_entry, &listing };
	struct revoked_query query = { .generation_id = &row->generation_id };

	if (find_ends_from(making, &query.ends_from, err) < 0)
		return -1;
	if (row->has_base)
		return revoked_certificates_each_since(db, &query, row->base_number, &visit, err);
	return revoked_certificates_each(db, &query, &visit, err);
}

static int
write_crl(struct publication *making, struct crl_writer *writer, struct error *err)
{
	const struct crl_template template = template_of(making);

	if (crl_writer_begin(writer, &template, making->issuer->key, err) < 0 ||
	    add_entries(making, writer, err) < 0 || crl_writer_finish(writer, err) < 0)
		return -1;
	making->row.entries = (uint32_t)writer->entries;
	making->row.size = (uint32_t)writer->der.len;
	return sha256(buf_bytes(&writer->der), making->row.sha256, err);
}

/* Each part by a statement of its own: none holds locks, or is large for a cluster. */
static int
store_parts(const struct publication *making, struct bytes der, struct error *err)
{
	for (unsigned part = 0; der.len > 0; part++) {
		size_t len = der.len < CRL_PART_MAX ? der.len : CRL_PART_MAX;

		if (part % PROGRESS_PARTS == 0 && job_progress(making->context, err) < 0)
			return -1;
		if (crls_add_part(making->context->db, &making->row.id, part,
			bytes_of(der.ptr, len), err) < 0)
			return -1;
		der = bytes_of(der.ptr + len, der.len - len);
	}
	return 0;
}

static int
insert_row(struct db *db, void *arg, struct error *err)
{
	const struct publication *making = arg;

	if (check_lease(making->context, db, err) < 0)
		return -1;
	return crls_insert(db, &making->row, err);
}

static int
publish(struct publication *making, struct error *err)
{
	cleanup(crl_writer_release) struct crl_writer writer = CRL_WRITER_INIT;
	struct db *db = making->context->db;

	if (job_progress(making->context, err) < 0 || take_number(making, err) < 0 ||
	    set_dates(making, err) < 0 || set_urls(making, err) < 0 ||
	    write_crl(making, &writer, err) < 0 ||
	    store_parts(making, buf_bytes(&writer.der), err) < 0)
		return -1;
	return db_transaction(db, insert_row, making, err);
}

static void
log_published(const struct publication *making, int64_t ms)
{
	const struct crl_row *row = &making->row;

	log_event(LOG_LEVEL_INFO, "crl_published",
	    log_text("generation", making->issuer->generation.label),
	    log_number("number", (int64_t)row->number),
	    log_text("kind", row->has_base ? "delta" : "full"), log_number("entries", row->entries),
	    log_number("bytes", row->size), log_number("ms", ms));
}

int
publish_now(const struct job_context *context, const struct publish_request *request,
    struct crl_row *out, struct error *err)
{
	cleanup(issuer_freep) struct issuer *issuer = NULL;
	struct publication making = { .context = context, .request = request };
	int64_t started_ms = clock_monotonic_ms();

	making.row.id = uuid_new();
	making.row.generation_id = request->generation_id;
	/* The key first: where it is missing no number is used up. */
	if (issuer_load_generation(
		context->db, context->settings, &request->generation_id, &issuer, err) < 0)
		return -1;
	making.issuer = issuer;
	if (publish(&making, err) < 0)
		return error_prefix(err, "CRL of %s", issuer->generation.label);
	log_published(&making, clock_monotonic_ms() - started_ms);
	counter_add(COUNTER_CRLS, making.row.has_base ? COUNTER_CRL_DELTA : COUNTER_CRL_FULL, 0, 1);
	if (out != NULL)
		*out = making.row;
	return 0;
}

/* What a worker remembers of the CA generations that it answers OCSP for. */
#include "enroll/status/ocsp_signers.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/jobs.h"

enum { WARNING_MS = 60000, RETRY_MS = 1000 };

struct ocsp_signers {
	const struct settings *settings;
	struct db *db;
	const struct keyring *keyring;
	int64_t read_ms;   /* monotonic, 0: never */
	int64_t forced_ms; /* the same for an unknown issuer */
	int64_t warned_ms;
	uint64_t stamps; /* given so far */
	size_t count;
	struct ocsp_generation *items[SIGNING_GENERATIONS_MAX];
};

static void
destroy(struct ocsp_signers *signers)
{
	for (size_t i = 0; i < signers->count; i++)
		ocsp_generation_free(signers->items[i]);
	free(signers);
}

void
ocsp_signers_free(struct ocsp_signers *signers)
{
	if (signers != NULL)
		destroy(signers);
}

struct ocsp_signers *
ocsp_signers_new(const struct settings *settings, struct db *db, const struct keyring *keyring)
{
	struct ocsp_signers *signers = calloc(1, sizeof(*signers));

	if (signers != NULL) {
		signers->settings = settings;
		signers->db = db;
		signers->keyring = keyring;
	}
	return signers;
}

/* The first one at once, then one a minute at most. */
static void
warn(struct ocsp_signers *signers, const char *label, const struct error *err)
{
	int64_t now = clock_monotonic_ms();

	if (signers->warned_ms != 0 && now - signers->warned_ms < WARNING_MS)
		return;
	signers->warned_ms = now;
	log_event(LOG_LEVEL_WARNING, "ocsp_responder_missing", log_text("generation", label),
	    log_text("reason", err->text));
}

static struct ocsp_generation *
find_row(const struct ocsp_signers *signers, const struct uuid *id)
{
	for (size_t i = 0; i < signers->count; i++)
		if (memcmp(&signers->items[i]->row.id, id, sizeof(*id)) == 0)
			return signers->items[i];
	return NULL;
}

static bool
is_responder_same(const struct signing_generation *a, const struct signing_generation *b)
{
	return a->has_responder == b->has_responder &&
	       memcmp(&a->responder_id, &b->responder_id, sizeof(a->responder_id)) == 0;
}

static void
drop_responder(struct ocsp_signers *signers, struct ocsp_generation *generation)
{
	ocsp_responder_free(generation->responder);
	generation->responder = NULL;
	generation->stamp = ++signers->stamps;
}

/* Takes up what the list says now of one that is known. */
static void
update(struct ocsp_signers *signers, struct ocsp_generation *generation,
    const struct signing_generation *row)
{
	if (!is_responder_same(&generation->row, row))
		drop_responder(signers, generation);
	generation->row = *row;
	generation->is_listed = true;
}

/* A row whose certificate cannot be read must not keep the others from being answered for. */
static int
add(struct ocsp_signers *signers, const struct signing_generation *row, struct error *err)
{
	cleanup(ocsp_generation_freep) struct ocsp_generation *made = NULL;

	if (ocsp_generation_load(signers->db, row, &made, err) < 0) {
		if (error_is(err, ERR_DATABASE) || error_is(err, ERR_INTERNAL))
			return -1;
		warn(signers, row->label, err);
		error_clear(err);
		return 0;
	}
	made->is_listed = true;
	made->stamp = ++signers->stamps;
	if (signers->count < SIGNING_GENERATIONS_MAX)
		signers->items[signers->count++] = take(made);
	return 0;
}

static int
list(const struct signing_generation *row, void *arg, struct error *err)
{
	struct ocsp_signers *signers = arg;
	struct ocsp_generation *known = find_row(signers, &row->id);

	if (known == NULL ||
	    memcmp(known->row.fingerprint, row->fingerprint, sizeof(row->fingerprint)) != 0)
		return add(signers, row, err);
	update(signers, known, row);
	return 0;
}

/* Drops what was not listed any more. */
static void
sweep(struct ocsp_signers *signers)
{
	size_t kept = 0;

	for (size_t i = 0; i < signers->count; i++)
		if (signers->items[i]->is_listed)
			signers->items[kept++] = signers->items[i];
		else
			ocsp_generation_free(signers->items[i]);
	signers->count = kept;
}

static int
read_now(struct ocsp_signers *signers, struct error *err)
{
	signers->read_ms = 0;
	for (size_t i = 0; i < signers->count; i++)
		signers->items[i]->is_listed = false;
	if (signing_generations_each(signers->db, list, signers, err) < 0)
		return -1;
	sweep(signers);
	signers->read_ms = clock_monotonic_ms();
	return 0;
}

static bool
is_fresh(int64_t read_ms)
{
	return read_ms != 0 && clock_monotonic_ms() - read_ms < OCSP_SIGNERS_MS;
}

static int
refresh(struct ocsp_signers *signers, struct error *err)
{
	return is_fresh(signers->read_ms) ? 0 : read_now(signers, err);
}

/* The one of this CertID that signs; NULL: its issuer is none of ours. */
static struct ocsp_generation *
find_issuer(const struct ocsp_signers *signers, const struct ocsp_cert_id *id)
{
	for (size_t i = 0; i < signers->count; i++)
		if (signers->items[i]->row.signs &&
		    ocsp_generation_is_issuer(signers->items[i], id))
			return signers->items[i];
	return NULL;
}

static struct ocsp_generation *
find_first(const struct ocsp_signers *signers, const struct ocsp_request *request)
{
	struct ocsp_generation *found = NULL;

	for (size_t i = 0; i < request->count && found == NULL; i++)
		found = find_issuer(signers, &request->ids[i]);
	return found;
}

static void
collect_same(const struct ocsp_signers *signers, struct ocsp_signer *out)
{
	out->count = 0;
	for (size_t i = 0; i < signers->count && out->count < OCSP_SAME_ISSUER_MAX; i++)
		if (ocsp_generation_is_same(signers->items[i], out->generation)) {
			out->same[out->count] = signers->items[i];
			out->ids[out->count++] = signers->items[i]->row.id;
		}
}

int
ocsp_signers_choose(struct ocsp_signers *signers, const struct ocsp_request *request,
    struct ocsp_signer *out, struct error *err)
{
	if (refresh(signers, err) < 0)
		return -1;
	out->generation = find_first(signers, request);
	/* Perhaps a CA that was made a moment ago. */
	if (out->generation == NULL && !is_fresh(signers->forced_ms)) {
		signers->forced_ms = clock_monotonic_ms();
		if (read_now(signers, err) < 0)
			return -1;
		out->generation = find_first(signers, request);
	}
	if (out->generation == NULL)
		return error_set(err, ERR_NOT_FOUND, "no certificate of a CA of ours is asked for");
	collect_same(signers, out);
	return 0;
}

/* Loads the delegated responder if need be; generation->responder stays NULL where none is usable,
 * and err says why. */
static int
load_responder(struct ocsp_signers *signers, struct ocsp_generation *generation, int64_t now,
    struct error *err)
{
	if (generation->responder != NULL && generation->responder->not_after <= now)
		drop_responder(signers, generation);
	if (generation->responder != NULL)
		return 0;
	if (!generation->row.has_responder)
		return error_set(err, ERR_NOT_FOUND, "no OCSP responder is valid");
	if (clock_monotonic_ms() < generation->retry_ms)
		return error_set(err, ERR_CA_KEY, "its OCSP responder cannot be opened here");
	if (ocsp_responder_load(signers->db, signers->keyring, &generation->row.id, now,
		&generation->responder, err) < 0) {
		generation->retry_ms = clock_monotonic_ms() + RETRY_MS;
		return -1;
	}
	/* What was signed until now was signed by the CA itself. */
	generation->stamp = ++signers->stamps;
	return 0;
}

/* Whether it is there; only the database may fail. */
static int
find_responder(struct ocsp_signers *signers, struct ocsp_generation *generation, int64_t now,
    struct error *err)
{
	if (!signers->settings->ocsp.use_authorized_responder ||
	    load_responder(signers, generation, now, err) == 0)
		return 0;
	if (error_is(err, ERR_DATABASE))
		return -1;
	warn(signers, generation->row.label, err);
	error_clear(err);
	return 0;
}

static int
open_issuer(struct ocsp_signers *signers, struct ocsp_generation *generation, struct error *err)
{
	cleanup(issuer_freep) struct issuer *issuer = NULL;

	if (generation->issuer != NULL)
		return 0;
	if (issuer_load_generation(
		signers->db, signers->settings, &generation->row.id, &issuer, err) < 0)
		return -1;
	generation->issuer = take(issuer);
	return 0;
}

int
ocsp_signers_open(struct ocsp_signers *signers, struct ocsp_generation *generation, int64_t now,
    struct ocsp_signing *out, struct error *err)
{
	const struct ocsp_responder *responder;

	if (find_responder(signers, generation, now, err) < 0)
		return -1;
	responder = generation->responder;
	if (responder != NULL) {
		*out = (struct ocsp_signing){
			.key = responder->key,
			.key_hash = bytes_of(responder->key_hash, sizeof(responder->key_hash)),
			.certificate = buf_bytes(&responder->certificate),
			.not_after = responder->not_after,
		};
		return 0;
	}
	if (open_issuer(signers, generation, err) < 0)
		return -1;
	*out = (struct ocsp_signing){
		.key = generation->issuer->key,
		.key_hash =
		    bytes_of(generation->hashes.key_sha1, sizeof(generation->hashes.key_sha1)),
		.not_after = generation->not_after,
	};
	return 0;
}

int
ocsp_signers_without_responder(
    struct ocsp_signers *signers, int64_t *count, char label[static 49], struct error *err)
{
	int64_t now = 0, found = 0;

	label[0] = '\0';
	if (refresh(signers, err) < 0 || jobs_now(signers->db, &now, err) < 0)
		return -1;
	for (size_t i = 0; i < signers->count; i++) {
		struct ocsp_generation *generation = signers->items[i];
		struct error why = { .code = ERR_NONE };

		if (!signers->settings->ocsp.use_authorized_responder || !generation->row.signs ||
		    load_responder(signers, generation, now, &why) == 0)
			continue;
		found++;
		memcpy(label, generation->row.label, sizeof(generation->row.label));
	}
	*count = found;
	return 0;
}

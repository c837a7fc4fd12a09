/* New generations of an authority: the same key again, or a new one with cross-certificates. */
#include <stdio.h>
#include <string.h>

#include "enroll/authorities/authority.h"
#include "enroll/authorities/authority_change.h"
#include "enroll/authorities/authority_cross.h"
#include "enroll/authorities/authority_generation.h"

enum { DETAIL_MAX = 1024, KEY_TYPE_MAX = 16 };

/* A generation in the making and what it follows. */
struct successor {
	const struct authority_context *context;
	struct authority_plan plan;
	struct authority_base base;
	struct authority_key key;
	struct authority_outcome outcome;
};

static void
successor_release(struct successor *successor)
{
	authority_base_release(&successor->base);
	authority_key_release(&successor->key);
	authority_outcome_release(&successor->outcome);
}

/* A self-signed certificate cannot follow one of an outer CA: nobody would trust it. */
static int
check_self_signed(const struct successor *successor, struct error *err)
{
	const struct cert *cert = successor->base.cert;

	if (successor->plan.outer || bytes_equal(cert->issuer, cert->subject))
		return 0;
	return error_set(err, ERR_CONFLICT,
	    "an outer CA has signed %s; make a request for it with --csr FILE",
	    successor->base.generation.label);
}

static int
load(struct successor *successor, struct error *err)
{
	const struct authority_context *context = successor->context;

	if (authority_base_load(context->db, successor->plan.name, &successor->base, err) < 0 ||
	    check_self_signed(successor, err) < 0)
		return -1;
	authority_generation_begin(&successor->outcome.generation, &successor->base.authority,
	    successor->base.next_number, context->now);
	return 0;
}

static int
certify(struct successor *successor, struct error *err)
{
	const struct cert *old = successor->base.cert;
	struct key *key = successor->key.key;
	const struct authority_shape shape = {
		.subject = old->subject,
		/* Leaves name their issuer by it, so one key keeps one identifier. */
		.subject_key_id =
		    bytes_equal(key_public(key), old->spki) ? old->key_id : bytes_of(NULL, 0),
		.path_len = old->path_len,
		.is_for_scep = managed_key_is_for(&successor->key.row, "scep"),
		.not_before = authority_not_before(successor->context),
		.not_after = successor->context->now + (int64_t)successor->plan.days * DAY_SECONDS,
	};
	struct generation *generation = &successor->outcome.generation;

	generation->key_id = successor->key.row.id;
	memcpy(
	    successor->outcome.key_uri, successor->key.row.uri, sizeof(successor->outcome.key_uri));
	return successor->plan.outer
		   ? authority_generation_request(generation, shape.subject, key, err)
		   : authority_generation_sign(generation, key, &shape, err);
}

static int
record(struct successor *successor, const char *action, const struct authority_crosses *crosses,
    struct error *err)
{
	struct authority_outcome *outcome = &successor->outcome;
	char detail[DETAIL_MAX];
	const struct authority_change change = {
		.action = action,
		.detail = detail,
		.authority = &successor->base.authority,
		.key = successor->key.is_recorded ? NULL : &successor->key,
		.insert = &outcome->generation,
		.activate = successor->plan.activate && !successor->plan.outer
				? &outcome->generation
				: NULL,
		.crosses = crosses->rows,
		.cross_count = crosses->count,
		.outcome = outcome,
	};

	authority_describe(&outcome->generation, &successor->key.row, detail, sizeof(detail));
	return authority_change_apply(successor->context, &change, err);
}

/* An answer is found by its public key, so only one generation may wait for each. */
static int
refuse_waiting(const struct generation *generation, void *arg, struct error *err)
{
	const struct uuid *key_id = arg;

	if (generation->state != GENERATION_PENDING || generation->certificate.len > 0 ||
	    memcmp(key_id, &generation->key_id, sizeof(*key_id)) != 0)
		return 0;
	return error_set(err, ERR_CONFLICT,
	    "%s waits for its certificate already: certwright ca export %s --csr prints the "
	    "request, certwright ca retire %s gives it up",
	    generation->label, generation->label, generation->label);
}

int
authority_renew(const struct authority_context *context, const struct authority_plan *plan,
    struct authority_outcome *out, struct error *err)
{
	cleanup(successor_release) struct successor next = { .context = context, .plan = *plan };
	const struct authority_crosses none = { .count = 0 };

	next.plan.activate = true;
	if (load(&next, err) < 0 ||
	    generations_each(context->db, &next.base.authority.id, refuse_waiting,
		&next.base.generation.key_id, err) < 0 ||
	    authority_key_load(context->db, &next.base.generation.key_id, &next.key, err) < 0 ||
	    certify(&next, err) < 0 || record(&next, "ca.renew", &none, err) < 0)
		return -1;
	*out = next.outcome;
	next.outcome = (struct authority_outcome){ .former = "" };
	return 0;
}

/* A cross-certificate needs both certificates; with an outer CA they are made at its answer. */
static int
cross(const struct successor *successor, struct authority_crosses *crosses, struct error *err)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	cleanup(authority_key_release) struct authority_key old = { .key = NULL };
	const struct generation *new = &successor->outcome.generation;
	const struct generation *base = &successor->base.generation;

	if (successor->plan.outer)
		return 0;
	if (cert_parse(buf_bytes(&new->certificate), &cert, err) < 0 ||
	    authority_key_load(successor->context->db, &base->key_id, &old, err) < 0)
		return -1;
	return authority_cross(&(struct authority_side){ new, cert, successor->key.key },
	    &(struct authority_side){ base, successor->base.cert, old.key },
	    successor->context->now, crosses, err);
}

static int
rekey(struct successor *successor, struct error *err)
{
	cleanup(authority_crosses_release) struct authority_crosses crosses = { .count = 0 };

	if (certify(successor, err) < 0 || cross(successor, &crosses, err) < 0)
		return -1;
	return record(successor, "ca.rekey", &crosses, err);
}

/* The present key's type, where none is asked for and none exists yet. */
static void
same_type(const struct key_facts *facts, char out[static KEY_TYPE_MAX])
{
	if (facts->type == KEY_RSA)
		(void)snprintf(out, KEY_TYPE_MAX, "rsa%u", facts->bits);
	else
		(void)snprintf(out, KEY_TYPE_MAX, "%s", key_type_name(facts->type));
}

int
authority_rekey(const struct authority_context *context, const struct authority_plan *plan,
    struct authority_outcome *out, struct error *err)
{
	cleanup(successor_release) struct successor next = { .context = context, .plan = *plan };
	cleanup(managed_key_release) struct managed_key present = { .bits = 0 };
	struct authority_key_choice choice = plan->key;
	char type[KEY_TYPE_MAX];

	if (load(&next, err) < 0 ||
	    keys_find(context->db, &next.base.generation.key_id, &present, err) < 0)
		return -1;
	/* A CA that was made for SCEP stays one. */
	choice.usages = present.usages;
	same_type(&next.base.cert->key, type);
	if (choice.type == NULL && !choice.existing)
		choice.type = type;
	if (authority_key_prepare(
		context->settings, &choice, next.outcome.generation.label, &next.key, err) < 0)
		return -1;
	if (rekey(&next, err) < 0)
		return authority_key_stays(&next.key, err);
	*out = next.outcome;
	next.outcome = (struct authority_outcome){ .former = "" };
	return 0;
}

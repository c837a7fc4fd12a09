/* Making authorities and moving their generations from state to state. */
#include "enroll/authorities/authority.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "crypto/name.h"
#include "enroll/authorities/authority_change.h"
#include "enroll/authorities/authority_generation.h"
#include "enroll/issuing/principal.h"
#include "enroll/profiles/profile_rules.h"

enum { NAME_LEN_MAX = 32, SUBJECT_MAX = 8192, DETAIL_MAX = 1024 };

void
authority_outcome_release(struct authority_outcome *outcome)
{
	generation_release(&outcome->generation);
}

static int
check_name(const char *name, struct error *err)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len == 0 || len > NAME_LEN_MAX || name[len] != '\0' || name[0] == '-')
		return error_set(err, ERR_CONFIG,
		    "a CA's name is 1 to %d lower-case letters, digits and '-', not '-' first",
		    NAME_LEN_MAX);
	return 0;
}

/* Whether longer could be the label of a generation of the authority `name`. */
static bool
looks_like_label(const char *longer, const char *name)
{
	size_t len = strlen(name);
	const char *number = longer + len + 1;

	return strncmp(longer, name, len) == 0 && longer[len] == '-' && *number != '\0' &&
	       number[strspn(number, "0123456789")] == '\0';
}

/* Names and labels are looked up in one place, so neither may be mistaken for the other. */
static int
refuse_clash(const struct authority *authority, void *arg, struct error *err)
{
	const char *name = arg;

	if (strcmp(authority->name, name) == 0)
		return error_set(err, ERR_CONFLICT, "there is a CA %s already", authority->name);
	if (looks_like_label(authority->name, name) || looks_like_label(name, authority->name))
		return error_set(err, ERR_CONFLICT,
		    "the name %s could be mistaken for a generation of the CA %s or the other way "
		    "round; choose another",
		    name, authority->name);
	return 0;
}

int
authority_check_new(struct db *db, const char *name, struct authority *out, struct error *err)
{
	char wanted[NAME_LEN_MAX + 1];

	if (check_name(name, err) < 0)
		return -1;
	(void)snprintf(wanted, sizeof(wanted), "%s", name);
	if (authorities_each(db, refuse_clash, wanted, err) < 0)
		return -1;
	*out = (struct authority){ .id = uuid_new(), .created_at = clock_now() };
	memcpy(out->name, wanted, sizeof(wanted));
	return 0;
}

/* The RA profile that makes a new installation usable, if there is none of its name. */
static struct ra_profile *
default_profile(const struct authority *authority, int64_t now, struct error *err)
{
	cleanup(ra_profile_freep) struct ra_profile *profile = ra_profile_new();

	if (profile == NULL) {
		(void)error_set(err, ERR_INTERNAL, "out of memory");
		return NULL;
	}
	profile_rules_defaults(profile);
	profile->id = uuid_new();
	profile->authority_id = authority->id;
	profile->created_at = now;
	profile->revision = 1;
	(void)snprintf(profile->name, sizeof(profile->name), "default");
	if (ra_profile_add_enroller(profile, ENROLLER_ROLE, ROLE_REQUEST_DB, err) < 0 ||
	    ra_profile_add_enroller(profile, ENROLLER_ROLE, ROLE_SELF_SERVICE, err) < 0)
		return NULL;
	return take(profile);
}

static int
subject_der(const struct authority_plan *plan, struct buf *der, struct error *err)
{
	char common_name[NAME_LEN_MAX + 4];

	(void)snprintf(common_name, sizeof(common_name), "CN=%.*s", NAME_LEN_MAX, plan->name);
	return name_from_text(plan->subject != NULL ? plan->subject : common_name, der, err);
}

/* What of a new authority is gathered before anything is written. */
struct creation {
	struct authority authority;
	struct authority_key key;
	struct buf subject;
	struct ra_profile *profile;
};

static void
creation_release(struct creation *creation)
{
	authority_key_release(&creation->key);
	buf_release(&creation->subject);
	ra_profile_freep(&creation->profile);
}

static int
certify_first(const struct authority_context *context, const struct authority_plan *plan,
    struct creation *creation, struct generation *generation, struct error *err)
{
	const struct authority_shape shape = {
		.subject = buf_bytes(&creation->subject),
		.path_len = plan->path_len,
		.is_for_scep = managed_key_is_for(&creation->key.row, "scep"),
		.not_before = authority_not_before(context),
		.not_after = context->now + (int64_t)plan->days * DAY_SECONDS,
	};

	generation->key_id = creation->key.row.id;
	return plan->outer
		   ? authority_generation_request(generation, shape.subject, creation->key.key, err)
		   : authority_generation_sign(generation, creation->key.key, &shape, err);
}

static int
record_first(const struct authority_context *context, const struct authority_plan *plan,
    const struct creation *creation, struct authority_outcome *outcome, struct error *err)
{
	char detail[DETAIL_MAX];
	const struct authority_change change = {
		.action = "ca.init",
		.detail = detail,
		.authority = &creation->authority,
		.is_new = true,
		.key = &creation->key,
		.insert = &outcome->generation,
		.activate = plan->outer ? NULL : &outcome->generation,
		.profile = creation->profile,
		.outcome = outcome,
	};

	authority_describe(&outcome->generation, &creation->key.row, detail, sizeof(detail));
	return authority_change_apply(context, &change, err);
}

static int
create(const struct authority_context *context, const struct authority_plan *plan,
    struct creation *creation, struct authority_outcome *outcome, struct error *err)
{
	creation->profile = default_profile(&creation->authority, context->now, err);
	if (creation->profile == NULL)
		return -1;
	if (certify_first(context, plan, creation, &outcome->generation, err) < 0)
		return -1;
	return record_first(context, plan, creation, outcome, err);
}

int
authority_create(const struct authority_context *context, const struct authority_plan *plan,
    struct authority_outcome *out, struct error *err)
{
	cleanup(creation_release) struct creation creation = { .subject = BUF_INIT(SUBJECT_MAX) };
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };

	/* Everything that can fail before there is a key. */
	if (authority_check_new(context->db, plan->name, &creation.authority, err) < 0 ||
	    subject_der(plan, &creation.subject, err) < 0)
		return -1;
	authority_generation_begin(&outcome.generation, &creation.authority, 1, context->now);
	if (authority_key_prepare(
		context->settings, &plan->key, outcome.generation.label, &creation.key, err) < 0)
		return -1;
	if (create(context, plan, &creation, &outcome, err) < 0)
		return authority_key_stays(&creation.key, err);
	memcpy(outcome.key_uri, creation.key.row.uri, sizeof(outcome.key_uri));
	*out = outcome;
	outcome = (struct authority_outcome){ .former = "" };
	return 0;
}

int
authority_find_generation(
    struct db *db, const char *name, struct generation *out, struct error *err)
{
	struct authority authority;

	if (generations_find(db, name, out, err) == 0)
		return 0;
	if (error_forgive(err, ERR_NOT_FOUND) < 0)
		return -1;
	if (authority_find(db, name, &authority, err) < 0)
		return -1;
	if (generations_find_active(db, &authority.id, out, err) == 0)
		return 0;
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "CA %s has no active generation; certwright ca list shows all, certwright ca activate "
	    "makes one active",
	    name);
}

/* The generation of a label with its authority, for a change of state. */
static int
find_state(struct db *db, const char *label, struct authority *authority,
    struct generation *generation, struct error *err)
{
	if (generations_find(db, label, generation, err) == 0)
		return authorities_find_id(db, &generation->authority_id, authority, err);
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "there is no CA generation \"%.48s\"; certwright ca list shows all", label);
}

/* serve would refuse to start with a key that is not there or not the certificate's. */
static int
check_can_sign(
    const struct authority_context *context, const struct generation *generation, struct error *err)
{
	cleanup(cert_freep) struct cert *cert = NULL;
	cleanup(authority_key_release) struct authority_key key = { .key = NULL };

	if (generation->state != GENERATION_PENDING)
		return error_set(err, ERR_CONFLICT, "%s is %s, only a pending one can be activated",
		    generation->label, generation_state_name(generation->state));
	if (generation->certificate.len == 0)
		return error_set(err, ERR_CONFLICT,
		    "%s has no certificate yet; install it with certwright ca import",
		    generation->label);
	if (generation->not_after <= context->now)
		return error_set(
		    err, ERR_CONFLICT, "the certificate of %s has ended", generation->label);
	if (authority_key_load(context->db, &generation->key_id, &key, err) < 0 ||
	    cert_parse(buf_bytes(&generation->certificate), &cert, err) < 0)
		return -1;
	if (!bytes_equal(cert->spki, key_public(key.key)))
		return error_set(
		    err, ERR_CA_KEY, "the key in %s is not that of the certificate", key.row.uri);
	return 0;
}

int
authority_activate(const struct authority_context *context, const char *label,
    struct authority_outcome *out, struct error *err)
{
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	struct authority authority;
	const struct authority_change change = {
		.action = "ca.activate",
		.detail = outcome.generation.label,
		.authority = &authority,
		.activate = &outcome.generation,
		.outcome = &outcome,
	};

	if (find_state(context->db, label, &authority, &outcome.generation, err) < 0 ||
	    check_can_sign(context, &outcome.generation, err) < 0 ||
	    authority_change_apply(context, &change, err) < 0)
		return -1;
	*out = outcome;
	outcome = (struct authority_outcome){ .former = "" };
	return 0;
}

static int
check_may_retire(const struct generation *generation, bool force, struct error *err)
{
	if (generation->state == GENERATION_RETIRED || generation->state == GENERATION_EXPIRED)
		return error_set(err, ERR_CONFLICT, "%s is %s already", generation->label,
		    generation_state_name(generation->state));
	if (generation->state == GENERATION_ACTIVE && !force)
		return error_set(err, ERR_CONFLICT,
		    "%s is the active one, without it issuing stops; activate another one first, "
		    "or give --force",
		    generation->label);
	return 0;
}

int
authority_retire(const struct authority_context *context, const char *label, bool force,
    struct authority_outcome *out, struct error *err)
{
	cleanup(authority_outcome_release) struct authority_outcome outcome = { .former = "" };
	struct authority authority;
	const struct authority_change change = {
		.action = "ca.retire",
		.detail = outcome.generation.label,
		.authority = &authority,
		.retire = &outcome.generation,
		.outcome = &outcome,
	};

	if (find_state(context->db, label, &authority, &outcome.generation, err) < 0 ||
	    check_may_retire(&outcome.generation, force, err) < 0 ||
	    authority_change_apply(context, &change, err) < 0)
		return -1;
	*out = outcome;
	outcome = (struct authority_outcome){ .former = "" };
	return 0;
}

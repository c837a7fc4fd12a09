/* Refusals of authenticated principals, audited within bounds. */
#include "api/access/refusals.h"

#include <stdio.h>

#include "api/context.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/audit.h"

/* as many octets as object_name has characters */
enum { PATH_MAX_SHOWN = 256 };

/* FNV-1a: who makes two principals alike shares what is audited of one. */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3ULL;
	return hash;
}

static uint64_t
hash_principal(const struct principal *principal)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	/* a certificate's ids are those of another principal */
	if (principal->kind == PRINCIPAL_CERTIFICATE || principal->kind == PRINCIPAL_ADMIN)
		return hash_text(hash, principal->fingerprint);
	return hash_text(hash_text(hash, principal->tenant), principal->object);
}

/*
 * The slot of this principal in this minute, perhaps a new one; NULL where all are others'. None is
 * taken from another before the minute is over: two that come in turns would never be too many.
 */
static struct refusals_slot *
find_slot(struct refusals *refusals, uint64_t principal, int64_t minute)
{
	struct refusals_slot *unused = NULL;

	for (size_t i = 0; i < REFUSALS_SLOTS; i++) {
		struct refusals_slot *slot = &refusals->slots[i];

		if (slot->minute != minute)
			unused = slot;
		else if (slot->principal == principal)
			return slot;
	}
	if (unused != NULL)
		*unused = (struct refusals_slot){ .principal = principal, .minute = minute };
	return unused;
}

/* Counts this refusal; what is too much, or has no slot, is logged alone. */
static bool
is_audited(struct refusals *refusals, uint64_t principal, int64_t minute)
{
	struct refusals_slot *slot = find_slot(refusals, principal, minute);

	if (slot == NULL)
		log_event(LOG_LEVEL_INFO, "refusal_not_audited",
		    log_text("reason", "too many principals in this minute"));
	else if (++slot->count > REFUSALS_PER_MINUTE)
		log_event(LOG_LEVEL_INFO, "refusal_not_audited", log_number("count", slot->count));
	return slot != NULL && slot->count <= REFUSALS_PER_MINUTE;
}

/* Refusals that are decisions about the caller; our own faults are not. */
static bool
is_decision(enum error_code code)
{
	return code == ERR_ROLE || code == ERR_PROFILE || code == ERR_SELF_SERVICE ||
	       code == ERR_KEY || code == ERR_NAME || code == ERR_CSR_SIGNATURE ||
	       code == ERR_LIMIT || code == ERR_RENEWAL || code == ERR_CLIENT_CERT;
}

/* A path that the column would refuse must not keep the refusal out of the audit. */
static void
write_path(const char *path, char *out, size_t size)
{
	size_t len = 0;

	for (; path[len] != '\0' && len + 1 < size; len++)
		out[len] = (char)(path[len] >= 0x20 && path[len] < 0x7f ? path[len] : '?');
	out[len] = '\0';
}

void
refusals_audit(struct app *app, const struct request *request, const struct error *why)
{
	struct error err = { .code = ERR_NONE };
	char actor[PRINCIPAL_ACTOR_MAX], path[PATH_MAX_SHOWN + 1];
	const struct audit_event event = {
		.actor = actor,
		.remote_address = request->remote_address,
		.request_id = &request->uuid,
		.action = routes_is_management(request) ? "manage.refused" : "enroll.refused",
		.object_type = "request",
		.object_name = path,
		.outcome = "refused",
		.detail = why->text,
	};

	if (app->principal.kind == PRINCIPAL_NONE || !is_decision(why->code))
		return;
	if (!is_audited(&app->refusals, hash_principal(&app->principal), clock_now() / 60))
		return;
	principal_write_actor(&app->principal, actor);
	write_path(request->path, path, sizeof(path));
	if (audit_insert(app->db, &event, &err) < 0)
		log_event(LOG_LEVEL_WARNING, "audit_failed", log_text("reason", err.text));
}

/* Refusals of authenticated principals, audited within bounds. */
#include "api/refusals.h"

#include <stdio.h>

#include "api/context.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/audit.h"

/* as many octets as object_name has characters */
enum { PATH_MAX_SHOWN = 256 };

/* FNV-1a: only picks a slot, nothing hostile hangs on a collision but a missing audit row. */
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

/* Counts this refusal and says how many there were in this minute. */
static uint32_t
count_refusal(struct refusals *refusals, uint64_t principal, int64_t minute)
{
	size_t slot = principal % REFUSALS_SLOTS;

	if (refusals->slots[slot].principal != principal ||
	    refusals->slots[slot].minute != minute) {
		refusals->slots[slot].principal = principal;
		refusals->slots[slot].minute = minute;
		refusals->slots[slot].count = 0;
	}
	return ++refusals->slots[slot].count;
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
	uint32_t count;

	if (app->principal.kind == PRINCIPAL_NONE || !is_decision(why->code))
		return;
	count = count_refusal(&app->refusals, hash_principal(&app->principal), clock_now() / 60);
	if (count > REFUSALS_PER_MINUTE) {
		log_event(LOG_LEVEL_INFO, "refusal_not_audited", log_number("count", count));
		return;
	}
	principal_write_actor(&app->principal, actor);
	write_path(request->path, path, sizeof(path));
	if (audit_insert(app->db, &event, &err) < 0)
		log_event(LOG_LEVEL_WARNING, "audit_failed", log_text("reason", err.text));
}

/* The job that fetches the identity keys of every tenant and replaces the file. */
#include "remote/identity_keys_refresh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "remote/fetch.h"
#include "remote/identity_documents.h"
#include "remote/identity_issuer.h"
#include "remote/identity_keys.h"
#include "remote/identity_keys_file.h"

/* Keys of one issuer in the file, those that its document no longer has among them. */
static const size_t KEPT_MAX = 2 * (size_t)IDENTITY_MAX_KEYS;

/* One run of the job. */
struct run {
	const struct identity_source *source;
	const struct settings *settings;
	struct json_object *old;  /* the issuers of the file so far, may be NULL */
	struct json_object *next; /* those of the file to come */
	int64_t now;
	size_t good;
	size_t bad;
};

static int
get_from_network(void *data, const char *url, struct buf *out, struct error *err)
{
	const struct settings *settings = data;
	const struct fetch what = {
		.url = url,
		.origin = settings->auth.authority_host,
		.ca_bundle = settings->auth.ca_bundle,
		.failure = ERR_IDENTITY_KEYS,
	};

	return fetch_json(&what, out, err);
}

static int
get_discovery(const struct run *run, const char *tenant, enum identity_version version,
    struct discovery *out, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(IDENTITY_DOCUMENT_MAX);
	const char *origin = run->settings->auth.authority_host;
	char issuer[IDENTITY_ISSUER_MAX];
	char url[IDENTITY_URL_MAX];
	int len;

	if (!identity_issuer_text(run->settings, tenant, version, issuer))
		return error_set(err, ERR_IDENTITY_KEYS, "tenant %s cannot be accepted", tenant);
	len = snprintf(url, sizeof(url), "%s/%s%s/.well-known/openid-configuration", origin, tenant,
	    version == IDENTITY_V2 ? "/v2.0" : "");
	if (len < 0 || (size_t)len >= sizeof(url))
		return error_set(err, ERR_IDENTITY_KEYS, "AuthorityHost is too long");
	if (run->source->get(run->source->data, url, &text, err) < 0)
		return -1;
	return identity_documents_discovery(buf_bytes(&text), issuer, origin, out, err);
}

static int
get_keys(const struct run *run, const char *tenant, enum identity_version version,
    struct json_object **out, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(IDENTITY_DOCUMENT_MAX);
	struct discovery discovery = { "", "" };
	char issuer[IDENTITY_ISSUER_MAX];
	char v2_issuer[IDENTITY_ISSUER_MAX];
	struct key_set_rules rules = {
		.issuer = issuer,
		.v2_issuer = v2_issuer,
		.tenant = tenant,
		.cloud = discovery.cloud,
		.now = run->now,
	};

	if (get_discovery(run, tenant, version, &discovery, err) < 0)
		return -1;
	if (!identity_issuer_text(run->settings, tenant, version, issuer) ||
	    !identity_issuer_text(run->settings, tenant, IDENTITY_V2, v2_issuer))
		return error_set(err, ERR_IDENTITY_KEYS, "tenant %s cannot be accepted", tenant);
	if (run->source->get(run->source->data, discovery.jwks_uri, &text, err) < 0)
		return -1;
	return identity_documents_keys(buf_bytes(&text), &rules, out, err);
}

static bool
has_kid(struct json_object *keys, const char *kid)
{
	const char *found = "";

	for (size_t i = 0; i < json_object_array_length(keys); i++)
		if (json_get_text(json_object_array_get_idx(keys, i), "kid", &found) &&
		    strcmp(found, kid) == 0)
			return true;
	return false;
}

/* A key that the document no longer has stays for the rest of its 24 hours. */
static int
keep_old(const struct run *run, const char *issuer, struct json_object *keys)
{
	struct json_object *entry = NULL;
	struct json_object *old = NULL;

	if (run->old == NULL || !json_get_object(run->old, issuer, &entry) ||
	    !json_get_array(entry, "keys", &old))
		return 0;
	for (size_t i = 0; i < json_object_array_length(old); i++) {
		struct json_object *key = json_object_array_get_idx(old, i);
		const char *kid = "";
		int64_t last_seen = 0;

		if (!json_get_text(key, "kid", &kid) ||
		    !json_get_int(key, "last_seen", &last_seen) ||
		    run->now - last_seen >= IDENTITY_KEY_LIFETIME_S || last_seen > run->now ||
		    has_kid(keys, kid) || json_object_array_length(keys) >= KEPT_MAX)
			continue;
		if (json_object_array_add(keys, json_object_get(key)) < 0)
			return -1;
	}
	return 0;
}

/* Takes over the keys. */
static int
add_issuer(const struct run *run, const char *issuer, struct json_object *keys)
{
	cleanup(json_object_putp) struct json_object *list = keys;
	cleanup(json_object_putp) struct json_object *entry = json_object_new_object();

	if (entry == NULL || keep_old(run, issuer, list) < 0 ||
	    json_object_object_add(entry, "fetched_at", json_object_new_int64(run->now)) < 0 ||
	    json_object_object_add(entry, "keys", json_object_get(list)) < 0 ||
	    json_object_object_add(run->next, issuer, json_object_get(entry)) < 0)
		return -1;
	return 0;
}

/* What is not refreshed, or not yet, keeps what it had, with the age it had. */
static void
carry_over(const struct run *run, const char *tenant, enum identity_version version)
{
	char issuer[IDENTITY_ISSUER_MAX];
	struct json_object *entry = NULL;

	if (run->old != NULL && identity_issuer_text(run->settings, tenant, version, issuer) &&
	    json_get_object(run->old, issuer, &entry))
		(void)json_object_object_add(run->next, issuer, json_object_get(entry));
}

static void
refresh_issuer(
    struct run *run, const char *tenant, enum identity_version version, struct error *err)
{
	struct error wrong = { .code = ERR_NONE };
	struct json_object *keys = NULL;
	char issuer[IDENTITY_ISSUER_MAX] = "";

	(void)identity_issuer_text(run->settings, tenant, version, issuer);
	if (get_keys(run, tenant, version, &keys, &wrong) == 0 && add_issuer(run, issuer, keys) < 0)
		(void)error_set(&wrong, ERR_INTERNAL, "identity keys: out of memory");
	if (wrong.code == ERR_NONE) {
		run->good++;
		return;
	}
	run->bad++;
	log_event(LOG_LEVEL_WARNING, "identity_keys_failed", log_text("tenant", tenant),
	    log_text("issuer", issuer), log_text("reason", wrong.text));
	(void)error_set(err, ERR_IDENTITY_KEYS, "%s", wrong.text);
}

/* A file that may not be trusted lends nothing to the new one, which takes its place. */
static void
read_old(struct run *run)
{
	struct error wrong = { .code = ERR_NONE };
	struct stat unused;

	if (identity_keys_file_read(run->settings->server.state_dir, &run->old, &unused, &wrong) <
	    0)
		log_event(
		    LOG_LEVEL_WARNING, "identity_keys_start_empty", log_text("reason", wrong.text));
}

/* Writes at once: should the job end early, the tenants so far have their keys. */
static int
refresh_tenant(struct run *run, const char *tenant, struct error *first, struct error *err)
{
	size_t before = run->good;

	for (enum identity_version v = IDENTITY_V1; v < IDENTITY_VERSIONS; v++)
		if (identity_issuer_is_accepted(run->settings, v))
			refresh_issuer(run, tenant, v, first);
	if (run->good == before)
		return 0;
	return identity_keys_file_write(run->settings->server.state_dir, run->next, err);
}

static int
refresh_all(struct run *run, struct error *err)
{
	const struct text_list *tenants = &run->settings->auth.tenant_ids;
	struct error first = { .code = ERR_NONE };

	read_old(run);
	for (size_t i = 0; i < tenants->count; i++)
		for (enum identity_version v = IDENTITY_V1; v < IDENTITY_VERSIONS; v++)
			if (identity_issuer_is_accepted(run->settings, v))
				carry_over(run, tenants->items[i], v);
	for (size_t i = 0; i < tenants->count; i++)
		if (refresh_tenant(run, tenants->items[i], &first, err) < 0)
			return -1;
	if (run->bad > 0)
		return error_set(err, ERR_IDENTITY_KEYS, "%zu of %zu issuers not refreshed: %s",
		    run->bad, run->bad + run->good, first.text);
	return 0;
}

/* Whether the last attempt, of whatever process, is too young for another. */
static bool
is_too_soon(int64_t attempted_at, int64_t now, int64_t min_interval_s)
{
	return attempted_at <= now && now - attempted_at < min_interval_s;
}

int
identity_keys_is_due(
    const struct settings *settings, int64_t min_interval_s, bool *due, struct error *err)
{
	cleanup(fd_close) int lock = -1;

	if (identity_keys_file_lock(settings->server.state_dir, &lock, err) < 0)
		return -1;
	*due = !is_too_soon(identity_keys_file_attempted_at(lock), clock_now(), min_interval_s);
	return 0;
}

int
identity_keys_refresh_from(const struct identity_source *source, const struct settings *settings,
    int64_t min_interval_s, bool *fetched, struct error *err)
{
	cleanup(json_object_putp) struct json_object *next = json_object_new_object();
	cleanup(fd_close) int lock = -1;
	struct run run = { .source = source, .settings = settings, .next = next };
	bool is_due;
	int rc;

	if (next == NULL)
		return error_set(err, ERR_INTERNAL, "identity keys: out of memory");
	if (identity_keys_file_lock(settings->server.state_dir, &lock, err) < 0)
		return -1;
	run.now = clock_now();
	is_due = !is_too_soon(identity_keys_file_attempted_at(lock), run.now, min_interval_s);
	if (fetched != NULL)
		*fetched = is_due;
	if (!is_due)
		return 0;
	/* Before the fetch: an attempt that dies half-way counts as well. */
	if (identity_keys_file_set_attempted_at(lock, run.now, err) < 0)
		return -1;
	rc = refresh_all(&run, err);
	if (run.old != NULL)
		json_object_put(run.old);
	return rc;
}

int
identity_keys_refresh(
    const struct settings *settings, int64_t min_interval_s, bool *fetched, struct error *err)
{
	const struct identity_source network = {
		.get = get_from_network,
		.data = (void *)(uintptr_t)settings,
	};

	return identity_keys_refresh_from(&network, settings, min_interval_s, fetched, err);
}

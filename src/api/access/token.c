/* Judges Microsoft Entra access tokens (RFC 7519, RFC 8725): nothing before the signature. */
#define _GNU_SOURCE
#include "api/access/token.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/uuid.h"
#include "crypto/jwt.h"
#include "remote/identity_documents.h"
#include "remote/identity_issuer.h"

enum { SKEW_S = 60, LIFETIME_MAX_S = 28 * 3600 };

/* The integers that every JSON reader keeps exactly (RFC 7493, 2.2). */
static const int64_t TIME_MAX = INT64_C(1) << 53;

enum { CLAIMS_MAX = 128 };

/* The groups claim has up to 200 items. */
static const struct json_limits PAYLOAD_LIMITS = {
	.max_bytes = JWT_MAX_PAYLOAD,
	.max_depth = 8,
	.max_members = 256,
};

/* What a token is judged by: one tenant and rule set of the settings, and the time. */
struct rules {
	const struct settings *settings;
	int64_t now;
	const char *tenant;
	enum identity_version version;
	char issuer[IDENTITY_ISSUER_MAX];
};

static int
refuse(struct error *err, const char *why)
{
	return error_set(err, ERR_TOKEN, "token: %s", why);
}

static int
parse_payload(const struct jwt *jwt, struct json_object **out, struct error *err)
{
	struct error wrong = { .code = ERR_NONE };

	if (json_parse(buf_bytes(&jwt->payload), &PAYLOAD_LIMITS, out, &wrong) < 0)
		return error_set(err, ERR_TOKEN, "token payload: %s", wrong.text);
	if (!json_object_is_type(*out, json_type_object) ||
	    json_object_object_length(*out) > CLAIMS_MAX)
		return refuse(err, "the payload is no object, or of too many claims");
	return 0;
}

static bool
is_text(const struct json_object *claims, const char *name, const char *wanted)
{
	const char *text = "";

	return json_get_text(claims, name, &text) && strcmp(text, wanted) == 0;
}

/* Goes to the next (tenant, version) pair that is accepted; *at counts them through. */
static bool
next_rules(struct rules *rules, size_t *at)
{
	const struct text_list *tenants = &rules->settings->auth.tenant_ids;

	for (; *at / IDENTITY_VERSIONS < tenants->count; ++*at) {
		rules->tenant = tenants->items[*at / IDENTITY_VERSIONS];
		rules->version = *at % IDENTITY_VERSIONS == 0 ? IDENTITY_V1 : IDENTITY_V2;
		if (identity_issuer_is_accepted(rules->settings, rules->version) &&
		    identity_issuer_text(
			rules->settings, rules->tenant, rules->version, rules->issuer)) {
			++*at;
			return true;
		}
	}
	return false;
}

static bool
has_choice(struct rules *rules)
{
	size_t at = 0;
	size_t count = 0;

	while (next_rules(rules, &at))
		count++;
	return count > 1;
}

/*
 * Chooses whose keys to look in. Where the settings leave a choice, tid and iss of
 * the payload choose among what is configured, and are judged again after the signature.
 * *claims is the payload where it had to be read.
 */
static int
choose_rules(
    struct rules *rules, const struct jwt *jwt, struct json_object **claims, struct error *err)
{
	bool is_choice = has_choice(rules);
	size_t at = 0;

	if (is_choice && parse_payload(jwt, claims, err) < 0)
		return -1;
	while (next_rules(rules, &at))
		if (!is_choice || (is_text(*claims, "tid", rules->tenant) &&
				      is_text(*claims, "iss", rules->issuer)))
			return 0;
	return refuse(err, "tid and iss are no issuer that is configured");
}

/*
 * A claim that decides something must not stand there again under another letter
 * case: whoever reads the token with a laxer parser would see another token.
 */
static int
check_names(struct json_object *claims, struct error *err)
{
	static const char *const decisive[] = { "acct", "appid", "aud", "azp", "cnf", "exp", "iat",
		"idp", "idtyp", "iss", "nbf", "oid", "roles", "scp", "sub", "tid", "upn", "ver" };
	struct json_object_iterator at = json_object_iter_begin(claims);
	struct json_object_iterator end = json_object_iter_end(claims);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);

		for (size_t i = 0; i < sizeof(decisive) / sizeof(decisive[0]); i++)
			if (strcasecmp(name, decisive[i]) == 0 && strcmp(name, decisive[i]) != 0 &&
			    json_has(claims, decisive[i]))
				return error_set(
				    err, ERR_TOKEN, "token: %s occurs twice", decisive[i]);
	}
	return 0;
}

/* RFC 8725, 3.12: the rules of v1 and v2 exclude one another. */
static int
check_issuer(const struct json_object *claims, const struct rules *rules, struct error *err)
{
	const char *application = rules->settings->auth.application_id;
	const char *aud = "";

	if (!is_text(claims, "ver", rules->version == IDENTITY_V1 ? "1.0" : "2.0"))
		return refuse(err, "ver is missing or not that of the issuer");
	if (!is_text(claims, "tid", rules->tenant))
		return refuse(err, "tid is not a configured tenant");
	if (!is_text(claims, "iss", rules->issuer))
		return refuse(err, "iss is not the issuer of that tenant and version");
	if (!json_get_text(claims, "aud", &aud) || application[0] == '\0')
		return refuse(err, "aud is missing or no text");
	if (rules->version == IDENTITY_V1 && strncmp(aud, "api://", 6) == 0)
		aud += 6;
	if (strcmp(aud, application) != 0)
		return refuse(err, "aud is not this application");
	return 0;
}

static bool
get_time(const struct json_object *claims, const char *name, int64_t *out)
{
	return json_get_int(claims, name, out) && *out >= 0 && *out <= TIME_MAX;
}

static int
check_times(const struct json_object *claims, int64_t now, struct error *err)
{
	int64_t exp = 0;
	int64_t nbf = 0;
	int64_t iat = 0;

	if (!get_time(claims, "exp", &exp) || !get_time(claims, "nbf", &nbf))
		return refuse(err, "exp or nbf is missing or no time");
	iat = nbf;
	if (json_has(claims, "iat") && !get_time(claims, "iat", &iat))
		return refuse(err, "iat is no time");
	if (nbf > exp)
		return refuse(err, "nbf is later than exp");
	if (now >= exp + SKEW_S)
		return refuse(err, "expired");
	if (now < nbf - SKEW_S)
		return refuse(err, "not valid yet");
	if (exp - iat > LIFETIME_MAX_S)
		return refuse(err, "valid for longer than 28 hours");
	return 0;
}

/* What access tokens that come as bearer tokens never carry. */
static int
check_marks(const struct json_object *claims, struct error *err)
{
	if (json_has(claims, "cnf"))
		return refuse(err, "bound to a key (cnf), not a bearer token");
	if (json_has(claims, "nonce") || json_has(claims, "at_hash") || json_has(claims, "c_hash"))
		return refuse(err, "an ID token");
	return 0;
}

/* A member that is a text or absent; *out is NULL then. False: something else. */
static bool
get_optional(const struct json_object *claims, const char *name, const char **out)
{
	*out = NULL;
	return !json_has(claims, name) || json_get_text(claims, name, out);
}

/* Whether scp, words with single spaces between, has any word. */
static bool
has_word(const char *scp)
{
	return scp != NULL && scp[strspn(scp, " ")] != '\0';
}

static int
read_kind(const struct json_object *claims, enum principal_kind *out, struct error *err)
{
	const char *idtyp = NULL;
	const char *scp = NULL;
	const char *oid = NULL;
	bool is_app;

	if (!get_optional(claims, "idtyp", &idtyp) || !get_optional(claims, "scp", &scp) ||
	    !get_optional(claims, "oid", &oid))
		return refuse(err, "idtyp, scp or oid is no text");
	is_app = idtyp != NULL && strcmp(idtyp, "app") == 0;
	if (is_app && scp != NULL)
		return refuse(err, "an application's, but with scp");
	if (idtyp == NULL && scp == NULL)
		is_app = oid != NULL && is_text(claims, "sub", oid);
	if (is_app) {
		*out = PRINCIPAL_APPLICATION;
		return 0;
	}
	if ((idtyp != NULL && strcmp(idtyp, "user") != 0) || !has_word(scp))
		return refuse(err, "neither an application's nor a user's access token");
	*out = PRINCIPAL_USER;
	return 0;
}

/* A GUID in either case, kept in lower case. */
static bool
read_guid(const char *text, char out[static PRINCIPAL_GUID_MAX])
{
	struct error unused = { .code = ERR_NONE };
	struct uuid uuid;

	if (uuid_parse(text, &uuid, &unused) < 0)
		return false;
	uuid_text(&uuid, out);
	return true;
}

static int
read_ids(const struct json_object *claims, const struct rules *rules, struct principal *out,
    struct error *err)
{
	const char *client = rules->version == IDENTITY_V1 ? "appid" : "azp";
	const char *text = "";

	(void)snprintf(out->tenant, sizeof(out->tenant), "%s", rules->tenant);
	if (!json_get_text(claims, "oid", &text) || !read_guid(text, out->object))
		return refuse(err, "oid is missing or no GUID");
	if (!get_optional(claims, client, &text) ||
	    (text != NULL && !read_guid(text, out->application)))
		return error_set(err, ERR_TOKEN, "token: %s is no GUID", client);
	if (!get_optional(claims, "upn", &text) ||
	    (text != NULL && strlen(text) >= sizeof(out->upn)))
		return refuse(err, "upn is no text or too long");
	if (text != NULL)
		(void)snprintf(out->upn, sizeof(out->upn), "%s", text);
	/* Only for the records, so one that does not fit is left out. */
	if (json_get_text(claims, "uti", &text) && strlen(text) < sizeof(out->token_id))
		(void)snprintf(out->token_id, sizeof(out->token_id), "%s", text);
	return 0;
}

static int
read_roles(const struct json_object *claims, struct principal *out, struct error *err)
{
	struct json_object *roles = NULL;
	size_t count;

	if (!json_has(claims, "roles"))
		return 0;
	if (!json_get_array(claims, "roles", &roles))
		return refuse(err, "roles is no array");
	count = json_object_array_length(roles);
	if (count > PRINCIPAL_MAX_ROLES)
		return error_set(
		    err, ERR_TOKEN, "token: %zu roles, more than %d", count, PRINCIPAL_MAX_ROLES);
	for (size_t i = 0; i < count; i++) {
		struct json_object *role = json_object_array_get_idx(roles, i);

		if (!json_object_is_type(role, json_type_string) ||
		    json_object_get_string_len(role) >= PRINCIPAL_ROLE_MAX)
			return refuse(err, "a role is no text or too long");
		(void)snprintf(
		    out->roles[i], sizeof(out->roles[i]), "%s", json_object_get_string(role));
	}
	out->role_count = count;
	return 0;
}

/* Whether idp is there and names somebody else than the tenant itself. */
static bool
has_foreign_idp(const struct json_object *claims, const struct rules *rules)
{
	char issuer[IDENTITY_ISSUER_MAX];

	if (!json_has(claims, "idp") || is_text(claims, "idp", rules->issuer))
		return false;
	for (enum identity_version v = IDENTITY_V1; v < IDENTITY_VERSIONS; v++)
		if (identity_issuer_text(rules->settings, rules->tenant, v, issuer) &&
		    is_text(claims, "idp", issuer))
			return false;
	return true;
}

/* acct is 0 for members and 1 for guests; anything else is no member's. */
static bool
has_guest_account(const struct json_object *claims)
{
	int64_t acct = 1;

	return json_has(claims, "acct") && !(json_get_int(claims, "acct", &acct) && acct == 0);
}

static bool
is_guest(const struct json_object *claims, const struct rules *rules, const char *upn)
{
	return has_foreign_idp(claims, rules) || has_guest_account(claims) ||
	       strcasestr(upn, "#EXT#") != NULL;
}

/* Everything that the claims must say; the signature has been verified. */
static int
judge(
    struct json_object *claims, const struct rules *rules, struct principal *out, struct error *err)
{
	if (check_names(claims, err) < 0 || check_issuer(claims, rules, err) < 0 ||
	    check_times(claims, rules->now, err) < 0 || check_marks(claims, err) < 0 ||
	    read_kind(claims, &out->kind, err) < 0 || read_ids(claims, rules, out, err) < 0 ||
	    read_roles(claims, out, err) < 0)
		return -1;
	out->is_guest = is_guest(claims, rules, out->upn);
	return 0;
}

/* The header's part, before any key is looked up: RS256 and a kid, never another way. */
static int
check_header(const struct jwt *jwt, struct error *err)
{
	if (jwt->algorithm != JWT_RS256)
		return refuse(err, "alg is not RS256");
	if (!identity_documents_is_kid(jwt->kid))
		return refuse(err, "kid is missing or of another form than Entra's");
	return 0;
}

int // NOLINTNEXTLINE(readability-function-size): the sixth parameter is who asks and when
token_verify(struct bytes token, const struct settings *settings, struct identity_keys *keys,
    int64_t now, struct principal *out, struct error *err)
{
	cleanup(jwt_release) struct jwt jwt = { .algorithm = JWT_NONE };
	cleanup(json_object_putp) struct json_object *claims = NULL;
	struct rules rules = { .settings = settings, .now = now, .tenant = "" };
	struct principal found = { .kind = PRINCIPAL_NONE };
	const struct jwk *key;

	if (jwt_split(token, &jwt, err) < 0 || check_header(&jwt, err) < 0 ||
	    choose_rules(&rules, &jwt, &claims, err) < 0)
		return -1;
	key = identity_keys_find(keys, rules.issuer, jwt.kid, now, err);
	if (key == NULL || jwt_verify(&jwt, key, JWT_RS256, err) < 0)
		return -1;
	if (claims == NULL && parse_payload(&jwt, &claims, err) < 0)
		return -1;
	if (judge(claims, &rules, &found, err) < 0)
		return -1;
	*out = found;
	return 0;
}

/* api/access/token: each attack on access tokens is refused, and what stands next to it passes. */
#define _GNU_SOURCE
#include <check.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/access/token.h"
#include "base/enc.h"
#include "base/json.h"
#include "jwt_maker.h"

/* 2027-01-15T08:00:00Z; the claims below are written around it. */
enum { NOW = 1800000000 };

#define TENANT "11111111-2222-4333-8444-555555555555"
#define TENANT_2 "66666666-7777-4888-9999-aaaaaaaaaaaa"
#define CONSUMERS "9188040d-6c67-4c5b-b112-36a304b66dad"
#define APPLICATION "0a0a0a0a-1111-4222-8333-bbbbbbbbbbbb"
#define OBJECT "cccccccc-dddd-4eee-8fff-000000000001"
#define CLIENT "dddddddd-eeee-4fff-8000-000000000002"
#define HOST "https://login.example.test"
#define STS "https://sts.example.test/"
#define V2 HOST "/" TENANT "/v2.0"
#define V1 STS TENANT "/"

#define TIMES "\"iat\":1799999700,\"nbf\":1799999700,\"exp\":1800003600,"
#define APP_IDS "\"oid\":\"" OBJECT "\",\"sub\":\"" OBJECT "\",\"tid\":\"" TENANT "\","
#define USER_IDS "\"oid\":\"" OBJECT "\",\"sub\":\"pairwise\",\"tid\":\"" TENANT "\","
#define APP_REST "\"idtyp\":\"app\",\"roles\":[\"CSR.Request.Db\"],\"uti\":\"u1\",\"aio\":\"x\""
#define USER_REST \
	"\"scp\":\"user_impersonation\",\"roles\":[\"CSR.SelfService\"],\"upn\":\"anna@example." \
	"test\""
#define AS_V2 \
	"\"ver\":\"2.0\",\"iss\":\"" V2 "\",\"aud\":\"" APPLICATION "\",\"azp\":\"" CLIENT "\","
#define AS_V1 \
	"\"ver\":\"1.0\",\"iss\":\"" V1 "\",\"aud\":\"api://" APPLICATION "\",\"appid\":\"" CLIENT \
	"\","

enum base { APP_V2, USER_V2, APP_V1, USER_V1 };

static const char *const bases[] = {
	[APP_V2] = "{" AS_V2 TIMES APP_IDS APP_REST "}",
	[USER_V2] = "{" AS_V2 TIMES USER_IDS USER_REST "}",
	[APP_V1] = "{" AS_V1 TIMES APP_IDS APP_REST "}",
	[USER_V1] = "{" AS_V1 TIMES USER_IDS USER_REST "}",
};

static struct jwt_maker *first;  /* key k1 of TENANT, v1 and v2 */
static struct jwt_maker *second; /* key k1 of TENANT_2, v2; k2 of TENANT, v2 */
static char state_dir[] = "/tmp/check_token.XXXXXX";
static struct settings settings;
static char tenant_text[] = TENANT;
static char tenant_2_text[] = TENANT_2;
static char consumers_text[] = CONSUMERS;
static char application_text[] = APPLICATION;
static char host_text[] = HOST;
static char sts_text[] = STS;
static char *tenants[] = { tenant_text, tenant_2_text, consumers_text };

static void
add_key(const struct jwt_maker *maker, const char *kid, int64_t last_seen, struct buf *out)
{
	char extra[64];

	(void)snprintf(extra, sizeof(extra), "\"last_seen\":%lld", (long long)last_seen);
	jwt_maker_jwk(maker, kid, extra, out);
}

static void
write_file(const char *text)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/identity-keys.json", state_dir);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void
write_keys(void)
{
	cleanup(buf_release) struct buf text = BUF_INIT(65536);
	char longest[129];

	memset(longest, 'K', 128);
	longest[128] = '\0';
	buf_add_text(&text, "{\"version\":1,\"issuers\":{\"" V2 "\":{\"fetched_at\":1,\"keys\":[");
	add_key(first, "k1", NOW - 10, &text);
	buf_add_text(&text, ",");
	add_key(second, "k2", NOW - 10, &text);
	buf_add_text(&text, ",");
	add_key(first, longest, NOW - 10, &text);
	buf_add_text(&text, ",");
	add_key(first, "old", NOW - 86400, &text);
	buf_add_text(&text, ",");
	add_key(first, "nearly-old", NOW - 86399, &text);
	buf_add_text(&text, "]},\"" V1 "\":{\"fetched_at\":1,\"keys\":[");
	add_key(first, "k1", NOW - 10, &text);
	buf_add_text(&text, "]},\"" HOST "/" TENANT_2 "/v2.0\":{\"fetched_at\":1,\"keys\":[");
	add_key(second, "k1", NOW - 10, &text);
	buf_add_text(&text, "]},\"" HOST "/" CONSUMERS "/v2.0\":{\"fetched_at\":1,\"keys\":[");
	add_key(first, "k1", NOW - 10, &text);
	buf_add_text(&text, "]}}}");
	write_file(buf_text(&text));
}

static void
set_up(void)
{
	first = jwt_maker_new(2048);
	second = jwt_maker_new(2048);
	ck_assert_ptr_nonnull(mkdtemp(state_dir));
	settings.server.state_dir = state_dir;
	settings.auth.tenant_ids = (struct text_list){ .items = tenants, .count = 3 };
	settings.auth.application_id = application_text;
	settings.auth.authority_host = host_text;
	settings.auth.v1_issuer = sts_text;
	settings.auth.accept_v1 = true;
	settings.auth.accept_v2 = true;
	write_keys();
}

static void
tear_down(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/identity-keys.json", state_dir);
	(void)unlink(path);
	(void)rmdir(state_dir);
	jwt_maker_free(first);
	jwt_maker_free(second);
}

/* One tenant and one version: nothing of the payload is read before the signature then. */
static struct settings
only(enum base base)
{
	struct settings one = settings;

	one.auth.tenant_ids.count = 1;
	one.auth.accept_v1 = base == APP_V1 || base == USER_V1;
	one.auth.accept_v2 = !one.auth.accept_v1;
	return one;
}

static int
verify(struct bytes token, const struct settings *with, struct principal *out, struct error *err)
{
	cleanup(identity_keys_freep) struct identity_keys *keys = identity_keys_new(with);

	*err = (struct error){ .code = ERR_NONE };
	return token_verify(token, with, keys, NOW, out, err);
}

/* A claim set: the base with the members of `changes` put in, or taken out where they are null. */
static void
make_claims(enum base base, const char *changes, const char *raw, struct buf *out)
{
	cleanup(json_object_putp) struct json_object *claims = json_tokener_parse(bases[base]);
	cleanup(json_object_putp) struct json_object *change = json_tokener_parse(changes);
	struct json_object_iterator at;
	struct json_object_iterator end;

	ck_assert_msg(claims != NULL && change != NULL, "%s", changes);
	at = json_object_iter_begin(change);
	end = json_object_iter_end(change);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		struct json_object *value = json_object_iter_peek_value(&at);

		if (value == NULL)
			json_object_object_del(claims, json_object_iter_peek_name(&at));
		else
			json_object_object_add(
			    claims, json_object_iter_peek_name(&at), json_object_get(value));
	}
	buf_add_text(out, json_object_to_json_string_ext(claims, JSON_C_TO_STRING_PLAIN));
	if (raw[0] == '\0')
		return;
	out->len--;
	buf_printf(out, ",%s}", raw);
}

#define HEADER "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"k1\"}"

static int
judge_claims(
    struct bytes claims, const struct settings *with, struct principal *out, struct error *err)
{
	cleanup(buf_release) struct buf token = BUF_INIT(65536);

	jwt_maker_sign(first, JWT_RS256, bytes_text(HEADER), claims, &token);
	return verify(buf_bytes(&token), with, out, err);
}

enum verdict { REFUSED, APP, USER, GUEST };

static const struct {
	const char *claim;
	enum base base;
	const char *changes;
	const char *raw;
	enum verdict verdict;
} claim_rows[] = {
	{ "v2 application", APP_V2, "{}", "", APP },
	{ "v2 user", USER_V2, "{}", "", USER },
	{ "v1 application", APP_V1, "{}", "", APP },
	{ "v1 user", USER_V1, "{}", "", USER },
	{ "unknown claims", APP_V2, "{\"new\":{\"a\":[1,2.5,true]}}", "\"n\":null", APP },
	{ "group overage", USER_V2,
	    "{\"_claim_names\":{\"groups\":\"src1\"},"
	    "\"_claim_sources\":{\"src1\":{\"endpoint\":\"https://evil.test/\"}}}",
	    "", USER },

	/* ver, iss, tid: one rule set */
	{ "ver missing", APP_V2, "{\"ver\":null}", "", REFUSED },
	{ "ver 1.0 with a v2 iss", APP_V2, "{\"ver\":\"1.0\"}", "", REFUSED },
	{ "ver 2.0 with a v1 iss", APP_V1, "{\"ver\":\"2.0\"}", "", REFUSED },
	{ "ver 2.00", APP_V2, "{\"ver\":\"2.00\"}", "", REFUSED },
	{ "ver 2", APP_V2, "{\"ver\":\"2\"}", "", REFUSED },
	{ "ver a number", APP_V2, "{\"ver\":2.0}", "", REFUSED },
	{ "ver 3.0", APP_V2, "{\"ver\":\"3.0\"}", "", REFUSED },
	{ "v1 iss in a v2 token", APP_V2, "{\"iss\":\"" V1 "\"}", "", REFUSED },
	{ "v2 iss in a v1 token", APP_V1, "{\"iss\":\"" V2 "\"}", "", REFUSED },
	{ "iss with a slash more", APP_V2, "{\"iss\":\"" V2 "/\"}", "", REFUSED },
	{ "iss with a slash less", APP_V1, "{\"iss\":\"" STS TENANT "\"}", "", REFUSED },
	{ "iss missing", APP_V2, "{\"iss\":null}", "", REFUSED },
	{ "iss of another cloud", APP_V2, "{\"iss\":\"https://login.example.us/" TENANT "/v2.0\"}",
	    "", REFUSED },
	{ "iss by http", APP_V2, "{\"iss\":\"http://login.example.test/" TENANT "/v2.0\"}", "",
	    REFUSED },
	{ "iss with the host in capitals", APP_V2,
	    "{\"iss\":\"https://LOGIN.example.test/" TENANT "/v2.0\"}", "", REFUSED },
	{ "iss as the template", APP_V2, "{\"iss\":\"" HOST "/{tenantid}/v2.0\"}", "", REFUSED },
	{ "iss an array", APP_V2, "{\"iss\":[\"" V2 "\"]}", "", REFUSED },
	{ "tid missing", APP_V2, "{\"tid\":null}", "", REFUSED },
	{ "tid of the other tenant", APP_V2, "{\"tid\":\"" TENANT_2 "\"}", "", REFUSED },
	{ "iss of the other tenant", APP_V2, "{\"iss\":\"" HOST "/" TENANT_2 "/v2.0\"}", "",
	    REFUSED },
	{ "the other tenant, with our key", APP_V2,
	    "{\"tid\":\"" TENANT_2 "\",\"iss\":\"" HOST "/" TENANT_2 "/v2.0\"}", "", REFUSED },
	{ "an unknown tenant", APP_V2,
	    "{\"tid\":\"" OBJECT "\",\"iss\":\"" HOST "/" OBJECT "/v2.0\"}", "", REFUSED },
	{ "personal accounts, though configured", APP_V2,
	    "{\"tid\":\"" CONSUMERS "\",\"iss\":\"" HOST "/" CONSUMERS "/v2.0\"}", "", REFUSED },
	{ "tid a number", APP_V2, "{\"tid\":1}", "", REFUSED },

	/* aud */
	{ "v1 aud as the GUID", APP_V1, "{\"aud\":\"" APPLICATION "\"}", "", APP },
	{ "v2 aud as api://", APP_V2, "{\"aud\":\"api://" APPLICATION "\"}", "", REFUSED },
	{ "v1 aud with a slash", APP_V1, "{\"aud\":\"api://" APPLICATION "/\"}", "", REFUSED },
	{ "v1 aud twice api://", APP_V1, "{\"aud\":\"api://api://" APPLICATION "\"}", "", REFUSED },
	{ "v1 aud in capitals", APP_V1, "{\"aud\":\"API://" APPLICATION "\"}", "", REFUSED },
	{ "aud as spn:", APP_V1, "{\"aud\":\"spn:" APPLICATION "\"}", "", REFUSED },
	{ "aud in capitals", APP_V2, "{\"aud\":\"0A0A0A0A-1111-4222-8333-BBBBBBBBBBBB\"}", "",
	    REFUSED },
	{ "aud of Graph", APP_V2, "{\"aud\":\"00000003-0000-0000-c000-000000000000\"}", "",
	    REFUSED },
	{ "aud of Azure's management", APP_V1, "{\"aud\":\"https://management.azure.com/\"}", "",
	    REFUSED },
	{ "aud a prefix", APP_V2, "{\"aud\":\"0a0a0a0a\"}", "", REFUSED },
	{ "aud longer", APP_V2, "{\"aud\":\"" APPLICATION "0\"}", "", REFUSED },
	{ "aud an array", APP_V2, "{\"aud\":[\"" APPLICATION "\"]}", "", REFUSED },
	{ "aud an object", APP_V2, "{\"aud\":{\"a\":\"" APPLICATION "\"}}", "", REFUSED },
	{ "aud empty", APP_V2, "{\"aud\":\"\"}", "", REFUSED },
	{ "aud bare api://", APP_V1, "{\"aud\":\"api://\"}", "", REFUSED },
	{ "aud missing", APP_V2, "{\"aud\":null}", "", REFUSED },

	/* times */
	{ "expired 59 s ago", APP_V2, "{\"exp\":1799999941}", "", APP },
	{ "expired 60 s ago", APP_V2, "{\"exp\":1799999940}", "", REFUSED },
	{ "nbf in 60 s", APP_V2, "{\"nbf\":1800000060}", "", APP },
	{ "nbf in 61 s", APP_V2, "{\"nbf\":1800000061}", "", REFUSED },
	{ "exp missing", APP_V2, "{\"exp\":null}", "", REFUSED },
	{ "nbf missing", APP_V2, "{\"nbf\":null}", "", REFUSED },
	{ "iat missing", APP_V2, "{\"iat\":null}", "", APP },
	{ "exp a text", APP_V2, "{\"exp\":\"1800003600\"}", "", REFUSED },
	{ "exp a text behind a number", APP_V2, "{\"exp\":\"1800003600abc\"}", "", REFUSED },
	{ "exp a fraction", APP_V2, "{\"exp\":1800003600.0}", "", REFUSED },
	{ "exp with an exponent", APP_V2, "{\"exp\":null}", "\"exp\":18e8", REFUSED },
	{ "exp true", APP_V2, "{\"exp\":true}", "", REFUSED },
	{ "exp an array", APP_V2, "{\"exp\":[1800003600]}", "", REFUSED },
	{ "exp negative", APP_V2, "{\"exp\":-1}", "", REFUSED },
	{ "exp JSON null", APP_V2, "{\"exp\":null}", "\"exp\":null", REFUSED },
	{ "exp beyond 2^53", APP_V2, "{\"exp\":9007199254740993,\"iat\":9007199254740000}", "",
	    REFUSED },
	{ "exp beyond 64 bits", APP_V2, "{\"exp\":null}", "\"exp\":99999999999999999999999",
	    REFUSED },
	{ "nbf a text", APP_V2, "{\"nbf\":\"1799999700\"}", "", REFUSED },
	{ "nbf a fraction", APP_V2, "{\"nbf\":1799999700.5}", "", REFUSED },
	{ "nbf negative", APP_V2, "{\"nbf\":-5}", "", REFUSED },
	{ "nbf later than exp", APP_V2, "{\"nbf\":1800000050,\"exp\":1800000049}", "", REFUSED },
	{ "nbf equal to exp", APP_V2, "{\"nbf\":1800000050,\"exp\":1800000050}", "", APP },
	{ "iat a text", APP_V2, "{\"iat\":\"1799999700\"}", "", REFUSED },
	{ "iat negative", APP_V2, "{\"iat\":-1}", "", REFUSED },
	{ "28 hours", APP_V2, "{\"exp\":1800100500}", "", APP },
	{ "28 hours and a second", APP_V2, "{\"exp\":1800100501}", "", REFUSED },
	{ "28 hours and a second from nbf", APP_V2, "{\"exp\":1800100501,\"iat\":null}", "",
	    REFUSED },

	/* what bearer access tokens never carry */
	{ "cnf", APP_V2, "{\"cnf\":{\"kid\":\"a\"}}", "", REFUSED },
	{ "cnf null", APP_V2, "{}", "\"cnf\":null", REFUSED },
	{ "nonce", USER_V2, "{\"nonce\":\"a\"}", "", REFUSED },
	{ "at_hash", USER_V2, "{\"at_hash\":\"a\"}", "", REFUSED },
	{ "c_hash", USER_V2, "{\"c_hash\":\"a\"}", "", REFUSED },
	{ "an ID token without marks", USER_V2, "{\"scp\":null}", "", REFUSED },

	/* whose token it is */
	{ "no idtyp, oid equal to sub", APP_V2, "{\"idtyp\":null}", "", APP },
	{ "no idtyp, oid not sub", APP_V2, "{\"idtyp\":null,\"sub\":\"other\"}", "", REFUSED },
	{ "no idtyp, no sub", APP_V2, "{\"idtyp\":null,\"sub\":null}", "", REFUSED },
	{ "no idtyp, no sub, no oid", APP_V2, "{\"idtyp\":null,\"sub\":null,\"oid\":null}", "",
	    REFUSED },
	{ "idtyp app, sub something", APP_V2, "{\"sub\":\"other\"}", "", APP },
	{ "idtyp app with scp", APP_V2, "{\"scp\":\"a\"}", "", REFUSED },
	{ "idtyp app with an empty scp", APP_V2, "{\"scp\":\"\"}", "", REFUSED },
	{ "idtyp app with scp null", APP_V2, "{}", "\"scp\":null", REFUSED },
	{ "idtyp APP", APP_V2, "{\"idtyp\":\"APP\"}", "", REFUSED },
	{ "idtyp device", APP_V2, "{\"idtyp\":\"device\"}", "", REFUSED },
	{ "idtyp an array", APP_V2, "{\"idtyp\":[\"app\"]}", "", REFUSED },
	{ "idtyp empty", APP_V2, "{\"idtyp\":\"\"}", "", REFUSED },
	{ "idtyp user", USER_V2, "{\"idtyp\":\"user\"}", "", USER },
	{ "idtyp user without scp", USER_V2, "{\"idtyp\":\"user\",\"scp\":null}", "", REFUSED },
	{ "idtyp user without scp, oid equal to sub", APP_V2, "{\"idtyp\":\"user\"}", "", REFUSED },
	{ "a user whose oid is sub", USER_V2, "{\"sub\":\"" OBJECT "\"}", "", USER },
	{ "scp empty", USER_V2, "{\"scp\":\"\"}", "", REFUSED },
	{ "scp empty, oid equal to sub", USER_V2, "{\"scp\":\"\",\"sub\":\"" OBJECT "\"}", "",
	    REFUSED },
	{ "scp of spaces", USER_V2, "{\"scp\":\"  \"}", "", REFUSED },
	{ "scp an array", USER_V2, "{\"scp\":[\"user_impersonation\"]}", "", REFUSED },
	{ "scp of words", USER_V2, "{\"scp\":\"a b c\"}", "", USER },

	/* names and roles */
	{ "oid missing", APP_V2, "{\"oid\":null}", "", REFUSED },
	{ "oid no GUID", APP_V2, "{\"oid\":\"me\"}", "", REFUSED },
	{ "oid a number", APP_V2, "{\"oid\":1}", "", REFUSED },
	{ "oid with braces", APP_V2, "{\"oid\":\"{" OBJECT "}\"}", "", REFUSED },
	{ "no azp", APP_V2, "{\"azp\":null}", "", APP },
	{ "azp no GUID", APP_V2, "{\"azp\":\"x\"}", "", REFUSED },
	{ "appid a number", APP_V1, "{\"appid\":5}", "", REFUSED },
	{ "upn a number", USER_V2, "{\"upn\":5}", "", REFUSED },
	{ "no upn", USER_V2, "{\"upn\":null}", "", USER },
	{ "uti an object", APP_V2, "{\"uti\":{}}", "", APP },
	{ "no roles", APP_V2, "{\"roles\":null}", "", APP },
	{ "roles empty", APP_V2, "{\"roles\":[]}", "", APP },
	{ "roles a text", APP_V2, "{\"roles\":\"CSR.Request.Db\"}", "", REFUSED },
	{ "roles nested", APP_V2, "{\"roles\":[[\"CSR.Request.Db\"]]}", "", REFUSED },
	{ "roles of numbers", APP_V2, "{\"roles\":[1]}", "", REFUSED },
	{ "roles with null", APP_V2, "{\"roles\":[\"a\",null]}", "", REFUSED },
	{ "roles an object", APP_V2, "{\"roles\":{\"a\":\"CSR.Request.Db\"}}", "", REFUSED },
	{ "roles JSON null", APP_V2, "{\"roles\":null}", "\"roles\":null", REFUSED },

	/* twice */
	{ "tid twice", APP_V2, "{}", "\"tid\":\"" TENANT "\"", REFUSED },
	{ "tid twice, escaped", APP_V2, "{}", "\"\\u0074id\":\"" TENANT "\"", REFUSED },
	{ "roles twice", APP_V2, "{}", "\"roles\":[\"Admin.Full\"]", REFUSED },
	{ "twice inside a claim", APP_V2, "{}", "\"x\":{\"a\":1,\"a\":2}", REFUSED },
	{ "tid inside a claim", APP_V2, "{}", "\"x\":{\"tid\":1}", APP },
	{ "TID", APP_V2, "{\"TID\":\"" TENANT_2 "\"}", "", REFUSED },
	{ "Aud", APP_V2, "{\"Aud\":\"x\"}", "", REFUSED },
	{ "ISS", APP_V2, "{\"ISS\":\"x\"}", "", REFUSED },
	{ "Exp", APP_V2, "{\"Exp\":1}", "", REFUSED },
	{ "nBF", APP_V2, "{\"nBF\":1}", "", REFUSED },
	{ "Roles", APP_V2, "{\"Roles\":[\"Admin.Full\"]}", "", REFUSED },
	{ "SCP", USER_V2, "{\"SCP\":\"x\"}", "", REFUSED },
	{ "OID", APP_V2, "{\"OID\":\"" CLIENT "\"}", "", REFUSED },
	{ "Upn", USER_V2, "{\"Upn\":\"other@example.test\"}", "", REFUSED },
	{ "TID instead of tid", APP_V2, "{\"tid\":null,\"TID\":\"" TENANT "\"}", "", REFUSED },
	{ "unknown claims apart by case", APP_V2, "{\"foo\":1,\"Foo\":2}", "", APP },

	/* text */
	{ "a NUL", APP_V2, "{}", "\"x\":\"a\\u0000\"", REFUSED },
	{ "a NUL in upn", USER_V2, "{\"upn\":null}", "\"upn\":\"boss@x\\u0000.test\"", REFUSED },
	{ "a lone surrogate", APP_V2, "{}", "\"x\":\"\\uD800\"", REFUSED },
	{ "an encoded surrogate", APP_V2, "{}", "\"x\":\"\xed\xa0\x80\"", REFUSED },
	{ "overlong UTF-8", APP_V2, "{}", "\"x\":\"\xc0\xaf\"", REFUSED },
	{ "a bad byte", APP_V2, "{}", "\"x\":\"\xff\"", REFUSED },
	{ "good UTF-8", APP_V2, "{}", "\"x\":\"\xc3\xa4\xf0\x9f\x98\x80\"", APP },
	{ "single quotes", APP_V2, "{}", "'x':1", REFUSED },
	{ "NaN", APP_V2, "{}", "\"x\":NaN", REFUSED },
	{ "8 levels", APP_V2, "{}", "\"x\":[[[[[[[]]]]]]]", APP },
	{ "9 levels", APP_V2, "{}", "\"x\":[[[[[[[[]]]]]]]]", REFUSED },

	/* guests */
	{ "idp as iss", USER_V2, "{\"idp\":\"" V2 "\"}", "", USER },
	{ "idp the v1 issuer", USER_V2, "{\"idp\":\"" V1 "\"}", "", USER },
	{ "idp of a v1 token the v2 issuer", USER_V1, "{\"idp\":\"" V2 "\"}", "", USER },
	{ "idp another tenant's", USER_V2, "{\"idp\":\"" STS TENANT_2 "/\"}", "", GUEST },
	{ "idp live.com", USER_V2, "{\"idp\":\"live.com\"}", "", GUEST },
	{ "idp no text", USER_V2, "{\"idp\":1}", "", GUEST },
	{ "acct 0", USER_V2, "{\"acct\":0}", "", USER },
	{ "acct 1", USER_V2, "{\"acct\":1}", "", GUEST },
	{ "acct a text", USER_V2, "{\"acct\":\"0\"}", "", GUEST },
	{ "upn of a guest", USER_V2, "{\"upn\":\"anna_other.test#EXT#@example.onmicrosoft.test\"}",
	    "", GUEST },
	{ "upn of a guest in small letters", USER_V2, "{\"upn\":\"a_b#ext#@c.test\"}", "", GUEST },
	{ "upn with EXT", USER_V2, "{\"upn\":\"EXT.anna@example.test\"}", "", USER },
};

static void
assert_verdict(enum verdict expected, int rc, const struct principal *who, const struct error *err)
{
	if (expected == REFUSED) {
		ck_assert(rc < 0 && error_is(err, ERR_TOKEN));
		ck_assert_int_eq(who->kind, PRINCIPAL_NONE);
		return;
	}
	ck_assert_msg(rc == 0, "%s", err->text);
	ck_assert_int_eq(who->kind, expected == APP ? PRINCIPAL_APPLICATION : PRINCIPAL_USER);
	ck_assert(who->is_guest == (expected == GUEST));
	ck_assert_str_eq(who->tenant, TENANT);
	ck_assert_str_eq(who->object, OBJECT);
}

START_TEST(claims_are_judged)
	{
		struct settings one = only(claim_rows[_i].base);
		const struct settings *const both[] = { &settings, &one };

		for (size_t i = 0; i < 2; i++) {
			cleanup(buf_release) struct buf claims = BUF_INIT(65536);
			struct principal who = { .kind = PRINCIPAL_NONE };
			struct error err;
			int rc;

			make_claims(claim_rows[_i].base, claim_rows[_i].changes, claim_rows[_i].raw,
			    &claims);
			rc = judge_claims(buf_bytes(&claims), both[i], &who, &err);
			ck_assert_msg((rc == 0) == (claim_rows[_i].verdict != REFUSED), "%s: %s",
			    claim_rows[_i].claim, err.text);
			assert_verdict(claim_rows[_i].verdict, rc, &who, &err);
		}
	}
END_TEST

static const struct {
	const char *claim;
	const char *header;
	bool is_good;
} header_rows[] = {
	{ "Entra v2", HEADER, true },
	{ "no typ", "{\"alg\":\"RS256\",\"kid\":\"k1\"}", true },
	{ "x5t as v1 has it", "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5t\":\"k1\",\"kid\":\"k1\"}",
	    true },
	{ "the longest kid",
	    "{\"alg\":\"RS256\",\"kid\":"
	    "\"KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK"
	    "KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK\"}",
	    true },
	{ "a key seen a day ago less a second", "{\"alg\":\"RS256\",\"kid\":\"nearly-old\"}",
	    true },
	{ "a key seen a day ago", "{\"alg\":\"RS256\",\"kid\":\"old\"}", false },
	{ "typ at+jwt", "{\"typ\":\"at+jwt\",\"alg\":\"RS256\",\"kid\":\"k1\"}", false },
	{ "no kid", "{\"alg\":\"RS256\"}", false },
	{ "another's kid", "{\"alg\":\"RS256\",\"kid\":\"k2\"}", false },
	{ "kid in capitals", "{\"alg\":\"RS256\",\"kid\":\"K1\"}", false },
	{ "kid only as x5t", "{\"alg\":\"RS256\",\"x5t\":\"k1\"}", false },
	{ "kid a path", "{\"alg\":\"RS256\",\"kid\":\"../../../../dev/null\"}", false },
	{ "kid of SQL", "{\"alg\":\"RS256\",\"kid\":\"k1' OR '1'='1\"}", false },
	{ "kid a format", "{\"alg\":\"RS256\",\"kid\":\"%s%n%n\"}", false },
	{ "kid with NUL", "{\"alg\":\"RS256\",\"kid\":\"k1\\u0000x\"}", false },
	{ "kid with a space", "{\"alg\":\"RS256\",\"kid\":\"k1 \"}", false },
	{ "none", "{\"alg\":\"none\",\"kid\":\"k1\"}", false },
	{ "None", "{\"alg\":\"None\",\"kid\":\"k1\"}", false },
	{ "NONE", "{\"alg\":\"NONE\",\"kid\":\"k1\"}", false },
	{ "HS256", "{\"alg\":\"HS256\",\"kid\":\"k1\"}", false },
	{ "RS384", "{\"alg\":\"RS384\",\"kid\":\"k1\"}", false },
	{ "RS512", "{\"alg\":\"RS512\",\"kid\":\"k1\"}", false },
	{ "PS256", "{\"alg\":\"PS256\",\"kid\":\"k1\"}", false },
	{ "ES256", "{\"alg\":\"ES256\",\"kid\":\"k1\"}", false },
	{ "rs256", "{\"alg\":\"rs256\",\"kid\":\"k1\"}", false },
	{ "jwk", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"jwk\":{\"kty\":\"RSA\"}}", false },
	{ "jku", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"jku\":\"https://evil.test/k\"}", false },
	{ "x5u", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"x5u\":\"https://evil.test/c\"}", false },
	{ "x5c", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"x5c\":[\"AA==\"]}", false },
	{ "crit", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"crit\":[\"exp\"]}", false },
	{ "b64", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"b64\":false}", false },
	{ "zip", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"zip\":\"DEF\"}", false },
	{ "nested", "{\"alg\":\"RS256\",\"kid\":\"k1\",\"cty\":\"JWT\"}", false },
	{ "kid twice", "{\"alg\":\"RS256\",\"kid\":\"k2\",\"kid\":\"k1\"}", false },
};

START_TEST(headers_are_judged)
	{
		cleanup(buf_release) struct buf token = BUF_INIT(65536);
		struct principal who = { .kind = PRINCIPAL_NONE };
		struct error err;
		int rc;

		jwt_maker_sign(first, JWT_RS256, bytes_text(header_rows[_i].header),
		    bytes_text(bases[APP_V2]), &token);
		rc = verify(buf_bytes(&token), &settings, &who, &err);
		ck_assert_msg((rc == 0) == header_rows[_i].is_good, "%s: %s", header_rows[_i].claim,
		    err.text);
		assert_verdict(header_rows[_i].is_good ? APP : REFUSED, rc, &who, &err);
	}
END_TEST

START_TEST(a_correct_ps256_signature_is_refused)
	{
		static const char *const headers[] = {
			"{\"typ\":\"JWT\",\"alg\":\"PS256\",\"kid\":\"k1\"}", HEADER
		};

		for (size_t i = 0; i < 2; i++) {
			cleanup(buf_release) struct buf token = BUF_INIT(65536);
			struct principal who;
			struct error err;

			jwt_maker_sign(first, JWT_PS256, bytes_text(headers[i]),
			    bytes_text(bases[APP_V2]), &token);
			ck_assert_int_eq(verify(buf_bytes(&token), &settings, &who, &err), -1);
			ck_assert(error_is(&err, ERR_TOKEN));
		}
	}
END_TEST

START_TEST(the_public_key_is_no_hmac_secret)
	{
		cleanup(buf_release) struct buf secret = BUF_INIT(4096);
		cleanup(buf_release) struct buf token = BUF_INIT(65536);
		uint8_t mac[32];
		struct principal who;
		struct error err;

		jwt_maker_jwk(first, "k1", "", &secret);
		base64url_encode(
		    bytes_text("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"k1\"}"), &token);
		buf_add_text(&token, ".");
		base64url_encode(bytes_text(bases[APP_V2]), &token);
		ck_assert_int_eq(gnutls_hmac_fast(GNUTLS_MAC_SHA256, secret.data, secret.len,
				     token.data, token.len, mac),
		    0);
		buf_add_text(&token, ".");
		base64url_encode(bytes_of(mac, sizeof(mac)), &token);
		ck_assert_int_eq(verify(buf_bytes(&token), &settings, &who, &err), -1);
		ck_assert(error_is(&err, ERR_TOKEN));
	}
END_TEST

START_TEST(one_kid_under_two_issuers_is_two_keys)
	{
		static const char other_tenant[] =
		    "{\"tid\":\"" TENANT_2 "\",\"iss\":\"" HOST "/" TENANT_2 "/v2.0\"}";
		cleanup(buf_release) struct buf claims = BUF_INIT(65536);
		cleanup(buf_release) struct buf crossed = BUF_INIT(65536);
		cleanup(buf_release) struct buf good = BUF_INIT(65536);
		struct principal who;
		struct error err;

		make_claims(APP_V2, other_tenant, "", &claims);
		jwt_maker_sign(
		    second, JWT_RS256, bytes_text(HEADER), bytes_text(bases[APP_V2]), &crossed);
		ck_assert_int_eq(verify(buf_bytes(&crossed), &settings, &who, &err), -1);
		ck_assert(error_is(&err, ERR_TOKEN));
		jwt_maker_sign(second, JWT_RS256, bytes_text(HEADER), buf_bytes(&claims), &good);
		ck_assert_msg(verify(buf_bytes(&good), &settings, &who, &err) == 0, "%s", err.text);
		ck_assert_str_eq(who.tenant, TENANT_2);
	}
END_TEST

START_TEST(a_version_that_is_off_is_refused)
	{
		struct settings no_v1 = settings;
		struct settings no_v2 = settings;
		struct principal who = { .kind = PRINCIPAL_NONE };
		struct error err;

		no_v1.auth.accept_v1 = false;
		no_v2.auth.accept_v2 = false;
		ck_assert_int_eq(judge_claims(bytes_text(bases[APP_V1]), &no_v1, &who, &err), -1);
		ck_assert_int_eq(judge_claims(bytes_text(bases[APP_V2]), &no_v2, &who, &err), -1);
		ck_assert_int_eq(judge_claims(bytes_text(bases[APP_V1]), &no_v2, &who, &err), 0);
		ck_assert_int_eq(judge_claims(bytes_text(bases[APP_V2]), &no_v1, &who, &err), 0);
	}
END_TEST

START_TEST(nothing_configured_accepts_nothing)
	{
		static char empty[] = "";
		struct settings none = settings;
		struct settings anonymous = settings;
		struct principal who;
		struct error err;

		none.auth.tenant_ids.count = 0;
		anonymous.auth.application_id = empty;
		ck_assert_int_eq(judge_claims(bytes_text(bases[APP_V2]), &none, &who, &err), -1);
		for (size_t i = 0; i < 2; i++) {
			cleanup(buf_release) struct buf claims = BUF_INIT(65536);

			make_claims(APP_V1, i == 0 ? "{\"aud\":\"\"}" : "{\"aud\":\"api://\"}", "",
			    &claims);
			ck_assert_int_eq(
			    judge_claims(buf_bytes(&claims), &anonymous, &who, &err), -1);
			ck_assert(error_is(&err, ERR_TOKEN));
		}
	}
END_TEST

START_TEST(an_unknown_kid_asks_for_a_refresh_and_a_bad_signature_does_not)
	{
		cleanup(identity_keys_freep) struct identity_keys *keys =
		    identity_keys_new(&settings);
		cleanup(buf_release) struct buf forged = BUF_INIT(65536);
		cleanup(buf_release) struct buf unknown = BUF_INIT(65536);
		struct error err = { .code = ERR_NONE };
		struct principal who;

		jwt_maker_sign(
		    second, JWT_RS256, bytes_text(HEADER), bytes_text(bases[APP_V2]), &forged);
		ck_assert_int_eq(
		    token_verify(buf_bytes(&forged), &settings, keys, NOW, &who, &err), -1);
		ck_assert(error_is(&err, ERR_TOKEN) && !identity_keys_wanted(keys));
		error_clear(&err);
		jwt_maker_sign(first, JWT_RS256, bytes_text("{\"alg\":\"RS256\",\"kid\":\"new\"}"),
		    bytes_text(bases[APP_V2]), &unknown);
		ck_assert_int_eq(
		    token_verify(buf_bytes(&unknown), &settings, keys, NOW, &who, &err), -1);
		ck_assert(error_is(&err, ERR_TOKEN) && identity_keys_wanted(keys));
		ck_assert(!identity_keys_wanted(keys));
	}
END_TEST

START_TEST(without_keys_it_is_not_the_tokens_fault)
	{
		static char nowhere[] = "/nonexistent";
		struct settings without = settings;
		struct principal who;
		struct error err;

		without.server.state_dir = nowhere;
		ck_assert_int_eq(judge_claims(bytes_text(bases[APP_V2]), &without, &who, &err), -1);
		ck_assert(error_is(&err, ERR_IDENTITY_KEYS));
	}
END_TEST

/* A base with roles, or another list of texts, of so many items of so many bytes. */
static void
make_list(const char *name, size_t count, size_t len, struct buf *out)
{
	cleanup(buf_release) struct buf raw = BUF_INIT(65536);

	buf_printf(&raw, "\"%s\":[", name);
	for (size_t i = 0; i < count; i++) {
		buf_add_text(&raw, i == 0 ? "\"" : ",\"");
		for (size_t j = 0; j < len; j++)
			buf_add_byte(&raw, 'r');
		buf_add_text(&raw, "\"");
	}
	buf_add_text(&raw, "]");
	make_claims(USER_V2, "{\"roles\":null}", buf_text(&raw), out);
}

static const struct {
	const char *name;
	size_t count, len;
	bool is_good;
} list_rows[] = {
	{ "roles", 64, 120, true }, { "roles", 65, 1, false }, { "roles", 1, 121, false },
	{ "groups", 200, 36, true },                               /* as many as Entra puts in */
	{ "groups", 257, 1, false }, { "groups", 250, 60, false }, /* more than 12 KiB */
};

START_TEST(lists_have_limits)
	{
		cleanup(buf_release) struct buf claims = BUF_INIT(65536);
		struct principal who = { .kind = PRINCIPAL_NONE };
		struct error err;
		int rc;

		make_list(list_rows[_i].name, list_rows[_i].count, list_rows[_i].len, &claims);
		rc = judge_claims(buf_bytes(&claims), &settings, &who, &err);
		ck_assert_msg((rc == 0) == list_rows[_i].is_good, "%s", err.text);
		if (rc == 0 && strcmp(list_rows[_i].name, "roles") == 0)
			ck_assert_uint_eq(who.role_count, list_rows[_i].count);
	}
END_TEST

START_TEST(claims_have_a_limit)
	{
		for (size_t count = 128; count <= 129; count++) {
			cleanup(buf_release) struct buf claims = BUF_INIT(65536);
			struct json_object *base = json_tokener_parse(bases[APP_V2]);
			struct principal who;
			struct error err;

			buf_add_text(&claims, bases[APP_V2]);
			claims.len--;
			for (size_t i = (size_t)json_object_object_length(base); i < count; i++)
				buf_printf(&claims, ",\"c%zu\":1", i);
			buf_add_text(&claims, "}");
			json_object_put(base);
			ck_assert_int_eq(judge_claims(buf_bytes(&claims), &settings, &who, &err),
			    count == 128 ? 0 : -1);
		}
	}
END_TEST

static const size_t upn_lengths[] = { 1, 255, 256, 5000 };

START_TEST(a_upn_fits_or_is_refused)
	{
		static char upn[5001];
		static char change[6000];
		cleanup(buf_release) struct buf claims = BUF_INIT(65536);
		struct principal who = { .kind = PRINCIPAL_NONE };
		struct error err;
		size_t len = upn_lengths[_i];

		memset(upn, 'u', len);
		(void)snprintf(change, sizeof(change), "{\"upn\":\"%s\"}", upn);
		make_claims(USER_V2, change, "", &claims);
		ck_assert_int_eq(judge_claims(buf_bytes(&claims), &settings, &who, &err),
		    len < PRINCIPAL_UPN_MAX ? 0 : -1);
		if (len < PRINCIPAL_UPN_MAX)
			ck_assert_str_eq(who.upn, upn);
	}
END_TEST

START_TEST(the_principal_is_what_the_claims_say)
	{
		cleanup(buf_release) struct buf claims = BUF_INIT(65536);
		struct principal who = { .kind = PRINCIPAL_NONE };
		struct error err;

		make_claims(USER_V2,
		    "{\"oid\":\"CCCCCCCC-DDDD-4EEE-8FFF-000000000001\",\"uti\":\"token-1\","
		    "\"appid\":\"99999999-9999-4999-9999-999999999999\","
		    "\"preferred_username\":\"boss@example.test\",\"email\":\"boss@example.test\","
		    "\"unique_name\":\"boss@example.test\",\"roles\":[\"CSR.SelfService\","
		    "\"Other\"]}",
		    "", &claims);
		ck_assert_msg(
		    judge_claims(buf_bytes(&claims), &settings, &who, &err) == 0, "%s", err.text);
		ck_assert_str_eq(who.object, OBJECT);
		ck_assert_str_eq(who.application, CLIENT);
		ck_assert_str_eq(who.upn, "anna@example.test");
		ck_assert_str_eq(who.token_id, "token-1");
		ck_assert_uint_eq(who.role_count, 2);
		ck_assert(principal_has_role(&who, "CSR.SelfService"));
	}
END_TEST

START_TEST(upn_comes_from_upn_alone)
	{
		cleanup(buf_release) struct buf claims = BUF_INIT(65536);
		struct principal who = { .kind = PRINCIPAL_NONE };
		struct error err;

		make_claims(USER_V2,
		    "{\"upn\":null,\"preferred_username\":\"a@b.test\",\"email\":\"a@b\"}", "",
		    &claims);
		ck_assert_int_eq(judge_claims(buf_bytes(&claims), &settings, &who, &err), 0);
		ck_assert_str_eq(who.upn, "");
	}
END_TEST

START_TEST(roles_compare_whole)
	{
		cleanup(buf_release) struct buf claims = BUF_INIT(65536);
		struct principal who = { .kind = PRINCIPAL_NONE };
		struct error err;

		make_claims(APP_V2,
		    "{\"roles\":[\"CSR.Request.DbX\",\"XCSR.Request.Db\",\"csr.request.db\",\"CSR."
		    "Request\","
		    "\"CSR.Request.Db CSR.SelfService\"]}",
		    "", &claims);
		ck_assert_int_eq(judge_claims(buf_bytes(&claims), &settings, &who, &err), 0);
		ck_assert(!principal_has_role(&who, ROLE_REQUEST_DB));
		ck_assert(!principal_has_role(&who, ROLE_SELF_SERVICE));
		ck_assert_int_eq(judge_claims(bytes_text(bases[APP_V2]), &settings, &who, &err), 0);
		ck_assert(principal_has_role(&who, ROLE_REQUEST_DB));
	}
END_TEST

/* Signed, but no JSON object: the signature alone makes nobody. */
static const char *const odd_payloads[] = { "", "x", "[]", "\"a\"", "{", "{}", "null", "{}{}" };

START_TEST(payloads_that_are_no_claims_are_refused)
	{
		struct settings one = only(APP_V2);
		struct principal who;
		struct error err;

		ck_assert_int_eq(
		    judge_claims(bytes_text(odd_payloads[_i]), &settings, &who, &err), -1);
		ck_assert(error_is(&err, ERR_TOKEN));
		ck_assert_int_eq(judge_claims(bytes_text(odd_payloads[_i]), &one, &who, &err), -1);
		ck_assert(error_is(&err, ERR_TOKEN));
	}
END_TEST

static const char *const odd_tokens[] = { "", ".", "..", "...", "a.b.c", "eyJhbGciOiJub25lIn0..",
	"eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.e30.", "Bearer x.y.z", "a.b.c.d.e" };

START_TEST(what_is_no_token_is_refused)
	{
		struct principal who;
		struct error err;

		ck_assert_int_eq(verify(bytes_text(odd_tokens[_i]), &settings, &who, &err), -1);
		ck_assert(error_is(&err, ERR_TOKEN));
	}
END_TEST

START_TEST(no_mutant_is_accepted)
	{
		cleanup(identity_keys_freep) struct identity_keys *keys =
		    identity_keys_new(&settings);
		cleanup(buf_release) struct buf token = BUF_INIT(65536);
		struct error err = { .code = ERR_NONE };
		struct principal who;

		jwt_maker_sign(
		    first, JWT_RS256, bytes_text(HEADER), bytes_text(bases[USER_V2]), &token);
		ck_assert_int_eq(
		    token_verify(buf_bytes(&token), &settings, keys, NOW, &who, &err), 0);
		for (size_t bit = 0; bit < token.len * 8; bit++) {
			token.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
			ck_assert_msg(
			    token_verify(buf_bytes(&token), &settings, keys, NOW, &who, &err) < 0,
			    "bit %zu", bit);
			error_clear(&err);
			token.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static TCase *
make_tcase(void)
{
	TCase *tcase = tcase_create("token");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, claims_are_judged, 0, ROWS(claim_rows));
	tcase_add_loop_test(tcase, headers_are_judged, 0, ROWS(header_rows));
	tcase_add_test(tcase, a_correct_ps256_signature_is_refused);
	tcase_add_test(tcase, the_public_key_is_no_hmac_secret);
	tcase_add_test(tcase, one_kid_under_two_issuers_is_two_keys);
	tcase_add_test(tcase, a_version_that_is_off_is_refused);
	tcase_add_test(tcase, nothing_configured_accepts_nothing);
	tcase_add_test(tcase, an_unknown_kid_asks_for_a_refresh_and_a_bad_signature_does_not);
	tcase_add_test(tcase, without_keys_it_is_not_the_tokens_fault);
	tcase_add_loop_test(tcase, lists_have_limits, 0, ROWS(list_rows));
	tcase_add_test(tcase, claims_have_a_limit);
	tcase_add_loop_test(tcase, a_upn_fits_or_is_refused, 0, ROWS(upn_lengths));
	tcase_add_test(tcase, the_principal_is_what_the_claims_say);
	tcase_add_test(tcase, upn_comes_from_upn_alone);
	tcase_add_test(tcase, roles_compare_whole);
	tcase_add_loop_test(tcase, payloads_that_are_no_claims_are_refused, 0, ROWS(odd_payloads));
	tcase_add_loop_test(tcase, what_is_no_token_is_refused, 0, ROWS(odd_tokens));
	tcase_add_test(tcase, no_mutant_is_accepted);
	return tcase;
}

int
main(void)
{
	Suite *suite = suite_create("token");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, make_tcase());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

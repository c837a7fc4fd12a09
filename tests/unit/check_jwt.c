/* crypto/jwt: splitting, verifying, and the public vectors of Wycheproof and RFC 7520. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/json.h"
#include "crypto/jwk_internal.h"
#include "crypto/jwt.h"
#include "jwt_maker.h"

static const struct json_limits VECTOR_LIMITS = {
	.max_bytes = 8 << 20, .max_depth = 32, .max_members = 1000
};

static struct jwt_maker *rsa;
static struct jwt_maker *ec;

static void
make_keys(void)
{
	rsa = jwt_maker_new(2048);
	ec = jwt_maker_new(256);
}

static void
free_keys(void)
{
	jwt_maker_free(rsa);
	jwt_maker_free(ec);
}

static struct jwk *
read_object(const struct json_object *object)
{
	struct error err = { .code = ERR_NONE };
	struct jwk *jwk = NULL;

	return jwk_read(object, &jwk, &err) < 0 ? NULL : jwk;
}

static struct jwk *
key_of(const struct jwt_maker *maker, const char *extra)
{
	cleanup(buf_release) struct buf text = BUF_INIT(4096);
	cleanup(json_object_putp) struct json_object *object = NULL;
	struct error err = { .code = ERR_NONE };
	struct jwk *jwk;

	jwt_maker_jwk(maker, "k1", extra, &text);
	ck_assert_int_eq(json_parse(buf_bytes(&text), &VECTOR_LIMITS, &object, &err), 0);
	jwk = read_object(object);
	ck_assert_ptr_nonnull(jwk);
	return jwk;
}

static int
split_and_verify(struct bytes token, const struct jwk *key, enum jwt_algorithm algorithm)
{
	cleanup(jwt_release) struct jwt jwt;
	struct error err = { .code = ERR_NONE };
	int rc = jwt_split(token, &jwt, &err);

	if (rc == 0)
		rc = jwt_verify(&jwt, key, algorithm, &err);
	if (rc < 0)
		ck_assert_msg(error_is(&err, ERR_TOKEN), "%s", err.text);
	return rc;
}

static void
make_token(const struct jwt_maker *maker, enum jwt_algorithm algorithm, const char *header,
    struct buf *out)
{
	jwt_maker_sign(maker, algorithm, bytes_text(header), bytes_text("{\"a\":1}"), out);
}

static const struct {
	const char *claim;
	const char *header;
	bool is_good;
} header_rows[] = {
	{ "bare", "{\"alg\":\"RS256\"}", true },
	{ "Entra v2", "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"a-b_C9\"}", true },
	{ "Entra v1", "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"x5t\":\"k\",\"kid\":\"k\"}", true },
	{ "unknown member", "{\"alg\":\"RS256\",\"foo\":[1,{}]}", true },
	{ "crit", "{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", false },
	{ "crit empty", "{\"alg\":\"RS256\",\"crit\":[]}", false },
	{ "crit null", "{\"alg\":\"RS256\",\"crit\":null}", false },
	{ "b64", "{\"alg\":\"RS256\",\"b64\":true}", false },
	{ "zip", "{\"alg\":\"RS256\",\"zip\":\"DEF\"}", false },
	{ "jwk", "{\"alg\":\"RS256\",\"jwk\":{}}", false },
	{ "jku", "{\"alg\":\"RS256\",\"jku\":\"https://evil.test/\"}", false },
	{ "x5u", "{\"alg\":\"RS256\",\"x5u\":\"https://evil.test/\"}", false },
	{ "x5c", "{\"alg\":\"RS256\",\"x5c\":[]}", false },
	{ "cty", "{\"alg\":\"RS256\",\"cty\":\"JWT\"}", false },
	{ "typ at+jwt", "{\"alg\":\"RS256\",\"typ\":\"at+jwt\"}", false },
	{ "typ a number", "{\"alg\":\"RS256\",\"typ\":1}", false },
	{ "escaped name", "{\"alg\":\"RS256\",\"\\u0063rit\":[]}", false },
	{ "alg twice", "{\"alg\":\"RS256\",\"alg\":\"RS256\"}", false },
	{ "alg twice, escaped", "{\"alg\":\"none\",\"\\u0061lg\":\"RS256\"}", false },
	{ "no alg", "{\"kid\":\"k\"}", false },
	{ "alg a number", "{\"alg\":1}", false },
	{ "alg none", "{\"alg\":\"none\"}", false },
	{ "alg NONE", "{\"alg\":\"NONE\"}", false },
	{ "alg nOnE", "{\"alg\":\"nOnE\"}", false },
	{ "alg rs256", "{\"alg\":\"rs256\"}", false },
	{ "alg RS256 with a space", "{\"alg\":\"RS256 \"}", false },
	{ "alg RS384", "{\"alg\":\"RS384\"}", false },
	{ "alg RS512", "{\"alg\":\"RS512\"}", false },
	{ "alg PS256", "{\"alg\":\"PS256\"}", false },
	{ "alg ES256", "{\"alg\":\"ES256\"}", false },
	{ "alg HS256", "{\"alg\":\"HS256\"}", false },
	{ "kid empty", "{\"alg\":\"RS256\",\"kid\":\"\"}", false },
	{ "kid a number", "{\"alg\":\"RS256\",\"kid\":1}", false },
	{ "kid with NUL", "{\"alg\":\"RS256\",\"kid\":\"a\\u0000b\"}", false },
	{ "an array", "[\"RS256\"]", false },
	{ "no JSON", "alg=RS256", false },
	{ "trailing bytes", "{\"alg\":\"RS256\"}}", false },
	{ "overlong UTF-8", "{\"alg\":\"RS256\",\"a\":\"\xc0\xaf\"}", false },
	{ "nested 9 deep", "{\"alg\":\"RS256\",\"a\":[[[[[[[[]]]]]]]]}", false },
	{ "nested 8 deep", "{\"alg\":\"RS256\",\"a\":[[[[[[[]]]]]]]}", true },
};

START_TEST(headers_are_judged)
	{
		cleanup(jwk_freep) struct jwk *key = key_of(rsa, "");
		cleanup(buf_release) struct buf token = BUF_INIT(65536);
		int rc;

		make_token(rsa, JWT_RS256, header_rows[_i].header, &token);
		rc = split_and_verify(buf_bytes(&token), key, JWT_RS256);
		ck_assert_msg(
		    rc == (header_rows[_i].is_good ? 0 : -1), "%s", header_rows[_i].claim);
	}
END_TEST

/* A header of one kid, and padding that brings it to its wanted length. */
static void
make_header(size_t kid_len, size_t len, struct buf *out)
{
	buf_add_text(out, "{\"alg\":\"RS256\",\"kid\":\"");
	for (size_t i = 0; i < kid_len; i++)
		buf_add_byte(out, 'k');
	buf_add_text(out, "\"");
	while (out->len + 1 < len)
		buf_add_byte(out, ' ');
	buf_add_text(out, "}");
}

static const struct {
	const char *claim;
	size_t kid, header, payload;
	bool is_good;
} size_rows[] = {
	{ "kid at its limit", 128, 0, 10, true },
	{ "kid over", 129, 0, 10, false },
	{ "header at its limit", 1, 1024, 10, true },
	{ "header over", 1, 1025, 10, false },
	{ "payload under the token's limit", 1, 0, 11900, true },
	{ "payload over", 1, 0, 12289, false },
	{ "token over", 1, 1024, 12288, false },
};

START_TEST(sizes_have_limits)
	{
		static uint8_t payload[20000];
		cleanup(jwk_freep) struct jwk *key = key_of(rsa, "");
		cleanup(buf_release) struct buf token = BUF_INIT(65536);
		cleanup(buf_release) struct buf header = BUF_INIT(2048);
		int rc;

		memset(payload, 'x', sizeof(payload));
		make_header(size_rows[_i].kid, size_rows[_i].header, &header);
		jwt_maker_sign(rsa, JWT_RS256, buf_bytes(&header),
		    bytes_of(payload, size_rows[_i].payload), &token);
		rc = split_and_verify(buf_bytes(&token), key, JWT_RS256);
		ck_assert_msg(rc == (size_rows[_i].is_good ? 0 : -1), "%s", size_rows[_i].claim);
	}
END_TEST

/* Changes of a good compact token's text: what is put before, in, and behind. */
static const struct {
	const char *claim;
	const char *format; /* of header, payload, signature */
} form_rows[] = {
	{ "four parts", "%s.%s.%s.AA" },
	{ "five parts, a JWE", "%s.%s.%s.AA.AA" },
	{ "a dot behind", "%s.%s.%s." },
	{ "a dot before", ".%s.%s.%s" },
	{ "two parts", "%s.%s%.0s" },
	{ "no signature", "%s.%s.%.0s" },
	{ "no payload", "%s.%.0s.%s" },
	{ "no header", "%.0s.%s.%s" },
	{ "padding", "%s.%s.%s==" },
	{ "padding in the header", "%s=.%s.%s" },
	{ "a space behind", "%s.%s.%s " },
	{ "a newline between", "%s.\n%s.%s" },
	{ "one more character", "%s.%s.%sA" },
	{ "JSON serialization", "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}" },
	{ "quotes", "\"%s.%s.%s\"" },
};

START_TEST(other_forms_are_refused)
	{
		cleanup(jwk_freep) struct jwk *key = key_of(rsa, "");
		cleanup(buf_release) struct buf token = BUF_INIT(65536);
		char changed[2048];
		char *part[3];
		int len;

		make_token(rsa, JWT_RS256, "{\"alg\":\"RS256\"}", &token);
		ck_assert_int_eq(split_and_verify(buf_bytes(&token), key, JWT_RS256), 0);
		buf_add_byte(&token, '\0');
		part[0] = (char *)token.data;
		for (size_t i = 1; i < 3; i++) {
			part[i] = strchr(part[i - 1], '.');
			*part[i]++ = '\0';
		}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the forms are a table of ours */
		len = snprintf(
		    changed, sizeof(changed), form_rows[_i].format, part[0], part[1], part[2]);
#pragma GCC diagnostic pop
		ck_assert_msg(split_and_verify(bytes_of(changed, (size_t)len), key, JWT_RS256) < 0,
		    "%s", form_rows[_i].claim);
	}
END_TEST

START_TEST(no_mutant_is_accepted)
	{
		cleanup(jwk_freep) struct jwk *key = key_of(rsa, "");
		cleanup(buf_release) struct buf token = BUF_INIT(65536);

		make_token(rsa, JWT_RS256, "{\"alg\":\"RS256\",\"kid\":\"k1\"}", &token);
		ck_assert_int_eq(split_and_verify(buf_bytes(&token), key, JWT_RS256), 0);
		for (size_t bit = 0; bit < token.len * 8; bit++) {
			token.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
			ck_assert_msg(split_and_verify(buf_bytes(&token), key, JWT_RS256) < 0,
			    "bit %zu", bit);
			token.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		for (size_t len = 0; len < token.len; len++)
			ck_assert_int_eq(
			    split_and_verify(bytes_of(token.data, len), key, JWT_RS256), -1);
	}
END_TEST

static const struct {
	const char *claim;
	bool is_rsa;
	const char *extra; /* in the JWK */
	const char *header;
	enum jwt_algorithm made, expected;
	bool is_good;
} algorithm_rows[] = {
	{ "RS256", true, "", "RS256", JWT_RS256, JWT_RS256, true },
	{ "RS256, said so by the key", true, "\"alg\":\"RS256\"", "RS256", JWT_RS256, JWT_RS256,
	    true },
	{ "PS256", true, "\"alg\":\"PS256\"", "PS256", JWT_PS256, JWT_PS256, true },
	{ "ES256", false, "", "ES256", JWT_ES256, JWT_ES256, true },
	{ "PS256 where RS256 is expected", true, "", "PS256", JWT_PS256, JWT_RS256, false },
	{ "PS256 that claims to be RS256", true, "", "RS256", JWT_PS256, JWT_RS256, false },
	{ "RS256 that claims to be PS256", true, "", "PS256", JWT_RS256, JWT_PS256, false },
	{ "RS256 with a PS256 key", true, "\"alg\":\"PS256\"", "RS256", JWT_RS256, JWT_RS256,
	    false },
	{ "PS256 with an RS256 key", true, "\"alg\":\"RS256\"", "PS256", JWT_PS256, JWT_PS256,
	    false },
	{ "ES256 with an RSA key", true, "", "ES256", JWT_RS256, JWT_ES256, false },
	{ "RS256 with a P-256 key", false, "", "RS256", JWT_ES256, JWT_RS256, false },
	{ "none, and none expected", true, "", "none", JWT_RS256, JWT_NONE, false },
};

START_TEST(the_algorithm_is_the_callers_and_the_keys)
	{
		const struct jwt_maker *maker = algorithm_rows[_i].is_rsa ? rsa : ec;
		cleanup(jwk_freep) struct jwk *key = key_of(maker, algorithm_rows[_i].extra);
		cleanup(buf_release) struct buf token = BUF_INIT(65536);
		char header[64];
		int rc;

		(void)snprintf(
		    header, sizeof(header), "{\"alg\":\"%s\"}", algorithm_rows[_i].header);
		make_token(maker, algorithm_rows[_i].made, header, &token);
		rc = split_and_verify(buf_bytes(&token), key, algorithm_rows[_i].expected);
		ck_assert_msg(
		    rc == (algorithm_rows[_i].is_good ? 0 : -1), "%s", algorithm_rows[_i].claim);
	}
END_TEST

static struct json_object *
load_vectors(const char *name)
{
	cleanup(buf_release) struct buf text = BUF_INIT(8 << 20);
	const char *srcdir = getenv("srcdir");
	struct json_object *root = NULL;
	struct error err = { .code = ERR_NONE };
	uint8_t piece[8192];
	char path[1024];
	size_t len;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/../shared/vectors/%s", srcdir ? srcdir : ".", name);
	file = fopen(path, "rb");
	if (file == NULL) {
		printf("SKIP: %s is not there\n", path);
		return NULL;
	}
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, bytes_of(piece, len));
	(void)fclose(file);
	ck_assert_msg(json_parse(buf_bytes(&text), &VECTOR_LIMITS, &root, &err) == 0, "%s: %s",
	    name, err.text);
	return root;
}

/* The keys of a group: one JWK or a set of them, public where that is given; NULL: none. */
static struct json_object *
group_keys(const struct json_object *group)
{
	cleanup(json_object_putp) struct json_object *list = NULL;
	struct json_object *key = NULL;
	struct json_object *set = NULL;

	if (!json_get_object(group, "public", &key) && !json_get_object(group, "private", &key))
		return NULL;
	if (json_get_array(key, "keys", &set))
		return json_object_get(set);
	list = json_object_new_array();
	json_object_array_add(list, json_object_get(key));
	return take(list);
}

/* What a relying party does with a set: no secrets in it, the kid chooses, the key's alg binds. */
static bool
verifies(struct json_object *keys, const char *token)
{
	cleanup(jwt_release) struct jwt jwt;
	struct error err = { .code = ERR_NONE };

	if (jwt_split(bytes_text(token), &jwt, &err) < 0)
		return false;
	for (size_t i = 0; i < json_object_array_length(keys); i++)
		if (jwk_is_secret(json_object_array_get_idx(keys, i)))
			return false;
	for (size_t i = 0; i < json_object_array_length(keys); i++) {
		cleanup(jwk_freep) struct jwk *key =
		    read_object(json_object_array_get_idx(keys, i));

		if (key == NULL || (jwt.kid[0] != '\0' && strcmp(jwt.kid, jwk_kid(key)) != 0))
			continue;
		return jwt_verify(&jwt, key, key->algorithm, &err) == 0;
	}
	return false;
}

/* The test cases where we and the files differ, and why we mean it. */
static const struct {
	const char *file;
	int64_t id;
	const char *reason;
} differences[] = {
	{ "json_web_signature_test.json", 346, "a PS384 token, the JWK says alg PS256" },
	{ "json_web_signature_test.json", 350, "a PS384 token, the JWK says alg PS256" },
	{ "json_web_signature_test.json", 347, "ES512 is not built, the JWK says alg ES521" },
	{ "json_web_signature_test.json", 351, "ES512 is not built, the JWK says alg ES521" },
	{ "json_web_key_test.json", 2, "a set with a symmetric key is refused as a whole" },
	{ "json_web_crypto_test.json", 48, "a set with a symmetric key is refused as a whole" },
};

static bool
is_known_difference(const char *file, int64_t id)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++)
		if (strcmp(differences[i].file, file) == 0 && differences[i].id == id)
			return true;
	return false;
}

/* RS384, RS512, PS384, PS512 are not built: their keys verify nothing at all. */
static bool
is_built(struct json_object *keys)
{
	static const char *const others[] = { "RS384", "RS512", "PS384", "PS512" };
	const char *alg = "";

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (json_get_text(json_object_array_get_idx(keys, 0), "alg", &alg) &&
		    strcmp(alg, others[i]) == 0)
			return false;
	return true;
}

struct tally {
	size_t agreed, differed, accepted;
};

static void
run_group(const char *file, const struct json_object *group, struct tally *tally)
{
	cleanup(json_object_putp) struct json_object *keys = group_keys(group);
	struct json_object *tests = NULL;

	ck_assert(json_get_array(group, "tests", &tests));
	for (size_t i = 0; i < json_object_array_length(tests); i++) {
		const struct json_object *test = json_object_array_get_idx(tests, i);
		const char *token = "";
		const char *result = "";
		int64_t id = 0;
		bool is_accepted;
		bool agrees;

		if (!json_get_text(test, "jws", &token))
			continue;
		ck_assert(
		    json_get_text(test, "result", &result) && json_get_int(test, "tcId", &id));
		is_accepted = verifies(keys, token);
		agrees = is_accepted == (strcmp(result, "valid") == 0);
		if (!is_built(keys))
			ck_assert_msg(!is_accepted, "%s tc %d", file, (int)id);
		else
			ck_assert_msg(agrees != is_known_difference(file, id), "%s tc %d: %s", file,
			    (int)id, result);
		tally->agreed += agrees;
		tally->differed += !agrees;
		tally->accepted += is_accepted;
	}
}

/* HMAC groups, which have symmetric keys alone, are not ours. */
static bool
is_hmac(const struct json_object *group)
{
	cleanup(json_object_putp) struct json_object *keys = group_keys(group);
	const char *kty = "";

	for (size_t i = 0; keys != NULL && i < json_object_array_length(keys); i++)
		if (!json_get_text(json_object_array_get_idx(keys, i), "kty", &kty) ||
		    strcmp(kty, "oct") != 0)
			return false;
	return true;
}

static void
run_file(const char *name, struct tally *tally)
{
	cleanup(json_object_putp) struct json_object *root = NULL;
	struct json_object *groups = NULL;
	char path[128];

	(void)snprintf(path, sizeof(path), "wycheproof/%s", name);
	root = load_vectors(path);
	if (root == NULL)
		return;
	ck_assert(json_get_array(root, "testGroups", &groups));
	for (size_t i = 0; i < json_object_array_length(groups); i++)
		if (!is_hmac(json_object_array_get_idx(groups, i)))
			run_group(name, json_object_array_get_idx(groups, i), tally);
	ck_assert_uint_gt(tally->agreed, 0);
}

START_TEST(wycheproof_signatures_agree)
	{
		struct tally tally = { 0, 0, 0 };

		run_file("json_web_signature_test.json", &tally);
		if (tally.agreed > 0)
			ck_assert_uint_ge(tally.accepted, 14);
	}
END_TEST

START_TEST(wycheproof_keys_agree)
	{
		struct tally tally = { 0, 0, 0 };

		run_file("json_web_key_test.json", &tally);
		run_file("json_web_crypto_test.json", &tally);
	}
END_TEST

/*
 * 367 and 370 are the very text of 357, which is valid; 372 and 373 have an invalid
 * character in a part and are called valid.
 */
static bool
is_base64_difference(int64_t id)
{
	return id == 367 || id == 370 || id == 372 || id == 373;
}

/* The HMAC tests of base64: what they call malformed must not even split. */
START_TEST(wycheproof_base64_agrees)
	{
		cleanup(json_object_putp) struct json_object *root =
		    load_vectors("wycheproof/json_web_signature_test.json");
		struct json_object *groups = NULL;
		struct json_object *tests = NULL;
		const char *text = "";

		for (size_t i = 0; root != NULL && json_get_array(root, "testGroups", &groups) &&
				   i < json_object_array_length(groups);
		     i++) {
			const struct json_object *group = json_object_array_get_idx(groups, i);

			if (json_get_text(group, "comment", &text) && strcmp(text, "base64") == 0)
				ck_assert(json_get_array(group, "tests", &tests));
		}
		for (size_t i = 0; tests != NULL && i < json_object_array_length(tests); i++) {
			const struct json_object *test = json_object_array_get_idx(tests, i);
			cleanup(jwt_release) struct jwt jwt;
			struct error err = { .code = ERR_NONE };
			int64_t id = 0;
			bool is_split;

			ck_assert(
			    json_get_text(test, "jws", &text) && json_get_int(test, "tcId", &id));
			is_split = jwt_split(bytes_text(text), &jwt, &err) == 0;
			ck_assert(json_get_text(test, "result", &text));
			ck_assert_msg(
			    is_split == (strcmp(text, "valid") == 0) || is_base64_difference(id),
			    "tc %d: %s", (int)id, err.text);
		}
	}
END_TEST

static const struct {
	const char *file;
	enum jwt_algorithm algorithm;
	bool is_good;
} cookbook_rows[] = {
	{ "jose-cookbook/jws/4_1.rsa_v15_signature.json", JWT_RS256, true },
	{ "jose-cookbook/jws/4_1.rsa_v15_signature.json", JWT_PS256, false },
	{ "jose-cookbook/jws/4_2.rsa-pss_signature.json", JWT_PS256, false }, /* PS384 */
	{ "jose-cookbook/jws/4_2.rsa-pss_signature.json", JWT_RS256, false }, /* PS384 */
	{ "jose-cookbook/jws/4_3.ecdsa_signature.json", JWT_ES256, false },   /* ES512 */
	{ "jose-cookbook/jws/4_4.hmac-sha2_integrity_protection.json", JWT_RS256, false },
	{ "jose-cookbook/jws/4_5.signature_with_detached_content.json", JWT_RS256, false },
	{ "jose-cookbook/jws/4_6.protecting_specific_header_fields.json", JWT_RS256, false },
	{ "jose-cookbook/rfc7797/4.2.hmac-sha2_b64_false.json", JWT_RS256, false },
};

START_TEST(cookbook_tokens)
	{
		static const char *const private_members[] = { "d", "p", "q", "dp", "dq", "qi" };
		cleanup(json_object_putp) struct json_object *root =
		    load_vectors(cookbook_rows[_i].file);
		cleanup(jwk_freep) struct jwk *key = NULL;
		cleanup(jwk_freep) struct jwk *own = key_of(rsa, "");
		struct json_object *input = NULL;
		struct json_object *output = NULL;
		struct json_object *object = NULL;
		const char *token = "";
		int rc;

		if (root == NULL)
			return;
		ck_assert(json_get_object(root, "input", &input));
		ck_assert(json_get_object(root, "output", &output));
		ck_assert(json_get_object(input, "key", &object));
		for (size_t i = 0; i < sizeof(private_members) / sizeof(private_members[0]); i++)
			json_object_object_del(object, private_members[i]);
		key = read_object(object);
		if (!json_get_text(output, "compact", &token))
			ck_assert(!cookbook_rows[_i].is_good);
		rc = split_and_verify(
		    bytes_text(token), key != NULL ? key : own, cookbook_rows[_i].algorithm);
		ck_assert_int_eq(rc, cookbook_rows[_i].is_good ? 0 : -1);
	}
END_TEST

static const struct {
	const char *file;
	bool is_good;
} cookbook_keys[] = {
	{ "jose-cookbook/jwk/3_1.ec_public_key.json", false }, /* P-521 */
	{ "jose-cookbook/jwk/3_2.ec_private_key.json", false },
	{ "jose-cookbook/jwk/3_3.rsa_public_key.json", true },
	{ "jose-cookbook/jwk/3_4.rsa_private_key.json", false },
	{ "jose-cookbook/jwk/3_5.symmetric_key_mac_computation.json", false },
	{ "jose-cookbook/jwk/3_6.symmetric_key_encryption.json", false },
};

START_TEST(cookbook_keys_are_judged)
	{
		cleanup(json_object_putp) struct json_object *root =
		    load_vectors(cookbook_keys[_i].file);
		cleanup(jwk_freep) struct jwk *key = root != NULL ? read_object(root) : NULL;

		if (root != NULL)
			ck_assert_msg((key != NULL) == cookbook_keys[_i].is_good, "%s",
			    cookbook_keys[_i].file);
	}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("jwt");
	TCase *tcase = tcase_create("jwt");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, make_keys, free_keys);
	tcase_add_loop_test(tcase, headers_are_judged, 0, ROWS(header_rows));
	tcase_add_loop_test(tcase, sizes_have_limits, 0, ROWS(size_rows));
	tcase_add_loop_test(tcase, other_forms_are_refused, 0, ROWS(form_rows));
	tcase_add_test(tcase, no_mutant_is_accepted);
	tcase_add_loop_test(
	    tcase, the_algorithm_is_the_callers_and_the_keys, 0, ROWS(algorithm_rows));
	tcase_add_test(tcase, wycheproof_signatures_agree);
	tcase_add_test(tcase, wycheproof_keys_agree);
	tcase_add_test(tcase, wycheproof_base64_agrees);
	tcase_add_loop_test(tcase, cookbook_tokens, 0, ROWS(cookbook_rows));
	tcase_add_loop_test(tcase, cookbook_keys_are_judged, 0, ROWS(cookbook_keys));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

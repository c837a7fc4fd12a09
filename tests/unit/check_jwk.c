/* crypto/jwk: which keys are taken, and that no weak, odd or secret one is. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/json.h"
#include "crypto/jwk_internal.h"
#include "jwt_maker.h"

static const struct json_limits LIMITS = { .max_bytes = 65536, .max_depth = 8, .max_members = 64 };

/* A P-256 key of RFC 7515, A.3. */
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_KEY "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""

static int
read_key(const char *text, struct jwk **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = NULL;

	*err = (struct error){ .code = ERR_NONE };
	ck_assert_msg(json_parse(bytes_text(text), &LIMITS, &object, err) == 0, "%s", err->text);
	return jwk_read(object, out, err);
}

/* An RSA JWK whose modulus has so many octets, begins and ends so, and has these extras. */
static void
make_rsa(size_t octets, uint8_t first, uint8_t last, const char *e_and_extra, struct buf *out)
{
	uint8_t n[1024];

	for (size_t i = 0; i < octets; i++)
		n[i] = (uint8_t)(i * 37 + 11);
	n[0] = first;
	n[octets - 1] = last;
	buf_add_text(out, "{\"kty\":\"RSA\",\"n\":\"");
	base64url_encode(bytes_of(n, octets), out);
	buf_printf(out, "\"%s}", e_and_extra);
}

#define E ",\"e\":\"AQAB\""

static const struct {
	const char *claim;
	size_t octets;
	uint8_t first, last;
	const char *rest;
	bool is_good;
} rsa_rows[] = {
	{ "2048 bits", 256, 0x80, 1, E, true },
	{ "3072 bits", 384, 0xff, 0xff, E, true },
	{ "4096 bits", 512, 0x80, 1, E, true },
	{ "use sig", 256, 0x80, 1, E ",\"use\":\"sig\"", true },
	{ "key_ops with verify", 256, 0x80, 1, E ",\"key_ops\":[\"sign\",\"verify\"]", true },
	{ "alg RS256", 256, 0x80, 1, E ",\"alg\":\"RS256\"", true },
	{ "alg PS256", 256, 0x80, 1, E ",\"alg\":\"PS256\"", true },
	{ "unknown members", 256, 0x80, 1, E ",\"x5t\":\"a\",\"x5c\":[\"b\"],\"c\":null", true },
	{ "1024 bits", 128, 0x80, 1, E, false },
	{ "2040 bits", 255, 0x80, 1, E, false },
	{ "2047 bits", 256, 0x7f, 1, E, false },
	{ "4104 bits", 513, 0x80, 1, E, false },
	{ "8192 bits", 1024, 0x80, 1, E, false },
	{ "a leading zero octet", 257, 0x00, 1, E, false },
	{ "an even modulus", 256, 0x80, 2, E, false },
	{ "exponent 1", 256, 0x80, 1, ",\"e\":\"AQ\"", false },
	{ "exponent 3", 256, 0x80, 1, ",\"e\":\"Aw\"", false },
	{ "exponent 65537 with a zero octet", 256, 0x80, 1, ",\"e\":\"AAEAAQ\"", false },
	{ "exponent 65536", 256, 0x80, 1, ",\"e\":\"AQAA\"", false },
	{ "exponent empty", 256, 0x80, 1, ",\"e\":\"\"", false },
	{ "exponent missing", 256, 0x80, 1, "", false },
	{ "exponent a number", 256, 0x80, 1, ",\"e\":65537", false },
	{ "exponent padded", 256, 0x80, 1, ",\"e\":\"AQAB====\"", false },
	{ "use enc", 256, 0x80, 1, E ",\"use\":\"enc\"", false },
	{ "use no text", 256, 0x80, 1, E ",\"use\":[\"sig\"]", false },
	{ "key_ops without verify", 256, 0x80, 1, E ",\"key_ops\":[\"encrypt\"]", false },
	{ "key_ops empty", 256, 0x80, 1, E ",\"key_ops\":[]", false },
	{ "key_ops a text", 256, 0x80, 1, E ",\"key_ops\":\"verify\"", false },
	{ "alg RS384", 256, 0x80, 1, E ",\"alg\":\"RS384\"", false },
	{ "alg HS256", 256, 0x80, 1, E ",\"alg\":\"HS256\"", false },
	{ "alg none", 256, 0x80, 1, E ",\"alg\":\"none\"", false },
	{ "alg of an EC key", 256, 0x80, 1, E ",\"alg\":\"ES256\"", false },
	{ "alg null", 256, 0x80, 1, E ",\"alg\":null", false },
	{ "private exponent", 256, 0x80, 1, E ",\"d\":\"AQ\"", false },
	{ "private prime", 256, 0x80, 1, E ",\"p\":\"AQ\"", false },
	{ "other primes", 256, 0x80, 1, E ",\"oth\":[]", false },
	{ "kid a number", 256, 0x80, 1, E ",\"kid\":1", false },
};

START_TEST(rsa_keys_are_judged)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(65536);
		cleanup(jwk_freep) struct jwk *jwk = NULL;
		struct error err;
		int rc;

		make_rsa(rsa_rows[_i].octets, rsa_rows[_i].first, rsa_rows[_i].last,
		    rsa_rows[_i].rest, &text);
		rc = read_key(buf_text(&text), &jwk, &err);
		ck_assert_msg(
		    rc == (rsa_rows[_i].is_good ? 0 : -1), "%s: %s", rsa_rows[_i].claim, err.text);
		if (rc < 0)
			ck_assert(error_is(&err, ERR_KEY));
	}
END_TEST

static const struct {
	const char *text;
	bool is_good;
} other_rows[] = {
	{ "{" EC_KEY "}", true },
	{ "{" EC_KEY ",\"alg\":\"ES256\",\"use\":\"sig\",\"kid\":\"a\"}", true },
	{ "{" EC_KEY ",\"alg\":\"RS256\"}", false },
	{ "{" EC_KEY ",\"d\":\"AQ\"}", false },
	/* x and y swapped: not on the curve */
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\",\"y\":\"" EC_X "\"}", false },
	{ "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", false },
	{ "{\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", false },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"AQ\"}", false },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}", false },
	{ "{\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}", false },
	{ "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}", false },
	{ "{\"kty\":\"oct\"}", false },
	{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" EC_X "\"}", false },
	{ "{\"kty\":\"rsa\"}", false },
	{ "{}", false },
	{ "[]", false },
};

START_TEST(other_keys_are_judged)
	{
		cleanup(jwk_freep) struct jwk *jwk = NULL;
		struct error err;
		int rc = read_key(other_rows[_i].text, &jwk, &err);

		ck_assert_msg(rc == (other_rows[_i].is_good ? 0 : -1), "%s: %s",
		    other_rows[_i].text, err.text);
	}
END_TEST

START_TEST(secrets_are_seen)
	{
		static const char *const members[] = { "d", "p", "q", "dp", "dq", "qi", "oth",
			"k" };
		char text[128];

		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
			cleanup(json_object_putp) struct json_object *object = NULL;
			struct error err = { .code = ERR_NONE };

			(void)snprintf(
			    text, sizeof(text), "{\"kty\":\"RSA\",\"%s\":1}", members[i]);
			ck_assert_int_eq(json_parse(bytes_text(text), &LIMITS, &object, &err), 0);
			ck_assert(jwk_is_secret(object));
		}
	}
END_TEST

START_TEST(labels_are_kept)
	{
		cleanup(jwk_freep) struct jwk *bare = NULL;
		cleanup(jwk_freep) struct jwk *labelled = NULL;
		struct error err;

		ck_assert_int_eq(read_key("{" EC_KEY "}", &bare, &err), 0);
		ck_assert_str_eq(jwk_kid(bare), "");
		ck_assert_int_eq(bare->algorithm, JWT_NONE);
		ck_assert_int_eq(
		    read_key("{" EC_KEY ",\"alg\":\"ES256\",\"kid\":\"a.b@c\"}", &labelled, &err),
		    0);
		ck_assert_str_eq(jwk_kid(labelled), "a.b@c");
		ck_assert_int_eq(labelled->algorithm, JWT_ES256);
	}
END_TEST

START_TEST(a_kid_has_at_most_128_bytes)
	{
		char text[512];
		char kid[130];

		memset(kid, 'k', sizeof(kid));
		for (size_t len = 128; len <= 129; len++) {
			cleanup(jwk_freep) struct jwk *jwk = NULL;
			struct error err;

			(void)snprintf(
			    text, sizeof(text), "{" EC_KEY ",\"kid\":\"%.*s\"}", (int)len, kid);
			ck_assert_int_eq(read_key(text, &jwk, &err), len == 128 ? 0 : -1);
		}
	}
END_TEST

START_TEST(a_generated_key_is_taken)
	{
		cleanup(jwt_maker_freep) struct jwt_maker *maker = jwt_maker_new(2048);
		cleanup(buf_release) struct buf text = BUF_INIT(4096);
		cleanup(jwk_freep) struct jwk *jwk = NULL;
		struct error err;

		jwt_maker_jwk(maker, "k1", "\"use\":\"sig\"", &text);
		ck_assert_msg(read_key(buf_text(&text), &jwk, &err) == 0, "%s", err.text);
	}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("jwk");
	TCase *tcase = tcase_create("jwk");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, rsa_keys_are_judged, 0, ROWS(rsa_rows));
	tcase_add_loop_test(tcase, other_keys_are_judged, 0, ROWS(other_rows));
	tcase_add_test(tcase, secrets_are_seen);
	tcase_add_test(tcase, labels_are_kept);
	tcase_add_test(tcase, a_kid_has_at_most_128_bytes);
	tcase_add_test(tcase, a_generated_key_is_taken);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

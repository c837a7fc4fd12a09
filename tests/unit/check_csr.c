/* crypto/csr: which requests are read, what is taken from them, what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/csr.h"
#include "fixture_crypto.h"

#define B(literal) literal, sizeof(literal) - 1
#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { MAX_SANS = 100 };

static struct key *signer;

static void
make_signer(void)
{
	fixture_folder_make();
	signer = fixture_key("p256");
}

static void
drop_signer(void)
{
	static const char *const files[] = { "p256", NULL };

	key_free(signer);
	fixture_folder_remove(files);
}

static const struct {
	const char *file;
	enum error_code code; /* ERR_NONE: accepted */
	struct key_facts key;
} FILES[] = {
	{ "csr/rsa2048.der", ERR_NONE, { KEY_RSA, 2048 } },
	{ "csr/p256.der", ERR_NONE, { KEY_P256, 256 } },
	{ "csr/p384.der", ERR_NONE, { KEY_P384, 384 } },
	{ "csr/ed25519.der", ERR_NONE, { KEY_ED25519, 256 } },
	{ "csr/pss.der", ERR_NONE, { KEY_RSA, 2048 } },
	{ "csr/pss-bare.der", ERR_NONE, { KEY_RSA, 2048 } },
	{ "csr/critical-false.der", ERR_NONE, { KEY_P256, 256 } },
	{ "csr/full.der", ERR_NONE, { KEY_P256, 256 } },
	{ "csr/empty-subject.der", ERR_NONE, { KEY_P256, 256 } },
	{ "csr/bad-rsa1024.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-exponent3.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-sha1.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-md5.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-ecdsa-sha1.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-pss-salt20.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-pss-key.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-p521.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-secp256k1.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-explicit.der", ERR_KEY, { KEY_RSA, 0 } },
	{ "csr/bad-ed448.der", ERR_KEY, { KEY_RSA, 0 } },
};

START_TEST(requests_of_openssl_are_judged_by_key_and_algorithm)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };
		int rc;

		fixture_read(FILES[_i].file, &der);
		rc = csr_parse(buf_bytes(&der), MAX_SANS, &csr, &err);
		ck_assert_msg(
		    err.code == FILES[_i].code, "%s: %d %s", FILES[_i].file, err.code, err.text);
		ck_assert((rc == 0) == (FILES[_i].code == ERR_NONE));
		if (rc == 0) {
			ck_assert_int_eq(csr->key.type, FILES[_i].key.type);
			ck_assert_uint_eq(csr->key.bits, FILES[_i].key.bits);
		}
	}
END_TEST

static const struct {
	enum san_type type;
	const char *text;
} FULL_SANS[] = {
	{ SAN_DNS, "DNS:host.example.test" },
	{ SAN_DNS, "DNS:*.example.test" },
	{ SAN_IP, "IP:192.0.2.1" },
	{ SAN_IP, "IP:2001:db8::1" },
	{ SAN_URI, "URI:IntuneDeviceId://0b5e1d0c-6f2b-4e0f-9a55-111111111111" },
	{ SAN_EMAIL, "EMAIL:user@example.test" },
	{ SAN_UPN, "UPN:us\xc3\xa9r@example.test" },
	{ SAN_OTHER, NULL },
	{ SAN_OTHER, "OTHER:88032a0304" },
	{ SAN_OTHER, NULL },
};

START_TEST(everything_asked_for_is_found)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };

		fixture_read("csr/full.der", &der);
		ck_assert_int_eq(csr_parse(buf_bytes(&der), MAX_SANS, &csr, &err), 0);
		ck_assert_int_eq((int)csr->san_count, COUNT(FULL_SANS));
		for (size_t i = 0; i < csr->san_count; i++) {
			cleanup(buf_release) struct buf text = BUF_INIT(512);

			san_text(&csr->sans[i], &text);
			ck_assert_int_eq(csr->sans[i].type, FULL_SANS[i].type);
			ck_assert(csr->sans[i].der.ptr > csr->storage.data);
			if (FULL_SANS[i].text != NULL)
				ck_assert_str_eq(buf_text(&text), FULL_SANS[i].text);
		}
		ck_assert(csr->has_key_usage);
		ck_assert_uint_eq(csr->key_usage, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT);
		ck_assert_uint_eq(csr->eku_count, 3);
		ck_assert_str_eq(csr->ekus[0], "1.3.6.1.5.5.7.3.2");
		ck_assert_str_eq(csr->ekus[2], "1.3.6.1.4.1.311.20.2.2");
		ck_assert_str_eq(csr->dropped, "2.5.29.19 1.3.6.1.4.1.311.25.2");
		ck_assert_uint_eq(csr->name.count, 3);
		ck_assert(!csr->has_validity);
	}
END_TEST

static const char *const SAMPLES[] = { "csr/rsa2048.der", "csr/p256.der", "csr/ed25519.der",
	"csr/full.der" };

static int
parse(struct bytes der, struct error *err)
{
	cleanup(csr_freep) struct csr *csr = NULL;

	*err = (struct error){ .code = ERR_NONE };
	return csr_parse(der, MAX_SANS, &csr, err);
}

START_TEST(no_mutant_of_one_bit_is_accepted)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		struct error err;

		fixture_read(SAMPLES[_i], &der);
		ck_assert_int_eq(parse(buf_bytes(&der), &err), 0);
		for (size_t bit = 0; bit < der.len * 8; bit++) {
			der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_msg(parse(buf_bytes(&der), &err) == -1, "bit %zu", bit);
			der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
END_TEST

START_TEST(no_shorter_or_longer_request_is_accepted)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		struct error err;

		fixture_read(SAMPLES[_i], &der);
		for (size_t len = 0; len < der.len; len++) {
			/* A copy of just that size, so that ASan sees a read behind it. */
			uint8_t *copy = malloc(len > 0 ? len : 1);

			ck_assert_ptr_nonnull(copy);
			memcpy(copy, der.data, len);
			ck_assert_int_eq(parse(bytes_of(copy, len), &err), -1);
			ck_assert_int_eq(err.code, ERR_CSR_SYNTAX);
			free(copy);
		}
		buf_add_byte(&der, 0);
		ck_assert_int_eq(parse(buf_bytes(&der), &err), -1);
		ck_assert_int_eq(err.code, ERR_CSR_SYNTAX);
	}
END_TEST

#define OID_EXT_REQ "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
#define OID_MS_REQ "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e"
#define OID_PAIR "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x01"
#define KU_DS "\x30\x0b\x06\x03\x55\x1d\x0f\x04\x04\x03\x02\x07\x80"
#define KU(value) "\x06\x03\x55\x1d\x0f" value
#define EXT_REQ(len_a, len_s, len_q, list) "\x30" len_a OID_EXT_REQ "\x31" len_s "\x30" len_q list

/* The content of a request's [0]; usage and dropped are what must come out. */
static const struct {
	const char *what;
	const char *der;
	size_t len;
	enum error_code code;
	unsigned usage;
	const char *dropped;
} ATTRIBUTES[] = {
	{ "none", B(""), ERR_NONE, 0, "" },
	{ "key usage", B(EXT_REQ("\x1c", "\x0f", "\x0d", KU_DS)), ERR_NONE, 0x80, "" },
	{ "by Microsoft's OID", B("\x30\x1d" OID_MS_REQ "\x31\x0f\x30\x0d" KU_DS), ERR_NONE, 0x80,
	    "" },
	{ "both OIDs",
	    B(EXT_REQ("\x1c", "\x0f", "\x0d", KU_DS) "\x30\x1d" OID_MS_REQ
						     "\x31\x0f\x30\x0d" KU_DS),
	    ERR_CSR_SYNTAX, 0, "" },
	{ "twice", B(EXT_REQ("\x1c", "\x0f", "\x0d", KU_DS) EXT_REQ("\x1c", "\x0f", "\x0d", KU_DS)),
	    ERR_CSR_SYNTAX, 0, "" },
	{ "two values", B("\x30\x2b" OID_EXT_REQ "\x31\x1e\x30\x0d" KU_DS "\x30\x0d" KU_DS),
	    ERR_CSR_SYNTAX, 0, "" },
	{ "extension twice", B(EXT_REQ("\x29", "\x1c", "\x1a", KU_DS KU_DS)), ERR_CSR_SYNTAX, 0,
	    "" },
	{ "decipherOnly",
	    B(EXT_REQ("\x1d", "\x10", "\x0e", "\x30\x0c" KU("\x04\x05\x03\x03\x07\x08\x80"))),
	    ERR_NONE, 0x8008, "" },
	{ "no usage bit", B(EXT_REQ("\x1b", "\x0e", "\x0c", "\x30\x0a" KU("\x04\x03\x03\x01\x00"))),
	    ERR_CSR_SYNTAX, 0, "" },
	{ "critical key usage",
	    B(EXT_REQ(
		"\x1f", "\x12", "\x10", "\x30\x0e" KU("\x01\x01\xff\x04\x04\x03\x02\x07\x80"))),
	    ERR_NONE, 0x80, "" },
	{ "critical written as false",
	    B(EXT_REQ(
		"\x1f", "\x12", "\x10", "\x30\x0e" KU("\x01\x01\x00\x04\x04\x03\x02\x07\x80"))),
	    ERR_NONE, 0x80, "" },
	{ "critical written as neither",
	    B(EXT_REQ(
		"\x1f", "\x12", "\x10", "\x30\x0e" KU("\x01\x01\x01\x04\x04\x03\x02\x07\x80"))),
	    ERR_CSR_SYNTAX, 0, "" },
	{ "empty EKU",
	    B(EXT_REQ("\x1a", "\x0d", "\x0b", "\x30\x09\x06\x03\x55\x1d\x25\x04\x02\x30\x00")),
	    ERR_CSR_SYNTAX, 0, "" },
	{ "another extension",
	    B(EXT_REQ("\x1f", "\x12", "\x10",
		"\x30\x0e\x06\x08\x2b\x06\x01\x04\x01\x82\x37\x19\x04\x02\x30\x00")),
	    ERR_NONE, 0, "1.3.6.1.4.1.311.25" },
	{ "challenge password",
	    B("\x30\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x03\x0c\x01"
	      "x"),
	    ERR_NONE, 0, "1.2.840.113549.1.9.7" },
	{ "leftover in an attribute",
	    B("\x30\x12\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07\x31\x03\x0c\x01"
	      "x\x05\x00"),
	    ERR_CSR_SYNTAX, 0, "" },
	{ "not an attribute", B("\x02\x01\x00"), ERR_CSR_SYNTAX, 0, "" },
};

static int
parse_attributes(struct bytes attributes, struct csr **csr, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);

	fixture_csr(DER_BYTES("\x30\x00"), attributes, signer, &der);
	return csr_parse(buf_bytes(&der), MAX_SANS, csr, err);
}

START_TEST(attributes_are_taken_dropped_or_refused)
	{
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };
		int rc =
		    parse_attributes(bytes_of(ATTRIBUTES[_i].der, ATTRIBUTES[_i].len), &csr, &err);

		ck_assert_msg(err.code == ATTRIBUTES[_i].code, "%s: %d %s", ATTRIBUTES[_i].what,
		    err.code, err.text);
		if (rc < 0)
			return;
		ck_assert_uint_eq(csr->key_usage, ATTRIBUTES[_i].usage);
		ck_assert(csr->has_key_usage == (ATTRIBUTES[_i].usage != 0));
		ck_assert_str_eq(csr->dropped, ATTRIBUTES[_i].dropped);
	}
END_TEST

struct pair {
	const char *name;
	const char *value;
};

/* One attribute for each pair, all of one OID, as PowerShell clients send them. */
static const struct {
	struct pair pairs[3];
	int64_t seconds; /* 0: none asked for */
	bool ok;
	bool is_dropped;
} VALIDITIES[] = {
	{ { { "ValidityPeriod", "Days" }, { "ValidityPeriodUnits", "30" } }, INT64_C(30) * 86400,
	    true, false },
	{ { { "ValidityPeriodUnits", "2" }, { "ValidityPeriod", "Weeks" } }, INT64_C(14) * 86400,
	    true, false },
	{ { { "validityperiod", "years" }, { "VALIDITYPERIODUNITS", "1" } }, INT64_C(365) * 86400,
	    true, false },
	{ { { "ValidityPeriod", "Minutes" }, { "ValidityPeriodUnits", "5" }, { "Other", "x" } },
	    300, true, true },
	{ { { "ValidityPeriod", "Days" } }, 0, true, true },
	{ { { "ValidityPeriod", "Days" }, { "ValidityPeriodUnits", "0" } }, 0, false, false },
	{ { { "ValidityPeriod", "Days" }, { "ValidityPeriodUnits", "-1" } }, 0, false, false },
	{ { { "ValidityPeriod", "Days" }, { "ValidityPeriodUnits", "1x" } }, 0, false, false },
	{ { { "ValidityPeriod", "Days" }, { "ValidityPeriodUnits", "1000000" } }, 0, false, false },
	{ { { "ValidityPeriod", "Ages" }, { "ValidityPeriodUnits", "1" } }, 0, false, false },
	{ { { "ValidityPeriod", "Days" }, { "ValidityPeriod", "Days" } }, 0, false, false },
};

static void
add_bmp(const char *text, struct buf *out)
{
	size_t mark = der_open(out, DER_BMP_STRING);

	for (; *text != '\0'; text++) {
		buf_add_byte(out, 0);
		buf_add_byte(out, (uint8_t)*text);
	}
	der_close(out, mark);
}

START_TEST(requested_validity_is_read_over_several_attributes)
	{
		cleanup(buf_release) struct buf attributes = BUF_INIT(FIXTURE_MAX);
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };
		int rc;

		for (const struct pair *p = VALIDITIES[_i].pairs; p < VALIDITIES[_i].pairs + 3;
		     p++) {
			cleanup(buf_release) struct buf value = BUF_INIT(FIXTURE_MAX);
			size_t mark = der_open(&value, DER_SEQUENCE);

			if (p->name == NULL)
				continue;
			add_bmp(p->name, &value);
			add_bmp(p->value, &value);
			der_close(&value, mark);
			fixture_attribute(
			    DER_BYTES(DER_OID_NAME_VALUE_PAIR), buf_bytes(&value), &attributes);
		}
		rc = parse_attributes(buf_bytes(&attributes), &csr, &err);
		ck_assert_msg((rc == 0) == VALIDITIES[_i].ok, "row %d: %s", _i, err.text);
		if (rc < 0) {
			ck_assert_int_eq(err.code, ERR_CSR_SYNTAX);
			return;
		}
		ck_assert(csr->has_validity == (VALIDITIES[_i].seconds != 0));
		ck_assert_int_eq(csr->validity_s, VALIDITIES[_i].seconds);
		ck_assert_str_eq(
		    csr->dropped, VALIDITIES[_i].is_dropped ? "1.3.6.1.4.1.311.13.2.1" : "");
	}
END_TEST

START_TEST(seventeen_key_purposes_are_too_many)
	{
		for (int count = 16; count <= 17; count++) {
			cleanup(buf_release) struct buf list = BUF_INIT(FIXTURE_MAX);
			cleanup(buf_release) struct buf extension = BUF_INIT(FIXTURE_MAX);
			cleanup(buf_release) struct buf attribute = BUF_INIT(FIXTURE_MAX);
			cleanup(csr_freep) struct csr *csr = NULL;
			struct error err = { .code = ERR_NONE };
			size_t mark = der_open(&list, DER_SEQUENCE);

			for (int i = 0; i < count; i++) {
				uint8_t oid[] = { 0x2a, 0x03, (uint8_t)i };

				der_add(&list, DER_OID, bytes_of(oid, sizeof(oid)));
				der_add(&list, DER_OID, bytes_of(oid, sizeof(oid)));
			}
			der_close(&list, mark);
			fixture_extension(
			    DER_BYTES(DER_OID_EXTENDED_KEY_USAGE), buf_bytes(&list), &extension);
			fixture_request(buf_bytes(&extension), &attribute);
			ck_assert_int_eq(parse_attributes(buf_bytes(&attribute), &csr, &err),
			    count == 16 ? 0 : -1);
		}
	}
END_TEST

START_TEST(the_list_of_dropped_oids_is_cut_with_dots)
	{
		cleanup(buf_release) struct buf attributes = BUF_INIT(FIXTURE_MAX);
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };
		size_t len;

		for (int i = 0; i < 60; i++) {
			uint8_t oid[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37,
				(uint8_t)(i + 1) };

			fixture_attribute(
			    bytes_of(oid, sizeof(oid)), bytes_of(NULL, 0), &attributes);
		}
		ck_assert_int_eq(parse_attributes(buf_bytes(&attributes), &csr, &err), 0);
		len = strlen(csr->dropped);
		ck_assert_uint_lt(len, CSR_DROPPED_MAX);
		ck_assert_str_eq(csr->dropped + len - 4, " ...");
		ck_assert_ptr_nonnull(strstr(csr->dropped, "1.3.6.1.4.1.311.1 1.3.6.1.4.1.311.2 "));
	}
END_TEST

START_TEST(a_point_off_the_curve_is_refused_as_a_key)
	{
		cleanup(buf_release) struct buf spki = BUF_INIT(FIXTURE_MAX);
		struct error err = { .code = ERR_NONE };
		struct key_facts facts;

		buf_add(&spki, key_public(signer));
		ck_assert_int_eq(key_facts_read(buf_bytes(&spki), &facts, &err), 0);
		spki.data[spki.len - 1] ^= 1;
		ck_assert_int_eq(key_facts_read(buf_bytes(&spki), &facts, &err), -1);
		ck_assert_int_eq(err.code, ERR_KEY);
	}
END_TEST

START_TEST(a_request_signed_by_another_key_is_refused)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		struct error err;

		fixture_csr(DER_BYTES("\x30\x00"), bytes_of(NULL, 0), signer, &der);
		ck_assert_int_eq(parse(buf_bytes(&der), &err), 0);
		der.data[14 + 36] ^= 1; /* inside the point: another key, most likely none at all */
		ck_assert_int_eq(parse(buf_bytes(&der), &err), -1);
	}
END_TEST

START_TEST(requests_of_more_than_the_limit_are_not_read)
	{
		static const uint8_t zeros[262145];
		struct error err;

		ck_assert_int_eq(parse(bytes_of(zeros, sizeof(zeros)), &err), -1);
		ck_assert_int_eq(err.code, ERR_TOO_LARGE);
		ck_assert_int_eq(parse(bytes_of(zeros, sizeof(zeros) - 1), &err), -1);
		ck_assert_int_eq(err.code, ERR_CSR_SYNTAX);
	}
END_TEST

START_TEST(a_request_for_a_ca_is_readable_and_asks_for_what_a_ca_needs)
	{
		cleanup(buf_release) struct buf subject = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		cleanup(csr_freep) struct csr *csr = NULL;
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(name_from_text("CN=Demo CA,O=Example", &subject, &err), 0);
		ck_assert_int_eq(csr_make_ca(buf_bytes(&subject), signer, &der, &err), 0);
		ck_assert_msg(csr_parse(buf_bytes(&der), 0, &csr, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(csr->key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
		ck_assert_str_eq(csr->dropped, "2.5.29.19");
		ck_assert(bytes_equal(csr->spki, key_public(signer)));
		ck_assert(bytes_equal(csr->subject, buf_bytes(&subject)));
	}
END_TEST

static void
add_tests(TCase *tests)
{
	tcase_add_loop_test(
	    tests, requests_of_openssl_are_judged_by_key_and_algorithm, 0, COUNT(FILES));
	tcase_add_test(tests, everything_asked_for_is_found);
	tcase_add_loop_test(tests, no_mutant_of_one_bit_is_accepted, 0, COUNT(SAMPLES));
	tcase_add_loop_test(tests, no_shorter_or_longer_request_is_accepted, 0, COUNT(SAMPLES));
	tcase_add_loop_test(tests, attributes_are_taken_dropped_or_refused, 0, COUNT(ATTRIBUTES));
	tcase_add_loop_test(
	    tests, requested_validity_is_read_over_several_attributes, 0, COUNT(VALIDITIES));
	tcase_add_test(tests, seventeen_key_purposes_are_too_many);
	tcase_add_test(tests, the_list_of_dropped_oids_is_cut_with_dots);
	tcase_add_test(tests, a_point_off_the_curve_is_refused_as_a_key);
	tcase_add_test(tests, a_request_signed_by_another_key_is_refused);
	tcase_add_test(tests, requests_of_more_than_the_limit_are_not_read);
	tcase_add_test(tests, a_request_for_a_ca_is_readable_and_asks_for_what_a_ca_needs);
}

int
main(void)
{
	Suite *suite = suite_create("csr");
	TCase *tests = tcase_create("csr");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tests, make_signer, drop_signer);
	tcase_set_timeout(tests, 60);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* crypto/cert: what is signed, read by others and by ourselves; PEM. */
#define _GNU_SOURCE
#include <check.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* 22 November 2025, and the years by days. */
enum { NOW = 1763769600, DAY = 86400 };

static const char *const KINDS[] = { "rsa2048", "p256", "p384", "ed25519" };

static const char *const FILES[] = { "rsa2048", "p256", "p384", "ed25519", "ca.pem", "leaf.pem",
	NULL };

static struct key *keys[COUNT(KINDS)];

static void
make_keys(void)
{
	fixture_folder_make();
	for (int i = 0; i < COUNT(KINDS); i++)
		keys[i] = fixture_key(KINDS[i]);
}

static void
drop_keys(void)
{
	for (int i = 0; i < COUNT(KINDS); i++)
		key_free(keys[i]);
	fixture_folder_remove(FILES);
}

/* A Name, owned by the caller's buf. */
static struct bytes
name_of(const char *text, struct buf *out)
{
	struct error err = { .code = ERR_NONE };

	ck_assert_int_eq(name_from_text(text, out, &err), 0);
	return buf_bytes(out);
}

static struct cert *
sign(const struct cert_template *template, struct key *key)
{
	cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
	struct error err = { .code = ERR_NONE };
	struct cert *cert = NULL;

	ck_assert_msg(cert_sign(template, key, &der, &err) == 0, "%s", err.text);
	ck_assert_msg(cert_parse(buf_bytes(&der), &cert, &err) == 0, "%s", err.text);
	return cert;
}

static struct cert *
sign_ca(struct key *key, struct bytes name)
{
	struct cert_template ca = {
		.serial = { 0x10, 1 },
		.issuer = name,
		.subject = name,
		.not_before = NOW,
		.not_after = NOW + 3650 * (int64_t)DAY,
		.spki = key_public(key),
		.is_ca = true,
		.path_len = 0,
		.key_usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN,
	};

	return sign(&ca, key);
}

static const char *const EKUS[] = { "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1" };

/* Everything that a leaf can have. */
static struct cert_template
leaf_template(const struct cert *ca, struct key *key, struct bytes subject)
{
	static const struct san sans[] = {
		{ SAN_DNS, { (const uint8_t *)"\x82\x11host.example.test", 19 }, { NULL, 0 } },
		{ SAN_IP, { (const uint8_t *)"\x87\x04\xc0\x00\x02\x01", 6 }, { NULL, 0 } },
	};

	return (struct cert_template){
		.serial = { 0x50, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
		.issuer = ca->subject,
		.authority_key_id = ca->key_id,
		.not_before = NOW,
		.not_after = NOW + 365 * (int64_t)DAY,
		.subject = subject,
		.spki = key_public(key),
		.path_len = -1,
		.key_usage = KU_DIGITAL_SIGNATURE | KU_KEY_AGREEMENT,
		.ekus = EKUS,
		.eku_count = 2,
		.sans = sans,
		.san_count = 2,
		.ca_issuers = { "https://a.example/ca/1", "http://a.example/ca/1" },
		.ocsp = "http://a.example/ocsp",
		.crl = "http://a.example/crl/1.crl",
		.ocsp_no_check = true,
	};
}

static gnutls_x509_crt_t
import(const struct cert *cert)
{
	gnutls_datum_t der = { cert->der.data, (unsigned)cert->der.len };
	gnutls_x509_crt_t crt;

	ck_assert_int_eq(gnutls_x509_crt_init(&crt), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER), 0);
	return crt;
}

static const char *const EXTENSION_ORDER[] = { "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14",
	"2.5.29.35", "2.5.29.17", "1.3.6.1.5.5.7.1.1", "2.5.29.31", "1.3.6.1.5.5.7.48.1.5" };

static void
assert_extensions(gnutls_x509_crt_t crt)
{
	unsigned critical;
	char text[128];
	size_t len;

	for (unsigned i = 0; i < (unsigned)COUNT(EXTENSION_ORDER); i++) {
		len = sizeof(text);
		ck_assert_int_eq(
		    gnutls_x509_crt_get_extension_info(crt, i, text, &len, &critical), 0);
		ck_assert_str_eq(text, EXTENSION_ORDER[i]);
		ck_assert_uint_eq(critical, i < 2);
	}
	len = sizeof(text);
	ck_assert_int_lt(
	    gnutls_x509_crt_get_extension_info(crt, COUNT(EXTENSION_ORDER), text, &len, &critical),
	    0);
}

static void
assert_usages(gnutls_x509_crt_t crt)
{
	unsigned critical, usage, is_ca;
	char text[128];
	size_t len;
	int path_len;

	ck_assert_int_eq(gnutls_x509_crt_get_key_usage(crt, &usage, &critical), 0);
	ck_assert_uint_eq(usage, GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_AGREEMENT);
	ck_assert_int_eq(
	    gnutls_x509_crt_get_basic_constraints(crt, &critical, &is_ca, &path_len), 0);
	ck_assert_int_eq(path_len, -1);
	for (unsigned i = 0; i < 2; i++) {
		len = sizeof(text);
		ck_assert_int_eq(
		    gnutls_x509_crt_get_key_purpose_oid(crt, i, text, &len, &critical), 0);
		ck_assert_str_eq(text, EKUS[i]);
	}
}

static void
assert_locations(gnutls_x509_crt_t crt)
{
	static const struct {
		int what;
		const char *uri;
	} wanted[] = { { GNUTLS_IA_CAISSUERS_URI, "https://a.example/ca/1" },
		{ GNUTLS_IA_CAISSUERS_URI, "http://a.example/ca/1" },
		{ GNUTLS_IA_OCSP_URI, "http://a.example/ocsp" } };
	unsigned reasons, critical;
	char text[128];
	size_t len = sizeof(text);

	for (unsigned i = 0; i < 3; i++) {
		gnutls_datum_t data = { NULL, 0 };

		ck_assert_int_eq(
		    gnutls_x509_crt_get_authority_info_access(crt, i, wanted[i].what, &data, NULL),
		    0);
		ck_assert(bytes_equal_text(bytes_of(data.data, data.size), wanted[i].uri));
		gnutls_free(data.data);
	}
	ck_assert_int_ge(
	    gnutls_x509_crt_get_crl_dist_points(crt, 0, text, &len, &reasons, &critical), 0);
	ck_assert(bytes_equal_text(bytes_of(text, len), "http://a.example/crl/1.crl"));
}

static void
assert_fields(gnutls_x509_crt_t crt)
{
	gnutls_datum_t issuer = { NULL, 0 };
	uint8_t serial[32];
	char text[128];
	size_t len = sizeof(serial);

	ck_assert_int_eq(gnutls_x509_crt_get_version(crt), 3);
	ck_assert_int_eq(gnutls_x509_crt_get_serial(crt, serial, &len), 0);
	ck_assert_uint_eq(len, 16);
	ck_assert_uint_eq(serial[0], 0x50);
	ck_assert_int_eq(gnutls_x509_crt_get_activation_time(crt), NOW);
	ck_assert_int_eq(gnutls_x509_crt_get_expiration_time(crt), NOW + 365 * (int64_t)DAY);
	ck_assert_int_eq(gnutls_x509_crt_get_issuer_dn3(crt, &issuer, 0), 0);
	ck_assert_str_eq((const char *)issuer.data, "CN=Demo CA,O=Example");
	gnutls_free(issuer.data);
	len = sizeof(text);
	ck_assert_int_ge(gnutls_x509_crt_get_subject_alt_name(crt, 0, text, &len, NULL), 0);
	ck_assert(bytes_equal_text(bytes_of(text, len), "host.example.test"));
}

START_TEST(gnutls_reads_every_field_as_it_was_meant)
	{
		struct key *ca_key = keys[_i / COUNT(KINDS)], *key = keys[_i % COUNT(KINDS)];
		cleanup(buf_release) struct buf ca_name = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf name = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca =
		    sign_ca(ca_key, name_of("CN=Demo CA,O=Example", &ca_name));
		struct cert_template template =
		    leaf_template(ca, key, name_of("CN=host.example.test", &name));
		cleanup(cert_freep) struct cert *leaf = sign(&template, ca_key);
		gnutls_x509_crt_t ca_crt = import(ca), crt = import(leaf);
		unsigned output = 1;

		assert_fields(crt);
		assert_extensions(crt);
		assert_usages(crt);
		assert_locations(crt);
		ck_assert_int_eq(gnutls_x509_crt_verify(
				     crt, &ca_crt, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &output),
		    0);
		ck_assert_uint_eq(output, 0);
		gnutls_x509_crt_deinit(ca_crt);
		gnutls_x509_crt_deinit(crt);
	}
END_TEST

static void
write_pem(const char *name, struct bytes der)
{
	cleanup(buf_release) struct buf pem = BUF_INIT(FIXTURE_MAX);
	char path[256];
	int fd;

	pem_encode("CERTIFICATE", der, &pem);
	(void)snprintf(path, sizeof(path), "%s/%s", fixture_folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, pem.data, pem.len), (ssize_t)pem.len);
	(void)close(fd);
}

/* The exit status of `openssl verify`, 127 when there is no such program. */
static int
openssl_verify(void)
{
	char at[16];
	pid_t child = fork();
	int status;

	(void)snprintf(at, sizeof(at), "%d", NOW + DAY);
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		if (chdir(fixture_folder) == 0 && dup2(null, STDOUT_FILENO) >= 0)
			(void)execlp("openssl", "openssl", "verify", "-x509_strict", "-attime", at,
			    "-CAfile", "ca.pem", "leaf.pem", (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(openssl_verifies_leaves_strictly)
	{
		struct key *ca_key = keys[_i / COUNT(KINDS)], *key = keys[_i % COUNT(KINDS)];
		cleanup(buf_release) struct buf ca_name = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca =
		    sign_ca(ca_key, name_of("CN=Demo CA,O=Example", &ca_name));
		/* The empty subject makes the SAN critical, which strict verifiers insist on. */
		struct cert_template template = leaf_template(ca, key, DER_BYTES("\x30\x00"));
		cleanup(cert_freep) struct cert *leaf = sign(&template, ca_key);
		int status;

		write_pem("ca.pem", buf_bytes(&ca->der));
		write_pem("leaf.pem", buf_bytes(&leaf->der));
		status = openssl_verify();
		if (status == 127)
			(void)puts("SKIP: no openssl, its strict verification was not tried");
		else
			ck_assert_int_eq(status, 0);
	}
END_TEST

START_TEST(a_certificate_is_read_back_field_by_field)
	{
		cleanup(buf_release) struct buf ca_name = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf name = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca =
		    sign_ca(keys[_i], name_of("CN=Demo CA,O=Example", &ca_name));
		struct cert_template t = leaf_template(ca, keys[_i], name_of("CN=x", &name));
		cleanup(cert_freep) struct cert *leaf = sign(&t, keys[_i]);
		uint8_t id[20];
		struct error err = { .code = ERR_NONE };

		ck_assert(ca->is_ca && ca->path_len == 0 && ca->has_key_usage);
		ck_assert_uint_eq(ca->key_usage, KU_KEY_CERT_SIGN | KU_CRL_SIGN);
		ck_assert_uint_eq(ca->authority_key_id.len, 0);
		ck_assert_int_eq(cert_key_id(key_public(keys[_i]), id, &err), 0);
		ck_assert(bytes_equal(ca->key_id, bytes_of(id, sizeof(id))));
		ck_assert(!leaf->is_ca && leaf->path_len == -1);
		ck_assert(bytes_equal(leaf->authority_key_id, ca->key_id));
		ck_assert(bytes_equal(leaf->serial, bytes_of(t.serial, sizeof(t.serial))));
		ck_assert(bytes_equal(leaf->issuer, ca->subject));
		ck_assert(bytes_equal(leaf->subject, t.subject));
		ck_assert(bytes_equal(leaf->spki, t.spki));
		ck_assert_int_eq(leaf->key.type, key_facts(keys[_i]).type);
		ck_assert(leaf->not_before == t.not_before && leaf->not_after == t.not_after);
		ck_assert_msg(cert_verify(leaf, ca, &err) == 0, "%s", err.text);
		ck_assert_int_eq(cert_verify(ca, ca, &err), 0);
		ck_assert_int_eq(cert_verify(ca, leaf, &err), -1);
		ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
	}
END_TEST

START_TEST(a_certificate_of_a_namesake_does_not_verify)
	{
		cleanup(buf_release) struct buf name = BUF_INIT(FIXTURE_MAX);
		struct bytes ca_name = name_of("CN=Demo CA", &name);
		cleanup(cert_freep) struct cert *one = sign_ca(keys[1], ca_name);
		cleanup(cert_freep) struct cert *other = sign_ca(keys[2], ca_name);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(cert_verify(one, one, &err), 0);
		ck_assert_int_eq(cert_verify(one, other, &err), -1);
		ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
	}
END_TEST

START_TEST(no_shorter_longer_or_bent_certificate_verifies)
	{
		cleanup(buf_release) struct buf ca_name = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca =
		    sign_ca(keys[_i], name_of("CN=Demo CA,O=Example", &ca_name));
		struct cert_template t = leaf_template(ca, keys[1], DER_BYTES("\x30\x00"));
		cleanup(cert_freep) struct cert *leaf = sign(&t, keys[_i]);
		struct error err;

		buf_add(&der, buf_bytes(&leaf->der));
		for (size_t bit = 0; bit < der.len * 8; bit++) {
			cleanup(cert_freep) struct cert *bent = NULL;

			err = (struct error){ .code = ERR_NONE };
			der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_msg(cert_parse(buf_bytes(&der), &bent, &err) < 0 ||
					  cert_verify(bent, ca, &err) < 0,
			    "bit %zu", bit);
			ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
			der.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t len = 0; len < der.len; len++) {
			cleanup(cert_freep) struct cert *cut = NULL;

			ck_assert_int_eq(cert_parse(bytes_of(der.data, len), &cut, &err), -1);
		}
		buf_add_byte(&der, 0);
		ck_assert_int_eq(cert_parse(buf_bytes(&der), &(struct cert *){ NULL }, &err), -1);
	}
END_TEST

enum change {
	SERIAL_ZERO,
	SERIAL_NEGATIVE,
	ENDS_EARLY,
	NO_ISSUER,
	NO_NAMES,
	CA_WITHOUT_NAME,
	BAD_EKU,
	LATE,
	NOTHING
};

START_TEST(a_template_that_nobody_should_sign_is_refused)
	{
		cleanup(buf_release) struct buf ca_name = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca =
		    sign_ca(keys[1], name_of("CN=Demo CA,O=Example", &ca_name));
		struct cert_template t = leaf_template(ca, keys[1], DER_BYTES("\x30\x00"));
		const char *const no_eku[] = { "not.an.oid" };
		struct error err = { .code = ERR_NONE };

		t.serial[0] = _i == SERIAL_ZERO ? 0 : _i == SERIAL_NEGATIVE ? 0x80 : 0x7f;
		t.not_after = _i == ENDS_EARLY ? t.not_before - 1
			      : _i == LATE     ? 253402300800
					       : t.not_before;
		t.issuer = _i == NO_ISSUER ? DER_BYTES("\x30\x00") : t.issuer;
		t.san_count = _i == NO_NAMES ? 0 : t.san_count;
		t.is_ca = _i == CA_WITHOUT_NAME;
		t.ekus = _i == BAD_EKU ? no_eku : t.ekus;
		t.eku_count = 1;
		ck_assert_msg((cert_sign(&t, keys[1], &der, &err) == 0) == (_i == NOTHING),
		    "%d: %s", _i, err.text);
		ck_assert((der.len > 0) == (_i == NOTHING));
	}
END_TEST

START_TEST(dates_from_2050_on_are_generalized_time)
	{
		cleanup(buf_release) struct buf ca_name = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca =
		    sign_ca(keys[1], name_of("CN=Demo CA,O=Example", &ca_name));
		struct cert_template t = leaf_template(ca, keys[1], DER_BYTES("\x30\x00"));
		cleanup(cert_freep) struct cert *leaf = NULL;
		gnutls_x509_crt_t crt;

		t.not_before = 2524607999;
		t.not_after = 2524608000;
		leaf = sign(&t, keys[1]);
		crt = import(leaf);
		ck_assert_int_eq(gnutls_x509_crt_get_activation_time(crt), 2524607999);
		ck_assert_int_eq(gnutls_x509_crt_get_expiration_time(crt), 2524608000);
		ck_assert_ptr_nonnull(memmem(leaf->der.data, leaf->der.len,
		    "\x17\x0d"
		    "491231235959Z"
		    "\x18\x0f"
		    "20500101000000Z",
		    32));
		gnutls_x509_crt_deinit(crt);
	}
END_TEST

START_TEST(optional_extensions_stay_away)
	{
		cleanup(buf_release) struct buf name = BUF_INIT(FIXTURE_MAX);
		cleanup(cert_freep) struct cert *ca =
		    sign_ca(keys[1], name_of("CN=Demo CA", &name));
		gnutls_x509_crt_t crt = import(ca);
		char text[64];
		size_t len = sizeof(text);

		/* BasicConstraints, KeyUsage, SKI and no fourth */
		ck_assert_int_lt(gnutls_x509_crt_get_extension_oid(crt, 3, text, &len), 0);
		gnutls_x509_crt_deinit(crt);
	}
END_TEST

#define ABC_PEM "-----BEGIN X-----\nYWJj\n-----END X-----\n"

static const struct {
	const char *text;
	const char *out; /* NULL: refused */
	size_t offset;   /* afterwards */
} PEMS[] = {
	{ ABC_PEM, "abc", sizeof(ABC_PEM) - 2 },
	{ "-----BEGIN X-----YWJj-----END X-----", "abc", 36 },
	{ "text before\n" ABC_PEM "after", "abc", 12 + sizeof(ABC_PEM) - 2 },
	{ "-----BEGIN X-----\r\nYW\r\n Jj\r\n-----END X-----", "abc", 43 },
	{ "-----BEGIN XX-----\nZGVm\n-----END XX-----\n" ABC_PEM, "abc", 41 + sizeof(ABC_PEM) - 2 },
	{ "-----BEGIN X-----\n-----END X-----\n", NULL, 0 },
	{ "-----BEGIN X-----\nYWJj\n", NULL, 0 },
	{ "-----BEGIN X-----\nYWJj\n-----END Y-----\n", NULL, 0 },
	{ "-----BEGIN X-----\nYW?j\n-----END X-----\n", NULL, 0 },
	{ "-----BEGIN X-----\nYWJ\n-----END X-----\n", NULL, 0 },
	{ "-----BEGIN X-----\nH: v\n\nYWJj\n-----END X-----\n", NULL, 0 },
	{ "-----END X-----\nYWJj\n-----BEGIN X-----\n", NULL, 0 },
	{ "", NULL, 0 },
};

START_TEST(pem_blocks_are_found_and_decoded_strictly)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(64);
		struct error err = { .code = ERR_NONE };
		size_t offset = 0;
		int rc = pem_decode(bytes_text(PEMS[_i].text), "X", &offset, &der, &err);

		ck_assert_msg((rc == 0) == (PEMS[_i].out != NULL), "row %d: %s", _i, err.text);
		ck_assert_uint_eq(offset, PEMS[_i].offset);
		if (rc == 0)
			ck_assert_str_eq(buf_text(&der), PEMS[_i].out);
		else
			ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
	}
END_TEST

START_TEST(pem_survives_the_way_there_and_back)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(4096);
		cleanup(buf_release) struct buf der = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };
		uint8_t data[200];
		size_t offset = 0;

		memset(data, 0xa5, sizeof(data));
		pem_encode("X", bytes_of(data, (size_t)_i), &text);
		pem_encode("X", bytes_of(data, (size_t)_i), &text);
		ck_assert_int_eq(pem_decode(buf_bytes(&text), "X", &offset, &der, &err), 0);
		ck_assert_int_eq(pem_decode(buf_bytes(&text), "X", &offset, &der, &err), 0);
		ck_assert_uint_eq(der.len, 2 * (size_t)_i);
		ck_assert_int_eq(pem_decode(buf_bytes(&text), "X", &offset, &der, &err), -1);
	}
END_TEST

static void
add_tests(TCase *tests)
{
	int pairs = COUNT(KINDS) * COUNT(KINDS);

	tcase_add_loop_test(tests, gnutls_reads_every_field_as_it_was_meant, 0, pairs);
	tcase_add_loop_test(tests, openssl_verifies_leaves_strictly, 0, pairs);
	tcase_add_loop_test(tests, a_certificate_is_read_back_field_by_field, 0, COUNT(KINDS));
	tcase_add_test(tests, a_certificate_of_a_namesake_does_not_verify);
	tcase_add_loop_test(tests, no_shorter_longer_or_bent_certificate_verifies, 0, COUNT(KINDS));
	tcase_add_loop_test(tests, a_template_that_nobody_should_sign_is_refused, 0, NOTHING + 1);
	tcase_add_test(tests, dates_from_2050_on_are_generalized_time);
	tcase_add_test(tests, optional_extensions_stay_away);
	tcase_add_loop_test(tests, pem_blocks_are_found_and_decoded_strictly, 0, COUNT(PEMS));
	tcase_add_loop_test(tests, pem_survives_the_way_there_and_back, 1, 200);
}

int
main(void)
{
	Suite *suite = suite_create("cert");
	TCase *tests = tcase_create("cert");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tests, make_keys, drop_keys);
	tcase_set_timeout(tests, 60);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

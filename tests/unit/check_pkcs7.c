/* crypto/pkcs7: certificates in a SignedData without signers, against what OpenSSL makes. */
#include <check.h>
#include <gnutls/pkcs7.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/pkcs7.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { CERTS = 4 };

static const char *const FILES[CERTS] = { "pkcs7/short.der", "pkcs7/middle.der",
	"pkcs7/middle2.der", "pkcs7/long.der" };

static struct buf ders[CERTS];
static struct bytes certs[PKCS7_MAX_CERTS + 1];
static struct error err;

static void
setup(void)
{
	for (int i = 0; i < CERTS; i++) {
		ders[i] = (struct buf)BUF_INIT(FIXTURE_MAX);
		fixture_read(FILES[i], &ders[i]);
		certs[i] = buf_bytes(&ders[i]);
	}
	err = (struct error){ .code = ERR_NONE };
}

static void
teardown(void)
{
	for (int i = 0; i < CERTS; i++)
		buf_release(&ders[i]);
}

static void
assert_made(size_t count, const char *file)
{
	struct buf wanted = BUF_INIT(FIXTURE_MAX), got = BUF_INIT(FIXTURE_MAX);

	fixture_read(file, &wanted);
	ck_assert_msg(pkcs7_certs(certs, count, &got, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(got.len, wanted.len);
	ck_assert_mem_eq(got.data, wanted.data, wanted.len);
	buf_release(&wanted);
	buf_release(&got);
}

START_TEST(one_certificate_is_wrapped_as_openssl_wraps_it)
	{
		assert_made(1, "pkcs7/one.p7");
	}
END_TEST

/* The _i-th of the 24 orders of four. */
static void
permute(int which)
{
	for (int i = CERTS; i > 1; which /= i, i--) {
		struct bytes kept = certs[i - 1];

		certs[i - 1] = certs[which % i];
		certs[which % i] = kept;
	}
}

START_TEST(whatever_their_order_certificates_come_out_sorted)
	{
		permute(_i);
		assert_made(CERTS, "pkcs7/all.p7");
	}
END_TEST

START_TEST(what_is_there_before_stays)
	{
		struct buf got = BUF_INIT(FIXTURE_MAX), alone = BUF_INIT(FIXTURE_MAX);

		buf_add_text(&got, "before");
		ck_assert_int_eq(pkcs7_certs(certs, 2, &got, &err), 0);
		ck_assert_int_eq(pkcs7_certs(certs, 2, &alone, &err), 0);
		ck_assert_uint_eq(got.len, alone.len + 6);
		ck_assert_mem_eq(got.data + 6, alone.data, alone.len);
		buf_release(&got);
		buf_release(&alone);
	}
END_TEST

/* The fields of RFC 5652, 5.1, one by one. */
static void
assert_fields(struct bytes der, size_t count)
{
	struct bytes rest, content, signed_data, inner, list, field;

	ck_assert(der_only(der, DER_SEQUENCE, &rest));
	ck_assert(der_take_oid(&rest, &field));
	ck_assert(bytes_equal(field, DER_BYTES(DER_OID_SIGNED_DATA)));
	ck_assert(der_take(&rest, DER_CONTEXT_OF(0), &content));
	ck_assert_uint_eq(rest.len, 0);
	ck_assert(der_only(content, DER_SEQUENCE, &signed_data));
	ck_assert(der_take_integer(&signed_data, &field));
	ck_assert(bytes_equal(field, DER_BYTES("\x01")));
	ck_assert(der_take(&signed_data, DER_SET, &field));
	ck_assert_uint_eq(field.len, 0);
	ck_assert(der_take(&signed_data, DER_SEQUENCE, &inner));
	ck_assert(bytes_equal(inner, DER_BYTES("\x06\x09" DER_OID_DATA)));
	ck_assert(der_take(&signed_data, DER_CONTEXT_OF(0), &list));
	for (size_t i = 0; i < count; i++)
		ck_assert(der_take(&list, DER_SEQUENCE, &field));
	ck_assert_uint_eq(list.len, 0);
	ck_assert(der_take(&signed_data, DER_SET, &field));
	ck_assert_uint_eq(field.len, 0);
	ck_assert_uint_eq(signed_data.len, 0);
}

/* GnuTLS finds every certificate of ours in it, and nothing else. */
static void
assert_imported(struct bytes der, size_t count)
{
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)der.ptr, (unsigned)der.len }, raw;
	gnutls_pkcs7_t pkcs7;

	ck_assert_int_eq(gnutls_pkcs7_init(&pkcs7), 0);
	ck_assert_int_eq(gnutls_pkcs7_import(pkcs7, &data, GNUTLS_X509_FMT_DER), 0);
	ck_assert_int_eq(gnutls_pkcs7_get_crt_count(pkcs7), (int)count);
	ck_assert_int_eq(gnutls_pkcs7_get_crl_count(pkcs7), 0);
	ck_assert_str_eq(gnutls_pkcs7_get_embedded_data_oid(pkcs7), "1.2.840.113549.1.7.1");
	for (unsigned i = 0; i < count; i++) {
		size_t matches = 0;

		ck_assert_int_eq(gnutls_pkcs7_get_crt_raw2(pkcs7, i, &raw), 0);
		for (size_t j = 0; j < count; j++)
			matches += bytes_equal(bytes_of(raw.data, raw.size), certs[j]);
		ck_assert_uint_eq(matches, 1);
		gnutls_free(raw.data);
	}
	gnutls_pkcs7_deinit(pkcs7);
}

START_TEST(gnutls_reads_them_all)
	{
		struct buf got = BUF_INIT(FIXTURE_MAX);
		size_t count = (size_t)_i;

		ck_assert_int_eq(pkcs7_certs(certs, count, &got, &err), 0);
		assert_fields(buf_bytes(&got), count);
		assert_imported(buf_bytes(&got), count);
		buf_release(&got);
	}
END_TEST

START_TEST(so_many_fit_and_no_more)
	{
		struct buf got = BUF_INIT(FIXTURE_MAX);

		for (size_t i = 0; i <= PKCS7_MAX_CERTS; i++)
			certs[i] = buf_bytes(&ders[i % CERTS]);
		ck_assert_int_eq(pkcs7_certs(certs, PKCS7_MAX_CERTS, &got, &err), 0);
		assert_fields(buf_bytes(&got), PKCS7_MAX_CERTS);
		ck_assert_int_eq(pkcs7_certs(certs, PKCS7_MAX_CERTS + 1, &got, &err), -1);
		ck_assert_int_eq(err.code, ERR_INTERNAL);
		error_clear(&err);
		ck_assert_int_eq(pkcs7_certs(certs, 0, &got, &err), -1);
		ck_assert_int_eq(err.code, ERR_INTERNAL);
		buf_release(&got);
	}
END_TEST

START_TEST(a_buffer_too_small_is_an_error)
	{
		struct buf wanted = BUF_INIT(FIXTURE_MAX);

		ck_assert_int_eq(pkcs7_certs(certs, 1, &wanted, &err), 0);
		for (size_t room = 1; room <= wanted.len; room++) {
			struct buf small = BUF_INIT(room);

			error_clear(&err);
			ck_assert_int_eq(
			    pkcs7_certs(certs, 1, &small, &err), room < wanted.len ? -1 : 0);
			ck_assert_int_eq(err.code, room < wanted.len ? ERR_INTERNAL : ERR_NONE);
			buf_release(&small);
		}
		buf_release(&wanted);
	}
END_TEST

static const struct {
	const char *what;
	struct bytes der;
} NO_CERTS[] = {
	{ "nothing", { NULL, 0 } },
	{ "a SET", { (const uint8_t *)"\x31\x00", 2 } },
	{ "octets behind", { (const uint8_t *)"\x30\x00\x00", 3 } },
	{ "cut short", { (const uint8_t *)"\x30\x02\x05", 3 } },
};

START_TEST(what_is_no_element_is_refused)
	{
		struct buf got = BUF_INIT(FIXTURE_MAX);

		certs[1] = NO_CERTS[_i].der;
		ck_assert_int_eq(pkcs7_certs(certs, 2, &got, &err), -1);
		ck_assert_msg(err.code == ERR_INTERNAL, "%s", NO_CERTS[_i].what);
		ck_assert_uint_eq(got.len, 0);
		buf_release(&got);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pkcs7");
	TCase *tc = tcase_create("pkcs7");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_certificate_is_wrapped_as_openssl_wraps_it);
	tcase_add_loop_test(tc, whatever_their_order_certificates_come_out_sorted, 0, 24);
	tcase_add_test(tc, what_is_there_before_stays);
	tcase_add_loop_test(tc, gnutls_reads_them_all, 1, CERTS + 1);
	tcase_add_test(tc, so_many_fit_and_no_more);
	tcase_add_test(tc, a_buffer_too_small_is_an_error);
	tcase_add_loop_test(tc, what_is_no_element_is_refused, 0, COUNT(NO_CERTS));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

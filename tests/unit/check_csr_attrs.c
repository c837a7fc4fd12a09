/* crypto/csr_attrs: what clients are told, against octets of RFC 9908 and read back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/csr_attrs.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* As in the examples of RFC 9908, 5: 4096 bits and SHA-256 (5.4), P-384 and SHA-384 (5.5). */
#define RSA_4096 "\x30\x11\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x31\x04\x02\x02\x10\x00"
#define RSA_SHA256 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"
#define EC_P384 "\x30\x12\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x31\x07\x06\x05\x2b\x81\x04\x00\x22"
#define ECDSA_SHA384 "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"

#define EC_P256 \
	"\x30\x15\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x31\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01" \
	"\x07"
#define EC_BOTH \
	"\x30\x1c\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x31\x11\x06\x05\x2b\x81\x04\x00\x22\x06\x08" \
	"\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define ECDSA_SHA256 "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
#define ED25519 "\x06\x03\x2b\x65\x70"
#define SAN "\x06\x03\x55\x1d\x11"
#define KEY_USAGE "\x06\x03\x55\x1d\x0f"
#define EKU "\x06\x03\x55\x1d\x25"

#define LEN(literal) literal, sizeof(literal) - 1

static const struct {
	struct csr_attrs wanted;
	const char *content;
	size_t len;
} ATTRS[] = {
	{ { .rsa_bits = 2048 }, LEN("") },
	{ { .rsa = true, .rsa_bits = 4096 }, LEN(RSA_4096 RSA_SHA256) },
	{ { .p384 = true }, LEN(EC_P384 ECDSA_SHA384) },
	{ { .p256 = true }, LEN(EC_P256 ECDSA_SHA256) },
	{ { .p256 = true, .p384 = true }, LEN(EC_BOTH ECDSA_SHA256 ECDSA_SHA384) },
	{ { .ed25519 = true }, LEN(ED25519) },
	{ { .sans = true }, LEN(SAN) },
	{ { .key_usage = true }, LEN(KEY_USAGE) },
	{ { .ekus = true }, LEN(EKU) },
	{ { .rsa = true,
	      .rsa_bits = 4096,
	      .p256 = true,
	      .p384 = true,
	      .ed25519 = true,
	      .sans = true,
	      .ekus = true,
	      .key_usage = true },
	    LEN(RSA_4096 EC_BOTH SAN KEY_USAGE EKU RSA_SHA256 ECDSA_SHA256 ECDSA_SHA384 ED25519) },
};

START_TEST(each_wish_is_an_attribute_or_an_oid)
	{
		struct buf der = BUF_INIT(1024);
		struct error err = { .code = ERR_NONE };
		struct bytes content;

		ck_assert_int_eq(csr_attrs_write(&ATTRS[_i].wanted, &der, &err), 0);
		ck_assert(der_only(buf_bytes(&der), DER_SEQUENCE, &content));
		ck_assert_uint_eq(content.len, ATTRS[_i].len);
		if (content.len > 0)
			ck_assert_mem_eq(content.ptr, ATTRS[_i].content, content.len);
		buf_release(&der);
	}
END_TEST

/* AttrOrOID; an attribute's values are one at least, in ascending order, and well formed. */
static void
assert_attr_or_oid(const struct der_item *item)
{
	struct bytes rest = item->content, oid, values, last = { NULL, 0 };
	struct der_item value;

	if (item->tag == DER_OID)
		return;
	ck_assert_int_eq(item->tag, DER_SEQUENCE);
	ck_assert(der_take_oid(&rest, &oid));
	ck_assert(der_take(&rest, DER_SET, &values));
	ck_assert_uint_eq(rest.len, 0);
	ck_assert_uint_gt(values.len, 0);
	while (values.len > 0) {
		ck_assert(der_next(&values, &value));
		ck_assert(last.len == 0 || memcmp(last.ptr, value.whole.ptr, last.len) < 0);
		last = value.whole;
	}
}

START_TEST(whatever_is_wanted_it_is_a_list_of_attr_or_oid)
	{
		struct csr_attrs wanted = {
			.rsa = (_i & 1) != 0,
			.rsa_bits = 2048,
			.p256 = (_i & 2) != 0,
			.p384 = (_i & 4) != 0,
			.ed25519 = (_i & 8) != 0,
			.sans = (_i & 16) != 0,
			.ekus = (_i & 32) != 0,
			.key_usage = (_i & 64) != 0,
		};
		struct buf der = BUF_INIT(1024);
		struct error err = { .code = ERR_NONE };
		struct der_item item;
		struct bytes rest;

		ck_assert_int_eq(csr_attrs_write(&wanted, &der, &err), 0);
		ck_assert(der_only(buf_bytes(&der), DER_SEQUENCE, &rest));
		while (rest.len > 0) {
			ck_assert(der_next(&rest, &item));
			ck_assert(der_is_well_formed(item.whole, 4));
			assert_attr_or_oid(&item);
		}
		buf_release(&der);
	}
END_TEST

static const struct {
	unsigned bits;
	const char *integer; /* NULL: refused */
} SIZES[] = {
	{ 0, NULL },
	{ 255, NULL },
	{ 256, "\x02\x02\x01\x00" },
	{ 2048, "\x02\x02\x08\x00" },
	{ 3072, "\x02\x02\x0c\x00" },
	{ 32767, "\x02\x02\x7f\xff" },
	{ 32768, NULL },
	{ 67584, NULL },
};

START_TEST(an_rsa_size_is_a_short_integer)
	{
		struct csr_attrs wanted = { .rsa = true, .rsa_bits = SIZES[_i].bits };
		struct buf der = BUF_INIT(1024);
		struct error err = { .code = ERR_NONE };
		int result = csr_attrs_write(&wanted, &der, &err);

		if (SIZES[_i].integer == NULL) {
			ck_assert_int_eq(result, -1);
			ck_assert_int_eq(err.code, ERR_INTERNAL);
		} else {
			ck_assert_int_eq(result, 0);
			ck_assert_mem_eq(der.data + 17, SIZES[_i].integer, 4);
		}
		buf_release(&der);
	}
END_TEST

START_TEST(a_buffer_too_small_is_an_error)
	{
		const struct csr_attrs *all = &ATTRS[COUNT(ATTRS) - 1].wanted;
		struct buf der = BUF_INIT(1024);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(csr_attrs_write(all, &der, &err), 0);
		for (size_t room = 1; room < der.len; room++) {
			struct buf small = BUF_INIT(room);

			error_clear(&err);
			ck_assert_int_eq(csr_attrs_write(all, &small, &err), -1);
			ck_assert_int_eq(err.code, ERR_INTERNAL);
			buf_release(&small);
		}
		buf_release(&der);
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("csr_attrs");
	TCase *tc = tcase_create("csr_attrs");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, each_wish_is_an_attribute_or_an_oid, 0, COUNT(ATTRS));
	tcase_add_loop_test(tc, whatever_is_wanted_it_is_a_list_of_attr_or_oid, 0, 128);
	tcase_add_loop_test(tc, an_rsa_size_is_a_short_integer, 0, COUNT(SIZES));
	tcase_add_test(tc, a_buffer_too_small_is_an_error);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* api/management/certificate_dto_text: the texts of a certificate as CZERTAINLY's clients show
 * them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "api/management/certificate_dto_text.h"
#include "base/cleanup.h"
#include "base/enc.h"
#include "crypto/der.h"

enum { TEXT_MAX = 4096 };

static const struct {
	const char *name; /* RFC 4514 */
	const char *shown;
	const char *common_name; /* NULL: none */
} names[] = {
	{ "CN=a.example", "CN=a.example", "a.example" },
	{ "CN=a,OU=b,O=c,C=DE", "CN=a, OU=b, O=c, C=DE", "a" },
	{ "CN=inner,CN=outer", "CN=inner, CN=outer", "inner" },
	{ "CN=a+OU=b,O=c", "CN=a+OU=b, O=c", "a" },
	{ "O=c,CN=a+OU=b", "O=c, CN=a+OU=b", "a" },
	{ "CN=a\\,b\\+c\\=d\\\\e\\\"f\\#g", "CN=a,b+c=d\\e\"f#g", "a,b+c=d\\e\"f#g" },
	{ "CN=\\ a\\ ", "CN= a ", " a " },
	{ "O=c", "O=c", NULL },
	{ "2.5.4.12=Dr,CN=a", "2.5.4.12=Dr, CN=a", "a" },
	{ "CN=S\xc3\xb6hne", "CN=S\xc3\xb6hne", "S\xc3\xb6hne" },
};

START_TEST(a_name_is_written_from_its_end_without_escapes)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(TEXT_MAX);
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
		struct error err = { .code = ERR_NONE };
		char common_name[NAME_VALUE_MAX] = "";

		ck_assert_msg(name_from_text(names[_i].name, &der, &err) == 0, "%s", err.text);
		certificate_dto_text_dn(buf_bytes(&der), &text);
		ck_assert_str_eq(buf_text(&text), names[_i].shown);
		ck_assert_int_eq(certificate_dto_text_common_name(buf_bytes(&der), common_name),
		    names[_i].common_name != NULL);
		if (names[_i].common_name != NULL)
			ck_assert_str_eq(common_name, names[_i].common_name);
	}
END_TEST

START_TEST(the_empty_name_is_an_empty_text)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
		char common_name[NAME_VALUE_MAX];

		certificate_dto_text_dn(DER_BYTES("\x30\x00"), &text);
		ck_assert_uint_eq(text.len, 0);
		ck_assert(!certificate_dto_text_common_name(DER_BYTES("\x30\x00"), common_name));
	}
END_TEST

static const struct bytes_row {
	const char *der;
	size_t len;
} malformed[] = {
	{ "", 0 },
	{ "\x30\x01", 2 },
	{ "\x31\x00", 2 },
	{ "\x30\x02\x31\x00", 4 },                                        /* an empty RDN */
	{ "\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\n", 14 }, /* a control character */
	{ "\x30\x00\x00", 3 },
};

START_TEST(a_name_that_is_not_taken_is_shown_as_its_octets)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
		cleanup(buf_release) struct buf want = BUF_INIT(TEXT_MAX);
		struct bytes der = bytes_of(malformed[_i].der, malformed[_i].len);

		certificate_dto_text_dn(der, &text);
		buf_add_byte(&want, '#');
		hex_encode(der, &want);
		ck_assert_str_eq(buf_text(&text), buf_text(&want));
	}
END_TEST

/* The longest name that there is: 32 attributes of 255 octets. */
START_TEST(the_longest_name_fits)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(65536);
		cleanup(buf_release) struct buf text = BUF_INIT(65536);
		struct error err = { .code = ERR_NONE };
		char value[NAME_VALUE_MAX];
		size_t whole = der_open(&der, DER_SEQUENCE);

		(void)memset(value, 'a', sizeof(value));
		for (unsigned i = 0; i < NAME_MAX_ATTRIBUTES; i++) {
			size_t set = der_open(&der, DER_SET), pair = der_open(&der, DER_SEQUENCE);

			ck_assert_int_eq(der_add_oid(&der, OID_COMMON_NAME, &err), 0);
			der_add(&der, DER_UTF8_STRING, bytes_of(value, NAME_VALUE_MAX - 1));
			der_close(&der, pair);
			der_close(&der, set);
		}
		der_close(&der, whole);
		certificate_dto_text_dn(buf_bytes(&der), &text);
		ck_assert_uint_eq(text.len, NAME_MAX_ATTRIBUTES * (NAME_VALUE_MAX - 1 + 5) - 2);
	}
END_TEST

static const struct {
	const char *oid;
	const char *name;
} signatures[] = {
	{ "1.2.840.113549.1.1.11", "SHA256withRSA" },
	{ "1.2.840.10045.4.3.2", "SHA256withECDSA" },
	{ "1.2.840.10045.4.3.3", "SHA384withECDSA" },
	{ "1.3.101.112", "Ed25519" },
	{ "1.2.3.4", "1.2.3.4" },
};

START_TEST(a_signature_s_algorithm_has_its_name)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(TEXT_MAX);
		cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);
		struct error err = { .code = ERR_NONE };
		size_t whole = der_open(&der, DER_SEQUENCE), algorithm;

		der_add(&der, DER_SEQUENCE, DER_BYTES(""));
		algorithm = der_open(&der, DER_SEQUENCE);
		ck_assert_int_eq(der_add_oid(&der, signatures[_i].oid, &err), 0);
		der_close(&der, algorithm);
		der_add_bits(&der, DER_BYTES("x"), 0);
		der_close(&der, whole);
		certificate_dto_text_signature(buf_bytes(&der), &text);
		ck_assert_str_eq(buf_text(&text), signatures[_i].name);
		buf_reset(&text);
		certificate_dto_text_signature(bytes_of(der.data, der.len - 1), &text);
		ck_assert_uint_eq(text.len, 0);
	}
END_TEST

START_TEST(keys_and_serial_numbers_are_written_shortly)
	{
		static const struct {
			const char *octets;
			size_t len;
			const char *shown;
		} serials[] = {
			{ "\x50\xab", 2, "50ab" },
			{ "\x0a\xbc", 2, "abc" },
			{ "\x00\xff", 2, "ff" },
			{ "\x00", 1, "0" },
		};

		for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
			cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

			certificate_dto_text_serial(
			    bytes_of(serials[i].octets, serials[i].len), &text);
			ck_assert_str_eq(buf_text(&text), serials[i].shown);
		}
		ck_assert_str_eq(certificate_dto_text_key("rsa"), "RSA");
		ck_assert_str_eq(certificate_dto_text_key("p384"), "ECDSA");
		ck_assert_str_eq(certificate_dto_text_key("ed25519"), "Ed25519");
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("certificate_dto");
	TCase *tc = tcase_create("texts");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, a_name_is_written_from_its_end_without_escapes, 0,
	    (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tc, the_empty_name_is_an_empty_text);
	tcase_add_loop_test(tc, a_name_that_is_not_taken_is_shown_as_its_octets, 0,
	    (int)(sizeof(malformed) / sizeof(malformed[0])));
	tcase_add_test(tc, the_longest_name_fits);
	tcase_add_loop_test(tc, a_signature_s_algorithm_has_its_name, 0,
	    (int)(sizeof(signatures) / sizeof(signatures[0])));
	tcase_add_test(tc, keys_and_serial_numbers_are_written_shortly);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

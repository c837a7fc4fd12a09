/* The body forms of POST /api/csr: what clients really send, and what must be told apart. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/enrollment/csr_body.h"
#include "base/cleanup.h"
#include "base/enc.h"

enum { MAX = 65536 };

/* The outer shape of a request: SEQUENCE { SEQUENCE { INTEGER 0 } }, told apart by its first tags.
 */
static const uint8_t request[] = { 0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00 };
static const uint8_t certificate[] = { 0x30, 0x07, 0x30, 0x05, 0xa0, 0x03, 0x02, 0x01, 0x02 };
static const uint8_t cms[] = { 0x30, 0x05, 0x06, 0x03, 0x2a, 0x86, 0x48 };

#define REQUEST_BASE64 "MAUwAwIBAA=="
#define PEM(label, text) "-----BEGIN " label "-----" text "-----END " label "-----"

static int
decode(struct bytes body, struct buf *der, struct error *err)
{
	*err = (struct error){ .code = ERR_NONE };
	return csr_body_decode(body, der, err);
}

static const char *const accepted[] = {
	REQUEST_BASE64,
	" \r\n" REQUEST_BASE64 "\n",
	"MAUw\r\nAwIB\r\nAA==\r\n",
	"MAUw AwIB \nAA== ",
	PEM("CERTIFICATE REQUEST", "\n" REQUEST_BASE64 "\n"),
	PEM("CERTIFICATE REQUEST", REQUEST_BASE64),
	PEM("NEW CERTIFICATE REQUEST", "\r\nMAUwAwIB\r\nAA==\r\n") "\r\n",
	"\n\n" PEM("CERTIFICATE REQUEST", "\n" REQUEST_BASE64 "\n") "\n \n",
};

START_TEST(these_forms_are_the_request)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(MAX);
		struct error err;

		ck_assert_msg(decode(bytes_text(accepted[_i]), &der, &err) == 0, "%s", err.text);
		ck_assert(bytes_equal(buf_bytes(&der), bytes_of(request, sizeof(request))));
	}
END_TEST

START_TEST(raw_der_is_the_request)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(MAX);
		struct error err;

		ck_assert_int_eq(decode(bytes_of(request, sizeof(request)), &der, &err), 0);
		ck_assert(bytes_equal(buf_bytes(&der), bytes_of(request, sizeof(request))));
	}
END_TEST

static const struct {
	const char *body;
	enum error_code code;
	const char *text;
} refused[] = {
	{ "", ERR_BODY_FORM, "empty" },
	{ " \r\n\t", ERR_BODY_FORM, "empty" },
	{ "hello", ERR_BODY_FORM, "neither DER nor PEM nor base64" },
	{ "MAUwAwIBAA", ERR_BODY_FORM, "neither DER nor PEM nor base64" },
	{ "MAUw-wIBAA==", ERR_BODY_FORM, "neither DER nor PEM nor base64" },
	{ "AAAA", ERR_BODY_FORM, "does not hold a PKCS#10 request" },
	{ REQUEST_BASE64 REQUEST_BASE64, ERR_BODY_FORM, "neither DER nor PEM nor base64" },
	{ "MAUwAwIB", ERR_CSR_SYNTAX, "truncated: 6 bytes of 7" },
	{ "MAUwAwIBAP8=", ERR_CSR_SYNTAX, "1 bytes after the end" },
	{ "MAUwAwIBADAFMAMCAQA=", ERR_BODY_FORM, "more than one request" },
	{ "-----BEGIN CERTIFICATE REQUEST-----" REQUEST_BASE64, ERR_CSR_SYNTAX, "no end line" },
	{ PEM("CERTIFICATE REQUEST", REQUEST_BASE64) PEM("CERTIFICATE REQUEST", REQUEST_BASE64),
	    ERR_BODY_FORM, "more than one PEM block" },
	{ PEM("CERTIFICATE REQUEST", REQUEST_BASE64) "x", ERR_BODY_FORM, "after the PEM request" },
	{ PEM("CERTIFICATE", REQUEST_BASE64), ERR_BODY_FORM, "a certificate, not" },
	{ PEM("PKCS7", REQUEST_BASE64), ERR_BODY_FORM, "CMS or PKCS#7" },
	{ PEM("RSA PRIVATE KEY", REQUEST_BASE64), ERR_BODY_FORM, "label is not" },
	{ "x" PEM("CERTIFICATE REQUEST", REQUEST_BASE64), ERR_BODY_FORM, "neither DER" },
	{ PEM("CERTIFICATE REQUEST", "Proc-Type: 4\n\n" REQUEST_BASE64), ERR_BODY_FORM, "neither" },
};

START_TEST(these_bodies_are_refused_with_their_reason)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(MAX);
		struct error err;

		ck_assert_int_eq(decode(bytes_text(refused[_i].body), &der, &err), -1);
		ck_assert_msg(err.code == refused[_i].code, "code %d: %s", (int)err.code, err.text);
		ck_assert_msg(strstr(err.text, refused[_i].text) != NULL, "%s", err.text);
	}
END_TEST

START_TEST(a_certificate_and_a_cms_message_are_named)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(MAX);
		struct error err;

		ck_assert_int_eq(
		    decode(bytes_of(certificate, sizeof(certificate)), &der, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "a certificate, not"));
		ck_assert_int_eq(decode(bytes_of(cms, sizeof(cms)), &der, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "CMS or PKCS#7"));
	}
END_TEST

START_TEST(der_is_taken_to_its_last_byte_and_no_further)
	{
		uint8_t body[2 * sizeof(request)];
		cleanup(buf_release) struct buf der = BUF_INIT(MAX);
		struct error err;

		memcpy(body, request, sizeof(request));
		memcpy(body + sizeof(request), request, sizeof(request));
		for (size_t len = 1; len < sizeof(request); len++)
			ck_assert_int_eq(decode(bytes_of(body, len), &der, &err), -1);
		ck_assert_int_eq(decode(bytes_of(body, sizeof(request) + 1), &der, &err), -1);
		ck_assert_int_eq(decode(bytes_of(body, sizeof(body)), &der, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "more than one request"));
		body[sizeof(request)] = '\n'; /* white space after DER is not white space */
		ck_assert_int_eq(decode(bytes_of(body, sizeof(request) + 1), &der, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "1 bytes after the end"));
	}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("csr_body");
	TCase *tc = tcase_create("forms");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, these_forms_are_the_request, 0, (int)(sizeof(accepted) / sizeof(accepted[0])));
	tcase_add_test(tc, raw_der_is_the_request);
	tcase_add_loop_test(tc, these_bodies_are_refused_with_their_reason, 0,
	    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tc, a_certificate_and_a_cms_message_are_named);
	tcase_add_test(tc, der_is_taken_to_its_last_byte_and_no_further);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

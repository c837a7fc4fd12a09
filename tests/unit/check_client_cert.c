/* api/access/client_cert: which parameters of which request are a client certificate, in which
 * forms. */
#define _GNU_SOURCE
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/access/client_cert.h"
#include "api/access/client_cert_text.h"
#include "base/cleanup.h"

/* Nothing here looks into the DER; these octets have '+' and '/' in their base64. */
static const uint8_t certificate[] = { 0x30, 0x0a, 0x04, 0x08, 0x00, 0x00, 0xfb, 0xef, 0xbe, 0xff,
	0xff, 0xff };

#define BASE64 "MAoECAAA++++////"
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"
#define PEM BEGIN "\n" BASE64 "\n" END "\n"
#define BEGIN_ESCAPED "-----BEGIN%20CERTIFICATE-----%0A"
#define END_ESCAPED "%0A-----END%20CERTIFICATE-----%0A"

static const struct {
	const char *text;
	const char *fault; /* NULL: it is the certificate */
} forms[] = {
	/* Apache, lighttpd */
	{ PEM, NULL },
	{ BEGIN "\n" BASE64 "\n" END, NULL },
	{ BEGIN "\nMAoE\nCAAA++++\n////\n" END "\n", NULL },
	{ BEGIN "\r\n" BASE64 "\r\n" END "\r\n", NULL },
	{ "\n " PEM " \n", NULL },
	/* nginx: $ssl_client_cert, $ssl_client_escaped_cert */
	{ BEGIN "\n\tMAoECAAA\n\t++++////\n\t" END "\n\t", NULL },
	{ BEGIN "\n MAoECAAA\n ++++////\n " END "\n", NULL },
	{ BEGIN_ESCAPED "MAoECAAA%2B%2B%2B%2B%2F%2F%2F%2F" END_ESCAPED, NULL },
	{ BEGIN_ESCAPED "MAoECAAA%2b%2b%2b%2b%2f%2f%2f%2f" END_ESCAPED, NULL },
	{ BEGIN_ESCAPED BASE64 END_ESCAPED, NULL },
	/* a plus is a plus: it is no space, and no space is one */
	{ BEGIN_ESCAPED "MAoECAAA+++ %2F%2F%2F%2F" END_ESCAPED, "" },
	{ "-----BEGIN+CERTIFICATE-----%0A" BASE64 END_ESCAPED, "no PEM certificate" },
	{ BEGIN_ESCAPED "MAoECAAA%0A-----END+CERTIFICATE-----", "no end" },
	/* escapes: cut, malformed, of a NUL, escaped twice */
	{ BEGIN_ESCAPED BASE64 END_ESCAPED "%", "escape" },
	{ BEGIN_ESCAPED BASE64 END_ESCAPED "%0", "escape" },
	{ BEGIN_ESCAPED BASE64 END_ESCAPED "%0g", "escape" },
	{ BEGIN_ESCAPED BASE64 END_ESCAPED "%+1", "escape" },
	{ BEGIN_ESCAPED BASE64 END_ESCAPED "%00", "escape" },
	{ BEGIN_ESCAPED "MAoECAAA%252B" END_ESCAPED, "" },
	/* one certificate and nothing else */
	{ PEM PEM, "more behind" },
	{ PEM "x", "more behind" },
	{ "x" PEM, "no PEM certificate" },
	{ "Bag Attributes\n" PEM, "no PEM certificate" },
	{ BEGIN "\n" BASE64 "\n" BEGIN "\n" BASE64 "\n" END "\n" END "\n", "" },
	{ BEGIN "\n" BASE64 "\n", "no end" },
	{ BEGIN "\n" BASE64, "no end" },
	{ BEGIN "\n" END "\n", "empty" },
	{ BEGIN "\nMAoECAAA+++\n" END "\n", "" },
	{ BEGIN "\nMAoE*AAA\n" END "\n", "" },
	{ BEGIN "\nMAoE_AAA\n" END "\n", "" },
	{ "-----BEGIN X509 CERTIFICATE-----\n" BASE64 "\n-----END X509 CERTIFICATE-----\n",
	    "no PEM certificate" },
	{ "-----BEGIN TRUSTED CERTIFICATE-----\n" BASE64 "\n-----END TRUSTED CERTIFICATE-----\n",
	    "no PEM certificate" },
	{ "-----begin certificate-----\n" BASE64 "\n-----end certificate-----\n",
	    "no PEM certificate" },
	{ BASE64, "no PEM certificate" },
	{ "", "no PEM certificate" },
	{ "(null)", "no PEM certificate" },
};

START_TEST(each_form_of_a_web_server_is_the_certificate_and_no_other)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(CLIENT_CERT_DER_MAX);
		struct error err = { .code = ERR_NONE };
		int result = client_cert_text_decode(forms[_i].text, &der, &err);

		if (forms[_i].fault == NULL) {
			ck_assert_msg(result == 0, "%s", err.text);
			ck_assert(bytes_equal(
			    buf_bytes(&der), bytes_of(certificate, sizeof(certificate))));
			return;
		}
		ck_assert_int_eq(result, -1);
		ck_assert_int_eq(err.code, ERR_CLIENT_CERT);
		ck_assert_msg(strstr(err.text, forms[_i].fault) != NULL, "%s", err.text);
	}
END_TEST

/* Line breaks fill the text up to its longest length. */
START_TEST(a_text_has_a_longest_length)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(CLIENT_CERT_DER_MAX);
		cleanup(buf_release) struct buf text = BUF_INIT(CLIENT_CERT_TEXT_MAX + 4);
		struct error err = { .code = ERR_NONE };

		buf_add_text(&text, PEM);
		while (text.len < CLIENT_CERT_TEXT_MAX + (size_t)_i)
			buf_add_byte(&text, '\n');
		ck_assert_int_eq(
		    client_cert_text_decode(buf_text(&text), &der, &err), _i == 0 ? 0 : -1);
		ck_assert_int_eq(err.code, _i == 0 ? ERR_NONE : ERR_CLIENT_CERT);
	}
END_TEST

enum { MAX_PARAMS = 8 };

/* Names and values in turn. */
static const char *
fake_param(void *arg, const char *name)
{
	const char *const *params = arg;

	for (size_t i = 0; params[i] != NULL; i += 2)
		if (strcmp(params[i], name) == 0)
			return params[i + 1];
	return NULL;
}

static int
fake_read(void *arg, uint8_t *to, size_t len)
{
	(void)arg;
	(void)to;
	(void)len;
	return 0;
}

#define VERIFY "SSL_CLIENT_VERIFY"
#define CERT "SSL_CLIENT_CERT"
#define PURPOSE "FAILED:unsuitable certificate purpose"
#define ON "HTTPS", "on"
#define PROXY "REMOTE_ADDR", "10.0.0.1"

static const struct {
	const char *params[2 * MAX_PARAMS + 1];
	bool is_there;
	enum error_code code;      /* of reading it; ERR_NONE: it is taken */
	enum error_code accepting; /* where PURPOSE is one of AcceptVerifyResults */
} requests[] = {
	{ { ON, VERIFY, "SUCCESS", CERT, PEM }, true, ERR_NONE, ERR_NONE },
	/* none: lighttpd, Apache, nginx with TLS and without */
	{ { ON, VERIFY, "NONE" }, false, ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { ON, VERIFY, "NONE", CERT, "" }, false, ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { ON, VERIFY, "", CERT, "" }, false, ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { ON }, false, ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	/* no verdict is no certificate, whatever else there is */
	{ { ON, CERT, PEM }, false, ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { ON, VERIFY, "NONE", CERT, PEM }, false, ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	/* SUCCESS without the certificate */
	{ { ON, VERIFY, "SUCCESS" }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "SUCCESS", CERT, "" }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "SUCCESS", CERT, " \n" }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	/* the verdict is compared whole */
	{ { ON, VERIFY, "success", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "SUCCESS ", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "SUCCESSFUL", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "none", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "GENEROUS", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "FAILED", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "FAILED:certificate has expired", CERT, PEM }, true, ERR_CLIENT_CERT,
	    ERR_CLIENT_CERT },
	/* AcceptVerifyResults */
	{ { ON, VERIFY, PURPOSE, CERT, PEM }, true, ERR_CLIENT_CERT, ERR_NONE },
	{ { ON, VERIFY, PURPOSE " ", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, "FAILED:unsuitable", CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, PURPOSE }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	{ { ON, VERIFY, PURPOSE, CERT, "" }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	/* variables doubled by a redirect: the plain ones decide */
	{ { ON, VERIFY, "SUCCESS", CERT, PEM, "REDIRECT_" VERIFY, "FAILED", "REDIRECT_" CERT, "x" },
	    true, ERR_NONE, ERR_NONE },
	{ { ON, "REDIRECT_" VERIFY, "SUCCESS", "REDIRECT_" CERT, PEM }, false, ERR_NO_CLIENT_CERT,
	    ERR_NO_CLIENT_CERT },
	{ { ON, VERIFY, "NONE", "REDIRECT_" VERIFY, "SUCCESS", "REDIRECT_" CERT, PEM }, false,
	    ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	/* headers are the client's own words */
	{ { ON, "HTTP_" VERIFY, "SUCCESS", "HTTP_" CERT, PEM }, false, ERR_NO_CLIENT_CERT,
	    ERR_NO_CLIENT_CERT },
	{ { ON, VERIFY, "NONE", "HTTP_" VERIFY, "SUCCESS", "HTTP_" CERT, PEM }, false,
	    ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { ON, VERIFY, "SUCCESS", "HTTP_" CERT, PEM }, true, ERR_CLIENT_CERT, ERR_CLIENT_CERT },
	/* without TLS of its own nothing was proved */
	{ { VERIFY, "SUCCESS", CERT, PEM }, false, ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { "HTTPS", "off", VERIFY, "SUCCESS", CERT, PEM }, false, ERR_NO_CLIENT_CERT,
	    ERR_NO_CLIENT_CERT },
	{ { "HTTP_HTTPS", "on", VERIFY, "SUCCESS", CERT, PEM }, false, ERR_NO_CLIENT_CERT,
	    ERR_NO_CLIENT_CERT },
	/* a proxy vouches for the scheme, and its own certificate is not the client's */
	{ { PROXY, "HTTP_X_FORWARDED_PROTO", "https", VERIFY, "SUCCESS", CERT, PEM }, false,
	    ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { ON, PROXY, "HTTP_X_FORWARDED_PROTO", "https", VERIFY, "SUCCESS", CERT, PEM }, false,
	    ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	{ { ON, PROXY, "HTTP_X_FORWARDED_FOR", "192.0.2.1", VERIFY, "SUCCESS", CERT, PEM }, false,
	    ERR_NO_CLIENT_CERT, ERR_NO_CLIENT_CERT },
	/* what any client may send without being a proxy */
	{ { ON, "REMOTE_ADDR", "192.0.2.1", "HTTP_X_FORWARDED_PROTO", "http", VERIFY, "SUCCESS",
	      CERT, PEM },
	    true, ERR_NONE, ERR_NONE },
	{ { ON, PROXY, VERIFY, "SUCCESS", CERT, PEM }, true, ERR_NONE, ERR_NONE },
};

static char base_url[] = "https://pki.example.com";
static char http_base_url[] = "http://pki.example.com";
static char proxy_text[] = "10.0.0.0/8";
static char purpose_text[] = PURPOSE;
static char *proxies[] = { proxy_text };
static char *purposes[] = { purpose_text };

static void
init(struct request *request, struct request_source *source, const char *const *params)
{
	struct settings settings = { .validity_period_days = 1 };
	struct error err = { .code = ERR_NONE };

	settings.server.base_url = base_url;
	settings.server.http_base_url = http_base_url;
	settings.server.trusted_proxies = (struct text_list){ proxies, 1 };
	/* without a method request_init fails, but only after it has filled in what counts here */
	*source = (struct request_source){ fake_param, fake_read, (void *)(uintptr_t)params };
	(void)request_init(request, source, &settings, &err);
}

static void
assert_read(const struct request *request, const struct text_list *accepted, enum error_code wanted)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CLIENT_CERT_DER_MAX);
	struct error err = { .code = ERR_NONE };
	int result = client_cert_read(request, accepted, &der, &err);

	ck_assert_int_eq(err.code, wanted);
	ck_assert_int_eq(result, wanted == ERR_NONE ? 0 : -1);
	if (wanted == ERR_NONE)
		ck_assert(bytes_equal(buf_bytes(&der), bytes_of(certificate, sizeof(certificate))));
}

START_TEST(only_a_requests_own_verdict_on_its_own_tls_makes_a_certificate)
	{
		const struct text_list accepted = { purposes, 1 }, nothing = { NULL, 0 };
		struct request_source source;
		struct request request;

		init(&request, &source, requests[_i].params);
		ck_assert(client_cert_is_there(&request) == requests[_i].is_there);
		assert_read(&request, NULL, requests[_i].code);
		assert_read(&request, &nothing, requests[_i].code);
		assert_read(&request, &accepted, requests[_i].accepting);
		request_release(&request);
	}
END_TEST

START_TEST(the_process_environment_proves_nothing)
	{
		static const char *const params[] = { ON, NULL };
		struct request_source source;
		struct request request;

		ck_assert_int_eq(setenv(VERIFY, "SUCCESS", 1), 0);
		ck_assert_int_eq(setenv(CERT, PEM, 1), 0);
		init(&request, &source, params);
		ck_assert(!client_cert_is_there(&request));
		assert_read(&request, NULL, ERR_NO_CLIENT_CERT);
		request_release(&request);
	}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("client_cert");
	TCase *tc = tcase_create("client_cert");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tc, each_form_of_a_web_server_is_the_certificate_and_no_other, 0, ROWS(forms));
	tcase_add_loop_test(tc, a_text_has_a_longest_length, 0, 2);
	tcase_add_loop_test(
	    tc, only_a_requests_own_verdict_on_its_own_tls_makes_a_certificate, 0, ROWS(requests));
	tcase_add_test(tc, the_process_environment_proves_nothing);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

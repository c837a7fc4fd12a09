/* http/request and http/address: what is made of FastCGI parameters and bodies. */
#define _GNU_SOURCE
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "http/address.h"
#include "http/request.h"

enum { MAX_PARAMS = 12, MAX_BODY = 16, ABSENT_LENGTH = -1 };

/* The web server's side of a request: names and values in turn, then a body. */
struct fake {
	const char *params[2 * MAX_PARAMS + 1];
	const char *body;
	size_t at;
	bool is_cut; /* the body ends in an error instead of its end */
};

static const char *
fake_param(void *arg, const char *name)
{
	const struct fake *fake = arg;

	for (size_t i = 0; fake->params[i] != NULL; i += 2)
		if (strcmp(fake->params[i], name) == 0)
			return fake->params[i + 1];
	return NULL;
}

/* Five octets at most at a time, as from a slow web server. */
static int
fake_read(void *arg, uint8_t *to, size_t len)
{
	struct fake *fake = arg;
	size_t left = fake->body != NULL ? strlen(fake->body) - fake->at : 0;
	size_t take = len < 5 ? len : 5;

	if (take > left)
		take = left;
	if (take == 0)
		return fake->is_cut ? -1 : 0;
	memcpy(to, fake->body + fake->at, take);
	fake->at += take;
	return (int)take;
}

static char base_url[] = "https://pki.example.com";
static char http_base_url[] = "http://pki.example.com";
static char deep_url[] = "https://pki.example.com/app";
static char deeper_url[] = "http://pki.example.com/app/plain";
static char proxy_one[] = "10.1.0.0/16", proxy_two[] = "2001:db8::1", proxy_bad[] = "10.0.0.0/99";
static char *proxies[] = { proxy_one, proxy_two, proxy_bad };

static struct settings
make_settings(bool is_deep)
{
	struct settings settings = { .validity_period_days = 1 };

	settings.server.base_url = is_deep ? deep_url : base_url;
	settings.server.http_base_url = is_deep ? deeper_url : http_base_url;
	settings.server.trusted_proxies.items = proxies;
	settings.server.trusted_proxies.count = 3;
	return settings;
}

static int
init(struct request *request, struct request_source *source, struct fake *fake, struct error *err)
{
	const struct settings settings = make_settings(false);

	*source = (struct request_source){ fake_param, fake_read, fake };
	return request_init(request, source, &settings, err);
}

START_TEST(a_request_takes_its_texts_from_its_own_parameters)
	{
		struct fake fake = {
			.params = { "REQUEST_METHOD", "POST", "REQUEST_URI", "/api/csr?x=1",
			    "QUERY_STRING", "x=1", "CONTENT_TYPE", "application/pkcs10",
			    "CONTENT_LENGTH", "12", "HTTP_AUTHORIZATION", "Bearer x", "REMOTE_ADDR",
			    "192.0.2.7", "HTTPS", "on", "SSL_CLIENT_VERIFY", "NONE" }
		};
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		ck_assert_int_eq(init(&request, &source, &fake, &err), 0);
		ck_assert_str_eq(request.method, "POST");
		ck_assert_str_eq(request.uri, "/api/csr?x=1");
		ck_assert_str_eq(request.path, "/api/csr");
		ck_assert_str_eq(request.query, "x=1");
		ck_assert_str_eq(request.content_type, "application/pkcs10");
		ck_assert_str_eq(request.authorization, "Bearer x");
		ck_assert_str_eq(request.remote_address, "192.0.2.7");
		ck_assert(request.is_tls);
		ck_assert_int_eq(request.content_length, 12);
		ck_assert_str_eq(request_param(&request, "SSL_CLIENT_VERIFY"), "NONE");
		ck_assert_ptr_null(request_param(&request, "SSL_CLIENT_CERT"));
		request_release(&request);
	}
END_TEST

START_TEST(what_is_absent_is_empty_and_means_no)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", "/" } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		(void)setenv("HTTPS", "on", 1);
		(void)setenv("HTTP_AUTHORIZATION", "Bearer y", 1);
		ck_assert_int_eq(init(&request, &source, &fake, &err), 0);
		ck_assert_str_eq(request.query, "");
		ck_assert_str_eq(request.content_type, "");
		ck_assert_str_eq(request.authorization, "");
		ck_assert_str_eq(request.remote_address, "");
		ck_assert(!request.is_tls);
		ck_assert_int_eq(request.content_length, ABSENT_LENGTH);
		request_release(&request);
	}
END_TEST

START_TEST(a_missing_method_is_refused)
	{
		struct fake fake = { .params = { "REQUEST_URI", "/" } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		ck_assert_int_eq(init(&request, &source, &fake, &err), -1);
		ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
		ck_assert_str_eq(request.method, "");
		request_release(&request);
	}
END_TEST

START_TEST(each_request_has_an_id_of_our_own)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", "/",
					 "HTTP_X_REQUEST_ID", "mine" } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request a, b;

		ck_assert_int_eq(init(&a, &source, &fake, &err), 0);
		ck_assert_int_eq(init(&b, &source, &fake, &err), 0);
		ck_assert_uint_eq(strlen(a.id), 32);
		ck_assert_uint_eq(strspn(a.id, "0123456789abcdef"), 32);
		ck_assert_str_ne(a.id, b.id);
		request_release(&a);
		request_release(&b);
	}
END_TEST

START_TEST(a_redirected_authorization_counts_when_there_is_no_other)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", "/",
					 "REDIRECT_HTTP_AUTHORIZATION", "Bearer r",
					 "HTTP_AUTHORIZATION", _i == 0 ? "" : "Bearer h" } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		ck_assert_int_eq(init(&request, &source, &fake, &err), 0);
		ck_assert_str_eq(request.authorization, _i == 0 ? "Bearer r" : "Bearer h");
		request_release(&request);
	}
END_TEST

static const struct {
	const char *uri;
	const char *path; /* NULL: refused */
	bool is_deep;     /* BaseUrl with /app, HttpBaseUrl with /app/plain */
} path_rows[] = {
	{ "/", "/", false },
	{ "/ca", "/ca", false },
	{ "/ca/", "/ca/", false },
	{ "/ca?x=/y", "/ca", false },
	{ "/ca/a%20b%2fc%2B+", "/ca/a b/c++", false },
	{ "/ca/%25%32%30", "/ca/%20", false }, /* decoded once */
	{ "/ca/%C3%a9", "/ca/\xc3\xa9", false },
	{ "/ca/%ff%01", "/ca/\xff\x01", false },
	{ "//.well-known/est/simpleenroll", "/.well-known/est/simpleenroll", false },
	{ "////ca", "/ca", false },
	{ "/ocsp/MEw//w", "/ocsp/MEw//w", false }, /* base64 has slashes in a row */
	{ "https://other.example/ca", "/ca", false },
	{ "HTTP://other.example", "/", false },
	{ "http://other.example?x", "/", false },
	{ "/ca/...", "/ca/...", false },
	{ "/ca/.x", "/ca/.x", false },
	{ "/ca?%00", "/ca", false },
	{ "", NULL, false },
	{ "*", NULL, false },
	{ "ca", NULL, false },
	{ "?x", NULL, false },
	{ "/ca%00", NULL, false },
	{ "/ca%", NULL, false },
	{ "/ca%4", NULL, false },
	{ "/ca%4g", NULL, false },
	{ "/ca%g4", NULL, false },
	{ "/ca%+4", NULL, false },
	{ "/ca%4?1", NULL, false },
	{ "/.", NULL, false },
	{ "/..", NULL, false },
	{ "/ca/../api/csr", NULL, false },
	{ "/ca/%2e%2E/api/csr", NULL, false },
	{ "/ca%2f..%2fapi", NULL, false },
	{ "/ca/./x", NULL, false },
	{ "/app", "/", true },
	{ "/app/", "/", true },
	{ "/app/ca", "/ca", true },
	{ "/app//ca", "/ca", true },
	{ "//app/ca", "/ca", true },
	{ "/app/plain/ca", "/ca", true }, /* the longer one */
	{ "/app/plainer", "/plainer", true },
	{ "/apple/ca", "/apple/ca", true }, /* whole segments only */
	{ "/ca", "/ca", true },
};

START_TEST(paths_are_decoded_once_and_cleaned)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI",
					 path_rows[_i].uri, "PATH_INFO", "/wrong" } };
		const struct request_source source = { fake_param, fake_read, &fake };
		const struct settings settings = make_settings(path_rows[_i].is_deep);
		struct error err = { .code = ERR_NONE };
		struct request request;
		int rc = request_init(&request, &source, &settings, &err);

		if (path_rows[_i].path != NULL) {
			ck_assert_int_eq(rc, 0);
			ck_assert_str_eq(request.path, path_rows[_i].path);
		} else {
			ck_assert_int_eq(rc, -1);
			ck_assert_int_eq(err.code, ERR_BAD_REQUEST);
		}
		request_release(&request);
	}
END_TEST

static const struct {
	const char *uri;
	size_t tail;
	bool is_deep;
} escaped_rows[] = {
	{ "/ca/a%20b", 0, false },
	{ "/ca/a%2fc%2F", 3, false },
	{ "/ca/a/b%2F", 1, false },
	{ "/%2Fca", 3, false },
	{ "%2Fca", 3, false },
	{ "/ca%252F", 0, false },
	{ "/ca?%2F", 0, false },
	{ "/app%2Fca", 3, true },
	{ "/app/ca%2F", 1, true },
	{ "https://other.example/ca%2F", 1, false },
};

START_TEST(the_first_escaped_slash_is_kept)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI",
					 escaped_rows[_i].uri } };
		const struct request_source source = { fake_param, fake_read, &fake };
		const struct settings settings = make_settings(escaped_rows[_i].is_deep);
		struct error err = { .code = ERR_NONE };
		struct request request;

		ck_assert_int_eq(request_init(&request, &source, &settings, &err), 0);
		ck_assert_uint_eq(request.escaped_tail, escaped_rows[_i].tail);
		request_release(&request);
	}
END_TEST

START_TEST(without_request_uri_the_decoded_variables_count)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "SCRIPT_NAME", "/ca",
					 "PATH_INFO", _i == 0 ? "/a%20b" : "/../api" } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;
		int rc = init(&request, &source, &fake, &err);

		ck_assert_int_eq(rc, _i == 0 ? 0 : -1);
		if (rc == 0)
			ck_assert_str_eq(request.path, "/ca/a%20b");
		request_release(&request);
	}
END_TEST

START_TEST(a_path_has_a_longest_length)
	{
		size_t len = REQUEST_PATH_MAX - 1 + (size_t)_i;
		char uri[REQUEST_PATH_MAX + 2];
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", uri } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		memset(uri, 'a', len);
		uri[0] = '/';
		uri[len] = '\0';
		ck_assert_int_eq(init(&request, &source, &fake, &err), _i == 0 ? 0 : -1);
		if (_i == 0)
			ck_assert_uint_eq(strlen(request.path), len);
		request_release(&request);
	}
END_TEST

static const struct {
	const char *text;
	int64_t length;
	enum error_code code;
} length_rows[] = {
	{ "0", 0, ERR_NONE },
	{ "007", 7, ERR_NONE },
	{ "", ABSENT_LENGTH, ERR_NONE }, /* nginx without a body */
	{ "2147483648", INT64_C(1) << 31, ERR_NONE },
	{ "2147483649", 0, ERR_TOO_LARGE },
	{ "99999999999999999999999", 0, ERR_TOO_LARGE },
	{ "-1", 0, ERR_BAD_REQUEST },
	{ "+1", 0, ERR_BAD_REQUEST },
	{ " 1", 0, ERR_BAD_REQUEST },
	{ "1 ", 0, ERR_BAD_REQUEST },
	{ "0x10", 0, ERR_BAD_REQUEST },
	{ "1,1", 0, ERR_BAD_REQUEST },
};

START_TEST(content_length_is_digits_alone)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", "/",
					 "CONTENT_LENGTH", length_rows[_i].text } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;
		int rc = init(&request, &source, &fake, &err);

		ck_assert_int_eq(err.code, length_rows[_i].code);
		if (rc == 0)
			ck_assert_int_eq(request.content_length, length_rows[_i].length);
		request_release(&request);
	}
END_TEST

static const struct {
	const char *https, *peer, *proto, *forwarded;
	bool is_tls;
	const char *address;
} client_rows[] = {
	{ "on", "192.0.2.7", NULL, NULL, true, "192.0.2.7" },
	{ "ON", "192.0.2.7", NULL, NULL, true, "192.0.2.7" },
	{ "off", "192.0.2.7", NULL, NULL, false, "192.0.2.7" },
	{ "on", "::ffff:192.0.2.7", NULL, NULL, true, "192.0.2.7" },
	{ "on", "::ffff:c000:207", NULL, NULL, true, "::ffff:c000:207" },
	{ "on", "2001:db8::ffff:1", NULL, NULL, true, "2001:db8::ffff:1" },
	{ "1", "192.0.2.7", NULL, NULL, false, "192.0.2.7" },
	{ "on ", "192.0.2.7", NULL, NULL, false, "192.0.2.7" },
	{ "", "192.0.2.7", NULL, NULL, false, "192.0.2.7" },
	/* nobody else's word counts */
	{ "off", "192.0.2.7", "https", "198.51.100.1", false, "192.0.2.7" },
	{ "off", "10.2.0.1", "https", "198.51.100.1", false, "10.2.0.1" },
	{ "off", "10.0.0.1", "https", "198.51.100.1", false, "10.0.0.1" }, /* the bad item */
	{ "off", "not an address", "https", "198.51.100.1", false, "not an address" },
	/* a trusted proxy's does */
	{ "off", "10.1.2.3", "https", "198.51.100.1", true, "198.51.100.1" },
	{ "off", "::ffff:10.1.2.3", "https", "198.51.100.1", true, "198.51.100.1" },
	{ "off", "2001:db8:0::1", "https", "2001:DB8::2", true, "2001:db8::2" },
	{ "off", "10.1.2.3", "HTTPS", "198.51.100.1", false, "198.51.100.1" },
	{ "off", "10.1.2.3", "https, http", "198.51.100.1", false, "198.51.100.1" },
	{ "on", "10.1.2.3", "http", "198.51.100.1", false, "198.51.100.1" },
	{ "on", "10.1.2.3", NULL, "198.51.100.1", true, "198.51.100.1" },
	/* only the end of the list comes from proxies that we know */
	{ "off", "10.1.2.3", "https", "1.1.1.1, 198.51.100.1", true, "198.51.100.1" },
	{ "off", "10.1.2.3", "https", "198.51.100.1,10.1.9.9 , 2001:db8::1", true, "198.51.100.1" },
	{ "off", "10.1.2.3", "https", "10.1.0.1, 10.1.0.2", true, "10.1.0.1" },
	{ "off", "10.1.2.3", "https", "198.51.100.1:4711", true, "198.51.100.1" },
	{ "off", "10.1.2.3", "https", "[2001:db8::9]:443", true, "2001:db8::9" },
	{ "off", "10.1.2.3", "https", "[2001:db8::9]", true, "2001:db8::9" },
	/* what cannot be read leaves the proxy's own address */
	{ "off", "10.1.2.3", "https", "198.51.100.1, unknown", true, "10.1.2.3" },
	{ "off", "10.1.2.3", "https", "198.51.100.1,", true, "10.1.2.3" },
	{ "off", "10.1.2.3", "https", "[2001:db8::9]x", true, "10.1.2.3" },
	{ "off", "10.1.2.3", "https", "", true, "10.1.2.3" },
	{ "off", "10.1.2.3", "https", NULL, true, "10.1.2.3" },
};

START_TEST(scheme_and_address_come_from_the_server_or_a_trusted_proxy)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", "/",
					 "HTTPS", client_rows[_i].https, "REMOTE_ADDR",
					 client_rows[_i].peer } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;
		size_t at = 8;

		if (client_rows[_i].proto != NULL) {
			fake.params[at++] = "HTTP_X_FORWARDED_PROTO";
			fake.params[at++] = client_rows[_i].proto;
		}
		if (client_rows[_i].forwarded != NULL) {
			fake.params[at++] = "HTTP_X_FORWARDED_FOR";
			fake.params[at++] = client_rows[_i].forwarded;
		}
		ck_assert_int_eq(init(&request, &source, &fake, &err), 0);
		ck_assert(request.is_tls == client_rows[_i].is_tls);
		ck_assert_str_eq(request.remote_address, client_rows[_i].address);
		request_release(&request);
	}
END_TEST

static const struct {
	const char *https, *peer;
	const char *name; /* of a further parameter, NULL for none */
	bool is_own_tls;
} own_rows[] = {
	{ "on", "192.0.2.7", NULL, true },
	{ "off", "192.0.2.7", NULL, false },
	{ "", "192.0.2.7", NULL, false },
	{ "on", "192.0.2.7", "HTTP_X_FORWARDED_PROTO", true }, /* any client may send it */
	{ "on", "10.1.2.3", NULL, true },                      /* the proxy for itself */
	{ "on", "10.1.2.3", "HTTP_X_FORWARDED_PROTO", false },
	{ "on", "10.1.2.3", "HTTP_X_FORWARDED_FOR", false },
	{ "off", "10.1.2.3", "HTTP_X_FORWARDED_PROTO", false },
};

START_TEST(a_proxys_tls_is_not_the_clients)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", "/",
					 "HTTPS", own_rows[_i].https, "REMOTE_ADDR",
					 own_rows[_i].peer, own_rows[_i].name, "https" } };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		ck_assert_int_eq(init(&request, &source, &fake, &err), 0);
		ck_assert(request.is_own_tls == own_rows[_i].is_own_tls);
		request_release(&request);
	}
END_TEST

static char net_v4[] = "192.0.2.128/25", net_all6[] = "2001:db8::/29", host[] = "198.51.100.1/32";
static char no_bits[] = "203.0.113.1/", four_digits[] = "203.0.113.2/0032", all_v4[] = "0.0.0.0/0";

static const struct {
	char *item;
	const char *address;
	bool is_inside;
} net_rows[] = {
	{ net_v4, "192.0.2.128", true },
	{ net_v4, "192.0.2.127", false },
	{ net_v4, "::ffff:192.0.2.255", true },
	{ net_all6, "2001:dbf:ffff::1", true },
	{ net_all6, "2001:dc0::1", false },
	{ host, "198.51.100.1", true },
	{ host, "198.51.100.0", false },
	{ no_bits, "203.0.113.1", false },
	{ four_digits, "203.0.113.2", false },
	{ all_v4, "8.8.8.8", true },
	{ all_v4, "2001:db8::1", false },
	{ all_v4, "", false },
	{ all_v4, "8.8.8", false },
};

START_TEST(networks_are_compared_by_bits)
	{
		char *items[] = { net_rows[_i].item };
		const struct text_list list = { .items = items, .count = 1 };

		ck_assert(address_is_listed(net_rows[_i].address, &list) == net_rows[_i].is_inside);
	}
END_TEST

static const struct {
	const char *length, *body;
	bool is_cut;
	enum error_code code;
} body_rows[] = {
	{ "0", NULL, false, ERR_NONE },
	{ NULL, NULL, false, ERR_NONE },
	{ "11", "hello world", false, ERR_NONE },
	{ NULL, "hello world", false, ERR_NONE }, /* chunked behind mod_proxy_fcgi */
	{ "16", "0123456789abcdef", false, ERR_NONE },
	{ NULL, "0123456789abcdef", false, ERR_NONE },
	{ "17", "0123456789abcdefg", false, ERR_TOO_LARGE },
	{ NULL, "0123456789abcdefg", false, ERR_TOO_LARGE },
	{ "5", "0123456789abcdefg", false, ERR_TOO_LARGE },
	{ "12", "hello world", false, ERR_BAD_REQUEST },
	{ "10", "hello world", false, ERR_BAD_REQUEST },
	{ "11", NULL, false, ERR_BAD_REQUEST },
	{ "11", "hello", true, ERR_BAD_REQUEST },
	{ "11", "hello world", true, ERR_BAD_REQUEST }, /* whole, but its end never came */
	{ NULL, "hello", true, ERR_BAD_REQUEST },
};

START_TEST(a_body_is_read_whole_or_refused)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "POST", "REQUEST_URI", "/" },
			.body = body_rows[_i].body,
			.is_cut = body_rows[_i].is_cut };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		if (body_rows[_i].length != NULL) {
			fake.params[4] = "CONTENT_LENGTH";
			fake.params[5] = body_rows[_i].length;
		}
		ck_assert_int_eq(init(&request, &source, &fake, &err), 0);
		(void)request_read_body(&request, MAX_BODY, &err);
		ck_assert_int_eq(err.code, body_rows[_i].code);
		if (err.code == ERR_NONE)
			ck_assert(
			    bytes_equal(buf_bytes(&request.body), bytes_text(body_rows[_i].body)));
		request_release(&request);
	}
END_TEST

START_TEST(a_route_without_a_body_takes_none)
	{
		struct fake fake = { .params = { "REQUEST_METHOD", "GET", "REQUEST_URI", "/" },
			.body = _i == 0 ? "" : "x" };
		struct error err = { .code = ERR_NONE };
		struct request_source source;
		struct request request;

		ck_assert_int_eq(init(&request, &source, &fake, &err), 0);
		ck_assert_int_eq(request_read_body(&request, 0, &err), _i == 0 ? 0 : -1);
		ck_assert_int_eq(err.code, _i == 0 ? ERR_NONE : ERR_TOO_LARGE);
		request_release(&request);
	}
END_TEST

static void
add_rows(TCase *tc, const TTest *test, size_t rows)
{
	tcase_add_loop_test(tc, test, 0, (int)rows);
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("request");
	TCase *tc = tcase_create("request");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, a_request_takes_its_texts_from_its_own_parameters);
	tcase_add_test(tc, what_is_absent_is_empty_and_means_no);
	tcase_add_test(tc, a_missing_method_is_refused);
	tcase_add_test(tc, each_request_has_an_id_of_our_own);
	add_rows(tc, a_redirected_authorization_counts_when_there_is_no_other, 2);
	add_rows(tc, paths_are_decoded_once_and_cleaned, ROWS(path_rows));
	add_rows(tc, the_first_escaped_slash_is_kept, ROWS(escaped_rows));
	add_rows(tc, without_request_uri_the_decoded_variables_count, 2);
	add_rows(tc, a_path_has_a_longest_length, 2);
	add_rows(tc, content_length_is_digits_alone, ROWS(length_rows));
	add_rows(tc, scheme_and_address_come_from_the_server_or_a_trusted_proxy, ROWS(client_rows));
	tcase_add_loop_test(tc, a_proxys_tls_is_not_the_clients, 0, ROWS(own_rows));
	add_rows(tc, networks_are_compared_by_bits, ROWS(net_rows));
	add_rows(tc, a_body_is_read_whole_or_refused, ROWS(body_rows));
	add_rows(tc, a_route_without_a_body_takes_none, 2);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

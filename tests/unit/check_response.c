/* http/response: what goes out, byte by byte, and which error becomes which answer. */
#define _GNU_SOURCE
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/response.h"

enum { OUT_MAX = RESPONSE_MAX_HEADERS + RESPONSE_MAX_BODY + 1024 };

static const char *
written(const struct response *response, struct buf *out)
{
	buf_reset(out);
	response_write(response, out);
	return buf_text(out);
}

static bool
has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

START_TEST(an_answer_is_written_whole)
	{
		static const char expected[] = "Status: 200 OK\r\nX-Request-Id: abc\r\n"
					       "Content-Type: application/pkix-cert\r\n"
					       "Cache-Control: no-store\r\n"
					       "Content-Length: 3\r\n\r\na\0b";
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct buf body = BUF_INIT(100);
		struct response response;

		response_init(&response);
		response_header(&response, "X-Request-Id", "abc");
		buf_add(&body, bytes_of("a\0b", 3));
		response_take(&response, 200, "application/pkix-cert", &body);
		ck_assert_uint_eq(body.len, 0);
		response_write(&response, &out);
		ck_assert(bytes_equal(buf_bytes(&out), bytes_of(expected, sizeof(expected) - 1)));
		response_release(&response);
	}
END_TEST

START_TEST(head_gets_the_length_and_no_body)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct buf body = BUF_INIT(100);
		struct response response;
		const char *text;

		response_init(&response);
		response.is_head = true;
		buf_add_text(&body, "secret");
		response_take(&response, 200, "text/plain", &body);
		text = written(&response, &out);
		ck_assert(has(text, "Content-Length: 6\r\n\r\n"));
		ck_assert(!has(text, "secret"));
		response_release(&response);
	}
END_TEST

/* An open file of some octets; -1 where that went wrong. */
static int
file_of(size_t len)
{
	int fd = memfd_create("answer", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
	return fd;
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(a_file_is_announced_and_handed_to_who_sends_it)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct response_file file;
		struct response response;
		int fd = file_of(RESPONSE_MAX_BODY + 1), kept = fd;

		response_init(&response);
		response_take_file(&response, "application/pkix-crl", &fd, RESPONSE_MAX_BODY + 1);
		ck_assert_int_eq(fd, -1);
		ck_assert_str_eq(written(&response, &out),
		    "Status: 200 OK\r\nContent-Type: application/pkix-crl\r\n"
		    "Cache-Control: no-store\r\nContent-Length: 8388609\r\n\r\n");
		file = response_detach_file(&response);
		response_release(&response);
		ck_assert(file.fd == kept && is_open(kept));
		ck_assert_uint_eq(file.len, RESPONSE_MAX_BODY + 1);
		response_file_close(&file);
		ck_assert(file.fd == -1 && !is_open(kept));
	}
END_TEST

/* HEAD, an answer that does not fit, an error, another body in its place, nobody who asks for it.
 */
START_TEST(a_file_that_is_not_sent_is_closed)
	{
		struct error err = { .code = ERR_INTERNAL };
		struct buf body = BUF_INIT(100);
		struct response_file file;
		struct response response;
		int fd = file_of(1000), kept = fd;

		response_init(&response);
		response.is_head = _i == 0;
		response_take_file(&response, "text/plain", &fd, 1000);
		if (_i == 1)
			response_header(&response, "X", "a\nb");
		if (_i == 2)
			response_error(&response, &err);
		if (_i == 3)
			response_take(&response, 200, "text/plain", &body);
		if (_i < 4) {
			file = response_detach_file(&response);
			ck_assert_int_eq(file.fd, -1);
			ck_assert(!is_open(kept));
		}
		response_release(&response);
		ck_assert(!is_open(kept));
	}
END_TEST

START_TEST(head_of_a_file_tells_its_length)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct response response;
		int fd = file_of(70000);

		response_init(&response);
		response.is_head = true;
		response_take_file(&response, "text/plain", &fd, 70000);
		ck_assert(has(written(&response, &out), "Content-Length: 70000\r\n\r\n"));
		response_release(&response);
	}
END_TEST

START_TEST(no_content_has_neither_length_nor_body)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct response response;

		response_init(&response);
		response.status = 204;
		ck_assert_str_eq(written(&response, &out),
		    "Status: 204 No Content\r\nCache-Control: no-store\r\n\r\n");
		response_release(&response);
	}
END_TEST

START_TEST(an_answer_may_say_how_it_is_cached_but_an_error_may_not)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = ERR_NOT_FOUND, .text = "none" };
		struct response response;
		const char *text;

		response_init(&response);
		response_header(&response, "cache-control", "max-age=60");
		text = written(&response, &out);
		ck_assert(has(text, "max-age=60") && !has(text, "no-store"));
		response_error(&response, &err);
		text = written(&response, &out);
		ck_assert(!has(text, "max-age=60") && has(text, "Cache-Control: no-store\r\n"));
		response_release(&response);
	}
END_TEST

/* A row a code, so that a change of number or status is seen. */
static const struct {
	enum error_code code;
	int status, number;
	bool is_text_shown;
	const char *retry;
} error_rows[] = {
	{ ERR_NONE, 500, 5000, false, NULL }, /* failed without saying why */
	{ ERR_CONFIG, 500, 5000, false, NULL },
	{ ERR_BAD_REQUEST, 400, 4000, true, NULL },
	{ ERR_BODY_FORM, 400, 4001, true, NULL },
	{ ERR_CSR_SYNTAX, 400, 4002, true, NULL },
	{ ERR_CSR_SIGNATURE, 400, 4003, true, NULL },
	{ ERR_KEY, 400, 4004, true, NULL },
	{ ERR_NAME, 400, 4005, true, NULL },
	{ ERR_TOO_LARGE, 413, 4006, true, NULL },
	{ ERR_JSON, 400, 4007, true, NULL },
	{ ERR_VALIDATION, 422, 4220, true, NULL },
	{ ERR_NO_CERTIFICATE, 404, 7012, true, NULL },
	{ ERR_REVOKED, 409, 5013, true, NULL },
	{ ERR_STATE, 409, 4091, true, NULL },
	{ ERR_NO_CREDENTIAL, 401, 4010, false, NULL },
	{ ERR_TOKEN, 401, 4010, false, NULL },
	{ ERR_ROLE, 403, 4030, true, NULL },
	{ ERR_PROFILE, 403, 4031, true, NULL },
	{ ERR_SELF_SERVICE, 403, 4032, true, NULL },
	{ ERR_NEEDS_TLS, 403, 4033, true, NULL },
	{ ERR_NO_CLIENT_CERT, 403, 4034, true, NULL },
	{ ERR_CLIENT_CERT, 403, 4035, true, NULL },
	{ ERR_RENEWAL, 403, 4036, true, NULL },
	{ ERR_ORIGIN, 403, 4037, true, NULL },
	{ ERR_SWITCHED_OFF, 404, 4040, true, NULL },
	{ ERR_NOT_FOUND, 404, 4041, true, NULL },
	{ ERR_METHOD, 405, 4050, true, NULL },
	{ ERR_CONFLICT, 409, 4090, false, NULL },
	{ ERR_MEDIA_TYPE, 415, 4150, true, NULL },
	{ ERR_LIMIT, 429, 4290, true, NULL },
	{ ERR_INTERNAL, 500, 5000, false, NULL },
	{ ERR_NOT_BUILT, 501, 5010, true, NULL },
	{ ERR_DATABASE, 503, 5030, false, "Retry-After: 5\r\n" },
	{ ERR_IDENTITY_KEYS, 503, 5031, false, "Retry-After: 10\r\n" },
	{ ERR_CA_KEY, 503, 5032, false, "Retry-After: 30\r\n" },
	{ ERR_NOT_READY, 503, 5033, true, "Retry-After: 10\r\n" },
};

START_TEST(no_error_code_was_forgotten)
	{
		for (int code = ERR_NONE; code <= ERR_CA_KEY; code++) {
			int rows = 0;

			for (size_t i = 0; i < sizeof(error_rows) / sizeof(error_rows[0]); i++)
				rows += error_rows[i].code == (enum error_code)code;
			ck_assert_msg(rows == 1, "code %d has %d rows", code, rows);
		}
		ck_assert_int_eq(error_status(ERR_NONE), 200);
		ck_assert_int_eq(error_number(ERR_NONE), 0);
	}
END_TEST

START_TEST(every_error_has_its_status_number_and_sentence)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = error_rows[_i].code, .text = "the very reason" };
		struct response response;
		const char *text;
		char number[32];

		response_init(&response);
		response_header(&response, "X-Request-Id", "abc");
		response_error(&response, &err);
		ck_assert_int_eq(response.status, error_rows[_i].status);
		ck_assert_int_eq(response.number, error_rows[_i].number);
		(void)snprintf(number, sizeof(number), "\"errorCode\":%d}", error_rows[_i].number);
		text = written(&response, &out);
		ck_assert(has(text, number));
		ck_assert(has(text, "Content-Type: application/json\r\n"));
		ck_assert(has(text, "X-Request-Id: abc\r\n"));
		ck_assert(has(text, "the very reason") == error_rows[_i].is_text_shown);
		ck_assert(has(text, "Retry-After") == (error_rows[_i].retry != NULL));
		if (error_rows[_i].retry != NULL)
			ck_assert(has(text, error_rows[_i].retry));
		response_release(&response);
	}
END_TEST

/* The same rules as for JSON: what may be shown, status and headers; the number is for the log. */
START_TEST(an_error_as_text_is_one_line_of_the_same_sentence)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = error_rows[_i].code, .text = "the very reason" };
		struct response response;
		const char *text, *body;

		response_init(&response);
		response_header(&response, "X-Request-Id", "abc");
		response_error_text(&response, &err);
		ck_assert_int_eq(response.status, error_rows[_i].status);
		ck_assert_int_eq(response.number, error_rows[_i].number);
		text = written(&response, &out);
		body = strstr(text, "\r\n\r\n") + 4;
		ck_assert(has(text, "Content-Type: text/plain; charset=utf-8\r\n"));
		ck_assert(has(text, "X-Request-Id: abc\r\n"));
		ck_assert((strcmp(body, "the very reason\n") == 0) == error_rows[_i].is_text_shown);
		ck_assert(!has(body, "{") && strlen(body) > 10);
		ck_assert_ptr_eq(strchr(body, '\n'), body + strlen(body) - 1);
		ck_assert(has(text, "Retry-After") == (error_rows[_i].retry != NULL));
		if (error_rows[_i].retry != NULL)
			ck_assert(has(text, error_rows[_i].retry));
		response_release(&response);
	}
END_TEST

START_TEST(answers_to_bad_tokens_are_alike)
	{
		cleanup(buf_release) struct buf a_out = BUF_INIT(OUT_MAX);
		cleanup(buf_release) struct buf b_out = BUF_INIT(OUT_MAX);
		struct error a_err = { .code = ERR_TOKEN, .text = "expired" };
		struct error b_err = { .code = ERR_NO_CREDENTIAL, .text = "absent" };
		struct response a, b;

		response_init(&a);
		response_init(&b);
		response_error(&a, &a_err);
		response_error(&b, &b_err);
		ck_assert_str_eq(written(&a, &a_out), written(&b, &b_out));
		response_release(&a);
		response_release(&b);
	}
END_TEST

START_TEST(an_error_replaces_an_answer_and_keeps_its_headers)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = ERR_METHOD, .text = "no" };
		struct buf body = BUF_INIT(100);
		struct response response;
		const char *text;

		response_init(&response);
		response_header(&response, "Allow", "GET");
		buf_add_text(&body, "half an answer");
		response_take(&response, 200, "application/pkix-cert", &body);
		response_error(&response, &err);
		text = written(&response, &out);
		ck_assert(has(text, "Status: 405 Method Not Allowed\r\nAllow: GET\r\n"));
		ck_assert(!has(text, "pkix-cert") && !has(text, "half an answer"));
		response_release(&response);
	}
END_TEST

static const struct {
	const char *text, *json;
} text_rows[] = {
	{ "plain", "\"plain\"" },
	{ "a \"b\" \\ c", "\"a \\\"b\\\" \\\\ c\"" },
	{ "line\nend\x7f", "\"line\\u000aend\\u007f\"" },
	{ "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80",
	    "\"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x98\x80\"" },
	{ "\xff", "\"\xef\xbf\xbd\"" },
	{ "cut \xe2\x82", "\"cut \xef\xbf\xbd\xef\xbf\xbd\"" },
	{ "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                 /* overlong */
	{ "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* surrogate */
	{ "\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
};

START_TEST(any_text_makes_a_valid_json_string)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = ERR_BAD_REQUEST };
		struct response response;

		(void)snprintf(err.text, sizeof(err.text), "%s", text_rows[_i].text);
		response_init(&response);
		response_error(&response, &err);
		ck_assert_ptr_nonnull(strstr(written(&response, &out), text_rows[_i].json));
		response_release(&response);
	}
END_TEST

static const struct {
	const char *text, *line;
} line_rows[] = {
	{ "a \"b\" <c>", "a \"b\" <c>\n" },
	{ "one\r\ntwo\x7f", "one\xef\xbf\xbd\xef\xbf\xbdtwo\xef\xbf\xbd\n" },
	{ "M\xc3\xbcller", "M\xc3\xbcller\n" },
	{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd\n" },
};

START_TEST(any_text_makes_one_line)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = ERR_BAD_REQUEST };
		struct response response;
		const char *text;

		(void)snprintf(err.text, sizeof(err.text), "%s", line_rows[_i].text);
		response_init(&response);
		response_error_text(&response, &err);
		text = written(&response, &out);
		ck_assert_str_eq(strstr(text, "\r\n\r\n") + 4, line_rows[_i].line);
		response_release(&response);
	}
END_TEST

static const struct {
	enum error_code code;
	const char *text;
	const char *start, *body; /* of the answer */
} czertainly_rows[] = {
	{ ERR_VALIDATION, "Name \"cannot\" be empty", "Status: 422 Unprocessable Content\r\n",
	    "[\"Name \\\"cannot\\\" be empty\"]" },
	{ ERR_BAD_REQUEST, "taken", "Status: 400 ", "{\"message\":\"taken\"}" },
	{ ERR_JSON, "twice", "Status: 400 ",
	    "{\"message\":\"Unable to read HTTP message\",\"detail\":\"twice\"}" },
	{ ERR_METHOD, "this path takes GET", "Status: 400 ",
	    "{\"message\":\"this path takes GET\"}" },
	{ ERR_NOT_FOUND, "gone", "Status: 404 ", "{\"message\":\"gone\"}" },
	{ ERR_ROLE, "Access Denied.",
	    "Status: 403 Forbidden\r\n"
	    "Content-Type: application/problem+json\r\n",
	    "{\"statusCode\":403,\"code\":\"ACCESS_DENIED\",\"message\":\"Access Denied.\"}" },
	{ ERR_TOKEN, "secret reason", "Status: 401 ",
	    "{\"timestamp\":\"2023-11-14T22:13:20Z\",\"status\":401,\"error\":\"Unauthorized\","
	    "\"path\":\"/api/v1/x\\\"\"}" },
	{ ERR_INTERNAL, "secret reason", "Status: 500 ",
	    "{\"message\":\"Internal server error.\"}" },
	{ ERR_DATABASE, "secret reason", "Status: 503 Service Unavailable\r\nRetry-After: 5\r\n",
	    "{\"message\":\"The database is not available at the moment.\"}" },
	{ ERR_NOT_BUILT, "not built yet", "Status: 501 ", "{\"message\":\"not built yet\"}" },
};

START_TEST(czertainlys_clients_get_its_forms)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = czertainly_rows[_i].code };
		const char *start = czertainly_rows[_i].start;
		struct response response;
		const char *text;

		clock_fix(1700000000);
		(void)snprintf(err.text, sizeof(err.text), "%s", czertainly_rows[_i].text);
		response_init(&response);
		response_error_czertainly(&response, &err, "/api/v1/x\"");
		text = written(&response, &out);
		ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "%s", text);
		ck_assert_str_eq(strstr(text, "\r\n\r\n") + 4, czertainly_rows[_i].body);
		response_release(&response);
	}
END_TEST

START_TEST(the_longest_and_worst_text_still_fits)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct error err = { .code = ERR_BAD_REQUEST };
		struct response response;

		memset(err.text, 1, sizeof(err.text) - 1);
		response_init(&response);
		response_error(&response, &err);
		ck_assert(has(written(&response, &out), "\\u0001\",\"errorCode\":4000}"));
		response_error_text(&response, &err);
		ck_assert(has(written(&response, &out), "\xef\xbf\xbd\n"));
		response_release(&response);
	}
END_TEST

static const struct {
	const char *name, *value;
	bool is_taken;
} header_rows[] = {
	{ "Location", "https://pki.example.com/ca", true },
	{ "X-Empty", "", true },
	{ "WWW-Authenticate", "Bearer realm=\"x\", error=\"y\"", true },
	{ "Location", "x\r\nSet-Cookie: a=b", false },
	{ "Location", "x\n", false },
	{ "X\r\nY", "x", false },
	{ "X: Y", "x", false },
	{ "", "x", false },
};

START_TEST(a_header_cannot_be_split)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct buf body = BUF_INIT(100);
		struct response response;
		const char *text;

		response_init(&response);
		response_header(&response, "X-Request-Id", "abc");
		response_header(&response, header_rows[_i].name, header_rows[_i].value);
		buf_add_text(&body, "body");
		response_take(&response, 200, "text/plain", &body);
		text = written(&response, &out);
		ck_assert(has(text, "Status: 200 OK\r\n") == header_rows[_i].is_taken);
		ck_assert(has(text, "\r\n\r\nbody") == header_rows[_i].is_taken);
		ck_assert(!has(text, "Set-Cookie"));
		ck_assert(has(text, "X-Request-Id: abc\r\n"));
		if (!header_rows[_i].is_taken) {
			ck_assert_int_eq(response.status, 500);
			ck_assert(has(text, "Status: 500 Internal Server Error\r\n"));
		}
		response_release(&response);
	}
END_TEST

START_TEST(too_many_headers_or_too_large_a_body_is_a_500)
	{
		cleanup(buf_release) struct buf out = BUF_INIT(OUT_MAX);
		struct buf body = BUF_INIT(3);
		struct response response;

		response_init(&response);
		if (_i == 0)
			for (int n = 0; n < RESPONSE_MAX_HEADERS; n++)
				response_header(&response, "X", "y");
		buf_add_text(&body, _i == 0 ? "abc" : "abcd");
		response_take(&response, 200, "text/plain", &body);
		ck_assert(has(written(&response, &out), "Status: 500 Internal Server Error\r\n"));
		ck_assert_int_eq(response.status, 500);
		response_release(&response);
	}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("response");
	TCase *tc = tcase_create("response");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, an_answer_is_written_whole);
	tcase_add_test(tc, head_gets_the_length_and_no_body);
	tcase_add_test(tc, a_file_is_announced_and_handed_to_who_sends_it);
	tcase_add_loop_test(tc, a_file_that_is_not_sent_is_closed, 0, 5);
	tcase_add_test(tc, head_of_a_file_tells_its_length);
	tcase_add_test(tc, no_content_has_neither_length_nor_body);
	tcase_add_test(tc, an_answer_may_say_how_it_is_cached_but_an_error_may_not);
	tcase_add_test(tc, no_error_code_was_forgotten);
	tcase_add_loop_test(
	    tc, every_error_has_its_status_number_and_sentence, 0, ROWS(error_rows));
	tcase_add_loop_test(
	    tc, an_error_as_text_is_one_line_of_the_same_sentence, 0, ROWS(error_rows));
	tcase_add_test(tc, answers_to_bad_tokens_are_alike);
	tcase_add_test(tc, an_error_replaces_an_answer_and_keeps_its_headers);
	tcase_add_loop_test(tc, any_text_makes_a_valid_json_string, 0, ROWS(text_rows));
	tcase_add_loop_test(tc, any_text_makes_one_line, 0, ROWS(line_rows));
	tcase_add_loop_test(tc, czertainlys_clients_get_its_forms, 0,
	    sizeof(czertainly_rows) / sizeof(czertainly_rows[0]));
	tcase_add_test(tc, the_longest_and_worst_text_still_fits);
	tcase_add_loop_test(tc, a_header_cannot_be_split, 0, ROWS(header_rows));
	tcase_add_loop_test(tc, too_many_headers_or_too_large_a_body_is_a_500, 0, 2);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* OCSP over HTTP: the request from the body or the path, the answer with what caches want to know.
 */
#define _GNU_SOURCE
#include "api/status/ocsp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/answer.h"
#include "api/context.h"
#include "base/counter.h"
#include "base/enc.h"
#include "enroll/status/ocsp_answer.h"

enum { DATE_MAX = 32, TAG_MAX = 2 * SHA256_SIZE + 3, CACHE_CONTROL_MAX = 96, TEXT_SHOWN_MAX = 64 };

static const char request_type[] = "application/ocsp-request";
static const char response_type[] = "application/ocsp-response";

static enum ocsp_error
status_of(const struct error *err)
{
	if (error_is(err, ERR_BAD_REQUEST))
		return OCSP_MALFORMED_REQUEST;
	if (error_is(err, ERR_NOT_FOUND))
		return OCSP_UNAUTHORIZED;
	return error_is(err, ERR_DATABASE) ? OCSP_TRY_LATER : OCSP_INTERNAL_ERROR;
}

static void
count_error(enum ocsp_error status)
{
	static const enum counter_ocsp answers[] = {
		[OCSP_MALFORMED_REQUEST] = COUNTER_OCSP_MALFORMED_REQUEST,
		[OCSP_INTERNAL_ERROR] = COUNTER_OCSP_INTERNAL_ERROR,
		[OCSP_TRY_LATER] = COUNTER_OCSP_TRY_LATER,
		[OCSP_UNAUTHORIZED] = COUNTER_OCSP_UNAUTHORIZED,
	};

	counter_add(COUNTER_OCSP, answers[status], COUNTER_UNSIGNED, 1);
}

/* RFC 5019, 6.2: errors are not to be cached. */
static void
answer_error(const struct error *err, struct response *response)
{
	cleanup(buf_release) struct buf body = BUF_INIT(16);
	enum ocsp_error status = status_of(err);

	count_error(status);
	ocsp_error_response(status, &body);
	response_header(response, "Cache-Control", "no-store");
	response_take(response, 200, response_type, &body);
	response->number = (int)status;
}

static void
add_date(struct response *response, const char *name, int64_t seconds)
{
	char text[DATE_MAX];
	time_t when = (time_t)seconds;
	struct tm tm = { 0 };

	(void)gmtime_r(&when, &tm);
	(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	response_header(response, name, text);
}

static int
make_tag(struct bytes der, char tag[static TAG_MAX], struct error *err)
{
	uint8_t digest[SHA256_SIZE];

	if (sha256(der, digest, err) < 0)
		return -1;
	tag[0] = '"';
	for (size_t i = 0; i < sizeof(digest); i++)
		(void)snprintf(tag + 1 + 2 * i, 3, "%02x", digest[i]);
	(void)snprintf(tag + TAG_MAX - 2, 2, "\"");
	return 0;
}

/* RFC 5019, 6.2: caches may keep it until shortly before nextUpdate. */
static int
add_cache_headers(const struct ocsp_answer *answer, const char *tag, struct response *response)
{
	char text[CACHE_CONTROL_MAX];
	int64_t left = answer->next_update - answer->now - 1;

	(void)snprintf(text, sizeof(text),
	    "max-age=%" PRId64 ", public, no-transform, must-revalidate", left > 0 ? left : 0);
	response_header(response, "Cache-Control", text);
	add_date(response, "Last-Modified", answer->this_update);
	add_date(response, "Expires", answer->next_update);
	response_header(response, "ETag", tag);
	return 0;
}

/*
 * Only the URL of a GET says what is asked, and only without a nonce may two clients be told the
 * same: everything else is kept from caches.
 */
static int
answer_signed(const struct request *request, bool is_cacheable, struct ocsp_answer *answer,
    struct response *response, struct error *err)
{
	char tag[TAG_MAX];

	if (!is_cacheable) {
		response_header(response, "Cache-Control", "no-store");
	} else {
		if (make_tag(buf_bytes(&answer->der), tag, err) < 0)
			return -1;
		add_cache_headers(answer, tag, response);
		if (answer_not_modified(request, tag, response))
			return 0;
	}
	response_take(response, 200, response_type, &answer->der);
	return 0;
}

static void
answer_release(struct ocsp_answer *answer)
{
	buf_release(&answer->der);
}

static int
answer_asked(struct app *app, const struct request *request, struct bytes der,
    struct response *response, struct error *err)
{
	const struct ocsp_context context = {
		.settings = app->settings,
		.db = app->db,
		.signers = app->ocsp_signers,
		.reuse = app->ocsp_reuse,
	};
	cleanup(answer_release) struct ocsp_answer answer = { .now = 0 };
	bool is_get = strcmp(request->method, "POST") != 0;
	struct ocsp_request asked;

	if (ocsp_request_parse(der, &asked, err) < 0 ||
	    ocsp_answer_make(&context, &asked, &answer, err) < 0)
		return -1;
	return answer_signed(request, is_get && !asked.has_nonce, &answer, response, err);
}

/* Never fails: what is OCSP is answered in OCSP. */
static int
answer_der(struct app *app, const struct request *request, struct bytes der,
    struct response *response, struct error *err)
{
	if (answer_asked(app, request, der, response, err) < 0)
		answer_error(err, response);
	return 0;
}

/* Some old clients send no type at all. */
static int
check_type(const struct request *request, struct error *err)
{
	struct bytes type = bytes_of(request->content_type, strcspn(request->content_type, "; \t"));

	if (type.len == 0 || bytes_equal_nocase(type, bytes_text(request_type)))
		return 0;
	return error_set(err, ERR_MEDIA_TYPE, "Content-Type \"%.*s\" where %s is wanted",
	    TEXT_SHOWN_MAX, request->content_type, request_type);
}

int
ocsp_post(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	(void)params;
	if (check_type(request, err) < 0)
		return -1;
	return answer_der(app, request, buf_bytes(&request->body), response, err);
}

/*
 * Base64 of either alphabet, with its padding or without. A request begins with the letter M, so
 * slashes in front are the client's, which joined a base ending in one.
 */
static int
decode(const char *text, struct buf *der, struct error *err)
{
	char letters[REQUEST_PATH_MAX];
	size_t len;

	text += strspn(text, "/");
	len = strlen(text);
	for (int pads = 0; pads < 2 && len > 0 && text[len - 1] == '='; pads++)
		len--;
	if (len >= sizeof(letters))
		return error_set(err, ERR_BAD_REQUEST, "too long");
	for (size_t i = 0; i < len; i++)
		letters[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	return base64url_decode(bytes_of(letters, len), der, err);
}

int
ocsp_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(REQUEST_PATH_MAX);

	/* The path is decoded from REQUEST_URI: web servers merge slashes elsewhere. */
	if (decode(params_get(params, "request"), &der, err) < 0) {
		answer_error(err, response);
		return 0;
	}
	return answer_der(app, request, buf_bytes(&der), response, err);
}

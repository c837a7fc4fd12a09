/* Error answers: the only place that maps error codes to statuses, public numbers and bodies. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "http/response.h"

enum { ERROR_BODY_MAX = 8 * ERROR_TEXT_MAX };

/* What an error code is answered with: HTTP status and public number. */
static const struct {
	int status, number;
} answers[] = {
	[ERR_NONE] = { 200, 0 },
	[ERR_BAD_REQUEST] = { 400, 4000 },
	[ERR_BODY_FORM] = { 400, 4001 },
	[ERR_CSR_SYNTAX] = { 400, 4002 },
	[ERR_CSR_SIGNATURE] = { 400, 4003 },
	[ERR_KEY] = { 400, 4004 },
	[ERR_NAME] = { 400, 4005 },
	[ERR_TOO_LARGE] = { 413, 4006 },
	[ERR_JSON] = { 400, 4007 },
	[ERR_NO_CREDENTIAL] = { 401, 4010 },
	[ERR_TOKEN] = { 401, 4010 },
	[ERR_ROLE] = { 403, 4030 },
	[ERR_PROFILE] = { 403, 4031 },
	[ERR_SELF_SERVICE] = { 403, 4032 },
	[ERR_NEEDS_TLS] = { 403, 4033 },
	[ERR_NO_CLIENT_CERT] = { 403, 4034 },
	[ERR_CLIENT_CERT] = { 403, 4035 },
	[ERR_RENEWAL] = { 403, 4036 },
	[ERR_ORIGIN] = { 403, 4037 },
	[ERR_SWITCHED_OFF] = { 404, 4040 },
	[ERR_NOT_FOUND] = { 404, 4041 },
	[ERR_METHOD] = { 405, 4050 },
	[ERR_CONFLICT] = { 409, 4090 },
	[ERR_STATE] = { 409, 4091 },
	[ERR_MEDIA_TYPE] = { 415, 4150 },
	[ERR_VALIDATION] = { 422, 4220 },
	[ERR_LIMIT] = { 429, 4290 },
	[ERR_CONFIG] = { 500, 5000 },
	[ERR_INTERNAL] = { 500, 5000 },
	[ERR_NOT_BUILT] = { 501, 5010 },
	[ERR_DATABASE] = { 503, 5030 },
	[ERR_IDENTITY_KEYS] = { 503, 5031 },
	[ERR_CA_KEY] = { 503, 5032 },
	[ERR_NOT_READY] = { 503, 5033 },
	/* numbers that clients of SCEPman's management API know */
	[ERR_NO_CERTIFICATE] = { 404, 7012 },
	[ERR_REVOKED] = { 409, 5013 },
};

/* A code that is missing here is our own fault; the test of this table finds it. */
static bool
is_answered(enum error_code code)
{
	return (size_t)code < sizeof(answers) / sizeof(answers[0]) && answers[code].status != 0;
}

int
error_status(enum error_code code)
{
	return is_answered(code) ? answers[code].status : 500;
}

int
error_number(enum error_code code)
{
	return is_answered(code) ? answers[code].number : 5000;
}

/* The sentence shown instead of the error's own text, NULL where that text may be shown. */
static const char *
fixed_sentence(enum error_code code)
{
	switch (code) {
	case ERR_NO_CREDENTIAL:
	case ERR_TOKEN:
		return "A valid access token is needed.";
	case ERR_NONE:
	case ERR_CONFIG:
	case ERR_INTERNAL:
		return "The request failed because of an internal error.";
	case ERR_CONFLICT:
		return "The record exists already or was changed meanwhile.";
	case ERR_DATABASE:
		return "The database is not available at the moment.";
	case ERR_IDENTITY_KEYS:
		return "The identity provider's keys are not available at the moment.";
	case ERR_CA_KEY:
		return "The certification authority cannot sign at the moment.";
	case ERR_BAD_REQUEST:
	case ERR_BODY_FORM:
	case ERR_CSR_SYNTAX:
	case ERR_CSR_SIGNATURE:
	case ERR_KEY:
	case ERR_NAME:
	case ERR_TOO_LARGE:
	case ERR_ROLE:
	case ERR_PROFILE:
	case ERR_SELF_SERVICE:
	case ERR_NEEDS_TLS:
	case ERR_NO_CLIENT_CERT:
	case ERR_CLIENT_CERT:
	case ERR_RENEWAL:
	case ERR_ORIGIN:
	case ERR_MEDIA_TYPE:
	case ERR_SWITCHED_OFF:
	case ERR_NOT_FOUND:
	case ERR_METHOD:
	case ERR_JSON:
	case ERR_VALIDATION:
	case ERR_STATE:
	case ERR_NO_CERTIFICATE:
	case ERR_REVOKED:
	case ERR_LIMIT:
	case ERR_NOT_BUILT:
	case ERR_NOT_READY:
		return NULL;
	}
	return "The request failed because of an internal error.";
}

/* Seconds after which trying again makes sense; NULL where only the caller can know. */
static const char *
retry_after(const struct error *err)
{
	if (error_is(err, ERR_DATABASE))
		return "5";
	if (error_is(err, ERR_IDENTITY_KEYS))
		return "10";
	if (error_is(err, ERR_CA_KEY))
		return "30";
	if (error_is(err, ERR_NOT_READY))
		return "10";
	return NULL;
}

/* The length of the well-formed UTF-8 sequence at text (RFC 3629, 4), 0 for none. */
static size_t
utf8_length(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (text[0] < 0x80)
		return 1;
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	len = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return len;
}

/* A JSON string (RFC 8259, 7); an octet that is no UTF-8 becomes U+FFFD. */
static void
add_json_text(struct buf *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	buf_add_byte(out, '"');
	while (*at != '\0') {
		size_t len = utf8_length(at);

		if (len == 0)
			buf_add_text(out, "\xef\xbf\xbd");
		else if (*at < 0x20 || *at == 0x7f)
			buf_printf(out, "\\u%04x", *at);
		else if (*at == '"' || *at == '\\')
			buf_printf(out, "\\%c", *at);
		else
			buf_add(out, bytes_of(at, len));
		at += len > 0 ? len : 1;
	}
	buf_add_byte(out, '"');
}

static void
make_json_body(struct buf *out, int number, const char *message)
{
	buf_add_text(out, "{\"errorMessage\":");
	add_json_text(out, message);
	buf_printf(out, ",\"errorCode\":%d}", number);
}

/* One line: what is neither a printable character nor UTF-8 becomes U+FFFD. */
static void
make_text_body(struct buf *out, const char *message)
{
	const unsigned char *at = (const unsigned char *)message;

	while (*at != '\0') {
		size_t len = utf8_length(at);

		if (len == 0 || *at < 0x20 || *at == 0x7f)
			buf_add_text(out, "\xef\xbf\xbd");
		else
			buf_add(out, bytes_of(at, len));
		at += len > 0 ? len : 1;
	}
	buf_add_byte(out, '\n');
}

/* A handler that fails without saying why is our own fault. */
static enum error_code
code_of(const struct error *err)
{
	return error_is(err, ERR_NONE) ? ERR_INTERNAL : err->code;
}

/* What of the error may be shown. */
static const char *
message_of(const struct error *err)
{
	const char *sentence = fixed_sentence(code_of(err));

	return sentence != NULL ? sentence : err->text;
}

/* Puts the error's body, its status and the headers that belong to it into the response. */
static void
take_error(
    struct response *response, const struct error *err, const char *content_type, struct buf *body)
{
	const char *retry = retry_after(err);

	response_drop_header(response, "Cache-Control");
	if (retry != NULL) {
		response_drop_header(response, "Retry-After");
		response_header(response, "Retry-After", retry);
	}
	response_take(response, error_status(code_of(err)), content_type, body);
	response->number = error_number(code_of(err));
}

void
response_error(struct response *response, const struct error *err)
{
	struct buf body = BUF_INIT(ERROR_BODY_MAX);

	make_json_body(&body, error_number(code_of(err)), message_of(err));
	take_error(response, err, "application/json", &body);
}

void
response_error_text(struct response *response, const struct error *err)
{
	struct buf body = BUF_INIT(ERROR_BODY_MAX);

	make_text_body(&body, message_of(err));
	take_error(response, err, "text/plain; charset=utf-8", &body);
}

/* A permission that is missing, as CZERTAINLY's front end reads it; the status is the true one. */
static void
make_problem(struct buf *out, const char *message)
{
	buf_add_text(out, "{\"statusCode\":403,\"code\":\"ACCESS_DENIED\",\"message\":");
	add_json_text(out, message);
	buf_add_byte(out, '}');
}

static void
make_unauthorized(struct buf *out, const char *path)
{
	char now[CLOCK_TEXT_MAX];

	clock_text(clock_now(), now);
	buf_printf(
	    out, "{\"timestamp\":\"%s\",\"status\":401,\"error\":\"Unauthorized\",\"path\":", now);
	add_json_text(out, path);
	buf_add_byte(out, '}');
}

/* For JSON that is none CZERTAINLY has one sentence; what was wrong goes into a member of ours. */
static void
make_message(struct buf *out, const struct error *err)
{
	buf_add_text(out, "{\"message\":");
	if (error_is(err, ERR_JSON)) {
		buf_add_text(out, "\"Unable to read HTTP message\",\"detail\":");
		add_json_text(out, err->text);
	} else if (error_is(err, ERR_INTERNAL) || error_is(err, ERR_NONE)) {
		buf_add_text(out, "\"Internal server error.\"");
	} else {
		add_json_text(out, message_of(err));
	}
	buf_add_byte(out, '}');
}

static void
make_validation(struct buf *out, const char *message)
{
	buf_add_byte(out, '[');
	add_json_text(out, message);
	buf_add_byte(out, ']');
}

void
response_error_czertainly(struct response *response, const struct error *err, const char *path)
{
	struct buf body = BUF_INIT(ERROR_BODY_MAX + 8 * strlen(path));
	int status = error_status(code_of(err));
	const char *type = "application/json";

	if (status == 422) {
		make_validation(&body, message_of(err));
	} else if (status == 403) {
		make_problem(&body, message_of(err));
		type = "application/problem+json";
	} else if (status == 401) {
		make_unauthorized(&body, path);
	} else {
		make_message(&body, err);
	}
	take_error(response, err, type, &body);
	if (error_is(err, ERR_METHOD))
		response->status = 400;
}

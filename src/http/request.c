/* Makes a request of FastCGI parameters: what is absent means no, what is malformed is refused. */
#define _GNU_SOURCE
#include "http/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/enc.h"
#include "http/address.h"

enum { READ_CHUNK = 4096 };

static const int64_t content_length_max = INT64_C(1) << 31;

static const char *
param_or_empty(const struct request *request, const char *name)
{
	const char *value = request_param(request, name);

	return value != NULL ? value : "";
}

const char *
request_param(const struct request *request, const char *name)
{
	return request->source->param(request->source->arg, name);
}

static void
make_id(struct request *request)
{
	static const char digits[] = "0123456789abcdef";

	request->uuid = uuid_new();
	for (size_t i = 0; i < UUID_SIZE; i++) {
		request->id[2 * i] = digits[request->uuid.octets[i] >> 4];
		request->id[2 * i + 1] = digits[request->uuid.octets[i] & 0xf];
	}
	request->id[sizeof(request->id) - 1] = '\0';
}

static void
borrow_texts(struct request *request)
{
	request->method = param_or_empty(request, "REQUEST_METHOD");
	request->uri = param_or_empty(request, "REQUEST_URI");
	request->query = param_or_empty(request, "QUERY_STRING");
	request->content_type = param_or_empty(request, "CONTENT_TYPE");
	request->authorization = param_or_empty(request, "HTTP_AUTHORIZATION");
	/* what Apache's mod_rewrite makes of a variable that it set before its redirect */
	if (request->authorization[0] == '\0')
		request->authorization = param_or_empty(request, "REDIRECT_HTTP_AUTHORIZATION");
}

/* Empty is what nginx sends for a request without a body. */
static int
parse_content_length(struct request *request, struct error *err)
{
	const char *text = param_or_empty(request, "CONTENT_LENGTH");
	int64_t length = 0;

	if (text[0] == '\0')
		return 0;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return error_set(err, ERR_BAD_REQUEST, "malformed CONTENT_LENGTH");
		length = length * 10 + (*text - '0');
		if (length > content_length_max)
			return error_set(err, ERR_TOO_LARGE, "CONTENT_LENGTH beyond 2^31");
	}
	request->content_length = length;
	return 0;
}

/* RFC 9112, 3.2.2: a server takes the absolute form of the request target too. */
static const char *
skip_authority(const char *uri)
{
	size_t scheme = 0;

	if (strncasecmp(uri, "https://", 8) == 0)
		scheme = 8;
	else if (strncasecmp(uri, "http://", 7) == 0)
		scheme = 7;
	if (scheme > 0) {
		uri += scheme;
		uri += strcspn(uri, "/?");
	}
	return uri;
}

/* One octet of the path at *text, which is moved on; -1 for a malformed escape or a NUL. */
static int
next_octet(const char **text)
{
	int high, low;

	if (**text != '%')
		return (unsigned char)*(*text)++;
	high = hex_digit((*text)[1]);
	low = high >= 0 ? hex_digit((*text)[2]) : -1;
	if (low < 0 || (high == 0 && low == 0))
		return -1;
	*text += 3;
	return high * 16 + low;
}

/*
 * RFC 3986, 2.2: %2F is no slash, and a web server's rules by path need not see one there. Where
 * the first of them stands is kept for the router.
 */
static int
append_path(struct request *request, size_t *len, const char *text, struct error *err)
{
	const char *end = text + strcspn(text, "?");
	size_t escaped_at = REQUEST_PATH_MAX;

	while (text < end) {
		bool is_escaped = *text == '%';
		int octet = next_octet(&text);

		if (octet < 0)
			return error_set(err, ERR_BAD_REQUEST, "malformed escape in the path");
		if (*len + 1 >= sizeof(request->path))
			return error_set(err, ERR_BAD_REQUEST, "path longer than %d octets",
			    REQUEST_PATH_MAX - 1);
		if (octet == '/' && is_escaped && *len < escaped_at)
			escaped_at = *len;
		request->path[(*len)++] = (char)octet;
	}
	request->path[*len] = '\0';
	request->escaped_tail = escaped_at < *len ? *len - escaped_at : 0;
	return 0;
}

/* The web server has decoded SCRIPT_NAME and PATH_INFO already: taken as they are. */
static int
join_path(struct request *request, struct error *err)
{
	int len = snprintf(request->path, sizeof(request->path), "%s%s",
	    param_or_empty(request, "SCRIPT_NAME"), param_or_empty(request, "PATH_INFO"));

	if (len < 0 || (size_t)len >= sizeof(request->path))
		return error_set(
		    err, ERR_BAD_REQUEST, "path longer than %d octets", REQUEST_PATH_MAX - 1);
	return 0;
}

static void
drop_front(char *path, size_t count)
{
	memmove(path, path + count, strlen(path + count) + 1);
}

/* Some clients join a base that ends in a slash with a path that starts with one. */
static void
collapse_slashes(char *path)
{
	size_t slashes = strspn(path, "/");

	if (slashes > 1)
		drop_front(path, slashes - 1);
}

/* How much of the path is the path of this base URL: whole segments only. */
static size_t
base_length(const char *path, const char *base_url)
{
	const char *base = skip_authority(base_url);
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	if (strncmp(path, base, len) != 0 || (path[len] != '\0' && path[len] != '/'))
		return 0;
	return len;
}

static void
strip_base(char *path, const struct settings *settings)
{
	size_t secure = base_length(path, settings->server.base_url);
	size_t plain = base_length(path, settings->server.http_base_url);

	drop_front(path, secure > plain ? secure : plain);
	if (path[0] == '\0')
		memcpy(path, "/", 2);
}

static bool
has_dot_segment(const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		if ((len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		path += len + (path[len] == '/' ? 1 : 0);
	}
	return false;
}

/* REQUEST_URI alone is what the client sent: web servers decode and merge slashes in the others. */
static int
make_path(struct request *request, const struct settings *settings, struct error *err)
{
	size_t len = 0;

	if (request_param(request, "REQUEST_URI") != NULL) {
		const char *path = skip_authority(request->uri);

		if (path != request->uri && path[0] != '/')
			request->path[len++] = '/';
		if (append_path(request, &len, path, err) < 0)
			return -1;
	} else if (join_path(request, err) < 0)
		return -1;
	if (request->path[0] != '/')
		return error_set(err, ERR_BAD_REQUEST, "the path does not start with a slash");
	if (has_dot_segment(request->path))
		return error_set(err, ERR_BAD_REQUEST, "dot segment in the path");
	collapse_slashes(request->path);
	strip_base(request->path, settings);
	collapse_slashes(request->path);
	return 0;
}

/* A listener for IPv6 and IPv4 gives IPv4 addresses as ::ffff:192.0.2.1 (RFC 4291, 2.5.5.2). */
static const char *
unmapped(const char *address)
{
	static const char prefix[] = "::ffff:";
	size_t len = sizeof(prefix) - 1;

	return strncasecmp(address, prefix, len) == 0 && strchr(address, '.') != NULL
		   ? address + len
		   : address;
}

/*
 * Only a trusted proxy's word on address and scheme counts, and then its word alone. Never on a
 * certificate: the one of a connection that it forwards something on is its own.
 */
static void
find_client(struct request *request, const struct settings *settings)
{
	const struct text_list *trusted = &settings->server.trusted_proxies;
	const char *peer = unmapped(param_or_empty(request, "REMOTE_ADDR"));
	const char *proto;

	request->is_tls = strcasecmp(param_or_empty(request, "HTTPS"), "on") == 0;
	request->is_own_tls = request->is_tls;
	if (strlen(peer) < sizeof(request->remote_address))
		memcpy(request->remote_address, peer, strlen(peer) + 1);
	if (trusted->count == 0 || !address_is_listed(peer, trusted))
		return;
	(void)address_forwarded(
	    param_or_empty(request, "HTTP_X_FORWARDED_FOR"), trusted, request->remote_address);
	proto = request_param(request, "HTTP_X_FORWARDED_PROTO");
	if (proto != NULL)
		request->is_tls = strcmp(proto, "https") == 0;
	if (proto != NULL || request_param(request, "HTTP_X_FORWARDED_FOR") != NULL)
		request->is_own_tls = false;
}

int
request_init(struct request *out, const struct request_source *source,
    const struct settings *settings, struct error *err)
{
	*out = (struct request){
		.content_length = -1,
		.started_us = clock_monotonic_us(),
		.body = BUF_INIT(0),
		.source = source,
	};
	make_id(out);
	borrow_texts(out);
	find_client(out, settings);
	if (out->method[0] == '\0')
		return error_set(err, ERR_BAD_REQUEST, "no REQUEST_METHOD");
	if (make_path(out, settings, err) < 0)
		return -1;
	return parse_content_length(out, err);
}

void
request_release(struct request *request)
{
	buf_release(&request->body);
}

static int
read_chunk(const struct request *request, uint8_t *to, size_t len, struct error *err)
{
	int got = request->source->read(request->source->arg, to, len);

	if (got < 0)
		return error_set(err, ERR_BAD_REQUEST, "the body was cut");
	return got;
}

/* CONTENT_LENGTH and what came must agree: one octet less or more is a request cut or forged. */
static int
check_length(const struct request *request, struct error *err)
{
	if (request->content_length >= 0 && request->body.len != (uint64_t)request->content_length)
		return error_set(err, ERR_BAD_REQUEST,
		    "body of %zu octets where CONTENT_LENGTH says %lld", request->body.len,
		    (long long)request->content_length);
	return 0;
}

int
request_read_body(struct request *request, size_t max, struct error *err)
{
	uint8_t chunk[READ_CHUNK];

	if (request->content_length >= 0 && (uint64_t)request->content_length > max)
		return error_set(err, ERR_TOO_LARGE, "body of %lld octets, the limit is %zu",
		    (long long)request->content_length, max);
	buf_release(&request->body);
	request->body.max = max;
	for (;;) {
		int got = read_chunk(request, chunk, sizeof(chunk), err);

		if (got < 0)
			return -1;
		if (got == 0)
			return check_length(request, err);
		if ((size_t)got > max - request->body.len)
			return error_set(err, ERR_TOO_LARGE, "body over %zu octets", max);
		buf_add(&request->body, bytes_of(chunk, (size_t)got));
		if (buf_failed(&request->body))
			return error_set(err, ERR_INTERNAL, "no memory for the body");
	}
}

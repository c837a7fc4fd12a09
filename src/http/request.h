#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/settings.h"
#include "base/uuid.h"

enum { REQUEST_ID_MAX = 33, REQUEST_ADDRESS_MAX = 46, REQUEST_PATH_MAX = 2048 };

struct request_source;

/*
 * One FastCGI request. Texts are borrowed from the request's own parameters and
 * never NULL ("" where the variable is absent). Nothing is ever read by getenv.
 */
struct request {
	struct uuid uuid;
	char id[REQUEST_ID_MAX]; /* 32 hex digits of uuid, our own whatever the client sent */
	const char *method;
	const char *uri;             /* REQUEST_URI, raw */
	char path[REQUEST_PATH_MAX]; /* decoded, one leading slash, without BaseUrl's own path */
	size_t escaped_tail; /* so much of path begins with a slash that was sent as %2F; 0: none */
	const char *query;
	const char *content_type;
	const char *authorization;                /* HTTP_AUTHORIZATION or its REDIRECT_ form */
	char remote_address[REQUEST_ADDRESS_MAX]; /* a trusted proxy's word considered */
	bool is_tls;                              /* HTTPS is "on", or a trusted proxy says so */
	bool is_own_tls; /* HTTPS is "on", and no trusted proxy stands between the client and us:
			    only then are SSL_CLIENT_ parameters the client's */
	int64_t content_length; /* -1: not told (chunked behind mod_proxy_fcgi) */
	int64_t started_us;     /* monotonic */
	struct buf body;        /* filled by request_read_body */
	const struct request_source *source;
};

/* Where parameters and body come from: libfcgi in service, an array in tests. */
struct request_source {
	const char *(*param)(void *arg, const char *name); /* NULL: absent */
	/* Reads up to len bytes; 0: the end; negative: cut or timed out. */
	int (*read)(void *arg, uint8_t *to, size_t len);
	void *arg;
};

/*
 * Fills *out from the source's parameters. ERR_BAD_REQUEST for a path that is too
 * long, badly escaped or holds a NUL, a malformed CONTENT_LENGTH, a missing method.
 * request_release(out) in any case.
 */
int request_init(struct request *out, const struct request_source *source,
    const struct settings *settings, struct error *err);
void request_release(struct request *request);

/* A parameter by name, NULL where absent; the first one counts. */
const char *request_param(const struct request *request, const char *name);

/*
 * Reads the whole body into request->body. ERR_TOO_LARGE beyond max bytes (told
 * or found); ERR_BAD_REQUEST when it is shorter than CONTENT_LENGTH said or was cut:
 * such a request is never acted on.
 */
int request_read_body(struct request *request, size_t max, struct error *err);

#endif

#ifndef REMOTE_FETCH_H
#define REMOTE_FETCH_H

#include "base/buf.h"
#include "base/error.h"

struct fetch {
	const char *url;
	const char *origin;      /* https://HOST[:PORT]: the url must lie on it */
	const char *ca_bundle;   /* a PEM file, "" for the system's certificates */
	enum error_code failure; /* the code of every error */
};

/*
 * Whether the URL is https on the origin's host and port, without user and
 * fragment; the text of the error says which part is wrong.
 */
int fetch_check_origin(
    const char *url, const char *origin, enum error_code failure, struct error *err);

/*
 * GETs a JSON document: TLS 1.2 or later with the server's name verified, no
 * redirect followed, status 200 and a JSON content type only, 3 s to connect, 10 s in all,
 * at most out->max bytes. Blocks, so never called by a worker that serves. curl's environment
 * variables for a proxy are honoured. *out must not be used after a failure.
 */
int fetch_json(const struct fetch *what, struct buf *out, struct error *err);

#endif

#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <fcgiapp.h>

#include "base/bytes.h"
#include "base/error.h"
#include "http/request.h"

/* One accepted FastCGI connection with the one request that it may carry. */
struct connection {
	FCGX_Request fcgi;
	struct request_source source; /* of the request: parameters and body */
	bool is_cut; /* the peer stopped taking the answer, or it cannot be sent whole */
};

/* Once in a process, before the first connection: sets libfcgi up. ERR_INTERNAL. */
int connection_setup(struct error *err);

/*
 * Takes the accepted descriptor over and reads the request's parameters; a peer
 * that is silent for stall_s seconds counts as gone, then and later. ERR_BAD_REQUEST when no
 * whole request came: then the connection has been closed unanswered.
 */
int connection_open(struct connection *connection, int fd, unsigned stall_s, struct error *err);

/* Called whenever the peer has taken a piece of the answer. */
struct connection_progress {
	void (*report)(void *arg);
	void *arg;
};

/* Writes the CGI response in pieces. ERR_INTERNAL when the peer stopped taking it. */
int connection_send(struct connection *connection, struct bytes response,
    const struct connection_progress *progress, struct error *err);

/*
 * Goes on with the first len octets of an open file. A file that ends before that was cut under our
 * hands: ERR_INTERNAL, and the request is never ended in order, so that the web server knows.
 */
int connection_send_file(struct connection *connection, int fd, uint64_t len,
    const struct connection_progress *progress, struct error *err);

/*
 * Whether a peer that took so much of a file in that time is to be cut off: after half a minute it
 * must have taken 16 KiB a second of the time beyond. One that takes drops would hold a worker.
 */
bool connection_is_too_slow(int64_t elapsed_ms, uint64_t sent);

/* Ends the request and closes the connection, whatever the web server asked for. */
void connection_close(struct connection *connection);

#endif

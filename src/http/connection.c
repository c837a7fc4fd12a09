/* The only file that speaks to libfcgi: one accepted connection, one request, closed afterwards. */
#define _GNU_SOURCE
#include "http/connection.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <fastcgi.h>

#include "base/clock.h"

enum {
	PIECE = 8192,
	NO_SOCKET = -1,
	FILE_PATIENCE_MS = 30000, /* for any file, and a second more for each FILE_RATE octets */
	FILE_RATE = 16384
};

/* Milliseconds that libfcgi waits for a peer to close its end; its own default is 2000. */
static const char poll_timeout_ms[] = "200";

int
connection_setup(struct error *err)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", poll_timeout_ms, 1) < 0 ||
	    setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", poll_timeout_ms, 1) < 0)
		return error_set(err, ERR_INTERNAL, "setenv: %s", strerror(errno));
	if (FCGX_Init() != 0)
		return error_set(err, ERR_INTERNAL, "libfcgi does not start");
	/* after FCGX_Init, which puts a handler of its own in place of SIG_IGN */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0)
		return error_set(err, ERR_INTERNAL, "sigaction: %s", strerror(errno));
	return 0;
}

static const char *
fcgi_param(void *arg, const char *name)
{
	struct connection *connection = arg;

	return FCGX_GetParam(name, connection->fcgi.envp);
}

/* FCGX_GetStr just returns less when the body is cut; only the stream's error tells. */
static int
fcgi_read(void *arg, uint8_t *to, size_t len)
{
	struct connection *connection = arg;
	FCGX_Stream *in = connection->fcgi.in;
	int got = FCGX_GetStr((char *)to, len > PIECE ? PIECE : (int)len, in);

	return FCGX_GetError(in) == 0 ? got : -1;
}

static int
set_timeouts(int fd, unsigned stall_s)
{
	struct timeval limit = { .tv_sec = (time_t)stall_s };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

/*
 * FCGX_Accept_r reads from ipcFd when that is set, and the keepConnection of "the request before"
 * makes it leave the descriptor open. With no listening socket of its own it ends with EBADF after
 * a connection without a request, instead of waiting in accept(2) where no signal mask helps.
 */
int
connection_open(struct connection *connection, int fd, unsigned stall_s, struct error *err)
{
	FCGX_Request *fcgi = &connection->fcgi;

	*connection = (struct connection){ .is_cut = false };
	(void)FCGX_InitRequest(fcgi, NO_SOCKET, 0);
	if (set_timeouts(fd, stall_s) < 0) {
		(void)close(fd);
		return error_set(err, ERR_INTERNAL, "setsockopt: %s", strerror(errno));
	}
	fcgi->ipcFd = fd;
	fcgi->keepConnection = 1;
	if (FCGX_Accept_r(fcgi) != 0)
		return error_set(err, ERR_BAD_REQUEST, "no FastCGI request in the connection");
	/* whatever the web server asked for: an idle kept connection would hold the worker */
	fcgi->keepConnection = 0;
	/* a peer that ends between two parameters leaves a request with a part of them */
	if (FCGX_GetError(fcgi->in) != 0 || fcgi->role != FCGI_RESPONDER) {
		FCGX_Free(fcgi, 1);
		return error_set(err, ERR_BAD_REQUEST, "the request's parameters were cut");
	}
	connection->source = (struct request_source){
		.param = fcgi_param,
		.read = fcgi_read,
		.arg = connection,
	};
	return 0;
}

static int
put_piece(struct connection *connection, struct bytes piece,
    const struct connection_progress *progress, struct error *err)
{
	FCGX_Stream *out = connection->fcgi.out;

	if (FCGX_PutStr((const char *)piece.ptr, (int)piece.len, out) != (int)piece.len) {
		connection->is_cut = true;
		return error_set(err, ERR_INTERNAL, "the peer stopped taking the answer");
	}
	progress->report(progress->arg);
	return 0;
}

/* A short answer is still in libfcgi's buffer, and FCGX_Finish_r tells nothing. */
static int
flush(struct connection *connection, struct error *err)
{
	if (FCGX_FFlush(connection->fcgi.out) == 0)
		return 0;
	connection->is_cut = true;
	return error_set(err, ERR_INTERNAL, "the peer did not take the answer");
}

int
connection_send(struct connection *connection, struct bytes response,
    const struct connection_progress *progress, struct error *err)
{
	for (size_t sent = 0; sent < response.len;) {
		size_t left = response.len - sent;
		size_t len = left > PIECE ? PIECE : left;

		if (put_piece(connection, bytes_of(response.ptr + sent, len), progress, err) < 0)
			return -1;
		sent += len;
	}
	return flush(connection, err);
}

/* pread(2), which a signal may interrupt. */
static ssize_t
read_piece(int fd, uint8_t *to, size_t len, uint64_t at)
{
	ssize_t got;

	do
		got = pread(fd, to, len, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got;
}

bool
connection_is_too_slow(int64_t elapsed_ms, uint64_t sent)
{
	return elapsed_ms > FILE_PATIENCE_MS + (int64_t)(sent / FILE_RATE) * 1000;
}

int
connection_send_file(struct connection *connection, int fd, uint64_t len,
    const struct connection_progress *progress, struct error *err)
{
	uint8_t piece[PIECE];
	int64_t started_ms = clock_monotonic_ms();

	for (uint64_t sent = 0; sent < len;) {
		uint64_t left = len - sent;
		ssize_t got = read_piece(fd, piece, left > PIECE ? PIECE : (size_t)left, sent);

		if (got <= 0) {
			connection->is_cut = true;
			return error_set(err, ERR_INTERNAL, "the file to be sent: %s",
			    got < 0 ? strerror(errno) : "shorter than it was");
		}
		if (put_piece(connection, bytes_of(piece, (size_t)got), progress, err) < 0)
			return -1;
		sent += (uint64_t)got;
		if (connection_is_too_slow(clock_monotonic_ms() - started_ms, sent)) {
			connection->is_cut = true;
			return error_set(err, ERR_INTERNAL, "the peer takes the file too slowly");
		}
	}
	return flush(connection, err);
}

void
connection_close(struct connection *connection)
{
	FCGX_Request *fcgi = &connection->fcgi;

	/* FCGX_Finish_r would write the piece that failed once more, from its start */
	if (connection->is_cut)
		FCGX_Free(fcgi, 1);
	else
		FCGX_Finish_r(fcgi);
}

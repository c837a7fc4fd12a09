#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include "base/error.h"
#include "base/settings.h"
#include "http/request.h"
#include "http/response.h"

/*
 * What a worker process does; the pool knows nothing else of the application.
 * start runs once in each new worker, after the fork, and never fails: what is
 * not there yet (database, keys) is answered with 503 later.
 */
struct pool_worker {
	void *(*start)(const struct settings *settings);
	void (*handle)(void *state, struct request *request, struct response *response);
	/* Asked after each request: wishes (bits of the application's) make the maintain child run
	 * soon; 0: none. */
	unsigned (*wishes)(void *state);
	void (*stop)(void *state);
};

/* Why a maintain child runs. */
struct pool_maintain {
	bool is_regular; /* its time has come, every IntervalSeconds */
	bool is_first;   /* of a master that has just started */
	unsigned wishes; /* of the workers since the last run */
};

/* How it ended, other than done (0) or failed (an exit status of <sysexits.h>). */
enum pool_maintain_status {
	POOL_MAINTAIN_AGAIN = 100, /* others are at what is wished for: wish it once more, later */
	POOL_MAINTAIN_VAIN = 101   /* there was nothing to do for what anybody may wish for */
};

struct pool_options {
	const char *config_path; /* read again at SIGHUP */
	const struct pool_worker *worker;
	/* Runs in a short-lived child before the first fork, and before a reload counts; non-zero
	 * exit statuses of it are the process's own (78 for a wrong schema or key). */
	int (*check)(const struct settings *settings);
	/* Runs the jobs that are due, in a child: at start, every IntervalSeconds, and for wishes;
	 * its exit status, or one of enum pool_maintain_status. */
	int (*maintain)(const struct settings *settings, const struct pool_maintain *why);
	/* Wishes for which a second child runs, whatever the first is at; it runs for nothing else.
	 */
	unsigned urgent;
	/* Wishes that anybody can cause: after a run for them that failed or was in vain they count
	 * again only after IntervalSeconds. */
	unsigned anybodys;
	int listen_fd;
};

/* The master with its prefork workers; returns the exit status. Takes over *settings. */
int pool_run(const struct pool_options *options, struct settings *settings);

/* One worker without a master, for mod_fcgid; `alarm` guards each request. */
int pool_run_single(const struct pool_options *options, struct settings *settings);

/* File descriptor 0, which must be a listening Unix socket. ERR_CONFIG. */
int pool_inherit(int *fd, struct error *err);

/*
 * The listening socket: file descriptor 0 when it is one, else a new Unix
 * socket (mode 0600) at settings->server.listen; a stale socket file there is replaced only when
 * nobody answers on it. ERR_CONFIG.
 */
int pool_listen(const struct settings *settings, int *fd, struct error *err);

#endif

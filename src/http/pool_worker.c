/* A worker: accepts one connection at a time, answers its one request, tells what it is doing. */
#define _GNU_SOURCE
#include "http/pool_worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/random.h"
#include "http/connection.h"
#include "http/pool_child.h"

enum {
	IDLE_MS = 1000,        /* how long an idle worker may miss that its master is gone */
	ACCEPT_PAUSE_MS = 100, /* after an accept that failed for want of descriptors or memory */
	STALL_MAX_S = 5,       /* silence of a peer that ends its connection */
	OUT_KEEP = 65536,      /* the answer's buffer is kept up to this size */
	OUT_MAX = RESPONSE_MAX_HEADERS + RESPONSE_MAX_BODY + 1024
};

struct worker {
	const struct pool_life *life;
	void *state; /* the application's */
	int signal_fd;
	int epoll_fd;
	uint64_t requests;
	uint64_t max_requests; /* 0: no end */
	bool is_stopping;
	unsigned stall_s;
	struct buf out;
	struct response_file file; /* goes out behind it */
};

/* The workers must not all be recycled at the same moment. */
static uint64_t
recycle_after(uint32_t max_requests)
{
	uint32_t noise;

	random_bytes(&noise, sizeof(noise));
	return max_requests + noise % (max_requests / 10 + 1);
}

/* Of all idle workers only one is woken for a connection. */
static int
watch(struct worker *w)
{
	struct epoll_event listen = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	struct epoll_event signals = { .events = EPOLLIN };

	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0)
		return -1;
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->life->options->listen_fd, &listen) < 0)
		return -1;
	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->signal_fd, &signals);
}

static int
worker_open(struct worker *w, struct error *err)
{
	const struct settings *settings = w->life->settings;
	uint32_t half_s = settings->server.request_timeout_s / 2;

	w->stall_s = half_s < 1 ? 1 : half_s > STALL_MAX_S ? STALL_MAX_S : half_s;
	if (settings->server.max_requests > 0)
		w->max_requests = recycle_after(settings->server.max_requests);
	if (connection_setup(err) < 0 || pool_child_signal_fd(&w->signal_fd, err) < 0)
		return -1;
	if (watch(w) < 0)
		return error_set(err, ERR_INTERNAL, "epoll: %s", strerror(errno));
	w->state = w->life->options->worker->start(settings);
	if (w->state == NULL)
		return error_set(err, ERR_INTERNAL, "the worker's state could not be made");
	return 0;
}

static void
worker_close(struct worker *w)
{
	if (w->state != NULL)
		w->life->options->worker->stop(w->state);
	buf_release(&w->out);
	if (w->epoll_fd >= 0)
		(void)close(w->epoll_fd);
	if (w->signal_fd >= 0)
		(void)close(w->signal_fd);
}

/* Without a master the alarm is the watchdog: its default action ends the process. */
static void
mark(struct worker *w, enum slot_state state)
{
	unsigned timeout_s = w->life->settings->server.request_timeout_s;

	if (w->life->slot != NULL)
		slot_mark(w->life->slot, state);
	else if (state != SLOT_WORKING)
		(void)alarm(state == SLOT_IDLE ? 0 : timeout_s);
}

static void
mark_sending(void *arg)
{
	mark(arg, SLOT_SENDING);
}

/* A request that cannot be made sense of; the application never sees it. */
static void
refuse(const struct request *request, struct response *response, const struct error *err)
{
	response_error(response, err);
	counter_add(COUNTER_REFUSED, err->code, 0, 1);
	counter_add(COUNTER_REQUESTS, COUNTER_ROUTE_OTHER, (unsigned)response->status / 100 - 1, 1);
	log_event(LOG_LEVEL_INFO, "request", log_text("method", request->method),
	    log_number("status", response->status), log_number("code", response->number),
	    log_text("reason", err->text), log_text("addr", request->remote_address));
}

static void
answer(struct worker *w, const struct request_source *source)
{
	struct error err = { .code = ERR_NONE };
	struct response response;
	struct request request;
	int rc = request_init(&request, source, w->life->settings, &err);

	log_set_request(request.id);
	response_init(&response);
	response.is_head = strcmp(request.method, "HEAD") == 0;
	response_header(&response, "X-Request-Id", request.id);
	if (rc == 0)
		w->life->options->worker->handle(w->state, &request, &response);
	else
		refuse(&request, &response, &err);
	buf_reset(&w->out);
	response_write(&response, &w->out);
	w->file = response_detach_file(&response);
	log_set_request(NULL);
	response_release(&response);
	request_release(&request);
}

static int
send_file(const struct worker *w, struct connection *connection,
    const struct connection_progress *progress, struct error *err)
{
	if (w->file.fd < 0)
		return 0;
	return connection_send_file(connection, w->file.fd, w->file.len, progress, err);
}

static void
send_answer(struct worker *w, struct connection *connection)
{
	const struct connection_progress progress = { .report = mark_sending, .arg = w };
	struct error err = { .code = ERR_NONE };

	mark(w, SLOT_SENDING);
	if (buf_failed(&w->out))
		log_event(LOG_LEVEL_ERROR, "answer_lost", log_number("limit", OUT_MAX));
	else if (connection_send(connection, buf_bytes(&w->out), &progress, &err) < 0 ||
		 send_file(w, connection, &progress, &err) < 0)
		log_event(LOG_LEVEL_INFO, "answer_cut", log_text("reason", err.text));
	connection_close(connection);
	response_file_close(&w->file);
	slot_release_file();
	if (w->out.cap > OUT_KEEP)
		buf_release(&w->out);
}

static void
serve(struct worker *w, int fd)
{
	struct error err = { .code = ERR_NONE };
	struct connection connection;

	mark(w, SLOT_RECEIVING);
	w->requests++;
	if (connection_open(&connection, fd, w->stall_s, &err) < 0)
		log_event(LOG_LEVEL_INFO, "request_dropped", log_text("reason", err.text));
	else {
		mark(w, SLOT_WORKING);
		answer(w, &connection.source);
		send_answer(w, &connection);
	}
	mark(w, SLOT_IDLE);
}

static void
pass_wishes(const struct worker *w)
{
	unsigned wishes = w->life->options->worker->wishes(w->state);

	if (wishes != 0 && w->life->slot != NULL)
		atomic_fetch_or(&w->life->slot->wishes, wishes);
	if (w->life->job != NULL)
		pool_job_wish(w->life->job, wishes);
}

static void
read_signals(struct worker *w)
{
	struct signalfd_siginfo info;

	while (read(w->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			log_reopen();
		else if (info.ssi_signo != SIGCHLD)
			w->is_stopping = true;
	}
}

/* The children of a process end with it: without a master it stays for what it owes. */
static bool
is_used_up(const struct worker *w)
{
	return w->max_requests > 0 && w->requests >= w->max_requests &&
	       (w->life->job == NULL || !pool_job_is_owing(w->life->job));
}

static bool
is_done(struct worker *w)
{
	read_signals(w);
	if (w->life->master != 0 && getppid() != w->life->master)
		return true;
	return w->is_stopping || is_used_up(w);
}

/* -1: no connection is waiting, or none can be had now. */
static int
take_connection(const struct worker *w)
{
	int fd = accept4(w->life->options->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
		log_event(LOG_LEVEL_ERROR, "accept_failed", log_text("reason", strerror(errno)));
		(void)poll(NULL, 0, ACCEPT_PAUSE_MS);
	}
	return fd;
}

/*
 * Under load no wait is needed. A worker that was woken for a connection takes it even when a
 * signal came with it, since no other worker has been woken.
 */
static void
turn(struct worker *w)
{
	struct epoll_event events[2];
	int fd = take_connection(w);

	if (fd < 0) {
		(void)epoll_wait(w->epoll_fd, events, 2, IDLE_MS);
		fd = take_connection(w);
	}
	if (fd >= 0) {
		serve(w, fd);
		pass_wishes(w);
	}
	if (w->life->job != NULL) {
		pool_job_reap(w->life->job, w->life->settings);
		pool_job_tick(w->life->job, w->life->settings);
	}
}

int
pool_worker_run(const struct pool_life *life)
{
	struct error err = { .code = ERR_NONE };
	struct worker w = {
		.life = life,
		.signal_fd = -1,
		.epoll_fd = -1,
		.out = BUF_INIT(OUT_MAX),
		.file = { .fd = -1 },
	};
	int status = EX_OK;

	if (worker_open(&w, &err) < 0) {
		log_event(LOG_LEVEL_ERROR, "worker_failed", log_text("reason", err.text));
		status = EX_OSERR;
	} else
		while (!is_done(&w))
			turn(&w);
	worker_close(&w);
	return status;
}

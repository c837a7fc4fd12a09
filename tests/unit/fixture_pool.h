#ifndef TESTS_FIXTURE_POOL_H
#define TESTS_FIXTURE_POOL_H

/* A pool with a toy application, and a raw FastCGI client; all static, for one program. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/pool.h"

enum { PATH_LEN = 64, BIG_BODY = 4 << 20, ANSWER_MAX = BIG_BODY + (1 << 20), WAIT_MS = 10000 };
enum { FCGI_BEGIN = 1, FCGI_ABORT = 2, FCGI_END = 3, FCGI_PARAMS = 4, FCGI_STDIN = 5 };
enum { BAD_DAYS = 13 }; /* ValidityPeriodDays that the toy's check refuses */

static char folder[PATH_LEN], socket_path[2 * PATH_LEN], config_path[2 * PATH_LEN];
static char jobs_path[2 * PATH_LEN];

static void
nap_ms(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	do {
		errno = 0;
		(void)nanosleep(&ts, &ts);
	} while (errno == EINTR);
}

/* The toy: answers with its pid, and does what the path says. */

enum { TOY_PLAIN = 1, TOY_URGENT = 2, TOY_ANYBODY = 4 };
static unsigned toy_wanted;

static void *
toy_start(const struct settings *settings)
{
	static int state;

	(void)settings;
	return &state;
}

/* The file that a test has put into the folder. */
static void
toy_send_file(struct response *response)
{
	char path[2 * PATH_LEN];
	struct stat st = { .st_size = 0 };
	int fd;

	(void)snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	(void)fstat(fd, &st);
	response_take_file(response, "application/octet-stream", &fd, (uint64_t)st.st_size);
}

static void
toy_handle(void *state, struct request *request, struct response *response)
{
	struct buf body = BUF_INIT(RESPONSE_MAX_BODY);
	struct error err = { .code = ERR_NONE };

	(void)state;
	if (strncmp(request->path, "/sleep/", 7) == 0)
		nap_ms((int)strtol(request->path + 7, NULL, 10));
	toy_wanted = strcmp(request->path, "/want") == 0     ? TOY_PLAIN
		     : strcmp(request->path, "/urgent") == 0 ? TOY_URGENT
		     : strcmp(request->path, "/any") == 0    ? TOY_ANYBODY
							     : 0;
	if (request_read_body(request, 1 << 20, &err) < 0) {
		response_error(response, &err);
		return;
	}
	if (strcmp(request->path, "/file") == 0) {
		toy_send_file(response);
		return;
	}
	buf_printf(&body, "pid=%d length=%zu ", (int)getpid(), request->body.len);
	while (strcmp(request->path, "/big") == 0 && body.len < BIG_BODY)
		buf_add_text(
		    &body, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	response_take(response, 200, "text/plain", &body);
}

static unsigned
toy_wishes(void *state)
{
	(void)state;
	return toy_wanted;
}

static void
toy_stop(void *state)
{
	(void)state;
}

static int
toy_check(const struct settings *settings)
{
	return settings->validity_period_days == BAD_DAYS ? 78 : 0;
}

/* A test's order to the runs of this letter, a file hang-LETTER or exit-LETTER. */
static const char *
toy_order(const char *order, char letter)
{
	static char path[2 * PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s/%s-%c", folder, order, letter);
	return path;
}

/* 128 and more: a signal to itself. */
static int
toy_status(char letter)
{
	FILE *file = fopen(toy_order("exit", letter), "re");
	char text[8] = "0";
	int status;

	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) == NULL)
		abort();
	(void)fclose(file);
	status = (int)strtol(text, NULL, 10);
	return status > 128 ? raise(status - 128) : status;
}

/* One letter a run: first, regular, or for a wish: urgent, anybody's or any other. */
static int
toy_maintain(const struct settings *settings, const struct pool_maintain *why)
{
	int fd = open(jobs_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char letter = why->is_first                      ? 'f'
		      : why->is_regular                  ? 'r'
		      : (why->wishes & TOY_URGENT) != 0  ? 'u'
		      : (why->wishes & TOY_ANYBODY) != 0 ? 'a'
							 : 'w';

	(void)settings;
	if (write(fd, &letter, 1) != 1)
		return 1;
	while (access(toy_order("hang", letter), F_OK) == 0)
		nap_ms(10);
	return toy_status(letter);
}

static size_t
jobs_run_so_far(void)
{
	struct stat st;

	return stat(jobs_path, &st) == 0 ? (size_t)st.st_size : 0;
}

__attribute__((unused)) static void
wait_for_jobs(size_t count)
{
	for (int waited = 0; waited < WAIT_MS && jobs_run_so_far() < count; waited += 20)
		nap_ms(20);
	ck_assert_uint_ge(jobs_run_so_far(), count);
}

__attribute__((unused)) static int
job_run_so_far(long place)
{
	FILE *file = fopen(jobs_path, "re");
	int letter;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, place, SEEK_SET), 0);
	letter = fgetc(file);
	(void)fclose(file);
	return letter;
}

/* Writes the settings, with further lines of the general section and of [Server]. */
static void
configure(const char *general, const char *server)
{
	FILE *file = fopen(config_path, "we");

	ck_assert_ptr_nonnull(file);
	(void)fprintf(file,
	    "%s\n[AuthConfig]\nUnknownKidRefreshSeconds = 2\n"
	    "[Server]\nBaseUrl = https://pki.example.com\nHttpBaseUrl = http://pki.example.com\n"
	    "StateDir = %s\nListen = %s\n%s\n"
	    "[Database]\nSocket = /nonexistent\nName = x\nUser = x\n"
	    "ConnectTimeoutSeconds = 1\nReadTimeoutSeconds = 1\nWriteTimeoutSeconds = 1\n"
	    "[Log]\nTarget = file:%s/log\nLevel = debug\n",
	    general, folder, socket_path, server, folder);
	(void)fclose(file);
}

static void
make_folder(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/cwpoolXXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(socket_path, sizeof(socket_path), "%s/s", folder);
	(void)snprintf(config_path, sizeof(config_path), "%s/conf", folder);
	(void)snprintf(jobs_path, sizeof(jobs_path), "%s/jobs", folder);
	/* orphans become our children, so that their end can be seen */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

static void
remove_folder(void)
{
	static const char *const names[] = { "s", "s.lock", "conf", "jobs", "log", "file", "hang-f",
		"hang-r", "hang-u", "exit-u", "exit-a" };
	char path[2 * PATH_LEN];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(folder);
}

static int
toy_run(bool is_single)
{
	static const struct pool_worker worker = { toy_start, toy_handle, toy_wishes, toy_stop };
	struct pool_options options = {
		.config_path = config_path,
		.worker = &worker,
		.check = toy_check,
		.maintain = toy_maintain,
		.urgent = TOY_URGENT,
		.anybodys = TOY_ANYBODY,
		.listen_fd = -1,
	};
	cleanup(settings_freep) struct settings *settings = NULL;
	struct error err = { .code = ERR_NONE };

	if (settings_load(config_path, &settings, &err) < 0 ||
	    log_open(settings->log.target, settings->log.level, &err) < 0 ||
	    pool_listen(settings, &options.listen_fd, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return 70;
	}
	if (!is_single)
		return pool_run(&options, take(settings));
	/* as mod_fcgid starts it */
	if (dup2(options.listen_fd, STDIN_FILENO) < 0)
		return 70;
	(void)close(options.listen_fd);
	options.listen_fd = -1;
	if (pool_inherit(&options.listen_fd, &err) < 0)
		return 70;
	return pool_run_single(&options, take(settings));
}

/* A child without Check's handlers, which end the whole process group. */
static pid_t
fork_plainly(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)signal(SIGTERM, SIG_DFL);
		(void)signal(SIGINT, SIG_DFL);
	}
	return pid;
}

static pid_t
start_toy(const char *server, bool is_single)
{
	pid_t pid;

	make_folder();
	configure("", server);
	pid = fork_plainly();
	if (pid == 0)
		_exit(toy_run(is_single));
	ck_assert_int_gt(pid, 0);
	for (int waited = 0; access(socket_path, F_OK) < 0 && waited < WAIT_MS; waited += 10)
		nap_ms(10);
	return pid;
}

/* Waits for this child; 1000 when it does not end in time, 2000 and more for a signal. */
static int
wait_exit(pid_t pid, int limit_ms)
{
	int status;

	for (int waited = 0; waited < limit_ms; waited += 10) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 2000 + WTERMSIG(status);
		nap_ms(10);
	}
	return 1000;
}

/* The client. */

static int
dial(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 15 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	for (int waited = 0; waited < WAIT_MS; waited += 10) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		nap_ms(10);
	}
	ck_abort_msg("no connection");
	return -1;
}

static void
put(int fd, const void *data, size_t len)
{
	ck_assert_int_eq(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void
put_record(int fd, int type, const char *content, size_t len)
{
	const unsigned char head[8] = { 1, (unsigned char)type, 0, 1, (unsigned char)(len >> 8),
		(unsigned char)len, 0, 0 };

	put(fd, head, sizeof(head));
	if (len > 0)
		put(fd, content, len);
}

static void
put_begin(int fd, bool keep)
{
	const char body[8] = { 0, 1, keep ? 1 : 0 };

	put_record(fd, FCGI_BEGIN, body, sizeof(body));
}

/* Names and values of less than 128 octets. */
static void
put_param(int fd, const char *name, const char *value)
{
	char pair[256];
	int len = snprintf(
	    pair, sizeof(pair), "%c%c%s%s", (char)strlen(name), (char)strlen(value), name, value);

	/* an empty value's length is the NUL that snprintf writes as any other character */
	put_record(fd, FCGI_PARAMS, pair, (size_t)len);
}

/* Everything up to the body. */
static void
put_head(int fd, const char *path, const char *length)
{
	put_begin(fd, false);
	put_param(fd, "REQUEST_METHOD", "POST");
	put_param(fd, "REQUEST_URI", path);
	put_param(fd, "CONTENT_LENGTH", length);
	put_record(fd, FCGI_PARAMS, NULL, 0);
}

static void
put_request(int fd, const char *path)
{
	put_head(fd, path, "0");
	put_record(fd, FCGI_STDIN, NULL, 0);
}

/* An answer: what was received up to the end of the request or of the connection. */
struct answer {
	char text[4096]; /* the start of the standard output */
	size_t len;      /* of all of it */
	bool is_whole;   /* with its END_REQUEST record */
};

static bool
get_exactly(int fd, unsigned char *to, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t got = recv(fd, to + at, len - at, 0);

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static struct answer
get_answer(int fd)
{
	struct answer answer = { .len = 0 };
	static unsigned char content[65536 + 256];
	unsigned char head[8];

	while (!answer.is_whole && get_exactly(fd, head, sizeof(head))) {
		size_t len = (size_t)head[4] << 8 | head[5], keep;

		if (!get_exactly(fd, content, len + head[6]))
			break;
		answer.is_whole = head[1] == FCGI_END;
		if (head[1] != 6)
			continue;
		keep =
		    answer.len < sizeof(answer.text) - 1 ? sizeof(answer.text) - 1 - answer.len : 0;
		memcpy(answer.text + (answer.len < sizeof(answer.text) ? answer.len : 0), content,
		    keep < len ? keep : len);
		answer.len += len;
	}
	return answer;
}

static struct answer
ask(const char *path)
{
	struct answer answer;
	int fd = dial();

	put_request(fd, path);
	answer = get_answer(fd);
	(void)close(fd);
	return answer;
}

static int
number_after(const struct answer *answer, const char *name)
{
	const char *at = strstr(answer->text, name);

	return at == NULL ? -1 : (int)strtol(at + strlen(name), NULL, 10);
}

/* The pid of the worker that answers now. */
static pid_t
ask_pid(void)
{
	struct answer answer = ask("/");

	ck_assert(answer.is_whole);
	return number_after(&answer, "pid=");
}

#endif

/* The log: one escaped, bounded line an event, written without ever waiting for its reader. */
#define _GNU_SOURCE
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	LINE_MAX_BYTES =
	    4096, /* with its newline; not more than PIPE_BUF, so pipes take it whole */
	PATH_MAX_BYTES = 4096,
	NUMBER_MAX = 24
};

/* Ends a line that did not fit. */
static const char CUT[] = " cut=1";

static const char *const LEVELS[] = { "error", "warning", "info", "debug" };
enum { LEVEL_COUNT = sizeof(LEVELS) / sizeof(LEVELS[0]) };

/* Where lines go. One process, one log: set by log_open, read by log_write. */
static struct {
	int fd;
	bool is_socket;
	int syslog_fd; /* a datagram socket, -1 unless the target is syslog */
	bool torn;     /* the last line was written in part */
	enum log_level level;
	const char *request;
	uint64_t dropped;
	char path[PATH_MAX_BYTES]; /* "" unless the target is a file */
} state = { .fd = STDERR_FILENO, .syslog_fd = -1, .level = LOG_LEVEL_INFO };

/* A line in the making. text[0] is kept for a newline in front, should the last be torn. */
struct line {
	char text[1 + LINE_MAX_BYTES];
	size_t len;
	enum log_level level;
	bool is_cut;
};

struct log_field
log_bytes(const char *name, struct bytes value)
{
	return (struct log_field){ .name = name, .text = value };
}

struct log_field
log_text(const char *name, const char *value)
{
	return log_bytes(value != NULL ? name : NULL, bytes_text(value));
}

struct log_field
log_number(const char *name, int64_t value)
{
	return (struct log_field){ .name = name, .number = value, .is_number = true };
}

/* Adds the bytes whole, or cuts the line there; keeps room for CUT, a quote and the newline. */
static bool
add(struct line *line, const char *text, size_t len)
{
	if (line->is_cut || len > sizeof(line->text) - sizeof(CUT) - 2 - line->len) {
		line->is_cut = true;
		return false;
	}
	memcpy(line->text + line->len, text, len);
	line->len += len;
	return true;
}

static bool
is_plain(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr("._:/@+-", c) == NULL))
			return false;
	}
	return value.len > 0;
}

/* Quotes, so that no value can look like another field or another line. */
static void
add_quoted(struct line *line, struct bytes value)
{
	bool fits = add(line, "\"", 1);

	if (!fits)
		return;
	for (size_t i = 0; i < value.len && fits; i++) {
		char escaped[8];
		uint8_t c = value.ptr[i];
		int len;

		if (c == '"' || c == '\\')
			len = snprintf(escaped, sizeof(escaped), "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			len = snprintf(escaped, sizeof(escaped), "\\x%02x", c);
		else
			len = snprintf(escaped, sizeof(escaped), "%c", c);
		fits = len > 0 && add(line, escaped, (size_t)len);
	}
	/* add() always leaves room for this one. */
	line->text[line->len++] = '"';
}

static void
add_value(struct line *line, struct bytes value)
{
	size_t room = sizeof(line->text) - sizeof(CUT) - 2 - line->len;

	if (is_plain(value) && value.len <= room)
		(void)add(line, (const char *)value.ptr, value.len);
	else
		add_quoted(line, value);
}

static void
add_field(struct line *line, const char *name, struct bytes value)
{
	size_t before = line->len;

	if (line->len > 1 && !add(line, " ", 1))
		return;
	if (!add(line, name, strlen(name)) || !add(line, "=", 1)) {
		line->len = before; /* half a name says nothing */
		return;
	}
	add_value(line, value);
}

static void
add_number(struct line *line, const char *name, int64_t number)
{
	char text[NUMBER_MAX];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	add_field(line, name, bytes_text(text));
}

static void
begin(struct line *line, enum log_level level, const char *event)
{
	char now[CLOCK_TEXT_MAX];

	line->text[0] = '\n';
	line->len = 1;
	line->level = level;
	line->is_cut = false;
	clock_text_ms(clock_now_ms(), now);
	add_field(line, "ts", bytes_text(now));
	add_field(line, "level", bytes_text(LEVELS[level]));
	add_field(line, "event", bytes_text(event));
}

static void
end(struct line *line)
{
	if (line->is_cut) {
		memcpy(line->text + line->len, CUT, sizeof(CUT) - 1);
		line->len += sizeof(CUT) - 1;
	}
	line->text[line->len++] = '\n';
}

/*
 * Writes only where there is room: the reader of a full pipe must not hold up a request.
 * (Another writer may take the room between poll and write; the watchdog covers that.)
 */
static ssize_t
write_once(const char *text, size_t len)
{
	struct pollfd ready = { .fd = state.fd, .events = POLLOUT };
	ssize_t done;

	if (state.is_socket) {
		do
			done = send(state.fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		while (done < 0 && errno == EINTR);
		return done;
	}
	if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0)
		return -1;
	do
		done = write(state.fd, text, len);
	while (done < 0 && errno == EINTR);
	return done;
}

static int
priority_of(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_ERR;
}

/*
 * One datagram without its newline, since syslog(3) would wait for a receiver that has stopped.
 * RFC 3164 section 4.1 without the time, which the receiver takes from its own clock. Not
 * connected, so that a receiver that starts anew is found again.
 */
static bool
put_syslog(const struct line *line)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	char head[64];
	int len = snprintf(head, sizeof(head),
	    "<%d>certwright[%d]: ", LOG_DAEMON | priority_of(line->level), (int)getpid());
	struct iovec parts[] = { { .iov_base = head, .iov_len = (size_t)len },
		{ .iov_base = (void *)(uintptr_t)(line->text + 1), .iov_len = line->len - 2 } };
	const struct msghdr message = { .msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = parts,
		.msg_iovlen = 2 };

	return sendmsg(state.syslog_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static bool
put_fd(const struct line *line)
{
	const char *start = line->text + (state.torn ? 0 : 1);
	size_t len = line->len - (state.torn ? 0 : 1);
	ssize_t done = write_once(start, len);

	if (done == (ssize_t)len) {
		state.torn = false;
		return true;
	}
	state.torn = state.torn || done > 0;
	return false;
}

static bool
put(const struct line *line)
{
	return state.syslog_fd >= 0 ? put_syslog(line) : put_fd(line);
}

/* Says how many lines are missing, as soon as there is room again. */
static void
put_dropped(void)
{
	struct line line;

	begin(&line, LOG_LEVEL_WARNING, "log_lines_dropped");
	add_number(&line, "count", (int64_t)state.dropped);
	end(&line);
	if (put(&line))
		state.dropped = 0;
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	int saved = errno;
	struct line line;

	if (level > state.level)
		return;
	begin(&line, level, event);
	if (state.request != NULL)
		add_field(&line, "req", bytes_text(state.request));
	for (size_t i = 0; i < count && !line.is_cut; i++) {
		if (fields[i].name == NULL)
			continue;
		if (fields[i].is_number)
			add_number(&line, fields[i].name, fields[i].number);
		else
			add_field(&line, fields[i].name, fields[i].text);
	}
	end(&line);
	if (state.dropped > 0)
		put_dropped();
	if (state.dropped > 0 || !put(&line))
		state.dropped++;
	errno = saved;
}

void
log_set_request(const char *id)
{
	state.request = id;
}

/* Opens or makes the log file; its mode must not hang on the umask, readers share its group. */
static int
open_file(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		fd = open(path, flags | O_CREAT | O_EXCL, 0640);
		if (fd >= 0)
			(void)fchmod(fd, 0640);
		else if (errno == EEXIST) /* another process was first */
			fd = open(path, flags);
	}
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

static void
use_fd(int fd)
{
	struct stat st;
	int old = state.path[0] != '\0' ? state.fd : -1;

	state.fd = fd;
	state.is_socket = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
	state.torn = false;
	if (old >= 0 && old != fd)
		(void)close(old);
}

static void
use_syslog_fd(int fd)
{
	if (state.syslog_fd >= 0)
		(void)close(state.syslog_fd);
	state.syslog_fd = fd;
}

static int
use_file(const char *path, struct error *err)
{
	int fd;

	if (path[0] != '/' || strlen(path) >= sizeof(state.path))
		return error_set(err, ERR_CONFIG, "log: expected an absolute path behind file:");
	fd = open_file(path);
	if (fd < 0)
		return error_set(err, ERR_CONFIG, "log: %s: %s", path,
		    errno == EINVAL ? "not a regular file" : strerror(errno));
	use_fd(fd);
	memcpy(state.path, path, strlen(path) + 1);
	use_syslog_fd(-1);
	return 0;
}

static int
use_standard(bool to_syslog, struct error *err)
{
	int fd = -1;

	if (to_syslog) {
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return error_set(err, ERR_CONFIG, "log: socket: %s", strerror(errno));
	}
	use_fd(STDERR_FILENO);
	state.path[0] = '\0';
	use_syslog_fd(fd);
	return 0;
}

int
log_open(const char *target, const char *level, struct error *err)
{
	bool to_syslog = strcmp(target, "syslog") == 0;
	size_t index = 0;

	while (index < LEVEL_COUNT && strcmp(level, LEVELS[index]) != 0)
		index++;
	if (index == LEVEL_COUNT)
		return error_set(
		    err, ERR_CONFIG, "log: expected level error, warning, info or debug");
	if (strncmp(target, "file:", 5) == 0) {
		if (use_file(target + 5, err) < 0)
			return -1;
	} else if (to_syslog || strcmp(target, "stderr") == 0) {
		if (use_standard(to_syslog, err) < 0)
			return -1;
	} else {
		return error_set(
		    err, ERR_CONFIG, "log: expected target stderr, syslog or file:/PATH");
	}
	state.level = (enum log_level)index;
	return 0;
}

void
log_reopen(void)
{
	int fd;

	if (state.path[0] == '\0')
		return;
	fd = open_file(state.path);
	if (fd < 0) {
		log_event(LOG_LEVEL_ERROR, "log_reopen_failed", log_text("path", state.path),
		    log_text("reason", strerror(errno)));
		return;
	}
	use_fd(fd);
}

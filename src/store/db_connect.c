/* Opens one connection to MariaDB as the settings say; knows nothing of statements. */
#define _GNU_SOURCE
#include "store/db_connect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { HOST_MAX = 256, PORT_DEFAULT = 3306, PORT_MAX = 65535, SESSION_MAX = 512 };

/* Wiped when it leaves its scope. */
struct password {
	char text[512];
};

static void
password_wipe(struct password *password)
{
	explicit_bzero(password, sizeof(*password));
}

static void
fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

DEFINE_CLEANUP(MYSQL *, mysql_close)

/* The same bar as for a private key: nobody but us and root may read or have written it. */
static int
password_check(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CONFIG, "%s: not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, ERR_CONFIG, "%s: belongs neither to us nor to root", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(
		    err, ERR_CONFIG, "%s: open to group or others (wanted: mode 0600)", path);
	return 0;
}

/* Ends the text at the first line's end; false when there is none within the buffer. */
static bool
password_cut(struct password *password, size_t len)
{
	size_t end;

	password->text[len < sizeof(password->text) ? len : sizeof(password->text) - 1] = '\0';
	end = strcspn(password->text, "\r\n");
	if (end == sizeof(password->text) - 1)
		return false;
	/* A NUL in the line would end the password early and unseen. */
	if (end < len && password->text[end] == '\0')
		return false;
	password->text[end] = '\0';
	return true;
}

static int
password_read(const char *path, struct password *out, struct error *err)
{
	/* O_NONBLOCK: a FIFO must not hold us before its type is known. */
	cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (password_check(fd, path, err) < 0)
		return -1;
	while (len < sizeof(out->text) && got > 0) {
		got = read(fd, out->text + len, sizeof(out->text) - len);
		if (got > 0)
			len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	}
	if (!password_cut(out, len))
		return error_set(
		    err, ERR_CONFIG, "%s: the first line is too long or has a NUL", path);
	return 0;
}

static int
port_read(const char *text, unsigned *out)
{
	char *end;
	unsigned long port;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	port = strtoul(text, &end, 10);
	if (errno != 0 || *end != '\0' || port == 0 || port > PORT_MAX)
		return -1;
	*out = (unsigned)port;
	return 0;
}

/* Splits HOST, HOST:PORT, [V6] or [V6]:PORT. */
static int
host_split(const char *text, char host[static HOST_MAX], unsigned *port, struct error *err)
{
	/* Nothing else, since the library reads more into some texts ("a,b", "a;b=c"). */
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	bool is_v6 = text[0] == '[';
	const char *start = is_v6 ? text + 1 : text;
	size_t len = strspn(start, is_v6 ? "0123456789abcdefABCDEF:.%" : allowed);
	const char *rest = start + len;

	if (len == 0 || len >= HOST_MAX || (is_v6 && *rest++ != ']') ||
	    (*rest != '\0' && (*rest != ':' || port_read(rest + 1, port) < 0)))
		return error_set(err, ERR_CONFIG,
		    "[Database] Hosts: '%s' is none of HOST, HOST:PORT, [V6]:PORT", text);
	memcpy(host, start, len);
	host[len] = '\0';
	return 0;
}

static void
set_timeouts(MYSQL *mysql, const struct settings *settings)
{
	unsigned connect_s = settings->database.connect_timeout_s;
	unsigned read_s = settings->database.read_timeout_s;
	unsigned write_s = settings->database.write_timeout_s;

	(void)mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	(void)mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read_s);
	(void)mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
}

/*
 * One statement sets the session, sent by the library itself within the connect. The server's
 * time limit ends a statement before our read timeout does, since after the latter the outcome
 * is unknown. tx_isolation: its old name, which 10.11 knows alone and later ones know too.
 */
static void
set_session(MYSQL *mysql, const struct settings *settings)
{
	char text[SESSION_MAX];
	unsigned limit_ms = settings->database.read_timeout_s * 900;

	(void)snprintf(text, sizeof(text),
	    "SET time_zone='+00:00',sql_mode='STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
	    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',tx_isolation='READ-COMMITTED',"
	    "innodb_lock_wait_timeout=5,lock_wait_timeout=5,max_statement_time=%u.%03u,"
	    "autocommit=1",
	    limit_ms / 1000, limit_ms % 1000);
	(void)mysql_options(mysql, MYSQL_INIT_COMMAND, text);
	(void)mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

static void
set_security(MYSQL *mysql, const struct settings *settings, bool is_remote)
{
	my_bool off = 0, on = 1;
	unsigned infile = 0;
	bool with_tls = is_remote && settings->database.tls_ca[0] != '\0';

	(void)mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);
	(void)mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &infile);
	if (with_tls) {
		(void)mysql_options(mysql, MYSQL_OPT_SSL_CA, settings->database.tls_ca);
		(void)mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
	}
	(void)mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, with_tls ? &on : &off);
}

/* Where one connection goes. */
struct target {
	char host[HOST_MAX]; /* "": the Unix socket */
	unsigned port;
};

static int
target_find(const struct settings *settings, size_t place, struct target *out,
    char where[static DB_WHERE_MAX], struct error *err)
{
	*out = (struct target){ .port = PORT_DEFAULT };
	if (settings->database.socket[0] != '\0') {
		(void)snprintf(where, DB_WHERE_MAX, "%s", settings->database.socket);
		return 0;
	}
	if (host_split(settings->database.hosts.items[place], out->host, &out->port, err) < 0)
		return -1;
	(void)snprintf(where, DB_WHERE_MAX, strchr(out->host, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    out->host, out->port);
	return 0;
}

static bool
connect_to(MYSQL *mysql, const struct settings *settings, const struct target *target,
    const struct password *password)
{
	bool is_remote = target->host[0] != '\0';
	unsigned protocol = is_remote ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
	bool is_open;

	set_timeouts(mysql, settings);
	set_session(mysql, settings);
	set_security(mysql, settings, is_remote);
	/* Else "localhost" would silently mean some Unix socket. */
	(void)mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
	is_open = mysql_real_connect(mysql, is_remote ? target->host : NULL,
		      settings->database.user, password->text, settings->database.name,
		      target->port, is_remote ? NULL : settings->database.socket, 0) != NULL;
	/* The library's copy serves reconnects only, which are off. */
	if (mysql->passwd != NULL)
		explicit_bzero(mysql->passwd, strlen(mysql->passwd));
	return is_open;
}

size_t
db_connect_places(const struct settings *settings)
{
	return settings->database.socket[0] != '\0' ? 1 : settings->database.hosts.count;
}

int
db_connect_open(const struct settings *settings, size_t place, MYSQL **out,
    char where[static DB_WHERE_MAX], struct error *err)
{
	cleanup(password_wipe) struct password password = { "" };
	cleanup(mysql_closep) MYSQL *mysql = NULL;
	struct target target;

	if (target_find(settings, place, &target, where, err) < 0)
		return -1;
	if (settings->database.password_file[0] != '\0' &&
	    password_read(settings->database.password_file, &password, err) < 0)
		return -1;
	mysql = mysql_init(NULL);
	if (mysql == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a database connection");
	if (!connect_to(mysql, settings, &target, &password)) {
		error_set(err, ERR_DATABASE, "database %s: %s", where, mysql_error(mysql));
		err->number = (int)mysql_errno(mysql);
		return -1;
	}
	*out = take(mysql);
	return 0;
}

/* Opens one connection to MariaDB as the settings say; knows nothing of statements. */
#define _GNU_SOURCE
#include "store/db_connect.h"

#include <errno.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret_file.h"

enum { HOST_MAX = 256, PORT_DEFAULT = 3306, PORT_MAX = 65535, SESSION_MAX = 512 };

DEFINE_CLEANUP(MYSQL *, mysql_close)

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
 * is unknown. A process that was stopped inside a transaction must not keep its locks for hours.
 * tx_isolation: its old name, which 10.11 knows alone and later ones know too.
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
	    "idle_transaction_timeout=60,autocommit=1",
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

/* Name and password file of the account; MaintainUser stands for both of its. */
struct login {
	const char *user;
	const char *password_file;
};

static struct login
login_of(const struct db_place *place)
{
	const struct settings *settings = place->settings;

	if (place->account == DB_ACCOUNT_MAINTAIN && settings->database.maintain_user[0] != '\0')
		return (struct login){ settings->database.maintain_user,
			settings->database.maintain_password_file };
	return (struct login){ settings->database.user, settings->database.password_file };
}

static bool
connect_to(MYSQL *mysql, const struct db_place *place, const struct target *target,
    const struct secret_file *password)
{
	const struct settings *settings = place->settings;
	bool is_remote = target->host[0] != '\0';
	unsigned protocol = is_remote ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
	bool is_open;

	set_timeouts(mysql, settings);
	set_session(mysql, settings);
	set_security(mysql, settings, is_remote);
	/* Else "localhost" would silently mean some Unix socket. */
	(void)mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
	is_open = mysql_real_connect(mysql, is_remote ? target->host : NULL, login_of(place).user,
		      password->text, settings->database.name, target->port,
		      is_remote ? NULL : settings->database.socket, 0) != NULL;
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
db_connect_open(
    const struct db_place *place, MYSQL **out, char where[static DB_WHERE_MAX], struct error *err)
{
	const char *password_file = login_of(place).password_file;
	cleanup(secret_file_wipe) struct secret_file password = { "" };
	cleanup(mysql_closep) MYSQL *mysql = NULL;
	struct target target;

	if (target_find(place->settings, place->number, &target, where, err) < 0)
		return -1;
	if (password_file[0] != '\0' && secret_file_read(password_file, &password, err) < 0)
		return -1;
	mysql = mysql_init(NULL);
	if (mysql == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a database connection");
	if (!connect_to(mysql, place, &target, &password)) {
		error_set(err, ERR_DATABASE, "database %s: %s", where, mysql_error(mysql));
		err->number = (int)mysql_errno(mysql);
		return -1;
	}
	*out = take(mysql);
	return 0;
}

int
db_connect_read_causally(MYSQL *mysql, const char where[static DB_WHERE_MAX], struct error *err)
{
	static const char text[] = "SET wsrep_sync_wait=1";

	if (mysql_real_query(mysql, text, sizeof(text) - 1) == 0 ||
	    mysql_errno(mysql) == ER_UNKNOWN_SYSTEM_VARIABLE)
		return 0;
	error_set(err, ERR_DATABASE, "database %s: %s", where, mysql_error(mysql));
	err->number = (int)mysql_errno(mysql);
	return -1;
}

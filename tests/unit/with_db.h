#ifndef TESTS_UNIT_WITH_DB_H
#define TESTS_UNIT_WITH_DB_H

/*
 * What the tests share that need a real MariaDB: they run themselves again under
 * tests/unit/with-mariadb, and each test gets an empty database of its own.
 */
#include <check.h>
#include <mysql.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/settings.h"
#include "store/db.h"

static struct settings with_db_settings;
static char with_db_name[32];
static MYSQL *with_db_admin;
/* Fresh for each test, since each runs in a process of its own. */
static struct db *with_db;
static struct error with_db_err;

static inline const char *
with_db_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

/* Runs the program again with a server; returns only when there is one. */
static inline void
with_db_ensure(char **argv)
{
	const char *srcdir = getenv("srcdir");
	char self[4096], script[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (getenv("CERTWRIGHT_TEST_DB_SOCKET") != NULL || len < 0)
		return;
	self[len] = '\0';
	(void)snprintf(
	    script, sizeof(script), "%s/tests/unit/with-mariadb", srcdir != NULL ? srcdir : ".");
	(void)execl(script, script, self, argv[1], (char *)NULL);
	perror(script);
	exit(EXIT_FAILURE);
}

/* For a connection as root, which a test that has gone wrong must not keep waiting for ever. */
static inline MYSQL *
with_db_init(void)
{
	MYSQL *mysql = mysql_init(NULL);
	unsigned connect_s = 30, read_s = 100;

	(void)mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	(void)mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &read_s);
	/* The server is in the zone of the machine. */
	(void)mysql_options(mysql, MYSQL_INIT_COMMAND, "SET time_zone = '+00:00'");
	return mysql;
}

static inline MYSQL *
with_db_connect(void)
{
	MYSQL *mysql = with_db_init();

	ck_assert_ptr_nonnull(mysql_real_connect(
	    mysql, NULL, "root", NULL, NULL, 0, with_db_env("CERTWRIGHT_TEST_DB_SOCKET"), 0));
	return mysql;
}

/* Runs a text as root and answers the first column of its first row as a number, or -1. */
__attribute__((format(printf, 2, 3))) static inline long long
with_db_on(MYSQL *mysql, const char *format, ...)
{
	static char sql[1 << 16];
	long long answer = -1;
	MYSQL_RES *result;
	MYSQL_ROW row;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	ck_assert_msg(
	    mysql_real_query(mysql, sql, strlen(sql)) == 0, "%s: %s", sql, mysql_error(mysql));
	result = mysql_store_result(mysql);
	if (result == NULL)
		return -1;
	row = mysql_fetch_row(result);
	if (row != NULL && row[0] != NULL)
		answer = strtoll(row[0], NULL, 10);
	mysql_free_result(result);
	return answer;
}

#define with_db_sql(...) with_db_on(with_db_admin, __VA_ARGS__)

static inline void
with_db_point_at(struct text_list *hosts, char *socket)
{
	with_db_settings.database.socket = socket;
	with_db_settings.database.hosts = *hosts;
}

static inline void
with_db_setup(void)
{
	static char empty[] = "", root[] = "root", socket[256];
	struct text_list none = { NULL, 0 };

	(void)snprintf(socket, sizeof(socket), "%s", with_db_env("CERTWRIGHT_TEST_DB_SOCKET"));
	(void)snprintf(with_db_name, sizeof(with_db_name), "t%d", (int)getpid());
	with_db_settings.database.name = with_db_name;
	with_db_settings.database.user = root;
	with_db_settings.database.password_file = empty;
	with_db_settings.database.tls_ca = empty;
	with_db_settings.database.connect_timeout_s = 3;
	with_db_settings.database.read_timeout_s = 10;
	with_db_settings.database.write_timeout_s = 10;
	with_db_point_at(&none, socket);
	with_db_admin = with_db_connect();
	with_db_sql("CREATE OR REPLACE DATABASE %s CHARACTER SET utf8mb4", with_db_name);
	with_db_sql("USE %s", with_db_name);
	with_db_err = (struct error){ .code = ERR_NONE };
	with_db = db_new(&with_db_settings);
}

static inline void
with_db_teardown(void)
{
	db_free(with_db);
	with_db_sql("DROP DATABASE %s", with_db_name);
	mysql_close(with_db_admin);
}

static inline void
with_db_sleep_ms(long ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&pause, NULL);
}

/* Waits until the server has ended this connection. */
static inline void
with_db_wait_gone(MYSQL *admin, long long connection)
{
	for (int i = 0; i < 1500; i++) {
		if (with_db_on(admin,
			"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = %lld",
			connection) == 0)
			return;
		with_db_sleep_ms(20);
	}
	ck_abort_msg("the connection did not end");
}

static inline void
with_db_kill(MYSQL *admin, long long connection)
{
	(void)with_db_on(admin, "KILL CONNECTION %lld", connection);
	with_db_wait_gone(admin, connection);
}

static inline void
with_db_path(char *out, size_t size, const char *name)
{
	(void)snprintf(out, size, "%s/%s", with_db_env("CERTWRIGHT_TEST_DB_DIR"), name);
}

static inline pid_t
with_db_pid(void)
{
	char path[256], text[32] = "";
	FILE *file;

	with_db_path(path, sizeof(path), "pid");
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
	(void)fclose(file);
	return (pid_t)strtol(text, NULL, 10);
}

/* Whether the server answers; the admin connection is made new. */
static inline bool
with_db_is_up(void)
{
	mysql_close(with_db_admin);
	with_db_admin = with_db_init();
	return mysql_real_connect(with_db_admin, NULL, "root", NULL, with_db_name, 0,
		   with_db_env("CERTWRIGHT_TEST_DB_SOCKET"), 0) != NULL;
}

static inline void
with_db_wait(bool up)
{
	for (int i = 0; i < 1200; i++) {
		if (with_db_is_up() == up)
			return;
		with_db_sleep_ms(50);
	}
	ck_abort_msg("the server did not %s", up ? "come up" : "go down");
}

#define with_db_ok(call) ck_assert_msg((call) == 0, "%s: %s", #call, with_db_err.text)

/* The call must fail with this code; the error stays to be looked at. */
#define with_db_fails(call, wanted) \
	do { \
		error_clear(&with_db_err); \
		ck_assert_int_eq((call), -1); \
		ck_assert_msg(with_db_err.code == (wanted), "%s", with_db_err.text); \
	} while (0)

/* Runs one test case's suite; the tests need longer than Check's 4 s. */
static inline int
with_db_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif

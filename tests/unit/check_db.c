/* The database connection against a real MariaDB: values, losses, transactions, limits. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errmsg.h>
#include <fcntl.h>
#include <mysqld_error.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "with_db.h"

/*
 * Three calls of the library pass through here, so that a test can make one fail at a
 * chosen moment.
 */
static struct {
	unsigned connects;
	unsigned not_ready;      /* so many next connections say wsrep_ready OFF */
	unsigned fail_before;    /* the next execute fails so without running */
	unsigned fail_after;     /* the next execute fails so although it has run */
	const char *fail_prefix; /* only statements of the last prepare that start so */
} fault;
static MYSQL_STMT *fault_target;

MYSQL *STDCALL
mysql_real_connect(MYSQL *mysql, const char *host, const char *user, const char *passwd,
    const char *db, unsigned int port, const char *unix_socket, unsigned long clientflag)
{
	MYSQL *(*real)(MYSQL *, const char *, const char *, const char *, const char *,
	    unsigned int, const char *, unsigned long);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_real_connect");
	fault.connects++;
	return real(mysql, host, user, passwd, db, port, unix_socket, clientflag);
}

int STDCALL
mysql_stmt_prepare(MYSQL_STMT *stmt, const char *query, unsigned long length)
{
	static const char not_ready[] = "SELECT UNIX_TIMESTAMP(), 1, 1, 0";
	int (*real)(MYSQL_STMT *, const char *, unsigned long);

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_prepare");
	if (fault.not_ready > 0 && strstr(query, "WSREP_READY") != NULL) {
		fault.not_ready--;
		return real(stmt, not_ready, sizeof(not_ready) - 1);
	}
	if (fault.fail_prefix != NULL &&
	    strncmp(query, fault.fail_prefix, strlen(fault.fail_prefix)) == 0)
		fault_target = stmt;
	return real(stmt, query, length);
}

static int
fail_with(MYSQL_STMT *stmt, unsigned *number)
{
	stmt->last_errno = *number;
	(void)snprintf(stmt->last_error, sizeof(stmt->last_error), "made to fail with %u", *number);
	*number = 0;
	return 1;
}

int STDCALL
mysql_stmt_execute(MYSQL_STMT *stmt)
{
	int (*real)(MYSQL_STMT *);
	bool is_target = fault.fail_prefix == NULL || stmt == fault_target;

	*(void **)&real = dlsym(RTLD_NEXT, "mysql_stmt_execute");
	if (is_target && fault.fail_before != 0)
		return fail_with(stmt, &fault.fail_before);
	if (is_target && fault.fail_after != 0 && real(stmt) == 0)
		return fail_with(stmt, &fault.fail_after);
	return real(stmt);
}

/* What a test has left behind that failed while it kept the server down or stopped. */
static void
wake_server(void)
{
	char hold[256];

	with_db_path(hold, sizeof(hold), "hold");
	if (unlink(hold) == 0) {
		with_db_wait(true);
		mysql_close(with_db_admin);
	}
	(void)kill(with_db_pid(), SIGCONT);
}

static void
setup(void)
{
	wake_server();
	with_db_setup();
	with_db_sql("CREATE TABLE t (id INT PRIMARY KEY, n BIGINT, v INT NOT NULL DEFAULT 0,"
		    " s VARCHAR(64), b VARBINARY(64), d DATETIME) ENGINE=InnoDB");
	with_db_sql("INSERT INTO t (id) VALUES (1), (2)");
}

static int64_t
query_int(const char *sql)
{
	struct db_rows *rows = NULL;
	int64_t value;

	error_clear(&with_db_err);
	with_db_ok(db_query(with_db, sql, db_no_args, &rows, &with_db_err));
	ck_assert(db_rows_next(rows));
	value = db_rows_int(rows, 0);
	db_rows_free(rows);
	return value;
}

static const char SQL_VALUES[] = "INSERT INTO t (id, n, s, b, d) VALUES (?, ?, ?, ?, ?)";
static const char SQL_SELECT[] = "INSERT INTO t (id, n, s, b, d) SELECT ?, ?, ?, ?, ? FROM t x"
				 " WHERE x.id = 1";
static const char SQL_UPDATE_2[] = "UPDATE t SET v = v + 1 WHERE id = 2";
static const char SQL_UPDATE_1[] = "UPDATE t SET v = v + 1 WHERE id = 1";

static const uint8_t AWKWARD[] = { 0, 0xff, 0x80, '\'', '\\', 0x1a, 0, '%', 0xc3, 0x28, 0xf0, 0x9f,
	0x98, 0x80, ' ', 0, 1, 2, 3, 0 };

static const struct {
	int64_t number;
	const char *text;
	size_t blob_len;
	int64_t time;
} VALUES[] = {
	{ 0, "", 0, 0 },
	{ INT64_MAX, "x", sizeof(AWKWARD), 2147483648 },
	{ INT64_MIN, "\xf0\x9f\x98\x80 'a' \\ \"b\" %s ", 1, 253402300799 },
	{ -1, "trailing ", 2, -30610224000 },
	{ 42, "\xc3\xa4", 20, 4102444799 },
};

START_TEST(values_come_back_as_they_went_in)
	{
		static const char *const statements[] = { SQL_VALUES, SQL_SELECT };
		size_t i = (size_t)_i / 2;
		struct db_rows *rows = NULL;
		uint64_t changed = 0;

		with_db_ok(db_exec(with_db, statements[_i % 2],
		    db_args(db_int(10), db_int(VALUES[i].number), db_text(VALUES[i].text),
			db_blob(bytes_of(AWKWARD, VALUES[i].blob_len)), db_time(VALUES[i].time)),
		    &changed, &with_db_err));
		ck_assert_uint_eq(changed, 1);
		with_db_ok(db_query(with_db, "SELECT n, s, b, d, NULL, id FROM t WHERE id = ?",
		    db_args(db_int(10)), &rows, &with_db_err));
		ck_assert_uint_eq(db_rows_count(rows), 1);
		ck_assert(db_rows_next(rows));
		ck_assert_int_eq(db_rows_int(rows, 0), VALUES[i].number);
		ck_assert(bytes_equal_text(db_rows_bytes(rows, 1), VALUES[i].text));
		ck_assert(
		    bytes_equal(db_rows_bytes(rows, 2), bytes_of(AWKWARD, VALUES[i].blob_len)));
		ck_assert_int_eq(db_rows_time(rows, 3), VALUES[i].time);
		for (unsigned column = 0; column < 4; column++)
			ck_assert(!db_rows_is_null(rows, column));
		ck_assert(db_rows_is_null(rows, 4));
		ck_assert_int_eq(db_rows_int(rows, 5), 10);
		ck_assert(!db_rows_next(rows));
		ck_assert(!db_rows_next(rows));
		db_rows_free(rows);
	}
END_TEST

START_TEST(null_is_null_in_every_type)
	{
		struct db_rows *rows = NULL;

		with_db_ok(db_exec(with_db, SQL_SELECT,
		    db_args(db_int(10), db_null(), db_text(NULL), db_uuid(NULL), db_null()), NULL,
		    &with_db_err));
		with_db_ok(db_query(with_db, "SELECT n, s, b, d FROM t WHERE id = 10", db_no_args,
		    &rows, &with_db_err));
		ck_assert(db_rows_next(rows));
		for (unsigned column = 0; column < 4; column++)
			ck_assert(db_rows_is_null(rows, column));
		ck_assert_int_eq(db_rows_int(rows, 0), 0);
		ck_assert_uint_eq(db_rows_bytes(rows, 1).len, 0);
		ck_assert_int_eq(db_rows_time(rows, 3), 0);
		db_rows_free(rows);
	}
END_TEST

START_TEST(types_may_change_between_two_executions)
	{
		with_db_ok(db_exec(with_db, SQL_SELECT,
		    db_args(db_int(10), db_null(), db_null(), db_blob(bytes_of(AWKWARD, 20)),
			db_time(1)),
		    NULL, &with_db_err));
		with_db_ok(db_exec(with_db, SQL_SELECT,
		    db_args(db_int(11), db_int(5), db_text("x"), db_null(), db_null()), NULL,
		    &with_db_err));
		with_db_ok(db_exec(with_db, SQL_SELECT,
		    db_args(db_int(12), db_null(), db_null(), db_blob(bytes_of(AWKWARD, 20)),
			db_time(1)),
		    NULL, &with_db_err));
		ck_assert_int_eq(
		    query_int("SELECT COUNT(*) FROM t x JOIN t y ON x.b = y.b AND x.d = y.d"
			      " WHERE x.id = 10 AND y.id = 12 AND LENGTH(x.b) = 20"),
		    1);
	}
END_TEST

START_TEST(times_outside_of_datetime_are_refused)
	{
		static const int64_t times[] = { 253402300800, -30610224001, INT64_MAX, INT64_MIN };

		with_db_fails(
		    db_exec(with_db, SQL_VALUES,
			db_args(db_int(10), db_null(), db_null(), db_null(), db_time(times[_i])),
			NULL, &with_db_err),
		    ERR_INTERNAL);
	}
END_TEST

START_TEST(an_unsigned_number_beyond_ours_is_an_error)
	{
		struct db_rows *rows = NULL;

		with_db_fails(db_query(with_db, "SELECT CAST(18446744073709551615 AS UNSIGNED)",
				  db_no_args, &rows, &with_db_err),
		    ERR_DATABASE);
		ck_assert_int_eq(
		    query_int("SELECT CAST(9223372036854775807 AS UNSIGNED)"), INT64_MAX);
	}
END_TEST

START_TEST(a_large_blob_comes_whole)
	{
		struct db_rows *rows = NULL;
		struct bytes blob;

		with_db_ok(
		    db_query(with_db, "SELECT REPEAT('ab', 1500000), 7 UNION ALL SELECT 'cd', 8",
			db_no_args, &rows, &with_db_err));
		ck_assert(db_rows_next(rows));
		blob = db_rows_bytes(rows, 0);
		ck_assert_uint_eq(blob.len, 3000000);
		for (size_t i = 0; i < blob.len; i++)
			ck_assert_uint_eq(blob.ptr[i], i % 2 == 0 ? 'a' : 'b');
		ck_assert(db_rows_next(rows));
		ck_assert(bytes_equal_text(db_rows_bytes(rows, 0), "cd"));
		ck_assert_int_eq(db_rows_int(rows, 1), 8);
		db_rows_free(rows);
	}
END_TEST

START_TEST(results_have_a_limit_and_the_connection_outlives_it)
	{
		static const struct {
			const char *sql;
			bool is_good;
		} cases[] = {
			{ "SELECT seq FROM seq_1_to_10000", true },
			{ "SELECT seq FROM seq_1_to_10001", false },
			{ "SELECT REPEAT('x', 1000000) FROM seq_1_to_67", true },
			{ "SELECT REPEAT('x', 1000000) FROM seq_1_to_68", false },
		};
		struct db_rows *rows = NULL;

		if (cases[_i].is_good)
			with_db_ok(
			    db_query(with_db, cases[_i].sql, db_no_args, &rows, &with_db_err));
		else
			with_db_fails(
			    db_query(with_db, cases[_i].sql, db_no_args, &rows, &with_db_err),
			    ERR_DATABASE);
		db_rows_free(rows);
		ck_assert_int_eq(query_int("SELECT 7"), 7);
		ck_assert_uint_eq(fault.connects, 2); /* ours and the test's own */
	}
END_TEST

START_TEST(a_wrong_type_is_a_bug)
	{
		struct db_rows *rows = NULL;

		with_db_ok(db_query(with_db, "SELECT 'text'", db_no_args, &rows, &with_db_err));
		ck_assert(db_rows_next(rows));
		(void)db_rows_int(rows, 0);
	}
END_TEST

START_TEST(misuse_is_an_error_of_ours)
	{
		struct db_rows *rows = NULL;

		with_db_fails(db_exec(with_db, SQL_VALUES, db_args(db_int(1)), NULL, &with_db_err),
		    ERR_INTERNAL);
		with_db_fails(
		    db_exec(with_db, "SELECT 1", db_no_args, NULL, &with_db_err), ERR_INTERNAL);
		with_db_fails(
		    db_query(with_db, SQL_UPDATE_1, db_no_args, &rows, &with_db_err), ERR_INTERNAL);
		ck_assert_int_eq(query_int("SELECT 7"), 7);
	}
END_TEST

START_TEST(a_duplicate_is_a_conflict)
	{
		with_db_fails(db_exec(with_db, "INSERT INTO t (id) VALUES (1)", db_no_args, NULL,
				  &with_db_err),
		    ERR_CONFLICT);
		ck_assert_int_eq(with_db_err.number, ER_DUP_ENTRY);
	}
END_TEST

START_TEST(bad_data_is_refused_not_bent)
	{
		static const char *const statements[] = {
			"INSERT INTO t (id, s) VALUES (10, REPEAT('x', 65))",
			"INSERT INTO t (id, n) VALUES (10, 'x')",
			"INSERT INTO t (id, d) VALUES (10, '2026-00-00')",
			"INSERT INTO t (id, n) VALUES (10, 1 DIV 0)",
			"INSERT INTO t (id, s) VALUES (10, 'x'), (11, REPEAT('x', 65))",
		};

		with_db_fails(
		    db_exec(with_db, statements[_i], db_no_args, NULL, &with_db_err), ERR_DATABASE);
		ck_assert_int_eq(query_int("SELECT COUNT(*) FROM t"), 2);
	}
END_TEST

START_TEST(the_session_is_set_up)
	{
		ck_assert_int_eq(query_int("SELECT @@time_zone = '+00:00'"), 1);
		ck_assert_int_eq(query_int("SELECT @@tx_isolation = 'READ-COMMITTED'"), 1);
		ck_assert_int_eq(query_int("SELECT @@character_set_client = 'utf8mb4'"
					   " AND @@character_set_results = 'utf8mb4'"),
		    1);
		ck_assert_int_eq(query_int("SELECT @@innodb_lock_wait_timeout"), 5);
		ck_assert_int_eq(query_int("SELECT @@idle_transaction_timeout"), 60);
		ck_assert_int_eq(query_int("SELECT @@max_statement_time = 9"), 1);
		ck_assert_int_eq(query_int("SELECT @@autocommit"), 1);
		/* Debian's server knows it, in a cluster or not; what others wrote is read. */
		ck_assert_int_eq(query_int("SELECT @@SESSION.wsrep_sync_wait"), 1);
		ck_assert_int_eq(query_int("SELECT @@sql_mode LIKE '%STRICT_ALL_TABLES%'"), 1);
	}
END_TEST

/* Ends the server and waits until it is up again. */
static void
restart_server(int signal)
{
	char hold[256];
	FILE *file;

	with_db_path(hold, sizeof(hold), "hold");
	file = fopen(hold, "we");
	ck_assert_ptr_nonnull(file);
	(void)fclose(file);
	ck_assert_int_eq(kill(with_db_pid(), signal), 0);
	with_db_wait(false);
	ck_assert_int_eq(unlink(hold), 0);
	with_db_wait(true);
}

/* The ways in which an idle connection dies. */
static void
lose_connection(int way)
{
	int64_t connection = query_int("SELECT CONNECTION_ID()");

	if (way == 0)
		restart_server(SIGTERM);
	else if (way == 1)
		restart_server(SIGKILL);
	else if (way == 2)
		with_db_kill(with_db_admin, connection);
	else {
		with_db_ok(db_exec(
		    with_db, "SET SESSION wait_timeout = 1", db_no_args, NULL, &with_db_err));
		with_db_wait_gone(with_db_admin, connection);
	}
}

START_TEST(a_query_survives_the_loss_of_an_idle_connection)
	{
		ck_assert_int_eq(query_int("SELECT COUNT(*) FROM t"), 2);
		lose_connection(_i);
		ck_assert_int_eq(query_int("SELECT COUNT(*) FROM t"), 2);
	}
END_TEST

START_TEST(a_change_after_a_loss_fails_once_and_is_not_done_twice)
	{
		with_db_ok(db_exec(with_db, SQL_UPDATE_1, db_no_args, NULL, &with_db_err));
		lose_connection(_i);
		with_db_fails(
		    db_exec(with_db, SQL_UPDATE_1, db_no_args, NULL, &with_db_err), ERR_DATABASE);
		ck_assert(db_outcome_unknown(&with_db_err));
		error_clear(&with_db_err);
		with_db_ok(db_exec(with_db, SQL_UPDATE_1, db_no_args, NULL, &with_db_err));
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 1"), 2);
	}
END_TEST

static int
update_both(struct db *db, void *arg, struct error *err)
{
	unsigned *calls = arg;

	(*calls)++;
	if (db_exec(db, SQL_UPDATE_1, db_no_args, NULL, err) < 0)
		return -1;
	return db_exec(db, SQL_UPDATE_2, db_no_args, NULL, err);
}

START_TEST(a_transaction_survives_the_loss_of_an_idle_connection)
	{
		unsigned calls = 0;

		with_db_ok(db_transaction(with_db, update_both, &calls, &with_db_err));
		lose_connection(_i);
		with_db_ok(db_transaction(with_db, update_both, &calls, &with_db_err));
		ck_assert_int_eq(query_int("SELECT SUM(v) DIV 1 FROM t"), 4);
		ck_assert_uint_eq(calls, 2);
	}
END_TEST

START_TEST(a_statement_forgotten_by_the_server_is_prepared_again)
	{
		static const unsigned numbers[] = { ER_UNKNOWN_STMT_HANDLER, ER_NEED_REPREPARE };

		with_db_ok(db_exec(with_db, SQL_UPDATE_1, db_no_args, NULL, &with_db_err));
		fault.fail_before = numbers[_i];
		with_db_ok(db_exec(with_db, SQL_UPDATE_1, db_no_args, NULL, &with_db_err));
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 1"), 2);
	}
END_TEST

START_TEST(statements_survive_a_change_of_the_table)
	{
		static const char sql[] = "SELECT id, n, s, b FROM t WHERE id = 1";
		static const char *const changes[] = { "ADD COLUMN more INT FIRST", "MODIFY s TEXT",
			"MODIFY n INT UNSIGNED", "MODIFY b MEDIUMBLOB" };

		for (int i = 0; i < 4; i++) {
			struct db_rows *rows = NULL;

			with_db_ok(db_query(with_db, sql, db_no_args, &rows, &with_db_err));
			ck_assert_uint_eq(db_rows_count(rows), 1);
			db_rows_free(rows);
			with_db_sql("ALTER TABLE t %s", changes[i]);
		}
	}
END_TEST

START_TEST(many_statements_replace_each_other)
	{
		static char texts[300][32];

		for (int round = 0; round < 2; round++)
			for (int i = 0; i < 300; i++) {
				(void)snprintf(texts[i], sizeof(texts[i]), "SELECT %d", i);
				ck_assert_int_eq(query_int(texts[i]), i);
			}
		ck_assert_int_le(
		    with_db_sql("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
				" WHERE VARIABLE_NAME = 'PREPARED_STMT_COUNT'"),
		    128);
	}
END_TEST

/* Two texts at one address: what the first was prepared as must not answer for the second. */
START_TEST(a_statement_for_once_leaves_nothing)
	{
		static const char SQL_PREPARED[] =
		    "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS"
		    " WHERE VARIABLE_NAME = 'PREPARED_STMT_COUNT'";
		char text[32];
		long long before;

		ck_assert_int_eq(query_int("SELECT 7"), 7);
		before = with_db_sql("%s", SQL_PREPARED);
		for (int i = 0; i < 300; i++) {
			struct db_rows *rows = NULL;

			(void)snprintf(
			    text, sizeof(text), i % 10 == 9 ? "SELEKT %d" : "SELECT %d", i);
			error_clear(&with_db_err);
			ck_assert_int_eq(
			    db_query_once(with_db, text, db_no_args, &rows, &with_db_err),
			    i % 10 == 9 ? -1 : 0);
			if (rows == NULL)
				continue;
			ck_assert(db_rows_next(rows));
			ck_assert_int_eq(db_rows_int(rows, 0), i);
			db_rows_free(rows);
		}
		ck_assert_int_eq(with_db_sql("%s", SQL_PREPARED), before);
	}
END_TEST

START_TEST(a_node_that_left_its_cluster_is_dropped)
	{
		ck_assert_int_eq(query_int("SELECT 1"), 1);
		fault.fail_before = ER_UNKNOWN_COM_ERROR;
		ck_assert_int_eq(query_int("SELECT 2"), 2);
		fault.fail_before = ER_UNKNOWN_COM_ERROR;
		with_db_fails(
		    db_exec(with_db, SQL_UPDATE_1, db_no_args, NULL, &with_db_err), ERR_DATABASE);
		ck_assert(!db_outcome_unknown(&with_db_err));
		ck_assert_uint_eq(fault.connects, 3);
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 1"), 0);
		ck_assert_uint_eq(fault.connects, 4);
	}
END_TEST

static const struct {
	unsigned number;
	bool unknown;
} OUTCOMES[] = {
	{ CR_SERVER_GONE_ERROR, true },
	{ CR_SERVER_LOST, true },
	{ ER_ERROR_DURING_COMMIT, true },
	{ ER_UNKNOWN_COM_ERROR, false },
	{ ER_LOCK_WAIT_TIMEOUT, false },
	{ ER_DUP_ENTRY, false },
	{ CR_CONNECTION_ERROR, false },
};

START_TEST(the_outcome_is_unknown_after_a_loss_only)
	{
		struct error err = { .code = ERR_DATABASE, .number = (int)OUTCOMES[_i].number };

		ck_assert(db_outcome_unknown(&err) == OUTCOMES[_i].unknown);
	}
END_TEST

START_TEST(a_lost_commit_is_unknown_and_not_repeated)
	{
		unsigned calls = 0;

		fault.fail_prefix = "COMMIT";
		fault.fail_after = CR_SERVER_LOST;
		with_db_fails(
		    db_transaction(with_db, update_both, &calls, &with_db_err), ERR_DATABASE);
		ck_assert(db_outcome_unknown(&with_db_err));
		ck_assert_uint_eq(calls, 1);
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 1"), 1);
	}
END_TEST

static int
lose_in_the_middle(struct db *db, void *arg, struct error *err)
{
	MYSQL *killer = arg;
	struct db_rows *rows = NULL;
	struct error ignored = { .code = ERR_NONE };

	if (db_exec(db, SQL_UPDATE_1, db_no_args, NULL, err) < 0)
		return -1;
	with_db_kill(killer, query_int("SELECT CONNECTION_ID()"));
	/* The careless caller goes on: nothing of this may be done on a new connection. */
	(void)db_exec(db, SQL_UPDATE_2, db_no_args, NULL, &ignored);
	error_clear(&ignored);
	ck_assert_int_eq(db_query(db, "SELECT 1", db_no_args, &rows, &ignored), -1);
	error_clear(&ignored);
	ck_assert_int_eq(db_exec(db, SQL_UPDATE_2, db_no_args, NULL, &ignored), -1);
	return 0;
}

START_TEST(a_transaction_that_lost_its_connection_leaves_nothing)
	{
		with_db_fails(
		    db_transaction(with_db, lose_in_the_middle, with_db_admin, &with_db_err),
		    ERR_DATABASE);
		ck_assert_int_eq(query_int("SELECT SUM(v) DIV 1 FROM t"), 0);
	}
END_TEST

static int
fail_after_change(struct db *db, void *arg, struct error *err)
{
	(void)arg;
	if (db_exec(db, SQL_UPDATE_1, db_no_args, NULL, err) < 0)
		return -1;
	return error_set(err, ERR_CONFLICT, "on second thoughts");
}

START_TEST(a_transaction_that_fails_is_rolled_back)
	{
		with_db_fails(
		    db_transaction(with_db, fail_after_change, NULL, &with_db_err), ERR_CONFLICT);
		ck_assert_str_eq(with_db_err.text, "on second thoughts");
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 1"), 0);
		ck_assert_int_eq(query_int("SELECT @@in_transaction"), 0);
	}
END_TEST

static int
nest(struct db *db, void *arg, struct error *err)
{
	return db_transaction(db, update_both, arg, err);
}

START_TEST(transactions_do_not_nest)
	{
		unsigned calls = 0;

		with_db_fails(db_transaction(with_db, nest, &calls, &with_db_err), ERR_INTERNAL);
		ck_assert_uint_eq(calls, 0);
	}
END_TEST

struct deadlock {
	int ready; /* pipe ends */
	int go;
	unsigned calls;
	const char *first;
	const char *second;
	bool careless; /* ignores the error of the second statement */
};

/* Both take their first row, wait for each other once, then want the other's row. */
static int
cross(struct db *db, void *arg, struct error *err)
{
	struct deadlock *deadlock = arg;
	struct error ignored = { .code = ERR_NONE };
	char byte = 'x';

	deadlock->calls++;
	if (db_exec(db, deadlock->first, db_no_args, NULL, err) < 0)
		return -1;
	if (deadlock->calls == 1) {
		ck_assert_int_eq(write(deadlock->ready, &byte, 1), 1);
		ck_assert_int_eq(read(deadlock->go, &byte, 1), 1);
	}
	if (!deadlock->careless)
		return db_exec(db, deadlock->second, db_no_args, NULL, err);
	(void)db_exec(db, deadlock->second, db_no_args, NULL, &ignored);
	return 0;
}

/* The other side, in a process of its own; its exit status is how often it was called. */
static pid_t
start_other(struct deadlock deadlock)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct db *db = db_new(&with_db_settings);
		struct error err = { .code = ERR_NONE };
		int status = db_transaction(db, cross, &deadlock, &err);

		db_free(db);
		_exit(status == 0 ? (int)deadlock.calls : 100);
	}
	return pid;
}

START_TEST(both_sides_of_a_deadlock_get_through)
	{
		int to_other[2], from_other[2], status = 0;
		struct deadlock other = { .first = SQL_UPDATE_2, .second = SQL_UPDATE_1 };
		struct deadlock mine = {
			.first = SQL_UPDATE_1, .second = SQL_UPDATE_2, .careless = _i == 1
		};
		pid_t pid;

		ck_assert_int_eq(pipe(to_other), 0);
		ck_assert_int_eq(pipe(from_other), 0);
		other.careless = mine.careless;
		other.ready = from_other[1];
		other.go = to_other[0];
		mine.ready = to_other[1];
		mine.go = from_other[0];
		pid = start_other(other);
		with_db_ok(db_transaction(with_db, cross, &mine, &with_db_err));
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFEXITED(status));
		ck_assert_int_ne(WEXITSTATUS(status), 100);
		/* Each row was changed by each side exactly once, and one side had to come twice.
		 */
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 1"), 2);
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 2"), 2);
		ck_assert_uint_ge(mine.calls + (unsigned)WEXITSTATUS(status), 3);
	}
END_TEST

static int
wait_for_lock(struct db *db, void *arg, struct error *err)
{
	unsigned *calls = arg;

	if (++*calls == 2)
		with_db_sql("ROLLBACK");
	if (db_exec(db, "SET SESSION innodb_lock_wait_timeout = 1", db_no_args, NULL, err) < 0)
		return -1;
	return db_exec(db, SQL_UPDATE_1, db_no_args, NULL, err);
}

START_TEST(a_lock_wait_timeout_is_tried_again)
	{
		unsigned calls = 0;

		with_db_sql("BEGIN");
		with_db_sql("UPDATE t SET v = 100 WHERE id = 1");
		with_db_ok(db_transaction(with_db, wait_for_lock, &calls, &with_db_err));
		ck_assert_uint_eq(calls, 2);
		ck_assert_int_eq(query_int("SELECT v FROM t WHERE id = 1"), 1);
	}
END_TEST

static int
always_deadlock(struct db *db, void *arg, struct error *err)
{
	unsigned *calls = arg;

	(*calls)++;
	fault.fail_before = ER_LOCK_DEADLOCK;
	return db_exec(db, SQL_UPDATE_1, db_no_args, NULL, err);
}

START_TEST(retries_come_to_an_end)
	{
		unsigned calls = 0;

		with_db_fails(
		    db_transaction(with_db, always_deadlock, &calls, &with_db_err), ERR_DATABASE);
		ck_assert_int_eq(with_db_err.number, ER_LOCK_DEADLOCK);
		ck_assert_uint_eq(calls, 5);
	}
END_TEST

/* Its limit stands below our read timeout (the_session_is_set_up); here far below, for slow
 * machines. */
START_TEST(the_server_ends_a_long_statement_before_we_do)
	{
		struct db_rows *rows = NULL;

		with_db_ok(db_exec(
		    with_db, "SET SESSION max_statement_time = 1", db_no_args, NULL, &with_db_err));
		with_db_fails(
		    db_query(with_db, "SELECT SLEEP(60)", db_no_args, &rows, &with_db_err),
		    ERR_DATABASE);
		ck_assert_int_eq(with_db_err.number, 1969);
		ck_assert(!db_outcome_unknown(&with_db_err));
		ck_assert_int_eq(query_int("SELECT 1"), 1);
		ck_assert_uint_eq(fault.connects, 2); /* root's and ours */
	}
END_TEST

/* Whether each thread of the process is stopped. */
static bool
is_stopped(pid_t pid)
{
	char path[64], stat[512] = "";
	bool stopped = true;
	struct dirent *entry;
	DIR *tasks;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	ck_assert_ptr_nonnull(tasks);
	while (stopped && (entry = readdir(tasks)) != NULL) {
		FILE *file;

		(void)snprintf(
		    path, sizeof(path), "/proc/%d/task/%.20s/stat", (int)pid, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (file == NULL) /* it has ended meanwhile */
			continue;
		stopped = fgets(stat, sizeof(stat), file) == NULL || strstr(stat, ") T ") != NULL;
		(void)fclose(file);
	}
	(void)closedir(tasks);
	return stopped;
}

/* The signal alone is not enough: until one thread takes it, all others go on and answer. */
static pid_t
stop_server(void)
{
	pid_t pid = with_db_pid();

	ck_assert_int_eq(kill(pid, SIGSTOP), 0);
	for (int i = 0; i < 3000 && !is_stopped(pid); i++)
		with_db_sleep_ms(10);
	ck_assert(is_stopped(pid));
	return pid;
}

/* The server is silent from before: the connect, the query, the start of a transaction, the commit.
 */
enum silence { BEFORE_CONNECT, BEFORE_QUERY, BEFORE_BEGIN, BEFORE_COMMIT };

static const struct {
	enum silence silence;
	bool with_tls; /* where closing has something to say */
} SILENT[] = {
	{ BEFORE_CONNECT, false },
	{ BEFORE_QUERY, false },
	{ BEFORE_BEGIN, false },
	{ BEFORE_COMMIT, false },
	{ BEFORE_CONNECT, true },
	{ BEFORE_QUERY, true },
};

static int
stop_before_commit(struct db *db, void *arg, struct error *err)
{
	pid_t *pid = arg;

	if (db_exec(db, SQL_UPDATE_1, db_no_args, NULL, err) < 0)
		return -1;
	if (*pid == 0)
		*pid = stop_server();
	return 0;
}

static int
meet_silence(enum silence silence, pid_t *pid)
{
	struct db_rows *rows = NULL;

	if (silence != BEFORE_COMMIT)
		*pid = stop_server();
	if (silence == BEFORE_BEGIN || silence == BEFORE_COMMIT)
		return db_transaction(with_db, stop_before_commit, pid, &with_db_err);
	return db_query(with_db, "SELECT 2", db_no_args, &rows, &with_db_err);
}

static void use_hosts(const char *first, const char *second);
static void drop_user(void);

/* Nor does closing the connection wait for it. */
START_TEST(a_silent_server_is_given_up)
	{
		enum silence silence = SILENT[_i].silence;
		int64_t started = clock_monotonic_ms();
		pid_t pid = 0;
		char ca[256];
		int status;

		with_db_path(ca, sizeof(ca), "tls-ca.pem");
		if (SILENT[_i].with_tls) {
			use_hosts("127.0.0.1:%", NULL);
			with_db_settings.database.tls_ca = ca;
		}
		with_db_settings.database.read_timeout_s = 1;
		with_db_settings.database.connect_timeout_s = 1;
		if (silence != BEFORE_CONNECT)
			ck_assert_int_eq(query_int("SELECT 1"), 1);
		error_clear(&with_db_err);
		status = meet_silence(silence, &pid);
		db_disconnect(with_db);
		ck_assert_int_eq(kill(pid, SIGCONT), 0);
		ck_assert_int_eq(status, -1);
		ck_assert_msg(with_db_err.code == ERR_DATABASE, "%s", with_db_err.text);
		ck_assert(silence == BEFORE_CONNECT || db_outcome_unknown(&with_db_err));
		ck_assert_uint_eq(fault.connects, 2); /* root's and ours */
		/* A silence has no end of its own; this is a second, and what a busy machine adds.
		 */
		ck_assert_int_lt(clock_monotonic_ms() - started, 30000);
		if (silence == BEFORE_CONNECT)
			with_db_sleep_ms(300);
		ck_assert_int_eq(query_int("SELECT 2"), 2);
		if (SILENT[_i].with_tls)
			drop_user();
	}
END_TEST

START_TEST(a_dead_database_is_not_asked_at_every_use)
	{
		char nowhere[] = "/nonexistent/socket";
		struct text_list none = { NULL, 0 };
		struct error first;
		int64_t began = clock_monotonic_ms(), took;

		with_db_point_at(&none, nowhere);
		fault.connects = 0;
		with_db_fails(db_ping(with_db, &with_db_err), ERR_DATABASE);
		first = with_db_err;
		ck_assert_ptr_nonnull(strstr(first.text, nowhere));
		for (int i = 0; i < 5; i++) {
			with_db_fails(db_ping(with_db, &with_db_err), ERR_DATABASE);
			ck_assert_str_eq(with_db_err.text, first.text);
		}
		/* Once in 250 ms; on a busy machine the five may take longer. */
		took = clock_monotonic_ms() - began;
		ck_assert_int_le(fault.connects, 1 + took / 250);
		with_db_sleep_ms(300);
		with_db_settings.database.socket = getenv("CERTWRIGHT_TEST_DB_SOCKET");
		ck_assert_int_eq(query_int("SELECT 1"), 1);
	}
END_TEST

START_TEST(only_a_failed_connect_pauses_the_next)
	{
		ck_assert_int_eq(query_int("SELECT 1"), 1);
		db_disconnect(with_db);
		ck_assert_int_eq(query_int("SELECT 1"), 1);
		db_disconnect(with_db);
		with_db_ok(db_ping(with_db, &with_db_err));
	}
END_TEST

/* A user of its own with a password, for one test. */
static void
make_user(const char *password)
{
	with_db_sql("CREATE OR REPLACE USER %s IDENTIFIED BY '%s'", with_db_name, password);
	with_db_sql("GRANT ALL ON %s.* TO %s", with_db_name, with_db_name);
	with_db_settings.database.user = with_db_name;
}

static void
drop_user(void)
{
	with_db_sql("DROP USER %s", with_db_name);
}

static const struct {
	const char *contents;
	size_t len;
	mode_t mode;
	bool is_good;
} PASSWORD_FILES[] = {
	{ "s3cr3t-Xy", 9, 0600, true },
	{ "s3cr3t-Xy\n", 10, 0400, true },
	{ "s3cr3t-Xy\r\nmore\n", 16, 0600, true },
	{ "s3cr3t-Xy\n", 10, 0640, false },
	{ "s3cr3t-Xy\n", 10, 0604, false },
	{ "s3cr3t-Xy\n", 10, 0620, false },
	{ "s3cr3t-Xy\0z\n", 12, 0600, false },
	{ "wr0ng-s3cr3t\n", 13, 0600, false },
	{ "", 0, 0600, false },
};

START_TEST(the_password_file_has_its_rules)
	{
		char path[256];
		int fd;

		make_user("s3cr3t-Xy");
		with_db_path(path, sizeof(path), "password");
		(void)unlink(path);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(write(fd, PASSWORD_FILES[_i].contents, PASSWORD_FILES[_i].len),
		    (ssize_t)PASSWORD_FILES[_i].len);
		ck_assert_int_eq(fchmod(fd, PASSWORD_FILES[_i].mode), 0);
		(void)close(fd);
		with_db_settings.database.password_file = path;
		if (PASSWORD_FILES[_i].is_good) {
			with_db_ok(db_ping(with_db, &with_db_err));
		} else {
			ck_assert_int_eq(db_ping(with_db, &with_db_err), -1);
			ck_assert_ptr_null(strstr(with_db_err.text, "s3cr3t"));
		}
		drop_user();
	}
END_TEST

START_TEST(a_password_of_any_other_file_type_is_refused)
	{
		static const char *const paths[] = { "/dev/null", "/", "/nonexistent/password",
			NULL };
		char path[256];

		with_db_path(path, sizeof(path), "fifo");
		(void)unlink(path);
		ck_assert_int_eq(mkfifo(path, 0600), 0);
		if (paths[_i] != NULL)
			(void)snprintf(path, sizeof(path), "%s", paths[_i]);
		with_db_settings.database.password_file = path;
		with_db_fails(db_ping(with_db, &with_db_err), ERR_CONFIG);
		ck_assert_ptr_nonnull(
		    strstr(with_db_err.text, with_db_settings.database.password_file));
	}
END_TEST

START_TEST(a_password_of_another_owner_is_refused)
	{
		char path[256];
		int fd;

		if (geteuid() != 0) {
			printf("SKIP: only root can give a file away\n");
			return;
		}
		with_db_path(path, sizeof(path), "foreign");
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fchown(fd, 12345, 12345), 0);
		(void)close(fd);
		with_db_settings.database.password_file = path;
		with_db_fails(db_ping(with_db, &with_db_err), ERR_CONFIG);
	}
END_TEST

START_TEST(a_password_line_has_a_limit)
	{
		static const size_t lengths[] = { 511, 512, 5000 };
		char path[256], line[5001];
		FILE *file;

		memset(line, 'x', sizeof(line));
		line[lengths[_i]] = '\n';
		with_db_path(path, sizeof(path), "long");
		file = fopen(path, "we");
		ck_assert_ptr_nonnull(file);
		ck_assert_uint_eq(fwrite(line, 1, lengths[_i] + 1, file), lengths[_i] + 1);
		(void)fchmod(fileno(file), 0600);
		(void)fclose(file);
		with_db_settings.database.password_file = path;
		ck_assert_int_eq(db_ping(with_db, &with_db_err), -1);
		ck_assert_ptr_null(strstr(with_db_err.text, "xxxx"));
		ck_assert_int_eq(with_db_err.code, lengths[_i] < 511 ? ERR_DATABASE : ERR_CONFIG);
	}
END_TEST

/* Points the settings at hosts; %s in them stands for the server's port. */
static void
use_hosts(const char *first, const char *second)
{
	static char texts[2][128], none[] = "";
	static char *items[2] = { texts[0], texts[1] };
	struct text_list hosts = { items, second != NULL ? 2 : 1 };
	const char *given[2] = { first, second };

	for (size_t i = 0; i < hosts.count; i++) {
		const char *mark = strchr(given[i], '%');

		if (mark == NULL)
			(void)snprintf(texts[i], sizeof(texts[i]), "%s", given[i]);
		else
			(void)snprintf(texts[i], sizeof(texts[i]), "%.*s%s", (int)(mark - given[i]),
			    given[i], with_db_env("CERTWRIGHT_TEST_DB_PORT"));
	}
	with_db_point_at(&hosts, none);
	make_user("");
}

static const struct {
	const char *first;
	const char *second;
	enum error_code code;
} HOSTS[] = {
	{ "127.0.0.1:%", NULL, ERR_NONE },
	{ "127.0.0.1:1", "127.0.0.1:%", ERR_NONE },
	{ "[::1]:1", "localhost:%", ERR_NONE },
	{ "127.0.0.1:%", "127.0.0.1:1", ERR_NONE },
	{ "name.invalid:1", "127.0.0.1:%", ERR_NONE },
	{ "127.0.0.1:1", NULL, ERR_DATABASE },
	{ "127.0.0.1:1", "127.0.0.1:2", ERR_DATABASE },
	{ "127.0.0.1:0", NULL, ERR_CONFIG },
	{ "127.0.0.1:65536", NULL, ERR_CONFIG },
	{ "127.0.0.1:", NULL, ERR_CONFIG },
	{ "127.0.0.1:+1", NULL, ERR_CONFIG },
	{ "127.0.0.1:1x", NULL, ERR_CONFIG },
	{ "::1", NULL, ERR_CONFIG },
	{ "[::1", NULL, ERR_CONFIG },
	{ "[::1]x", NULL, ERR_CONFIG },
	{ "[]", NULL, ERR_CONFIG },
	{ "", NULL, ERR_CONFIG },
	{ "a;host=b", NULL, ERR_CONFIG },
	{ "a,b", NULL, ERR_CONFIG },
	{ "/run/mysqld/mysqld.sock", NULL, ERR_CONFIG },
};

START_TEST(hosts_are_tried_in_order)
	{
		use_hosts(HOSTS[_i].first, HOSTS[_i].second);
		if (HOSTS[_i].code == ERR_NONE) {
			with_db_ok(db_ping(with_db, &with_db_err));
			ck_assert_int_eq(query_int("SELECT USER() NOT LIKE '%@localhost'"), 1);
		} else {
			with_db_fails(db_ping(with_db, &with_db_err), HOSTS[_i].code);
		}
		drop_user();
	}
END_TEST

START_TEST(no_place_at_all_is_an_error)
	{
		struct text_list none = { NULL, 0 };
		char empty[] = "";

		with_db_point_at(&none, empty);
		with_db_fails(db_ping(with_db, &with_db_err), ERR_CONFIG);
	}
END_TEST

START_TEST(a_host_that_is_not_ready_is_passed_over)
	{
		use_hosts("127.0.0.1:%", "localhost:%");
		fault.connects = 0;
		fault.not_ready = 1;
		with_db_ok(db_ping(with_db, &with_db_err));
		ck_assert_uint_eq(fault.connects, 2);
		db_disconnect(with_db);
		fault.not_ready = 2;
		with_db_fails(db_ping(with_db, &with_db_err), ERR_DATABASE);
		ck_assert_int_eq(with_db_err.number, ER_UNKNOWN_COM_ERROR);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "not ready"));
		drop_user();
	}
END_TEST

static const struct {
	const char *host;
	const char *ca;
	bool is_good;
} TLS[] = {
	{ "127.0.0.1:%", "tls-ca.pem", true },
	{ "127.0.0.1:%", "tls-other-ca.pem", false },
	{ "localhost:%", "tls-ca.pem", false }, /* not the certificate's name */
	{ "127.0.0.1:%", "missing.pem", false },
};

START_TEST(tls_checks_issuer_and_host)
	{
		char ca[256];

		use_hosts(TLS[_i].host, NULL);
		with_db_path(ca, sizeof(ca), TLS[_i].ca);
		with_db_settings.database.tls_ca = ca;
		if (TLS[_i].is_good) {
			ck_assert_int_eq(
			    query_int(
				"SELECT VARIABLE_VALUE <> '' FROM information_schema.SESSION_STATUS"
				" WHERE VARIABLE_NAME = 'SSL_CIPHER'"),
			    1);
		} else {
			with_db_fails(db_ping(with_db, &with_db_err), ERR_DATABASE);
		}
		drop_user();
	}
END_TEST

START_TEST(durability_is_seen_and_can_be_required)
	{
		with_db_ok(db_ping(with_db, &with_db_err));
		ck_assert(db_is_durable(with_db));
		db_disconnect(with_db);
		with_db_settings.database.require_durable = true;
		with_db_ok(db_ping(with_db, &with_db_err));
		db_disconnect(with_db);
		with_db_sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
		(void)db_ping(with_db, &with_db_err);
		with_db_sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
		ck_assert_int_eq(with_db_err.code, ERR_DATABASE);
		ck_assert(!db_is_durable(with_db));
		with_db_sleep_ms(300);
		error_clear(&with_db_err);
		with_db_ok(db_ping(with_db, &with_db_err));
	}
END_TEST

START_TEST(the_clock_skew_is_measured)
	{
		static const int64_t skews[] = { 0, 100, -7200 };
		int64_t seconds = 0;

		clock_fix(clock_now() - skews[_i]);
		with_db_ok(db_clock_skew(with_db, &seconds, &with_db_err));
		clock_fix(-1);
		/* What passes before the server is asked comes on top, and a busy machine takes
		 * time. */
		ck_assert_int_ge(seconds, skews[_i] - 2);
		ck_assert_int_le(seconds, skews[_i] + 30);
	}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static TCase *
case_values(void)
{
	TCase *tc = tcase_create("values");

	tcase_add_loop_test(tc, values_come_back_as_they_went_in, 0, 2 * COUNT(VALUES));
	tcase_add_test(tc, null_is_null_in_every_type);
	tcase_add_test(tc, types_may_change_between_two_executions);
	tcase_add_loop_test(tc, times_outside_of_datetime_are_refused, 0, 4);
	tcase_add_test(tc, an_unsigned_number_beyond_ours_is_an_error);
	tcase_add_test(tc, a_large_blob_comes_whole);
	tcase_add_loop_test(tc, results_have_a_limit_and_the_connection_outlives_it, 0, 4);
	tcase_add_test_raise_signal(tc, a_wrong_type_is_a_bug, SIGABRT);
	tcase_add_test(tc, misuse_is_an_error_of_ours);
	tcase_add_test(tc, a_duplicate_is_a_conflict);
	tcase_add_loop_test(tc, bad_data_is_refused_not_bent, 0, 5);
	tcase_add_test(tc, the_session_is_set_up);
	return tc;
}

static TCase *
case_losses(void)
{
	TCase *tc = tcase_create("losses");

	tcase_add_loop_test(tc, a_query_survives_the_loss_of_an_idle_connection, 0, 4);
	tcase_add_loop_test(tc, a_change_after_a_loss_fails_once_and_is_not_done_twice, 0, 4);
	tcase_add_loop_test(tc, a_transaction_survives_the_loss_of_an_idle_connection, 0, 4);
	tcase_add_loop_test(tc, a_statement_forgotten_by_the_server_is_prepared_again, 0, 2);
	tcase_add_test(tc, statements_survive_a_change_of_the_table);
	tcase_add_test(tc, many_statements_replace_each_other);
	tcase_add_test(tc, a_statement_for_once_leaves_nothing);
	tcase_add_test(tc, a_node_that_left_its_cluster_is_dropped);
	tcase_add_loop_test(tc, the_outcome_is_unknown_after_a_loss_only, 0, COUNT(OUTCOMES));
	tcase_add_test(tc, the_server_ends_a_long_statement_before_we_do);
	tcase_add_loop_test(tc, a_silent_server_is_given_up, 0, COUNT(SILENT));
	tcase_add_test(tc, a_dead_database_is_not_asked_at_every_use);
	tcase_add_test(tc, only_a_failed_connect_pauses_the_next);
	return tc;
}

static TCase *
case_transactions(void)
{
	TCase *tc = tcase_create("transactions");

	tcase_add_test(tc, a_lost_commit_is_unknown_and_not_repeated);
	tcase_add_test(tc, a_transaction_that_lost_its_connection_leaves_nothing);
	tcase_add_test(tc, a_transaction_that_fails_is_rolled_back);
	tcase_add_test(tc, transactions_do_not_nest);
	tcase_add_loop_test(tc, both_sides_of_a_deadlock_get_through, 0, 2);
	tcase_add_test(tc, a_lock_wait_timeout_is_tried_again);
	tcase_add_test(tc, retries_come_to_an_end);
	return tc;
}

static TCase *
case_connect(void)
{
	TCase *tc = tcase_create("connect");

	tcase_add_loop_test(tc, the_password_file_has_its_rules, 0, COUNT(PASSWORD_FILES));
	tcase_add_loop_test(tc, a_password_of_any_other_file_type_is_refused, 0, 4);
	tcase_add_test(tc, a_password_of_another_owner_is_refused);
	tcase_add_loop_test(tc, a_password_line_has_a_limit, 0, 3);
	tcase_add_loop_test(tc, hosts_are_tried_in_order, 0, COUNT(HOSTS));
	tcase_add_test(tc, no_place_at_all_is_an_error);
	tcase_add_test(tc, a_host_that_is_not_ready_is_passed_over);
	tcase_add_loop_test(tc, tls_checks_issuer_and_host, 0, COUNT(TLS));
	tcase_add_test(tc, durability_is_seen_and_can_be_required);
	tcase_add_loop_test(tc, the_clock_skew_is_measured, 0, 3);
	return tc;
}

int
main(int argc, char **argv)
{
	TCase *(*const cases[])(
	    void) = { case_values, case_losses, case_transactions, case_connect };
	Suite *suite = suite_create("db");

	(void)argc;
	with_db_ensure(argv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		TCase *tc = cases[i]();

		tcase_add_checked_fixture(tc, setup, with_db_teardown);
		tcase_set_timeout(tc, 120);
		suite_add_tcase(suite, tc);
	}
	return with_db_run(suite);
}

/* Arguments of statements: how they are made, and how the library gets them. */
#include "store/db_args.h"

#include <time.h>

enum { YEAR_MIN = 1000, YEAR_MAX = 9999 }; /* of DATETIME */

struct db_arg
db_null(void)
{
	return (struct db_arg){ .type = DB_NULL };
}

struct db_arg
db_int(int64_t value)
{
	return (struct db_arg){ .type = DB_INT, .number = value };
}

struct db_arg
db_text(const char *value)
{
	if (value == NULL)
		return db_null();
	return (struct db_arg){ .type = DB_TEXT, .bytes = bytes_text(value) };
}

struct db_arg
db_filled(const char *value)
{
	return db_text(value != NULL && value[0] != '\0' ? value : NULL);
}

struct db_arg
db_blob(struct bytes value)
{
	return (struct db_arg){ .type = DB_BLOB, .bytes = value };
}

struct db_arg
db_uuid(const struct uuid *value)
{
	if (value == NULL)
		return db_null();
	return db_blob(bytes_of(value->octets, sizeof(value->octets)));
}

struct db_arg
db_time(int64_t seconds)
{
	return (struct db_arg){ .type = DB_TIME, .number = seconds };
}

static int
bind_time(int64_t seconds, MYSQL_TIME *out, struct error *err)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&time, &tm) == NULL || tm.tm_year < YEAR_MIN - 1900 ||
	    tm.tm_year > YEAR_MAX - 1900)
		return error_set(
		    err, ERR_INTERNAL, "%lld is no time of a DATETIME", (long long)seconds);
	*out = (MYSQL_TIME){
		.year = (unsigned)tm.tm_year + 1900,
		.month = (unsigned)tm.tm_mon + 1,
		.day = (unsigned)tm.tm_mday,
		.hour = (unsigned)tm.tm_hour,
		.minute = (unsigned)tm.tm_min,
		.second = (unsigned)tm.tm_sec,
		.time_type = MYSQL_TIMESTAMP_DATETIME,
	};
	return 0;
}

static int
bind_arg(const struct db_arg *arg, MYSQL_BIND *bind, MYSQL_TIME *time, struct error *err)
{
	/* The library's pointers are not const; what they lead to is only read. */
	const void *bytes = arg->bytes.ptr != NULL ? (const void *)arg->bytes.ptr : "";

	switch (arg->type) {
	case DB_NULL:
		bind->buffer_type = MYSQL_TYPE_NULL;
		return 0;
	case DB_INT:
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = (void *)(uintptr_t)&arg->number;
		return 0;
	case DB_TIME:
		bind->buffer_type = MYSQL_TYPE_DATETIME;
		bind->buffer = time;
		return bind_time(arg->number, time, err);
	case DB_TEXT:
	case DB_BLOB:
		bind->buffer_type = arg->type == DB_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
		bind->buffer = (void *)(uintptr_t)bytes;
		bind->buffer_length = arg->bytes.len;
		return 0;
	}
	return error_set(err, ERR_INTERNAL, "unknown type of argument");
}

int
db_args_bind(MYSQL_STMT *stmt, struct db_args args, struct db_bindings *bindings, struct error *err)
{
	if (args.count > DB_ARGS_MAX || args.count != mysql_stmt_param_count(stmt))
		return error_set(err, ERR_INTERNAL, "%zu arguments for a statement of %lu",
		    args.count, mysql_stmt_param_count(stmt));
	for (size_t i = 0; i < args.count; i++)
		if (bind_arg(&args.items[i], &bindings->binds[i], &bindings->times[i], err) < 0)
			return -1;
	if (args.count > 0 && mysql_stmt_bind_param(stmt, bindings->binds))
		return error_set(err, ERR_INTERNAL, "cannot bind: %s", mysql_stmt_error(stmt));
	return 0;
}

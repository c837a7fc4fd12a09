/* Rows of a query, copied into memory of their own. */
#define _GNU_SOURCE
#include "store/db_rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COLUMNS_MAX = 64, DATA_MAX = 64 << 20 };

struct cell {
	size_t offset; /* of DB_TEXT, in data */
	size_t len;
	int64_t number; /* of DB_INT and DB_TIME */
	bool is_null;
};

struct db_rows {
	struct buf cells; /* struct cell, row after row */
	struct buf data;
	size_t count;
	size_t at; /* the row at hand, counted from 1 */
	unsigned columns;
	enum db_type types[COLUMNS_MAX];
};

/* Where the library puts one row. */
struct landing {
	MYSQL_BIND binds[COLUMNS_MAX];
	MYSQL_TIME times[COLUMNS_MAX];
	long long numbers[COLUMNS_MAX];
	unsigned long lengths[COLUMNS_MAX];
	my_bool nulls[COLUMNS_MAX];
	my_bool cut[COLUMNS_MAX]; /* the value did not fit */
};

DEFINE_CLEANUP(MYSQL_RES *, mysql_free_result)

static struct db_rows *
db_rows_new(void)
{
	struct db_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL)
		return NULL;
	rows->cells = (struct buf)BUF_INIT((size_t)DB_MAX_ROWS * COLUMNS_MAX * sizeof(struct cell));
	rows->data = (struct buf)BUF_INIT(DATA_MAX);
	return rows;
}

void
db_rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	buf_release(&rows->cells);
	buf_release(&rows->data);
	free(rows);
}

static enum db_type
type_of(enum enum_field_types type)
{
	/* Every other type is fetched as text or bytes. */
	if (type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 ||
	    type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_YEAR)
		return DB_INT;
	if (type == MYSQL_TYPE_DATETIME || type == MYSQL_TYPE_TIMESTAMP || type == MYSQL_TYPE_DATE)
		return DB_TIME;
	return type == MYSQL_TYPE_NULL ? DB_NULL : DB_TEXT;
}

/* Texts and blobs get no room here: their length is learned first, then they are fetched. */
static void
bind_column(struct landing *landing, unsigned i, enum db_type type)
{
	MYSQL_BIND *bind = &landing->binds[i];

	bind->length = &landing->lengths[i];
	bind->is_null = &landing->nulls[i];
	bind->error = &landing->cut[i];
	if (type == DB_INT) {
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = &landing->numbers[i];
	} else if (type == DB_TIME) {
		bind->buffer_type = MYSQL_TYPE_DATETIME;
		bind->buffer = &landing->times[i];
		bind->buffer_length = sizeof(landing->times[i]);
	} else {
		bind->buffer_type = MYSQL_TYPE_BLOB;
	}
}

static int
bind_columns(MYSQL_STMT *stmt, struct db_rows *rows, struct landing *landing, struct error *err)
{
	cleanup(mysql_free_resultp) MYSQL_RES *meta = mysql_stmt_result_metadata(stmt);
	const MYSQL_FIELD *fields;

	if (meta == NULL)
		return error_set(err, ERR_INTERNAL, "a statement without rows was queried");
	rows->columns = mysql_num_fields(meta);
	if (rows->columns > COLUMNS_MAX)
		return error_set(err, ERR_INTERNAL, "a query of %u columns, at most %d are taken",
		    rows->columns, COLUMNS_MAX);
	fields = mysql_fetch_fields(meta);
	for (unsigned i = 0; i < rows->columns; i++) {
		rows->types[i] = type_of(fields[i].type);
		bind_column(landing, i, rows->types[i]);
	}
	return mysql_stmt_bind_result(stmt, landing->binds) ? -1 : 0;
}

static int64_t
seconds_of(const MYSQL_TIME *time)
{
	struct tm tm = {
		.tm_year = (int)time->year - 1900,
		.tm_mon = (int)time->month - 1,
		.tm_mday = (int)time->day,
		.tm_hour = (int)time->hour,
		.tm_min = (int)time->minute,
		.tm_sec = (int)time->second,
	};

	return timegm(&tm);
}

static int
fetch_text(MYSQL_STMT *stmt, unsigned column, unsigned long len, struct buf *data)
{
	static const uint8_t zeros[1024];
	size_t offset = data->len;
	MYSQL_BIND bind = { .buffer_type = MYSQL_TYPE_BLOB, .buffer_length = len };

	/* Room is made by appending, then filled in place. */
	for (size_t left = len; left > 0 && !buf_failed(data);) {
		size_t part = left < sizeof(zeros) ? left : sizeof(zeros);

		buf_add(data, bytes_of(zeros, part));
		left -= part;
	}
	if (len == 0 || buf_failed(data))
		return 0;
	bind.buffer = data->data + offset;
	return mysql_stmt_fetch_column(stmt, &bind, column, 0) ? -1 : 0;
}

static int
keep_row(MYSQL_STMT *stmt, const struct landing *landing, struct db_rows *rows, struct error *err)
{
	for (unsigned i = 0; i < rows->columns; i++) {
		struct cell cell = {
			.offset = rows->data.len,
			.is_null = rows->types[i] == DB_NULL || landing->nulls[i],
		};

		if (!cell.is_null && rows->types[i] == DB_TEXT) {
			cell.len = landing->lengths[i];
			if (fetch_text(stmt, i, landing->lengths[i], &rows->data) < 0)
				return -1;
		} else if (!cell.is_null && landing->cut[i]) {
			return error_set(err, ERR_DATABASE, "column %u is out of range", i + 1);
		} else if (!cell.is_null) {
			cell.number = rows->types[i] == DB_INT ? landing->numbers[i]
							       : seconds_of(&landing->times[i]);
		}
		buf_add(&rows->cells, bytes_of(&cell, sizeof(cell)));
	}
	rows->count++;
	return 0;
}

static int
fetch_rows(MYSQL_STMT *stmt, struct db_rows *rows, struct error *err)
{
	struct landing landing = { 0 };
	int status;

	if (bind_columns(stmt, rows, &landing, err) < 0)
		return -1;
	while ((status = mysql_stmt_fetch(stmt)) == 0 || status == MYSQL_DATA_TRUNCATED) {
		if (rows->count == DB_MAX_ROWS)
			return error_set(
			    err, ERR_DATABASE, "a query gave more than %d rows", DB_MAX_ROWS);
		if (keep_row(stmt, &landing, rows, err) < 0)
			return -1;
		if (buf_failed(&rows->data) || buf_failed(&rows->cells))
			return error_set(
			    err, ERR_DATABASE, "a query gave more than %d bytes", DATA_MAX);
	}
	return status == MYSQL_NO_DATA ? 0 : -1;
}

int
db_rows_fetch(MYSQL_STMT *stmt, struct db_rows **out, struct error *err)
{
	struct db_rows *rows = db_rows_new();
	int status = rows != NULL ? fetch_rows(stmt, rows, err)
				  : error_set(err, ERR_INTERNAL, "out of memory for rows");

	if (status < 0) {
		db_rows_free(rows);
		/* With an error of MariaDB's own there is nothing left to read, and the error must
		 * stay. */
		if (err->code != ERR_NONE)
			(void)mysql_stmt_free_result(stmt);
		return -1;
	}
	(void)mysql_stmt_free_result(stmt);
	*out = rows;
	return 0;
}

static int
visit_rows(MYSQL_STMT *stmt, struct db_rows *rows, const struct db_visit *visit, struct error *err)
{
	struct landing landing = { 0 };
	int status;

	if (bind_columns(stmt, rows, &landing, err) < 0)
		return -1;
	rows->at = 1;
	while ((status = mysql_stmt_fetch(stmt)) == 0 || status == MYSQL_DATA_TRUNCATED) {
		buf_reset(&rows->cells);
		buf_reset(&rows->data);
		rows->count = 0;
		if (keep_row(stmt, &landing, rows, err) < 0)
			return -1;
		if (buf_failed(&rows->data) || buf_failed(&rows->cells))
			return error_set(
			    err, ERR_DATABASE, "a row of more than %d bytes", DATA_MAX);
		if (visit->each(rows, visit->arg, err) < 0)
			return -1;
	}
	return status == MYSQL_NO_DATA ? 0 : -1;
}

int
db_rows_visit(MYSQL_STMT *stmt, const struct db_visit *visit, struct error *err)
{
	struct db_rows *rows = db_rows_new();
	int status = rows != NULL ? visit_rows(stmt, rows, visit, err)
				  : error_set(err, ERR_INTERNAL, "out of memory for rows");

	db_rows_free(rows);
	if (status == 0 || err->code != ERR_NONE)
		(void)mysql_stmt_free_result(stmt);
	return status;
}

bool
db_rows_next(struct db_rows *rows)
{
	if (rows->at > rows->count)
		return false;
	rows->at++;
	return rows->at <= rows->count;
}

size_t
db_rows_count(const struct db_rows *rows)
{
	return rows->count;
}

/* The cell of the row at hand; to ask for another type or without a row is a bug of the caller. */
static struct cell
cell_at(const struct db_rows *rows, unsigned column, enum db_type type)
{
	struct cell cell;
	size_t index;

	if (rows->at == 0 || rows->at > rows->count || column >= rows->columns)
		abort();
	index = (rows->at - 1) * rows->columns + column;
	memcpy(&cell, rows->cells.data + index * sizeof(cell), sizeof(cell));
	if (type != DB_NULL && !cell.is_null && type != rows->types[column])
		abort();
	return cell;
}

bool
db_rows_is_null(const struct db_rows *rows, unsigned column)
{
	return cell_at(rows, column, DB_NULL).is_null;
}

int64_t
db_rows_int(const struct db_rows *rows, unsigned column)
{
	return cell_at(rows, column, DB_INT).number;
}

int
db_rows_ask(struct db *db, const char *sql, struct db_args args, int64_t *out, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, sql, args, &rows, err) < 0)
		return -1;
	if (!db_rows_next(rows))
		return error_set(err, ERR_DATABASE, "no answer to a question of one row");
	*out = db_rows_int(rows, 0);
	return 0;
}

int64_t
db_rows_time(const struct db_rows *rows, unsigned column)
{
	return cell_at(rows, column, DB_TIME).number;
}

struct bytes
db_rows_bytes(const struct db_rows *rows, unsigned column)
{
	struct cell cell = cell_at(rows, column, DB_TEXT);

	return cell.len > 0 ? bytes_of(rows->data.data + cell.offset, cell.len) : bytes_of(NULL, 0);
}

struct uuid
db_rows_uuid(const struct db_rows *rows, unsigned column)
{
	struct bytes bytes = db_rows_bytes(rows, column);
	struct uuid uuid = { { 0 } };

	if (bytes.len != 0 && bytes.len != sizeof(uuid.octets))
		abort();
	if (bytes.len != 0)
		memcpy(uuid.octets, bytes.ptr, sizeof(uuid.octets));
	return uuid;
}

int
db_rows_text(const struct db_rows *rows, unsigned column, char *out, size_t size, struct error *err)
{
	struct bytes bytes = db_rows_bytes(rows, column);

	if (bytes.len >= size)
		return error_set(err, ERR_DATABASE,
		    "column %u has %zu bytes, at most %zu are taken", column + 1, bytes.len,
		    size - 1);
	if (bytes.len > 0)
		memcpy(out, bytes.ptr, bytes.len);
	out[bytes.len] = '\0';
	return 0;
}

int
db_rows_append(const struct db_rows *rows, unsigned column, struct buf *out, struct error *err)
{
	struct bytes bytes = db_rows_bytes(rows, column);

	buf_add(out, bytes);
	if (buf_failed(out))
		return error_set(
		    err, ERR_DATABASE, "column %u has %zu bytes, too many", column + 1, bytes.len);
	return 0;
}

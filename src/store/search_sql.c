/* A statement that is put together from constants, with its arguments. */
#include "store/search_sql.h"

#include <string.h>

void
search_sql_init(struct search_sql *sql)
{
	memset(sql, 0, sizeof(*sql));
	sql->text = (struct buf)BUF_INIT(SEARCH_SQL_TEXT_MAX);
	sql->bytes = (struct buf)BUF_INIT(SEARCH_SQL_BYTES_MAX);
}

void
search_sql_release(struct search_sql *sql)
{
	buf_release(&sql->text);
	buf_release(&sql->bytes);
}

void
search_sql_add(struct search_sql *sql, const char *constant)
{
	buf_add_text(&sql->text, constant);
}

static void
add_arg(struct search_sql *sql, struct db_arg arg)
{
	if (sql->count == SEARCH_SQL_ARGS_MAX) {
		sql->failed = true;
		return;
	}
	sql->offsets[sql->count] = sql->bytes.len;
	buf_add(&sql->bytes, arg.bytes);
	sql->args[sql->count++] = arg;
}

void
search_sql_append(struct search_sql *sql, const struct search_sql *part)
{
	buf_add(&sql->text, buf_bytes(&part->text));
	sql->failed =
	    sql->failed || part->failed || buf_failed(&part->text) || buf_failed(&part->bytes);
	for (size_t i = 0; !sql->failed && i < part->count; i++) {
		struct db_arg arg = part->args[i];

		if (arg.bytes.len > 0)
			arg.bytes.ptr = part->bytes.data + part->offsets[i];
		add_arg(sql, arg);
	}
}

void
search_sql_blob(struct search_sql *sql, struct bytes value)
{
	add_arg(sql, db_blob(value));
}

void
search_sql_text(struct search_sql *sql, struct bytes value)
{
	add_arg(sql, (struct db_arg){ .type = DB_TEXT, .bytes = value });
}

void
search_sql_time(struct search_sql *sql, int64_t seconds)
{
	add_arg(sql, db_time(seconds));
}

void
search_sql_int(struct search_sql *sql, int64_t value)
{
	add_arg(sql, db_int(value));
}

int
search_sql_query(struct db *db, struct search_sql *sql, struct db_rows **out, struct error *err)
{
	const char *text = buf_text(&sql->text);

	if (sql->failed || buf_failed(&sql->text) || buf_failed(&sql->bytes))
		return error_set(err, ERR_VALIDATION, "the filters are too many or too long");
	/* Only now does the buffer stay where it is. */
	for (size_t i = 0; i < sql->count; i++)
		if (sql->args[i].bytes.len > 0)
			sql->args[i].bytes.ptr = sql->bytes.data + sql->offsets[i];
	return db_query_once(db, text, (struct db_args){ sql->args, sql->count }, out, err);
}

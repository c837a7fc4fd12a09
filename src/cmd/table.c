/* How commands show records: in columns, as lines of name and value, or as JSON. */
#include "cmd/table.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "cmd/files.h"

enum { TABLE_MAX = 16 * 1024 * 1024, GAP = 2, LABEL_WIDTH = 20 };

void
table_init(struct table *table, const char *head)
{
	cleanup(buf_release) struct buf cell = BUF_INIT(64);

	*table = (struct table){ .columns = 1, .cells = BUF_INIT(TABLE_MAX) };
	for (const char *at = head; *at != '\0'; at++)
		table->columns += *at == ',' ? 1 : 0;
	for (const char *at = head;; at++) {
		if (*at != ',' && *at != '\0') {
			buf_add_byte(&cell, (uint8_t)*at);
			continue;
		}
		table_add(table, buf_text(&cell));
		buf_reset(&cell);
		if (*at == '\0')
			return;
	}
}

void
table_release(struct table *table)
{
	buf_release(&table->cells);
}

void
table_add(struct table *table, const char *text)
{
	size_t len = strlen(text);

	if (len > table->widths[table->column])
		table->widths[table->column] = len;
	buf_add(&table->cells, bytes_of(text, len + 1));
	table->column = (table->column + 1) % table->columns;
}

const char *
table_text(const struct json_object *object, const char *name)
{
	struct json_object *value = json_object_object_get(object, name);

	return value != NULL ? json_object_get_string(value) : "";
}

void
table_add_member(struct table *table, const struct json_object *object, const char *name)
{
	table_add(table, table_text(object, name));
}

int
table_print(struct table *table, struct error *err)
{
	cleanup(buf_release) struct buf out = BUF_INIT(4 * (size_t)TABLE_MAX);
	const char *cell = (const char *)table->cells.data;
	const char *end = cell + table->cells.len;

	for (size_t column = 0; cell != NULL && cell < end; column++) {
		size_t len = strlen(cell);
		bool is_last = column % table->columns == table->columns - 1;

		buf_add(&out, bytes_of(cell, len));
		if (is_last)
			buf_add_byte(&out, '\n');
		else
			buf_printf(&out, "%*s",
			    (int)(table->widths[column % table->columns] + GAP - len), "");
		cell += len + 1;
	}
	if (buf_failed(&table->cells) || buf_failed(&out))
		return error_set(err, ERR_INTERNAL, "too much to show");
	return files_write(NULL, buf_bytes(&out), err);
}

int
table_print_json(struct json_object *json, struct error *err)
{
	const char *text = json_object_to_json_string_ext(
	    json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (files_write(NULL, bytes_text(text), err) < 0)
		return -1;
	return files_write(NULL, bytes_text("\n"), err);
}

static void
add_member(const char *name, struct json_object *value, struct buf *out)
{
	size_t count =
	    json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;

	buf_printf(out, "%s:%*s", name,
	    strlen(name) < LABEL_WIDTH ? (int)(LABEL_WIDTH - strlen(name)) : 1, "");
	if (!json_object_is_type(value, json_type_array))
		buf_add_text(out, json_object_get_string(value));
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "",
		    json_object_get_string(json_object_array_get_idx(value, i)));
	buf_add_byte(out, '\n');
}

int
table_print_members(struct json_object *json, struct error *err)
{
	cleanup(buf_release) struct buf out = BUF_INIT(TABLE_MAX);
	struct json_object_iterator at = json_object_iter_begin(json);
	struct json_object_iterator end = json_object_iter_end(json);

	while (!json_object_iter_equal(&at, &end)) {
		add_member(json_object_iter_peek_name(&at), json_object_iter_peek_value(&at), &out);
		json_object_iter_next(&at);
	}
	if (buf_failed(&out))
		return error_set(err, ERR_INTERNAL, "too much to show");
	return files_write(NULL, buf_bytes(&out), err);
}

int
table_print_with_key(struct json_object *json, struct error *err)
{
	cleanup(json_object_putp) struct json_object *key = NULL;

	key = json_object_get(json_object_object_get(json, "key"));
	json_object_object_del(json, "key");
	if (table_print_members(json, err) < 0 || files_write(NULL, bytes_text("key:\n"), err) < 0)
		return -1;
	return key != NULL ? table_print_members(key, err) : 0;
}

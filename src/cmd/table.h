#ifndef CMD_TABLE_H
#define CMD_TABLE_H

#include <json-c/json.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum { TABLE_MAX_COLUMNS = 8 };

/* Rows of text, printed in columns as wide as their widest cell. */
struct table {
	size_t columns;
	size_t column; /* of the next cell */
	size_t widths[TABLE_MAX_COLUMNS];
	struct buf cells; /* each ends with a NUL */
};

/* An empty table; the head is its first row, the names by comma. */
void table_init(struct table *table, const char *head);
void table_release(struct table *table);

/* Adds the next cell; rows fill from the left. */
void table_add(struct table *table, const char *text);

/* The text of an object's member, borrowed from it; "" where it has none of this name. */
const char *table_text(const struct json_object *object, const char *name);

/* Adds that as the next cell. */
void table_add_member(struct table *table, const struct json_object *object, const char *name);

/* Prints it to stdout. */
int table_print(struct table *table, struct error *err);

/* Prints JSON to stdout, indented, with a newline. */
int table_print_json(struct json_object *json, struct error *err);

/* Prints the members of an object as "name: value" lines. */
int table_print_members(struct json_object *json, struct error *err);

/* The same, with the members of its member "key" last, below "key:". Takes that member out. */
int table_print_with_key(struct json_object *json, struct error *err);

#endif

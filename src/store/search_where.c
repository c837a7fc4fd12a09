/* A condition of a search as a predicate of SQL. */
#include "store/search_where.h"

#include <string.h>

#include "store/search_field.h"
#include "store/search_value.h"

enum { PATTERN_MAX = 4 * SEARCH_VALUE_OCTETS_MAX, DAY_S = 86400 };

static const char SQL_NOCASE[] = "LOWER(CONVERT(%s USING utf8mb4)) COLLATE utf8mb4_bin"
				 " LIKE LOWER(?) ESCAPE '!'";
static const char SQL_CASE[] = "CONVERT(%s USING utf8mb4) COLLATE utf8mb4_bin LIKE ? ESCAPE '!'";
static const char SQL_DECIMAL[] = "CAST(%s AS DECIMAL(65,10)) %s CAST(? AS DECIMAL(65,10))";
static const char SQL_ORDERED[] = "CONVERT(%s USING utf8mb4) COLLATE utf8mb4_bin %s ?";

/* One condition while it is written down. */
struct writing {
	struct search_sql *sql;
	const struct search_condition *condition;
	const struct search_field_sql *field;
	int64_t now;
};

static bool
is_negated(enum search_operator op)
{
	return op == SEARCH_NOT_EQUALS || op == SEARCH_NOT_CONTAINS || op == SEARCH_EMPTY;
}

static bool
is_about_emptiness(enum search_operator op)
{
	return op == SEARCH_EMPTY || op == SEARCH_NOT_EMPTY;
}

static bool
is_equality(enum search_operator op)
{
	return op == SEARCH_EQUALS || op == SEARCH_NOT_EQUALS;
}

/* What compares by order; "=" for all others. */
static const char *
comparison(enum search_operator op)
{
	switch (op) {
	case SEARCH_GREATER:
		return ">";
	case SEARCH_GREATER_OR_EQUAL:
		return ">=";
	case SEARCH_LESSER:
		return "<";
	case SEARCH_LESSER_OR_EQUAL:
		return "<=";
	case SEARCH_EQUALS:
	case SEARCH_NOT_EQUALS:
	case SEARCH_CONTAINS:
	case SEARCH_NOT_CONTAINS:
	case SEARCH_STARTS_WITH:
	case SEARCH_ENDS_WITH:
	case SEARCH_EMPTY:
	case SEARCH_NOT_EMPTY:
		return "=";
	}
	return "=";
}

/* The value between what the operator lets stand before and behind it. */
static void
add_pattern(const struct writing *w, struct bytes value)
{
	cleanup(buf_release) struct buf pattern = BUF_INIT(PATTERN_MAX);
	enum search_operator op = w->condition->op;
	bool by_line = w->field->by_line;
	const char *before = by_line ? "%\n" : "", *behind = by_line ? "\n%" : "";

	if (op == SEARCH_CONTAINS || op == SEARCH_NOT_CONTAINS || op == SEARCH_ENDS_WITH)
		before = "%";
	if (op == SEARCH_CONTAINS || op == SEARCH_NOT_CONTAINS || op == SEARCH_STARTS_WITH)
		behind = "%";
	search_value_pattern(before, value, behind, &pattern);
	w->sql->failed = w->sql->failed || buf_failed(&pattern);
	search_sql_text(w->sql, buf_bytes(&pattern));
}

static void
add_text(const struct writing *w, const char *value)
{
	bool is_exact = w->field->kind == SEARCH_KIND_NAME && is_equality(w->condition->op);

	buf_printf(&w->sql->text, is_exact ? SQL_CASE : SQL_NOCASE, w->field->value);
	add_pattern(w, bytes_text(value));
}

/* A serial number with an odd number of digits lost a zero in front. */
static int
add_hex(const struct writing *w, const char *value, struct error *err)
{
	cleanup(buf_release) struct buf digits = BUF_INIT(SEARCH_VALUE_OCTETS_MAX);
	cleanup(buf_release) struct buf even = BUF_INIT(SEARCH_VALUE_OCTETS_MAX + 1);

	if (search_value_hex(value, &digits, err) < 0)
		return -1;
	if (is_equality(w->condition->op) && digits.len % 2 == 1)
		buf_add_byte(&even, '0');
	buf_add(&even, buf_bytes(&digits));
	buf_printf(&w->sql->text, "%s LIKE ? ESCAPE '!'", w->field->value);
	add_pattern(w, buf_bytes(&even));
	return 0;
}

static int
add_id(const struct writing *w, const char *value, struct error *err)
{
	struct error ignored = { .code = ERR_NONE };
	struct uuid id;

	if (uuid_parse(value, &id, &ignored) < 0)
		return error_set(err, ERR_VALIDATION, "\"%.40s\" is no UUID", value);
	buf_printf(&w->sql->text, "%s = ?", w->field->value);
	search_sql_blob(w->sql, bytes_of(id.octets, sizeof(id.octets)));
	return 0;
}

int
search_where_requester(
    const char *value, uint8_t out[static SEARCH_WHERE_REQUESTER_SIZE], struct error *err)
{
	struct error ignored = { .code = ERR_NONE };
	struct uuid tenant, object;

	if (strlen(value) == 2 * (UUID_TEXT_MAX - 1) + 1 && value[UUID_TEXT_MAX - 1] == '/') {
		char text[UUID_TEXT_MAX] = "";

		memcpy(text, value, UUID_TEXT_MAX - 1);
		if (uuid_parse(text, &tenant, &ignored) == 0 &&
		    uuid_parse(value + UUID_TEXT_MAX, &object, &ignored) == 0) {
			memcpy(out, tenant.octets, UUID_SIZE);
			memcpy(out + UUID_SIZE, object.octets, UUID_SIZE);
			return 0;
		}
	}
	return error_set(
	    err, ERR_VALIDATION, "\"%.80s\" is no requester such as TENANT/OBJECT", value);
}

static int
add_requester(const struct writing *w, const char *value, struct error *err)
{
	uint8_t both[SEARCH_WHERE_REQUESTER_SIZE];

	if (search_where_requester(value, both, err) < 0)
		return -1;
	buf_printf(&w->sql->text, "%s = ?", w->field->value);
	search_sql_blob(w->sql, bytes_of(both, sizeof(both)));
	return 0;
}

/* A day or a second has two ends; which of them counts depends on the operator. */
static int
add_time(const struct writing *w, const char *value, struct error *err)
{
	enum search_operator op = w->condition->op;
	bool by_until = op == SEARCH_GREATER || op == SEARCH_LESSER_OR_EQUAL;
	struct search_span span;

	if (search_value_time(value, &span, err) < 0)
		return -1;
	if (is_equality(op)) {
		buf_printf(&w->sql->text, "(%s >= ? AND %s < ?)", w->field->value, w->field->value);
		search_sql_time(w->sql, span.from);
		search_sql_time(w->sql, span.until);
		return 0;
	}
	buf_printf(&w->sql->text, "%s %s ?", w->field->value,
	    op == SEARCH_GREATER || op == SEARCH_GREATER_OR_EQUAL ? ">=" : "<");
	search_sql_time(w->sql, by_until ? span.until : span.from);
	return 0;
}

static int
add_number(const struct writing *w, const char *value, struct error *err)
{
	int64_t number;

	if (search_value_number(value, &number, err) < 0)
		return -1;
	buf_printf(&w->sql->text, "%s %s ?", w->field->value, comparison(w->condition->op));
	search_sql_int(w->sql, number);
	return 0;
}

static int
add_status(const struct writing *w, const char *value, struct error *err)
{
	const struct search_status_sql *status = search_field_status(value);

	if (status == NULL)
		return error_set(err, ERR_VALIDATION, "\"%.40s\" is no status", value);
	search_sql_add(w->sql, status->sql);
	for (const char *arg = status->args; *arg != '\0'; arg++)
		search_sql_time(
		    w->sql, w->now + (*arg == 'h' ? SEARCH_EXPIRING_DAYS * (int64_t)DAY_S : 0));
	return 0;
}

static int
add_attribute(const struct writing *w, const char *value)
{
	struct error ignored = { .code = ERR_NONE };
	int64_t number;
	bool is_number = search_value_number(value, &number, &ignored) == 0;

	if (w->condition->op < SEARCH_GREATER) {
		add_text(w, value);
		return 0;
	}
	buf_printf(&w->sql->text, is_number ? SQL_DECIMAL : SQL_ORDERED, w->field->value,
	    comparison(w->condition->op));
	search_sql_text(w->sql, bytes_text(value));
	return 0;
}

static int
add_value(const struct writing *w, const char *value, struct error *err)
{
	if (strlen(value) > SEARCH_VALUE_OCTETS_MAX || !search_value_is_utf8(bytes_text(value)))
		return error_set(err, ERR_VALIDATION,
		    "a value has more than %d octets or is not UTF-8", SEARCH_VALUE_OCTETS_MAX);
	switch (w->field->kind) {
	case SEARCH_KIND_TEXT:
	case SEARCH_KIND_NAME:
		add_text(w, value);
		return 0;
	case SEARCH_KIND_HEX:
		return add_hex(w, value, err);
	case SEARCH_KIND_STATUS:
		return add_status(w, value, err);
	case SEARCH_KIND_ID:
		return add_id(w, value, err);
	case SEARCH_KIND_REQUESTER:
		return add_requester(w, value, err);
	case SEARCH_KIND_TIME:
		return add_time(w, value, err);
	case SEARCH_KIND_NUMBER:
		return add_number(w, value, err);
	case SEARCH_KIND_ATTRIBUTE:
		return add_attribute(w, value);
	}
	return error_set(err, ERR_INTERNAL, "unknown kind of field");
}

/* Any of the values, in parentheses. */
static int
add_values(const struct writing *w, struct error *err)
{
	search_sql_add(w->sql, "(");
	for (size_t i = 0; i < w->condition->value_count; i++) {
		if (i > 0)
			search_sql_add(w->sql, " OR ");
		if (add_value(w, w->condition->values[i], err) < 0)
			return error_prefix(err, "%s", w->field->name);
	}
	search_sql_add(w->sql, ")");
	return 0;
}

/* Whether there is any value at all: what the field's column or its subquery has. */
static void
add_presence(const struct writing *w)
{
	if (w->field->exists != NULL)
		search_sql_add(w->sql, "TRUE");
	else if (w->field->by_line)
		search_sql_add(w->sql, "c.sans <> ''");
	else if (w->field->kind == SEARCH_KIND_TEXT || w->field->kind == SEARCH_KIND_NAME)
		buf_printf(&w->sql->text, "CHAR_LENGTH(%s) > 0", w->field->value);
	else
		buf_printf(&w->sql->text, "%s IS NOT NULL", w->field->value);
}

static void
add_attribute_names(const struct writing *w)
{
	if (w->field->kind != SEARCH_KIND_ATTRIBUTE)
		return;
	search_sql_text(w->sql, bytes_text(w->condition->attribute));
	search_sql_text(w->sql, bytes_text(w->condition->attribute));
}

static int
check_form(const struct writing *w, struct error *err)
{
	const struct search_condition *c = w->condition;

	if ((int)c->op >= SEARCH_OPERATORS || !certificates_search_takes(c->field, c->op))
		return error_set(err, ERR_VALIDATION, "%s cannot be searched so", w->field->name);
	if ((c->value_count == 0) != is_about_emptiness(c->op))
		return error_set(err, ERR_VALIDATION, "%s: %s", w->field->name,
		    c->value_count == 0 ? "a value is missing" : "no value is taken");
	if (w->field->kind == SEARCH_KIND_ATTRIBUTE &&
	    (c->attribute == NULL || strlen(c->attribute) > SEARCH_VALUE_OCTETS_MAX ||
		!search_value_is_utf8(bytes_text(c->attribute))))
		return error_set(
		    err, ERR_VALIDATION, "%s: its name is missing or malformed", w->field->name);
	return 0;
}

int
search_where_add(struct search_sql *sql, const struct search_condition *condition, int64_t now,
    struct error *err)
{
	struct writing w = { .sql = sql, .condition = condition, .now = now };

	if ((int)condition->field >= SEARCH_FIELDS)
		return error_set(err, ERR_VALIDATION, "an unknown field");
	w.field = search_field(condition->field);
	if (check_form(&w, err) < 0)
		return -1;
	search_sql_add(sql, is_negated(condition->op) ? "NOT COALESCE(" : "COALESCE(");
	if (w.field->exists != NULL) {
		search_sql_add(sql, w.field->exists);
		add_attribute_names(&w);
		search_sql_add(sql, " AND ");
	}
	if (is_about_emptiness(condition->op))
		add_presence(&w);
	else if (add_values(&w, err) < 0)
		return -1;
	if (w.field->exists != NULL)
		search_sql_add(sql, ")");
	search_sql_add(sql, ", FALSE)");
	return 0;
}

int
search_where_check(const struct search_condition *condition, int64_t now, struct error *err)
{
	cleanup(search_sql_release) struct search_sql sql;

	search_sql_init(&sql);
	return search_where_add(&sql, condition, now, err);
}

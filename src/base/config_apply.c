/* Converts settings by their table into a struct, frees it, and prints it. */
#define _GNU_SOURCE
#include "base/config_apply.h"

#include <stdlib.h>
#include <string.h>

enum { ITEM_LIMIT = 256, NORMAL_MAX = 2 * CONFIG_LINE_MAX };

/* "expected WHAT", and what was found where that cannot be a secret. */
static int
value_fault(
    const struct config *config, const struct config_key *key, const char *found, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(NORMAL_MAX);

	if (key->type == CONFIG_NUMBER)
		buf_printf(&text, "expected a number from %u to %u", key->min, key->max);
	else if (key->type == CONFIG_BOOLEAN)
		buf_add_text(&text, "expected true or false");
	else
		buf_printf(&text, "expected %s", key->expected != NULL ? key->expected : "a text");
	if (found[0] == '\0')
		buf_add_text(&text, ", not nothing");
	else if ((key->marks & (CONFIG_SECRET | CONFIG_UNQUOTED)) == 0) {
		buf_add_text(&text, ", not ");
		config_quote(found, &text);
	}
	return config_fault(config, key, err, "%s", buf_text(&text));
}

static bool
parse_boolean(const char *text, bool *out)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = { { "true", true }, { "yes", true }, { "1", true }, { "false", false },
		{ "no", false }, { "0", false } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (bytes_equal_nocase(bytes_text(text), bytes_text(words[i].text))) {
			*out = words[i].value;
			return true;
		}
	return false;
}

static bool
parse_number(const char *text, const struct config_key *key, uint32_t *out)
{
	size_t len = strspn(text, "0123456789");
	unsigned long long value;

	if (len == 0 || len > 10 || text[len] != '\0')
		return false;
	value = strtoull(text, NULL, 10);
	if (value < key->min || value > key->max)
		return false;
	*out = (uint32_t)value;
	return true;
}

/* Digits, and where there is a point up to six more; in whole parts of the unit, rounded. */
static bool
parse_decimal(const char *text, const struct config_key *key, uint32_t *out)
{
	enum { FRACTION_MAX = 6 };
	size_t len = strspn(text, "0123456789");
	size_t fraction_len = text[len] == '.' ? strspn(text + len + 1, "0123456789") : 0;
	unsigned long long scale = 1, whole, fraction = 0, value;

	if (len == 0 || len > 10 || fraction_len > FRACTION_MAX ||
	    text[len + (text[len] == '.' ? 1 + fraction_len : 0)] != '\0' ||
	    (text[len] == '.' && fraction_len == 0))
		return false;
	whole = strtoull(text, NULL, 10);
	for (size_t i = 0; i < fraction_len; i++, scale *= 10)
		fraction = 10 * fraction + (unsigned)(text[len + 1 + i] - '0');
	value = whole * key->unit + (fraction * key->unit + scale / 2) / scale;
	if (value < key->min || value > key->max)
		return false;
	*out = (uint32_t)value;
	return true;
}

static void *
member(const struct config_key *key, const void *target)
{
	/* The target is the caller's to change; only config_apply and config_release do. */
	return (void *)((uintptr_t)target + key->offset);
}

/* The checked normal form of a text in a new text at *out. */
static int
normal_text(const struct config *config, const struct config_key *key, const char *text, char **out,
    struct error *err)
{
	cleanup(buf_release) struct buf normal = BUF_INIT(NORMAL_MAX);

	if (key->check == NULL)
		buf_add_text(&normal, text);
	else if (!key->check(text, &normal))
		return value_fault(config, key, text, err);
	if (buf_failed(&normal))
		return error_set(err, ERR_INTERNAL, "no memory for %s", key->name);
	return text_set(out, buf_bytes(&normal), err);
}

static int
apply_text(const struct config *config, const struct config_key *key, const char *text, char **out,
    struct error *err)
{
	if (text[0] != '\0')
		return normal_text(config, key, text, out, err);
	return text_set(out, bytes_text(""), err);
}

/* The next item at *cursor into item; false at the end. */
static bool
next_item(const struct config_key *key, const char **cursor, struct buf *item)
{
	const char *separators = key->type == CONFIG_COMMA_LIST ? "," : ", \t";
	struct bytes found = { 0 };

	while (found.len == 0 && **cursor != '\0') {
		size_t len = strcspn(*cursor, separators);
		found = config_trim(bytes_of(*cursor, len));
		*cursor += len + ((*cursor)[len] != '\0');
	}
	buf_reset(item);
	buf_add(item, found);
	return found.len > 0;
}

static int
apply_list(const struct config *config, const struct config_key *key, const char *text,
    struct text_list *out, struct error *err)
{
	cleanup(buf_release) struct buf item = BUF_INIT(CONFIG_LINE_MAX);
	size_t max = key->max > 0 && key->max < ITEM_LIMIT ? key->max : ITEM_LIMIT;

	while (next_item(key, &text, &item)) {
		cleanup(text_release) char *normal = NULL;

		if (out->count == max)
			return value_fault(config, key, buf_text(&item), err);
		if (normal_text(config, key, buf_text(&item), &normal, err) < 0 ||
		    text_list_add(out, bytes_text(normal), err) < 0)
			return -1;
	}
	return out->count >= key->min ? 0 : value_fault(config, key, "", err);
}

static int
apply_choices(const struct config *config, const struct config_key *key, const char *text,
    bool *out, struct error *err)
{
	cleanup(buf_release) struct buf item = BUF_INIT(CONFIG_LINE_MAX);

	while (next_item(key, &text, &item)) {
		size_t i = 0;

		while (key->choices[i] != NULL &&
		       !bytes_equal_nocase(buf_bytes(&item), bytes_text(key->choices[i])))
			i++;
		if (key->choices[i] == NULL)
			return value_fault(config, key, buf_text(&item), err);
		out[i] = true;
	}
	return 0;
}

static int
apply_key(
    const struct config *config, const struct config_key *key, void *target, struct error *err)
{
	const char *given = config_value(config, key);
	const char *text = given != NULL ? given : key->fallback;
	void *to = member(key, target);

	if ((key->marks & CONFIG_NEEDED) != 0 && text[strspn(text, ", \t")] == '\0') {
		if (given == NULL)
			return config_fault(
			    config, key, err, "not set, expected %s", key->expected);
		return value_fault(config, key, "", err);
	}
	switch (key->type) {
	case CONFIG_BOOLEAN:
		return parse_boolean(text, to) ? 0 : value_fault(config, key, text, err);
	case CONFIG_NUMBER:
		return parse_number(text, key, to) ? 0 : value_fault(config, key, text, err);
	case CONFIG_DECIMAL:
		return parse_decimal(text, key, to) ? 0 : value_fault(config, key, text, err);
	case CONFIG_TEXT:
		return apply_text(config, key, text, to, err);
	case CONFIG_LIST:
	case CONFIG_COMMA_LIST:
		return apply_list(config, key, text, to, err);
	case CONFIG_CHOICES:
		return apply_choices(config, key, text, to, err);
	}
	return error_set(err, ERR_INTERNAL, "%s: a type without a reader", key->name);
}

int
config_apply(const struct config *config, void *target, struct error *err)
{
	size_t count;
	const struct config_key *keys = config_keys(config, &count);

	for (size_t i = 0; i < count; i++)
		if (apply_key(config, &keys[i], target, err) < 0)
			return -1;
	return 0;
}

void
config_apply_release(const struct config_key *keys, size_t count, void *target)
{
	for (size_t i = 0; i < count; i++) {
		void *at = member(&keys[i], target);

		if (keys[i].type == CONFIG_TEXT)
			text_release(at);
		else if (keys[i].type == CONFIG_LIST || keys[i].type == CONFIG_COMMA_LIST)
			text_list_release(at);
	}
}

/* Whether target has anything there: true, not 0, not empty. */
static bool
is_set(const struct config_key *key, const void *target)
{
	const void *at = member(key, target);

	switch (key->type) {
	case CONFIG_BOOLEAN:
		return *(const bool *)at;
	case CONFIG_NUMBER:
	case CONFIG_DECIMAL:
		return *(const uint32_t *)at != 0;
	case CONFIG_TEXT:
		return (*(char *const *)at)[0] != '\0';
	case CONFIG_LIST:
	case CONFIG_COMMA_LIST:
		return ((const struct text_list *)at)->count > 0;
	case CONFIG_CHOICES:
		for (size_t i = 0; key->choices[i] != NULL; i++)
			if (((const bool *)at)[i])
				return true;
		return false;
	}
	return false;
}

static void
print_item(FILE *to, const char *separator, const char *item)
{
	(void)fprintf(to, "%s%s", separator, item);
}

static void
print_value(const struct config_key *key, const void *at, FILE *to)
{
	const struct text_list *list = at;
	const char *separator = " ";

	switch (key->type) {
	case CONFIG_BOOLEAN:
		print_item(to, " ", *(const bool *)at ? "true" : "false");
		return;
	case CONFIG_NUMBER:
		(void)fprintf(to, " %u", *(const uint32_t *)at);
		return;
	case CONFIG_DECIMAL:
		(void)fprintf(to, " %.6g", (double)*(const uint32_t *)at / key->unit);
		return;
	case CONFIG_TEXT:
		if ((*(char *const *)at)[0] != '\0')
			print_item(to, " ", *(char *const *)at);
		return;
	case CONFIG_LIST:
	case CONFIG_COMMA_LIST:
		for (size_t i = 0; i < list->count; i++, separator = ", ")
			print_item(to, separator, list->items[i]);
		return;
	case CONFIG_CHOICES:
		for (size_t i = 0; key->choices[i] != NULL; i++)
			if (((const bool *)at)[i]) {
				print_item(to, separator, key->choices[i]);
				separator = ", ";
			}
		return;
	}
}

void
config_apply_print(const struct config *config, const void *target, FILE *to)
{
	size_t count;
	const struct config_key *keys = config_keys(config, &count);

	for (size_t i = 0; i < count; i++) {
		cleanup(buf_release) struct buf text = BUF_INIT(NORMAL_MAX);

		config_key_text(&keys[i], &text);
		(void)fprintf(to, "%s =", buf_text(&text));
		if ((keys[i].marks & CONFIG_SECRET) == 0)
			print_value(&keys[i], member(&keys[i], target), to);
		else if (is_set(&keys[i], target))
			(void)fputs(" (hidden)", to);
		buf_reset(&text);
		if (config_value(config, &keys[i]) != NULL)
			config_where(config, &keys[i], &text);
		else
			buf_add_text(&text, "default");
		(void)fprintf(to, "  (%s)\n", buf_text(&text));
	}
}

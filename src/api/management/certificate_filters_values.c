/* Values of filters in the words of CZERTAINLY's clients, as those that the search knows. */
#include "api/management/certificate_filters_values.h"

#include <string.h>

enum {
	SHOWN_MAX = 64,
	MEANINGS_MAX = 2,
	TEXT_MAX = SEARCH_VALUE_OCTETS_MAX + 8,
	STATUS_NAMES_MAX = 6
};

/* What a name of a list means to the search. */
static const struct meaning {
	enum certificate_values values;
	const char *name;
	const char *means[MEANINGS_MAX];
} MEANINGS[] = {
	{ VALUES_STATES, "issued", { "good", NULL } },
	{ VALUES_STATES, "revoked", { "revoked", "hold" } },
	{ VALUES_VALIDATIONS, "valid", { "valid", NULL } },
	{ VALUES_VALIDATIONS, "expiring", { "expiring", NULL } },
	{ VALUES_VALIDATIONS, "expired", { "expired", NULL } },
	{ VALUES_VALIDATIONS, "inactive", { "inactive", NULL } },
	{ VALUES_VALIDATIONS, "revoked", { "revoked", "hold" } },
	{ VALUES_KEYS, "RSA", { "rsa", NULL } },
	{ VALUES_KEYS, "ECDSA", { "p256", "p384" } },
	{ VALUES_KEYS, "Ed25519", { "ed25519", NULL } },
};
enum { MEANING_COUNT = sizeof(MEANINGS) / sizeof(MEANINGS[0]) };

const char *
certificate_filters_name(enum certificate_values values, size_t index)
{
	for (size_t i = 0; i < MEANING_COUNT; i++)
		if (MEANINGS[i].values == values && index-- == 0)
			return MEANINGS[i].name;
	return NULL;
}

static int
refuse(const struct filter_target *target, const char *value, struct error *err)
{
	return error_set(err, ERR_VALIDATION, "Field %.*s has no value %.*s", SHOWN_MAX,
	    target->identifier, SHOWN_MAX, value);
}

static int
add_value(struct certificate_filters *filters, const char *value, struct error *err)
{
	if (filters->value_count == SEARCH_VALUES_MAX)
		return error_set(err, ERR_VALIDATION,
		    "The filters have more than %d values together", SEARCH_VALUES_MAX);
	filters->values[filters->value_count++] = value;
	return 0;
}

static int
add_text(struct certificate_filters *filters, struct buf *text, struct error *err)
{
	if (buf_failed(text))
		return error_set(err, ERR_VALIDATION, "A value of a filter has more than %d octets",
		    SEARCH_VALUE_OCTETS_MAX);
	if (text_list_add(&filters->texts, buf_bytes(text), err) < 0)
		return -1;
	return add_value(filters, filters->texts.items[filters->texts.count - 1], err);
}

/* Adds the condition with all values since `first`. */
static int
add_condition(struct certificate_filters *filters, struct search_condition condition, size_t first,
    struct error *err)
{
	if (filters->count == SEARCH_CONDITIONS_MAX)
		return error_set(
		    err, ERR_VALIDATION, "There are more than %d filters", SEARCH_CONDITIONS_MAX);
	condition.values = filters->values + first;
	condition.value_count = filters->value_count - first;
	filters->conditions[filters->count++] = condition;
	return 0;
}

/* The names of a certificate's DTO have ", " where RFC 4514, as it is on record, has ",". */
static int
add_name(struct certificate_filters *filters, const char *value, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(TEXT_MAX);

	for (; *value != '\0'; value++) {
		size_t word = strncmp(value, ", ", 2) == 0
				  ? strspn(value + 2, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
						      "rstuvwxyz0123456789.")
				  : 0;

		buf_add_byte(&text, (uint8_t)*value);
		if (word > 0 && value[2 + word] == '=')
			value++;
	}
	return add_text(filters, &text, err);
}

static int
add_meaning(struct certificate_filters *filters, const struct filter_target *target,
    const char *value, struct error *err)
{
	for (size_t i = 0; i < MEANING_COUNT; i++) {
		if (MEANINGS[i].values != target->field->values ||
		    strcmp(MEANINGS[i].name, value) != 0)
			continue;
		for (size_t k = 0; k < MEANINGS_MAX; k++)
			if (MEANINGS[i].means[k] != NULL &&
			    add_value(filters, MEANINGS[i].means[k], err) < 0)
				return -1;
		return 0;
	}
	return refuse(target, value, err);
}

static int
add_plain(struct certificate_filters *filters, const struct filter_target *target,
    const char *value, struct error *err)
{
	enum search_field field = target->condition.field;

	if (target->field != NULL && certificate_filters_name(target->field->values, 0) != NULL)
		return add_meaning(filters, target, value, err);
	if (field == SEARCH_SUBJECT || field == SEARCH_ISSUER)
		return add_name(filters, value, err);
	return add_value(filters, value, err);
}

static int
add_scalar(struct certificate_filters *filters, const struct filter_target *target,
    struct json_object *value, struct error *err)
{
	if (value == NULL || json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return error_set(err, ERR_VALIDATION,
		    "The value of field %.*s is neither a text nor a number", SHOWN_MAX,
		    target->identifier);
	return add_plain(filters, target, json_object_get_string(value), err);
}

static int
add_values(struct certificate_filters *filters, const struct filter_target *target,
    struct json_object *value, struct error *err)
{
	size_t count;

	if (!json_object_is_type(value, json_type_array))
		return add_scalar(filters, target, value, err);
	count = json_object_array_length(value);
	if (count == 0)
		return error_set(err, ERR_VALIDATION, "Field %.*s is asked for no value", SHOWN_MAX,
		    target->identifier);
	for (size_t i = 0; i < count; i++)
		if (add_scalar(filters, target, json_object_array_get_idx(value, i), err) < 0)
			return -1;
	return 0;
}

/* Which of the validation statuses are named, as bits by their places. */
static int
read_statuses(
    const struct filter_target *target, struct json_object *value, unsigned *out, struct error *err)
{
	bool is_array = json_object_is_type(value, json_type_array);
	size_t count = is_array ? json_object_array_length(value) : 1;
	const char *name;

	for (size_t i = 0; i < count; i++) {
		const char *asked =
		    json_object_get_string(is_array ? json_object_array_get_idx(value, i) : value);
		size_t place = 0;

		while ((name = certificate_filters_name(VALUES_VALIDATIONS, place)) != NULL &&
		       (asked == NULL || strcmp(name, asked) != 0))
			place++;
		if (name == NULL)
			return refuse(target, asked != NULL ? asked : "null", err);
		*out |= 1U << place;
	}
	return 0;
}

/* One condition on the search's own statuses, by their names up to NULL. */
static int
add_statuses(struct certificate_filters *filters, enum search_operator op, const char *const *names,
    struct error *err)
{
	const struct search_condition condition = { .field = SEARCH_STATUS, .op = op };
	size_t first = filters->value_count;

	for (; *names != NULL; names++)
		if (add_value(filters, *names, err) < 0)
			return -1;
	return add_condition(filters, condition, first, err);
}

/* What the search calls the statuses of the set; ends with NULL, as it was before. */
static void
name_statuses(unsigned set, const char *named[static STATUS_NAMES_MAX + 1])
{
	size_t place = 0, count = 0;

	for (size_t i = 0; i < MEANING_COUNT; i++) {
		if (MEANINGS[i].values != VALUES_VALIDATIONS)
			continue;
		for (size_t k = 0; k < MEANINGS_MAX && (set & 1U << place) != 0; k++)
			if (MEANINGS[i].means[k] != NULL && count < STATUS_NAMES_MAX)
				named[count++] = MEANINGS[i].means[k];
		place++;
	}
}

/*
 * The validation statuses exclude each other and are all there are, so that "none of these" is "one
 * of the others"; those of the search overlap: what is revoked may have expired, too, and what
 * expires soon is valid.
 */
static int
add_validation(struct certificate_filters *filters, const struct filter_target *target,
    struct json_object *value, struct error *err)
{
	enum { VALID = 1, EXPIRING = 2, REVOKED = 16, ALL = 31 };
	static const char *const good[] = { "good", NULL };
	static const char *const revoked[] = { "revoked", "hold", NULL };
	static const char *const expiring[] = { "expiring", NULL };
	const char *named[STATUS_NAMES_MAX + 1] = { NULL };
	unsigned set = 0;

	if (read_statuses(target, value, &set, err) < 0)
		return -1;
	if (target->condition.op == SEARCH_NOT_EQUALS)
		set = ~set & ALL;
	name_statuses(set, named);
	if (set == 0) /* good and not good: no certificate */
		return add_statuses(filters, SEARCH_EQUALS, good, err) < 0
			   ? -1
			   : add_statuses(filters, SEARCH_NOT_EQUALS, good, err);
	if (add_statuses(filters, SEARCH_EQUALS, named, err) < 0 ||
	    ((set & REVOKED) == 0 && add_statuses(filters, SEARCH_NOT_EQUALS, revoked, err) < 0))
		return -1;
	return (set & VALID) != 0 && (set & EXPIRING) == 0
		   ? add_statuses(filters, SEARCH_NOT_EQUALS, expiring, err)
		   : 0;
}

int
certificate_filters_values(struct json_object *value, const struct filter_target *target,
    struct certificate_filters *filters, struct error *err)
{
	size_t first = filters->value_count;
	bool takes_none =
	    target->condition.op == SEARCH_EMPTY || target->condition.op == SEARCH_NOT_EMPTY;

	if (target->field != NULL && target->field->values == VALUES_VALIDATIONS)
		return add_validation(filters, target, value, err);
	if (!takes_none && add_values(filters, target, value, err) < 0)
		return -1;
	return add_condition(filters, target->condition, first, err);
}

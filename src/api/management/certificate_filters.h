#ifndef API_MANAGEMENT_CERTIFICATE_FILTERS_H
#define API_MANAGEMENT_CERTIFICATE_FILTERS_H

#include <json-c/json.h>

#include "base/text.h"
#include "store/certificates_search.h"

/* Where the values come from that GET /api/v1/certificates/search offers of a field. */
enum certificate_values {
	VALUES_NONE,
	VALUES_STATES,
	VALUES_VALIDATIONS,
	VALUES_KEYS,
	VALUES_TYPES,
	VALUES_SOURCES,
	VALUES_REASONS,
	VALUES_RA_PROFILES,
	VALUES_AUTHORITIES,
	VALUES_GROUPS
};

/* A property that certificates can be searched by. */
struct certificate_field {
	const char *identifier; /* "COMMON_NAME" */
	const char *label;
	const char *type; /* FilterFieldType */
	enum search_field field;
	enum certificate_values values;
	const char *platform_enum; /* PlatformEnum of the values; NULL: none */
};

/* One by one from 0; NULL after the last. */
const struct certificate_field *certificate_filters_field(size_t index);

/* FilterConditionOperator's name of an operator. */
const char *certificate_filters_operator(enum search_operator op);

/* Whether a filter may ask so: the states are lists of names, whatever is searched for them. */
bool certificate_filters_takes(const struct certificate_field *field, enum search_operator op);

/* The conditions that an array of SearchFilterRequestDto comes to. */
struct certificate_filters {
	size_t count;
	size_t value_count;
	struct search_condition conditions[SEARCH_CONDITIONS_MAX];
	const char *values[SEARCH_VALUES_MAX];
	struct text_list texts; /* values that were written anew */
};

void certificate_filters_release(struct certificate_filters *filters);

/*
 * Reads them; filters: NULL where there are none. ERR_VALIDATION names the field, the condition or
 * the value that cannot be asked for. Texts are borrowed from `filters`. *out, zeroed before, is to
 * be released in any case.
 */
int certificate_filters_read(
    struct json_object *filters, struct certificate_filters *out, struct error *err);

#endif

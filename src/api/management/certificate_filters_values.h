#ifndef API_MANAGEMENT_CERTIFICATE_FILTERS_VALUES_H
#define API_MANAGEMENT_CERTIFICATE_FILTERS_VALUES_H

#include "api/management/certificate_filters.h"

/* What a filter asks about; of the condition its values are still missing. Borrowed. */
struct filter_target {
	const struct certificate_field *field; /* NULL: a custom attribute */
	const char *identifier;                /* as the request names it */
	struct search_condition condition;
};

/*
 * Adds the condition, or the conditions, that the target comes to with a filter's value: a text, a
 * number, a boolean or an array of them; NULL: none. ERR_VALIDATION names the field.
 */
int certificate_filters_values(struct json_object *value, const struct filter_target *target,
    struct certificate_filters *filters, struct error *err);

/* The names that a field of states or of keys has, one by one from 0; NULL after the last. */
const char *certificate_filters_name(enum certificate_values values, size_t index);

#endif

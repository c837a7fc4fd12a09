/* Reads the enabled definitions of one resource. */
#include "enroll/attributes/attribute_definitions.h"

static int
keep(struct custom_attribute *attribute, void *arg, struct error *err)
{
	struct attribute_definitions *definitions = arg;

	if (definitions->count == ATTRIBUTE_DEFINITIONS_MAX) {
		custom_attribute_free(attribute);
		return error_set(
		    err, ERR_INTERNAL, "more than %d custom attributes", ATTRIBUTE_DEFINITIONS_MAX);
	}
	definitions->items[definitions->count++] = attribute;
	return 0;
}

int
attribute_definitions_load(
    struct db *db, const char *resource, struct attribute_definitions **out, struct error *err)
{
	const struct custom_attribute_filter filter = { .resource = resource,
		.enabled_only = true };
	cleanup(attribute_definitions_freep) struct attribute_definitions *definitions =
	    attribute_definitions_new();
	const struct custom_attribute_visit visit = { keep, definitions };

	if (definitions == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for custom attributes");
	if (custom_attributes_each(db, &filter, &visit, err) < 0)
		return -1;
	*out = take(definitions);
	return 0;
}

/* The definitions that the values of one resource are checked against. */
#include "enroll/attributes/attribute_definitions.h"

#include <stdlib.h>
#include <string.h>

void
attribute_definitions_free(struct attribute_definitions *definitions)
{
	if (definitions == NULL)
		return;
	for (size_t i = 0; i < definitions->count; i++)
		custom_attribute_free(definitions->items[i]);
	free(definitions);
}

struct attribute_definitions *
attribute_definitions_new(void)
{
	return calloc(1, sizeof(struct attribute_definitions));
}

const struct custom_attribute *
attribute_definitions_by_id(const struct attribute_definitions *definitions, const struct uuid *id)
{
	for (size_t i = 0; i < definitions->count; i++)
		if (memcmp(&definitions->items[i]->id, id, sizeof(*id)) == 0)
			return definitions->items[i];
	return NULL;
}

const struct custom_attribute *
attribute_definitions_by_name(const struct attribute_definitions *definitions, const char *name)
{
	for (size_t i = 0; i < definitions->count; i++)
		if (strcmp(definitions->items[i]->name, name) == 0)
			return definitions->items[i];
	return NULL;
}

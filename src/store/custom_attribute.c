/* One definition of a custom attribute in memory. */
#include "store/custom_attributes.h"

#include <stdlib.h>
#include <string.h>

struct custom_attribute *
custom_attribute_new(void)
{
	struct custom_attribute *attribute = calloc(1, sizeof(*attribute));

	if (attribute != NULL)
		attribute->content = (struct buf)BUF_INIT(CUSTOM_ATTRIBUTE_CONTENT_MAX);
	return attribute;
}

void
custom_attribute_free(struct custom_attribute *attribute)
{
	if (attribute == NULL)
		return;
	buf_release(&attribute->content);
	free(attribute);
}

bool
custom_attribute_is_for(const struct custom_attribute *attribute, const char *resource)
{
	size_t len = strlen(resource);

	for (const char *at = attribute->resources; *at != '\0'; at += *at == ',') {
		size_t item = strcspn(at, ",");

		if (item == len && memcmp(at, resource, len) == 0)
			return true;
		at += item;
	}
	return false;
}

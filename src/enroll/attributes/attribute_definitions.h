#ifndef ENROLL_ATTRIBUTES_ATTRIBUTE_DEFINITIONS_H
#define ENROLL_ATTRIBUTES_ATTRIBUTE_DEFINITIONS_H

#include "base/cleanup.h"
#include "store/custom_attributes.h"

/* How many there may be; the answers that list them are bounded by it. */
enum { ATTRIBUTE_DEFINITIONS_MAX = 512, ATTRIBUTE_DEFINITIONS_OCTETS_MAX = 4 * 1024 * 1024 };

/* The enabled definitions of one resource, by name. */
struct attribute_definitions {
	struct custom_attribute *items[ATTRIBUTE_DEFINITIONS_MAX];
	size_t count;
};

void attribute_definitions_free(struct attribute_definitions *definitions);
DEFINE_CLEANUP(struct attribute_definitions *, attribute_definitions_free)

struct attribute_definitions *attribute_definitions_new(void) OWNED(attribute_definitions_free);

int attribute_definitions_load(
    struct db *db, const char *resource, struct attribute_definitions **out, struct error *err);

/* Borrowed; NULL: there is none. */
const struct custom_attribute *attribute_definitions_by_id(
    const struct attribute_definitions *definitions, const struct uuid *id);
const struct custom_attribute *attribute_definitions_by_name(
    const struct attribute_definitions *definitions, const char *name);

#endif

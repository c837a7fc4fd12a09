#ifndef STORE_CUSTOM_ATTRIBUTE_VALUES_H
#define STORE_CUSTOM_ATTRIBUTE_VALUES_H

#include "base/buf.h"
#include "store/db.h"

/* Where the values of an object's custom attributes are: one JSON column a resource. */
struct custom_attribute_column {
	const char *resource; /* "scepProfiles" */
	const char *type;     /* "ScepProfile", as CZERTAINLY's texts name it */
	const char *audited;  /* "scep_profile", as the audit names it */
	const char *table;
	const char *column;
};

/* The resources that have custom attributes, by number from 0; NULL behind the last. */
const struct custom_attribute_column *custom_attribute_column_at(size_t index);

/* By name; NULL: it has none. */
const struct custom_attribute_column *custom_attribute_column_of(const char *resource);

enum { CUSTOM_ATTRIBUTE_VALUES_MAX = 1024 * 1024, CUSTOM_ATTRIBUTE_OBJECT_NAME_MAX = 256 };

/* What is stored of one object; release the buffer. */
struct custom_attribute_values {
	const struct custom_attribute_column *where;
	struct uuid id;
	char name[CUSTOM_ATTRIBUTE_OBJECT_NAME_MAX]; /* as the audit names it */
	struct buf stored;                           /* JSON; empty: none */
	bool is_null;                                /* the column is NULL, not merely empty */
};

/*
 * Reads those of the object `id` at `where`, which the caller has set. ERR_NOT_FOUND.
 * values->stored is born with its maximum here.
 */
int custom_attribute_values_find(
    struct db *db, struct custom_attribute_values *values, struct error *err);

/* Writes others in place of them. ERR_CONFLICT: they were changed in between. */
int custom_attribute_values_update(struct db *db, const struct custom_attribute_values *values,
    const char *stored, struct error *err);

#endif

#ifndef STORE_CUSTOM_ATTRIBUTES_H
#define STORE_CUSTOM_ATTRIBUTES_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "store/db.h"

/* Characters, and octets of UTF-8 with the NUL. */
enum {
	CUSTOM_ATTRIBUTE_NAME_MAX = 128,
	CUSTOM_ATTRIBUTE_LABEL_MAX = 255,
	CUSTOM_ATTRIBUTE_DESCRIPTION_MAX = 1024,
	CUSTOM_ATTRIBUTE_GROUP_MAX = 255,
	CUSTOM_ATTRIBUTE_CONTENT_MAX = 256 * 1024 /* octets */
};

/* One definition of a custom attribute. */
struct custom_attribute {
	struct uuid id;
	char name[4 * CUSTOM_ATTRIBUTE_NAME_MAX + 1];
	char label[4 * CUSTOM_ATTRIBUTE_LABEL_MAX + 1];
	char description[4 * CUSTOM_ATTRIBUTE_DESCRIPTION_MAX + 1]; /* "": none */
	char content_type[17];
	char resources[256];                            /* by comma, "": none */
	char group[4 * CUSTOM_ATTRIBUTE_GROUP_MAX + 1]; /* "": none */
	bool is_required;
	bool is_read_only;
	bool is_visible;
	bool is_list;
	bool is_multi_select;
	bool enabled;
	struct buf content; /* a JSON array of content items; empty: none */
	unsigned revision;  /* grows with every change */
	int64_t created_at;
};

void custom_attribute_free(struct custom_attribute *attribute);
DEFINE_CLEANUP(struct custom_attribute *, custom_attribute_free)
struct custom_attribute *custom_attribute_new(void) OWNED(custom_attribute_free);

/* Whether the definition is for objects of this resource. */
bool custom_attribute_is_for(const struct custom_attribute *attribute, const char *resource);

/* Which definitions; all members may be NULL or false. */
struct custom_attribute_filter {
	const char *resource;     /* those for it alone */
	const char *content_type; /* those of it alone */
	bool enabled_only;
};

/* each takes the attribute over, also when it fails. */
struct custom_attribute_visit {
	int (*each)(struct custom_attribute *attribute, void *arg, struct error *err);
	void *arg;
};

/* Those of the filter, by name. */
int custom_attributes_each(struct db *db, const struct custom_attribute_filter *filter,
    const struct custom_attribute_visit *visit, struct error *err);

/* ERR_NOT_FOUND. */
int custom_attributes_find(
    struct db *db, const struct uuid *id, struct custom_attribute **out, struct error *err);

int custom_attributes_count(struct db *db, int64_t *count, struct error *err);

/* How many octets their predefined contents have together. */
int custom_attributes_octets(struct db *db, int64_t *octets, struct error *err);

/* ERR_CONFLICT with number 1062: the name is taken. */
int custom_attributes_insert(
    struct db *db, const struct custom_attribute *attribute, struct error *err);

/*
 * Writes all but id, name, content type and creation where the row still has the revision, and
 * raises it. ERR_CONFLICT: it was changed in between.
 */
int custom_attributes_update(
    struct db *db, const struct custom_attribute *attribute, struct error *err);

/* Deletes the row of this revision; ERR_CONFLICT as above. */
int custom_attributes_delete(
    struct db *db, const struct custom_attribute *attribute, struct error *err);

#endif

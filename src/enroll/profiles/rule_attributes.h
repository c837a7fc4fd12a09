#ifndef ENROLL_PROFILES_RULE_ATTRIBUTES_H
#define ENROLL_PROFILES_RULE_ATTRIBUTES_H

#include "enroll/profiles/profile_rules.h"

enum { RULE_ATTRIBUTE_MAX_ITEMS = 64, RULE_ATTRIBUTE_TEXT_MAX = 16384 };

/*
 * The rules of an RA profile in the form of CZERTAINLY's data attributes, one a rule, by the rule's
 * name. Every function that makes an object gives it to the caller, or NULL without memory.
 */

/* An attribute's UUID: made from its name (RFC 9562, 5.8), so it is the same everywhere. */
struct uuid rule_attributes_uuid(const char *name);

/* What a request attribute says; borrowed. */
struct rule_attribute {
	const char *name;
	struct json_object *content; /* an array; NULL: none, which is as good as no attribute */
};

/*
 * Visits the request attributes of an array (NULL: none). ERR_VALIDATION for what is no request
 * attribute, and for a name that stands twice.
 */
int rule_attributes_each(struct json_object *values,
    int (*each)(const struct rule_attribute *attribute, void *arg, struct error *err), void *arg,
    struct error *err);

/*
 * Sets the rule by the items of its attribute, checked by profile_rules_set; ERR_VALIDATION names
 * it, *profile is untouched then.
 */
int rule_attributes_set(struct ra_profile *profile, const struct rule_field *field,
    struct json_object *content, struct error *err);

/* The text of item number i; numbers and booleans as their text. ERR_VALIDATION. */
int rule_attributes_item(
    const struct rule_attribute *attribute, size_t i, const char **out, struct error *err);

/* The profile's value as content: [{"data":...}], an item for each of a list. */
struct json_object *rule_attributes_content(
    const struct ra_profile *profile, const struct rule_field *field);

/* "string", "integer" or "boolean". */
const char *rule_attributes_type(const struct rule_field *field);

/* {"uuid","name","contentType","content"}; content is put in any case. */
struct json_object *rule_attributes_value(
    const char *name, const char *content_type, struct json_object *content);

/* The same as ResponseAttributeDto: with "label" and "type". */
struct json_object *rule_attributes_response(
    const char *name, const char *content_type, struct json_object *content);

/* How one attribute is described for a form; borrowed but for content, which is put in any case. */
struct rule_description {
	const char *name;
	const char *description;
	const char *content_type;
	struct json_object
	    *content;   /* what to choose from, or the value to start with; NULL: none */
	bool is_list;   /* of content, any number of items may be chosen */
	bool is_choice; /* of content, one item */
	bool has_range;
	unsigned min, max;
};

/* BaseAttributeDto of type "data". */
struct json_object *rule_attributes_describe(const struct rule_description *description);

#endif

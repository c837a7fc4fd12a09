#ifndef ENROLL_PROFILES_PROFILE_RULES_H
#define ENROLL_PROFILES_PROFILE_RULES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/ra_profiles.h"

enum { RULE_MAX_EKUS = 16, RULE_OID_MAX = 64 };

/* How the value of a rule is written. */
enum rule_kind {
	RULE_TEXT,    /* any UTF-8 without control characters */
	RULE_BOOLEAN, /* true, false */
	RULE_NUMBER,  /* decimal */
	RULE_CHOICE,  /* one of a set of words */
	RULE_LIST,    /* words of a set, by comma */
	RULE_EKUS     /* extended key usages by name or dotted OID, by comma; kept as OIDs */
};

/* One rule of an RA profile, as `profile set` and the REST API name it. */
struct rule_field {
	const char *name;
	enum rule_kind kind;
	const char *expected; /* what a fault says and --help shows */
	const char *words;    /* by comma, for RULE_CHOICE and RULE_LIST */
	size_t offset;        /* of the member of struct ra_profile */
	size_t size;          /* of that member; for texts with the NUL */
	unsigned min;         /* for numbers; for lists the fewest items */
	unsigned max;
};

/* The table of all rules but the enrollers, in the order in which they are shown. */
const struct rule_field *profile_rules_fields(size_t *count);

/* By its exact name; NULL: there is none. */
const struct rule_field *profile_rules_field(const char *name);

/*
 * Checks value by the table and puts its stored form into *profile. ERR_CONFIG names
 * the key and what was expected; *profile is untouched then.
 */
int profile_rules_set(
    struct ra_profile *profile, const char *name, const char *value, struct error *err);

/* The rules that bind two fields, to be asked after all were set; ERR_CONFIG. */
int profile_rules_check(const struct ra_profile *profile, struct error *err);

/* Appends the value's text, as profile_rules_set takes it. */
void profile_rules_print(
    const struct ra_profile *profile, const struct rule_field *field, struct buf *out);

/* The value as JSON: text, boolean, number or array of texts. The caller's to put; NULL without
 * memory. */
struct json_object *profile_rules_json(
    const struct ra_profile *profile, const struct rule_field *field);

/* Sets every rule to that of a new profile; names, ids and enrollers stay. */
void profile_rules_defaults(struct ra_profile *profile);

/* Letters, digits, '.', '_' and '-', at most 64, a letter or digit first; ERR_CONFIG. */
int profile_rules_check_name(const char *name, struct error *err);

/* Whether a stored list holds exactly this item. */
bool rule_list_has(const char *list, const char *item);

/* The enum key_usage bits of a stored list of key usages. */
unsigned rule_key_usages(const char *list);

/* The dotted OID of an extended key usage's name, such as "clientAuth"; NULL: not one we name. */
const char *eku_name_to_oid(const char *name);

/* The other way; NULL: it has no name here. */
const char *eku_oid_to_name(const char *oid);

#endif

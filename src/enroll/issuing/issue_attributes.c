/* What may be narrowed of an RA profile for one request or one protocol. */
#include "enroll/issuing/issue_attributes.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "enroll/profiles/rule_attributes.h"

enum { LIST_MAX = 1025 };

/* In which direction a rule is narrower. */
enum direction { AT_MOST, AT_LEAST, SUBSET };

static const struct {
	const char *rule;
	enum direction direction;
} narrowings[] = {
	{ "ValidityDays", AT_MOST },
	{ "KeyTypes", SUBSET },
	{ "MinRsaBits", AT_LEAST },
	{ "MaxRsaBits", AT_MOST },
	{ "KeyUsages", SUBSET },
	{ "AllowedEkus", SUBSET },
	{ "SanTypes", SUBSET },
	{ "MaxSans", AT_MOST },
};
enum { NARROWING_COUNT = sizeof(narrowings) / sizeof(narrowings[0]) };

/* The rule of this name that may be narrowed, and how; NULL: there is none. */
static const struct rule_field *
find_field(const char *name, enum direction *direction)
{
	for (size_t i = 0; i < NARROWING_COUNT; i++)
		if (strcmp(narrowings[i].rule, name) == 0) {
			*direction = narrowings[i].direction;
			return profile_rules_field(name);
		}
	return NULL;
}

static unsigned *
number(struct ra_profile *profile, const struct rule_field *field)
{
	return (unsigned *)(void *)((char *)profile + field->offset);
}

static char *
list(struct ra_profile *profile, const struct rule_field *field)
{
	return (char *)profile + field->offset;
}

/* Keeps of ours what theirs has too; true: all of theirs was ours. */
static bool
intersect(char *ours, size_t size, const char *theirs)
{
	char kept[LIST_MAX] = "";
	size_t len = 0;
	bool all = true;

	while (*theirs != '\0') {
		char item[RULE_OID_MAX + 1];
		size_t item_len = strcspn(theirs, ",");

		(void)snprintf(item, sizeof(item), "%.*s", (int)item_len, theirs);
		if (rule_list_has(ours, item))
			len += (size_t)snprintf(
			    kept + len, sizeof(kept) - len, "%s%s", len > 0 ? "," : "", item);
		else
			all = false;
		theirs += item_len + (theirs[item_len] == ',' ? 1 : 0);
	}
	(void)snprintf(ours, size, "%s", kept);
	return all;
}

/* Narrows one rule of *profile by that of asked; true: asked was within it. */
static bool
narrow(struct ra_profile *profile, const struct rule_field *field, enum direction direction,
    struct ra_profile *asked)
{
	unsigned *ours, theirs;
	bool is_wider;

	if (direction == SUBSET)
		return intersect(list(profile, field), field->size, list(asked, field));
	ours = number(profile, field);
	theirs = *number(asked, field);
	is_wider = direction == AT_MOST ? theirs > *ours : theirs < *ours;
	if (!is_wider)
		*ours = theirs;
	return !is_wider;
}

/* The profile that is narrowed, attribute by attribute, and what is kept of them. */
struct work {
	struct ra_profile profile;  /* its enrollers are borrowed */
	struct json_object *stored; /* NULL: nothing is to be kept */
};

static int
refuse_wider(const struct ra_profile *profile, const struct rule_field *field, struct error *err)
{
	cleanup(buf_release) struct buf allowed = BUF_INIT(RULE_ATTRIBUTE_TEXT_MAX);

	profile_rules_print(profile, field, &allowed);
	return error_set(err, ERR_VALIDATION,
	    "%s: the RA profile allows %.300s, an attribute can only narrow that", field->name,
	    allowed.len > 0 ? buf_text(&allowed) : "nothing");
}

static int
check_one(const struct rule_attribute *attribute, void *arg, struct error *err)
{
	struct work *work = arg;
	struct ra_profile before = work->profile, asked = work->profile;
	enum direction direction = AT_MOST;
	const struct rule_field *field = find_field(attribute->name, &direction);

	if (field == NULL)
		return error_set(
		    err, ERR_VALIDATION, "there is no issue attribute \"%.64s\"", attribute->name);
	if (rule_attributes_set(&asked, field, attribute->content, err) < 0)
		return -1;
	if (!narrow(&work->profile, field, direction, &asked))
		return refuse_wider(&before, field, err);
	(void)json_object_array_add(
	    work->stored, rule_attributes_value(field->name, rule_attributes_type(field),
			      rule_attributes_content(&work->profile, field)));
	return 0;
}

int
issue_attributes_check(const struct ra_profile *profile, struct json_object *values,
    struct json_object **stored, struct error *err)
{
	cleanup(json_object_putp) struct json_object *kept = json_object_new_array();
	struct work work = { .profile = *profile, .stored = kept };

	if (kept == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for attributes");
	if (values != NULL && !json_object_is_type(values, json_type_array))
		return error_set(err, ERR_VALIDATION, "attributes are expected to be an array");
	if (rule_attributes_each(values, check_one, &work, err) < 0)
		return -1;
	if (work.profile.min_rsa_bits > work.profile.max_rsa_bits)
		return error_set(err, ERR_VALIDATION,
		    "MinRsaBits: expected at most MaxRsaBits (%u), it is %u",
		    work.profile.max_rsa_bits, work.profile.min_rsa_bits);
	*stored = take(kept);
	return 0;
}

static int
apply_one(const struct rule_attribute *attribute, void *arg, struct error *err)
{
	struct work *work = arg;
	struct ra_profile asked = work->profile;
	enum direction direction = AT_MOST;
	const struct rule_field *field = find_field(attribute->name, &direction);

	if (field == NULL)
		return error_set(
		    err, ERR_PROFILE, "there is no issue attribute \"%.64s\"", attribute->name);
	if (rule_attributes_set(&asked, field, attribute->content, err) < 0)
		return -1;
	(void)narrow(&work->profile, field, direction, &asked);
	if (direction == SUBSET && field->min > 0 && list(&work->profile, field)[0] == '\0')
		return error_set(err, ERR_PROFILE,
		    "%s: the RA profile allows nothing of what the issue attributes ask for",
		    field->name);
	return 0;
}

int
issue_attributes_apply(struct ra_profile *profile, struct json_object *stored, struct error *err)
{
	struct work work = { .profile = *profile };

	if (rule_attributes_each(stored, apply_one, &work, err) < 0)
		return -1;
	if (work.profile.min_rsa_bits > work.profile.max_rsa_bits)
		return error_set(
		    err, ERR_PROFILE, "the issue attributes leave no size of RSA keys");
	/* A default that is not allowed would refuse whoever asks for nothing. */
	(void)intersect(work.profile.default_ekus, sizeof(work.profile.default_ekus),
	    work.profile.allowed_ekus);
	*profile = work.profile;
	return 0;
}

static struct json_object *
describe_one(
    const struct ra_profile *profile, const struct rule_field *field, enum direction direction)
{
	struct ra_profile copy = *profile;
	struct rule_description description = {
		.name = field->name,
		.description = field->expected,
		.content_type = rule_attributes_type(field),
		.content = rule_attributes_content(profile, field),
		.is_list = direction == SUBSET,
		.has_range = direction != SUBSET,
		.min = field->min,
		.max = field->max,
	};

	if (direction == AT_MOST)
		description.max = *number(&copy, field);
	else if (direction == AT_LEAST)
		description.min = *number(&copy, field);
	return rule_attributes_describe(&description);
}

int
issue_attributes_describe(
    const struct ra_profile *profile, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for attributes");
	for (size_t i = 0; i < NARROWING_COUNT; i++)
		(void)json_object_array_add(
		    array, describe_one(profile, profile_rules_field(narrowings[i].rule),
			       narrowings[i].direction));
	*out = take(array);
	return 0;
}

static int
show_one(const struct rule_attribute *attribute, void *arg, struct error *err)
{
	enum direction direction = AT_MOST;
	const struct rule_field *field = find_field(attribute->name, &direction);

	(void)err;
	if (field != NULL)
		(void)json_object_array_add(
		    arg, rule_attributes_response(field->name, rule_attributes_type(field),
			     json_object_get(attribute->content)));
	return 0;
}

int
issue_attributes_show(struct json_object *stored, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = json_object_new_array();

	if (array == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for attributes");
	if (rule_attributes_each(stored, show_one, array, err) < 0)
		return -1;
	*out = take(array);
	return 0;
}

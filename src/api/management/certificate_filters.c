/* What certificates can be searched by, and filters of requests as conditions of the search. */
#include "api/management/certificate_filters.h"

#include <string.h>

#include "api/management/certificate_filters_values.h"
#include "api/member.h"

enum { SHOWN_MAX = 64 };

/* clang-format off */
static const struct certificate_field FIELDS[] = {
	{ "COMMON_NAME", "Common Name", "string", SEARCH_COMMON_NAME, VALUES_NONE, NULL },
	{ "SERIAL_NUMBER", "Serial Number", "string", SEARCH_SERIAL, VALUES_NONE, NULL },
	{ "FINGERPRINT", "Fingerprint", "string", SEARCH_FINGERPRINT, VALUES_NONE, NULL },
	{ "SUBJECTDN", "Subject DN", "string", SEARCH_SUBJECT, VALUES_NONE, NULL },
	{ "SUBJECT_ALTERNATIVE_NAMES", "Subject alternative name", "string", SEARCH_SAN, VALUES_NONE, NULL },
	{ "ISSUERDN", "Issuer DN", "string", SEARCH_ISSUER, VALUES_NONE, NULL },
	{ "RA_PROFILE_NAME", "RA Profile", "list", SEARCH_RA_PROFILE, VALUES_RA_PROFILES, NULL },
	{ "AUTHORITY_NAME", "Authority", "list", SEARCH_AUTHORITY, VALUES_AUTHORITIES, NULL },
	{ "GROUP_NAME", "Groups", "list", SEARCH_GROUP, VALUES_GROUPS, NULL },
	{ "OWNER", "Owner", "string", SEARCH_OWNER, VALUES_NONE, NULL },
	{ "CERTIFICATE_STATE", "State", "list", SEARCH_STATUS, VALUES_STATES, "CertificateState" },
	{ "CERTIFICATE_VALIDATION_STATUS", "Validation status", "list", SEARCH_STATUS, VALUES_VALIDATIONS, "CertificateValidationStatus" },
	{ "NOT_BEFORE", "Valid From", "date", SEARCH_NOT_BEFORE, VALUES_NONE, NULL },
	{ "NOT_AFTER", "Expires At", "date", SEARCH_NOT_AFTER, VALUES_NONE, NULL },
	{ "ISSUED_AT", "Issued At", "date", SEARCH_ISSUED_AT, VALUES_NONE, NULL },
	{ "REVOKED_AT", "Revoked At", "date", SEARCH_REVOKED_AT, VALUES_NONE, NULL },
	{ "REVOCATION_REASON", "Revocation reason", "list", SEARCH_REVOCATION_REASON, VALUES_REASONS, NULL },
	{ "PUBLIC_KEY_ALGORITHM", "Public Key Algorithm", "list", SEARCH_KEY_TYPE, VALUES_KEYS, NULL },
	{ "KEY_SIZE", "Key Size", "number", SEARCH_KEY_BITS, VALUES_NONE, NULL },
	{ "TYPE", "Type", "list", SEARCH_TYPE, VALUES_TYPES, NULL },
	{ "SOURCE", "Source", "list", SEARCH_SOURCE, VALUES_SOURCES, NULL },
	{ "REQUESTER_UPN", "Requester's UPN", "string", SEARCH_REQUESTER_UPN, VALUES_NONE, NULL },
	{ "REQUESTER", "Requester", "string", SEARCH_REQUESTER, VALUES_NONE, NULL },
	{ "APPLICATION", "Application", "string", SEARCH_APPLICATION, VALUES_NONE, NULL },
	{ "UUID", "UUID", "string", SEARCH_ID, VALUES_NONE, NULL },
	{ "LINEAGE", "Lineage", "string", SEARCH_LINEAGE, VALUES_NONE, NULL },
	{ "ISSUER_CERTIFICATE_UUID", "Issuer certificate", "string", SEARCH_GENERATION_ID, VALUES_NONE, NULL },
};
/* clang-format on */
enum { FIELD_COUNT = sizeof(FIELDS) / sizeof(FIELDS[0]) };

static const char *const OPERATORS[SEARCH_OPERATORS] = {
	[SEARCH_EQUALS] = "EQUALS",
	[SEARCH_NOT_EQUALS] = "NOT_EQUALS",
	[SEARCH_CONTAINS] = "CONTAINS",
	[SEARCH_NOT_CONTAINS] = "NOT_CONTAINS",
	[SEARCH_STARTS_WITH] = "STARTS_WITH",
	[SEARCH_ENDS_WITH] = "ENDS_WITH",
	[SEARCH_EMPTY] = "EMPTY",
	[SEARCH_NOT_EMPTY] = "NOT_EMPTY",
	[SEARCH_GREATER] = "GREATER",
	[SEARCH_GREATER_OR_EQUAL] = "GREATER_OR_EQUAL",
	[SEARCH_LESSER] = "LESSER",
	[SEARCH_LESSER_OR_EQUAL] = "LESSER_OR_EQUAL",
};

const struct certificate_field *
certificate_filters_field(size_t index)
{
	return index < FIELD_COUNT ? &FIELDS[index] : NULL;
}

const char *
certificate_filters_operator(enum search_operator op)
{
	return OPERATORS[op];
}

bool
certificate_filters_takes(const struct certificate_field *field, enum search_operator op)
{
	if (field->values == VALUES_STATES || field->values == VALUES_VALIDATIONS ||
	    field->values == VALUES_KEYS)
		return op == SEARCH_EQUALS || op == SEARCH_NOT_EQUALS;
	return certificates_search_takes(field->field, op);
}

void
certificate_filters_release(struct certificate_filters *filters)
{
	text_list_release(&filters->texts);
}

static const struct certificate_field *
find_field(const char *identifier)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strcmp(FIELDS[i].identifier, identifier) == 0)
			return &FIELDS[i];
	return NULL;
}

static int
find_operator(const char *name, enum search_operator *out)
{
	for (int op = SEARCH_EQUALS; op < SEARCH_OPERATORS; op++)
		if (strcmp(OPERATORS[op], name) == 0) {
			*out = (enum search_operator)op;
			return 0;
		}
	return -1;
}

/* The three texts of a filter, which must be there. */
struct filter {
	const char *source;
	const char *identifier;
	const char *condition;
};

static int
read_request(const struct json_object *filter, struct filter *out, struct error *err)
{
	if (!json_object_is_type(filter, json_type_object)) {
		(void)error_set(err, ERR_JSON, "JSON: a filter is no object");
		return -1;
	}
	if (member_text(filter, "fieldSource", &out->source, err) < 0 ||
	    member_text(filter, "fieldIdentifier", &out->identifier, err) < 0 ||
	    member_text(filter, "condition", &out->condition, err) < 0)
		return -1;
	if (out->source != NULL && out->identifier != NULL && out->condition != NULL)
		return 0;
	(void)error_set(
	    err, ERR_VALIDATION, "A filter needs fieldSource, fieldIdentifier and condition");
	return -1;
}

static int
unknown_field(const struct filter *request, struct error *err)
{
	return error_set(err, ERR_VALIDATION,
	    "Unknown field %.*s of %.*s; GET /api/v1/certificates/search lists the fields",
	    SHOWN_MAX, request->identifier, SHOWN_MAX, request->source);
}

/* Attributes are named as "name|CONTENTTYPE" by the front end, or by name or UUID alone. */
static int
read_attribute(const struct filter *request, struct certificate_filters *filters,
    struct filter_target *target, struct error *err)
{
	size_t len = strcspn(request->identifier, "|");

	if (text_list_add(&filters->texts, bytes_of(request->identifier, len), err) < 0)
		return -1;
	target->condition.field = SEARCH_ATTRIBUTE;
	target->condition.attribute = filters->texts.items[filters->texts.count - 1];
	return 0;
}

static int
read_target(const struct filter *request, struct certificate_filters *filters,
    struct filter_target *target, struct error *err)
{
	if (strcmp(request->source, "custom") == 0) {
		if (read_attribute(request, filters, target, err) < 0)
			return -1;
	} else {
		target->field = strcmp(request->source, "property") == 0
				    ? find_field(request->identifier)
				    : NULL;
		if (target->field == NULL)
			return unknown_field(request, err);
		target->condition.field = target->field->field;
	}
	if (find_operator(request->condition, &target->condition.op) < 0 ||
	    (target->field != NULL
		    ? !certificate_filters_takes(target->field, target->condition.op)
		    : !certificates_search_takes(SEARCH_ATTRIBUTE, target->condition.op)))
		return error_set(err, ERR_VALIDATION, "Field %.*s cannot be asked for %.*s",
		    SHOWN_MAX, request->identifier, SHOWN_MAX, request->condition);
	return 0;
}

static int
read_filter(
    const struct json_object *filter, struct certificate_filters *filters, struct error *err)
{
	struct filter request = { NULL, NULL, NULL };
	struct filter_target target = { .field = NULL };
	struct json_object *value = NULL;

	if (read_request(filter, &request, err) < 0 ||
	    read_target(&request, filters, &target, err) < 0)
		return -1;
	target.identifier = request.identifier;
	(void)json_object_object_get_ex(filter, "value", &value);
	return certificate_filters_values(value, &target, filters, err);
}

int
certificate_filters_read(
    struct json_object *filters, struct certificate_filters *out, struct error *err)
{
	size_t count = filters != NULL ? json_object_array_length(filters) : 0;

	for (size_t i = 0; i < count; i++)
		if (read_filter(json_object_array_get_idx(filters, i), out, err) < 0)
			return -1;
	return 0;
}

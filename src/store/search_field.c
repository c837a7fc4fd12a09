/* The fields by which certificates are searched. */
#include "store/search_field.h"

#include <string.h>

#define LINES(column) \
	"CONCAT('\\n', " column ", '\\n', REGEXP_REPLACE(" column ", '(?m)^[A-Z]+:', ''), '\\n')"
#define GROUPS \
	"EXISTS (SELECT 1 FROM certificate_group_member m JOIN certificate_group mg" \
	" ON mg.id = m.group_id WHERE m.certificate_id = c.id"
#define PROFILE(column) "(SELECT p." column " FROM ra_profile p WHERE p.id = c.ra_profile_id)"
#define GENERATION(column) \
	"(SELECT g." column " FROM authority_generation g WHERE g.id = c.generation_id)"

static const struct search_field_sql FIELDS[SEARCH_FIELDS] = {
	[SEARCH_TEXT] = { .name = "text",
	    .kind = SEARCH_KIND_TEXT,
	    .value = "CONCAT_WS('\\n', c.subject, c.common_name, c.sans, c.requester_upn, "
		     "HEX(c.serial))",
	    .by_parts = true },
	[SEARCH_ID] = { .name = "id", .kind = SEARCH_KIND_ID, .value = "c.id" },
	[SEARCH_SERIAL] = { .name = "serial number",
	    .kind = SEARCH_KIND_HEX,
	    .value = "HEX(c.serial)" },
	[SEARCH_FINGERPRINT] = { .name = "fingerprint",
	    .kind = SEARCH_KIND_HEX,
	    .value = "HEX(c.fingerprint)" },
	[SEARCH_COMMON_NAME] = { .name = "common name",
	    .kind = SEARCH_KIND_TEXT,
	    .value = "c.common_name" },
	[SEARCH_SUBJECT] = { .name = "subject", .kind = SEARCH_KIND_TEXT, .value = "c.subject" },
	[SEARCH_SAN] = { .name = "subject alternative name",
	    .kind = SEARCH_KIND_TEXT,
	    .value = LINES("c.sans"),
	    .by_line = true },
	[SEARCH_REQUESTER_UPN] = { .name = "requester's UPN",
	    .kind = SEARCH_KIND_TEXT,
	    .value = "c.requester_upn" },
	[SEARCH_REQUESTER] = { .name = "requester",
	    .kind = SEARCH_KIND_REQUESTER,
	    .value = "CONCAT(c.requester_tenant, c.requester_object)" },
	[SEARCH_REQUESTER_OBJECT] = { .name = "requester's object",
	    .kind = SEARCH_KIND_ID,
	    .value = "c.requester_object" },
	[SEARCH_APPLICATION] = { .name = "application",
	    .kind = SEARCH_KIND_ID,
	    .value = "c.requester_application" },
	[SEARCH_OWNER] = { .name = "owner",
	    .kind = SEARCH_KIND_TEXT,
	    .value = "(SELECT co.owner FROM certificate_owner co WHERE co.certificate_id = c.id)" },
	[SEARCH_GROUP] = { .name = "group",
	    .kind = SEARCH_KIND_NAME,
	    .value = "mg.name",
	    .exists = GROUPS },
	[SEARCH_GROUP_ID] = { .name = "group id",
	    .kind = SEARCH_KIND_ID,
	    .value = "m.group_id",
	    .exists = GROUPS },
	[SEARCH_RA_PROFILE] = { .name = "RA profile",
	    .kind = SEARCH_KIND_NAME,
	    .value = PROFILE("name") },
	[SEARCH_RA_PROFILE_ID] = { .name = "RA profile id",
	    .kind = SEARCH_KIND_ID,
	    .value = "c.ra_profile_id" },
	[SEARCH_AUTHORITY] = { .name = "authority",
	    .kind = SEARCH_KIND_NAME,
	    .value = "(SELECT a.name FROM authority_generation g JOIN authority a"
		     " ON a.id = g.authority_id WHERE g.id = c.generation_id)" },
	[SEARCH_AUTHORITY_ID] = { .name = "authority id",
	    .kind = SEARCH_KIND_ID,
	    .value = GENERATION("authority_id") },
	[SEARCH_GENERATION_ID] = { .name = "generation id",
	    .kind = SEARCH_KIND_ID,
	    .value = "c.generation_id" },
	[SEARCH_ISSUER] = { .name = "issuer",
	    .kind = SEARCH_KIND_TEXT,
	    .value = GENERATION("subject") },
	[SEARCH_TYPE] = { .name = "type", .kind = SEARCH_KIND_NAME, .value = "c.type" },
	[SEARCH_SOURCE] = { .name = "source", .kind = SEARCH_KIND_NAME, .value = "c.source" },
	[SEARCH_STATUS] = { .name = "status", .kind = SEARCH_KIND_STATUS, .value = "c.status" },
	[SEARCH_NOT_BEFORE] = { .name = "start of validity",
	    .kind = SEARCH_KIND_TIME,
	    .value = "c.not_before" },
	[SEARCH_NOT_AFTER] = { .name = "end of validity",
	    .kind = SEARCH_KIND_TIME,
	    .value = "c.not_after" },
	[SEARCH_ISSUED_AT] = { .name = "time of issue",
	    .kind = SEARCH_KIND_TIME,
	    .value = "c.issued_at" },
	[SEARCH_REVOKED_AT] = { .name = "time of revocation",
	    .kind = SEARCH_KIND_TIME,
	    .value = "c.revoked_at" },
	[SEARCH_KEY_TYPE] = { .name = "key type", .kind = SEARCH_KIND_NAME, .value = "c.key_type" },
	[SEARCH_KEY_BITS] = { .name = "key size",
	    .kind = SEARCH_KIND_NUMBER,
	    .value = "c.key_bits" },
	[SEARCH_REVOCATION_REASON] = { .name = "reason of revocation",
	    .kind = SEARCH_KIND_NUMBER,
	    .value = "c.revocation_reason" },
	[SEARCH_LINEAGE] = { .name = "lineage", .kind = SEARCH_KIND_ID, .value = "c.lineage" },
	[SEARCH_ATTRIBUTE] = { .name = "custom attribute",
	    .kind = SEARCH_KIND_ATTRIBUTE,
	    .value = "t.data",
	    .exists = "EXISTS (SELECT 1 FROM JSON_TABLE(c.attributes, '$[*]' COLUMNS ("
		      "name TEXT PATH '$.name', uuid TEXT PATH '$.uuid',"
		      " NESTED PATH '$.content[*]' COLUMNS (data TEXT PATH '$.data'))) t"
		      " WHERE (BINARY t.name = ? OR t.uuid = ?) AND t.data IS NOT NULL" },
};

const struct search_field_sql *
search_field(enum search_field field)
{
	return &FIELDS[field];
}

static const struct search_status_sql STATUSES[] = {
	{ "good", "c.status = 'good'", "" },
	{ "hold", "c.status = 'hold'", "" },
	{ "revoked", "c.status = 'revoked'", "" },
	{ "valid", "(c.status = 'good' AND c.not_before <= ? AND c.not_after >= ?)", "nn" },
	{ "inactive", "c.not_before > ?", "n" },
	{ "expired", "c.not_after < ?", "n" },
	{ "expiring",
	    "(c.status = 'good' AND c.not_before <= ? AND c.not_after >= ?"
	    " AND c.not_after < ?)",
	    "nnh" },
};

const struct search_status_sql *
search_field_status(const char *name)
{
	for (size_t i = 0; i < sizeof(STATUSES) / sizeof(STATUSES[0]); i++)
		if (strcmp(STATUSES[i].name, name) == 0)
			return &STATUSES[i];
	return NULL;
}

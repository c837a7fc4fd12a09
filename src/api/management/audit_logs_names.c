/* CZERTAINLY's words for what the audit table holds. */
#include "api/management/audit_logs_names.h"

#include <string.h>

static const char *const MODULES[] = { "ACCESS", "RA_PROFILE", "CLIENT", "ADMINISTRATOR", "FE",
	"BE", "CA", "END_ENTITY", "END_ENTITY_PROFILE", "END_ENTITY_CERTIFICATE", "AUDIT_LOG",
	"ATTRIBUTES", "CA_INSTANCE", "NOTIFICATION_INSTANCE", "CREDENTIAL", "CONNECTOR",
	"DISCOVERY", "HEALTH", "ENTITY", "GROUP", "CERTIFICATE", "STATISTICS", "ACME_PROFILE",
	"APPROVAL", "APPROVAL_PROFILE", "ACME_ACCOUNT", "SCEP_PROFILE", "CMP_PROFILE",
	"COMPLIANCE_PROFILE", "COMPLIANCE_RULE", "COMPLIANCE_GROUP", "LOCALHOST", "TOKEN_PROFILE",
	"TOKEN_INSTANCE", "CRYPTOGRAPHIC_KEY", "CRYPTOGRAPHIC_OPERATIONS", "SCHEDULER", NULL };

static const char *const OPERATIONS[] = { "CREATE", "DELETE", "CHANGE", "ENABLE", "DISABLE", "AUTH",
	"REQUEST", "ISSUE", "RENEW", "REVOKE", "RESET", "START", "STOP", "VALIDATE", "CALLBACK",
	"CONNECT", "FORCE_DELETE", "ENCRYPT", "DECRYPT", "SIGN", "VERIFY", "APPROVE", "REJECT",
	"UPDATE", NULL };

static const struct {
	const char *object_type, *affected;
} OBJECTS[] = {
	{ "audit", "AUDIT_LOG" },
	{ "authority", "CA_INSTANCE" },
	{ "certificate", "CERTIFICATE" },
	{ "custom_attribute", "ATTRIBUTES" },
	{ "group", "GROUP" },
	{ "keyring", "CRYPTOGRAPHIC_KEY" },
	{ "ra_profile", "RA_PROFILE" },
	{ "request", "END_ENTITY" },
	{ "scep_profile", "SCEP_PROFILE" },
};

static const struct {
	const char *word, *operation;
} WORDS[] = {
	{ "create", "CREATE" },
	{ "init", "CREATE" },
	{ "import", "CREATE" },
	{ "delete", "DELETE" },
	{ "archive", "DELETE" },
	{ "force_delete", "FORCE_DELETE" },
	{ "enable", "ENABLE" },
	{ "disable", "DISABLE" },
	{ "activate", "ENABLE" },
	{ "retire", "DISABLE" },
	{ "expire", "DISABLE" },
	{ "purge", "DELETE" },
	{ "scep_activate", "ENABLE" },
	{ "scep_deactivate", "DISABLE" },
	{ "update", "UPDATE" },
	{ "set", "UPDATE" },
	{ "issue", "ISSUE" },
	{ "renew", "RENEW" },
	{ "revoke", "REVOKE" },
	{ "hold", "REVOKE" },
	{ "release", "RESET" },
	{ "refused", "REQUEST" },
	{ "rotate_secrets", "ENCRYPT" },
};

static bool
is_among(const char *const *values, const char *value)
{
	for (; *values != NULL; values++)
		if (strcmp(*values, value) == 0)
			return true;
	return false;
}

bool
audit_logs_is_status(const char *value)
{
	return strcmp(value, "SUCCESS") == 0 || strcmp(value, "FAILURE") == 0;
}

bool
audit_logs_is_module(const char *value)
{
	return is_among(MODULES, value);
}

bool
audit_logs_is_operation(const char *value)
{
	return is_among(OPERATIONS, value);
}

const char *
audit_logs_status(const struct audit_head *head)
{
	bool has_failed =
	    bytes_equal_text(head->outcome, "refused") || bytes_equal_text(head->outcome, "failed");

	return has_failed ? "FAILURE" : "SUCCESS";
}

const char *
audit_logs_origination(const struct audit_head *head)
{
	return head->remote_address.len == 0 ? "LOCALHOST" : "CLIENT";
}

const char *
audit_logs_affected(const struct audit_head *head)
{
	for (size_t i = 0; i < sizeof(OBJECTS) / sizeof(OBJECTS[0]); i++)
		if (bytes_equal_text(head->object_type, OBJECTS[i].object_type))
			return OBJECTS[i].affected;
	return "BE";
}

/* Each of OBJECTS is another module. */
const char *
audit_logs_object_type(const char *affected)
{
	for (size_t i = 0; i < sizeof(OBJECTS) / sizeof(OBJECTS[0]); i++)
		if (strcmp(affected, OBJECTS[i].affected) == 0)
			return OBJECTS[i].object_type;
	return NULL;
}

const char *
audit_logs_operation(const struct audit_head *head)
{
	struct bytes word = head->action;

	for (size_t i = word.len; i > 0; i--)
		if (head->action.ptr[i - 1] == '.') {
			word = bytes_of(head->action.ptr + i, head->action.len - i);
			break;
		}
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
		if (bytes_equal_text(word, WORDS[i].word))
			return WORDS[i].operation;
	return "CHANGE";
}

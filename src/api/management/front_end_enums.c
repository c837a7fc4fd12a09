/* Labels for the values of CZERTAINLY's enumerations that certwright uses. */
#include "api/management/front_end_enums.h"

#include "base/json_add.h"

/* By enumeration. */
static const struct {
	const char *name, *code, *label;
} ITEMS[] = {
	{ "Resource", "attributes", "Attributes" },
	{ "Resource", "auditLogs", "Audit Logs" },
	{ "Resource", "authorities", "Authorities" },
	{ "Resource", "certificates", "Certificates" },
	{ "Resource", "groups", "Groups" },
	{ "Resource", "raProfiles", "RA Profiles" },
	{ "Resource", "scepProfiles", "SCEP Profiles" },
	{ "FilterFieldSource", "meta", "Meta" },
	{ "FilterFieldSource", "custom", "Custom attribute" },
	{ "FilterFieldSource", "data", "Data attribute" },
	{ "FilterFieldSource", "property", "Property" },
	{ "FilterFieldType", "string", "String" },
	{ "FilterFieldType", "number", "Number" },
	{ "FilterFieldType", "list", "List" },
	{ "FilterFieldType", "date", "Date" },
	{ "FilterFieldType", "datetime", "Date and time" },
	{ "FilterFieldType", "boolean", "Boolean" },
	{ "FilterConditionOperator", "EQUALS", "equals" },
	{ "FilterConditionOperator", "NOT_EQUALS", "not equals" },
	{ "FilterConditionOperator", "GREATER", "greater than" },
	{ "FilterConditionOperator", "GREATER_OR_EQUAL", "greater than or equal" },
	{ "FilterConditionOperator", "LESSER", "lesser than" },
	{ "FilterConditionOperator", "LESSER_OR_EQUAL", "lesser than or equal" },
	{ "FilterConditionOperator", "CONTAINS", "contains" },
	{ "FilterConditionOperator", "NOT_CONTAINS", "does not contain" },
	{ "FilterConditionOperator", "STARTS_WITH", "starts with" },
	{ "FilterConditionOperator", "ENDS_WITH", "ends with" },
	{ "FilterConditionOperator", "EMPTY", "is empty" },
	{ "FilterConditionOperator", "NOT_EMPTY", "is not empty" },
	{ "CertificateType", "X.509", "X.509" },
	{ "CertificateState", "issued", "Issued" },
	{ "CertificateState", "revoked", "Revoked" },
	{ "CertificateValidationStatus", "not_checked", "Not checked" },
	{ "CertificateValidationStatus", "failed", "Failed" },
	{ "CertificateValidationStatus", "inactive", "Inactive" },
	{ "CertificateValidationStatus", "invalid", "Invalid" },
	{ "CertificateValidationStatus", "valid", "Valid" },
	{ "CertificateValidationStatus", "revoked", "Revoked" },
	{ "CertificateValidationStatus", "expiring", "Expiring" },
	{ "CertificateValidationStatus", "expired", "Expired" },
	{ "ComplianceStatus", "not_checked", "Not checked" },
	{ "ComplianceStatus", "ok", "Compliant" },
	{ "ComplianceStatus", "nok", "Not compliant" },
	{ "ComplianceStatus", "na", "Not applicable" },
	{ "CertificateRevocationReason", "unspecified", "Unspecified" },
	{ "CertificateRevocationReason", "keyCompromise", "Key compromise" },
	{ "CertificateRevocationReason", "cACompromise", "CA compromise" },
	{ "CertificateRevocationReason", "affiliationChanged", "Affiliation changed" },
	{ "CertificateRevocationReason", "superseded", "Superseded" },
	{ "CertificateRevocationReason", "cessationOfOperation", "Cessation of operation" },
	{ "CertificateRevocationReason", "certificateHold", "Certificate hold" },
	{ "CertificateRevocationReason", "privilegeWithdrawn", "Privilege withdrawn" },
	{ "CertificateRevocationReason", "aACompromise", "AA compromise" },
	{ "CertificateProtocol", "scep", "SCEP" },
	{ "CertificateRequestFormat", "pkcs10", "PKCS#10" },
	{ "CertificateFormat", "raw", "Raw" },
	{ "CertificateFormat", "pkcs7", "PKCS#7" },
	{ "CertificateFormatEncoding", "pem", "PEM" },
	{ "CertificateFormatEncoding", "der", "DER" },
	{ "KeyAlgorithm", "RSA", "RSA" },
	{ "KeyAlgorithm", "ECDSA", "ECDSA" },
	{ "AttributeType", "custom", "Custom attribute" },
	{ "AttributeType", "data", "Data" },
	{ "AttributeContentType", "string", "String" },
	{ "AttributeContentType", "text", "Text" },
	{ "AttributeContentType", "integer", "Integer" },
	{ "AttributeContentType", "boolean", "Boolean" },
	{ "AttributeContentType", "float", "Float" },
	{ "AttributeContentType", "date", "Date" },
	{ "AttributeContentType", "time", "Time" },
	{ "AttributeContentType", "datetime", "Date and time" },
	{ "AttributeContentType", "secret", "Secret" },
	{ "AttributeContentType", "file", "File" },
	{ "AttributeContentType", "credential", "Credential" },
	{ "AttributeContentType", "codeblock", "Code block" },
	{ "AttributeContentType", "object", "Object" },
};

struct json_object *
front_end_enums(void)
{
	struct json_object *all = json_object_new_object();

	for (size_t i = 0; i < sizeof(ITEMS) / sizeof(ITEMS[0]); i++) {
		struct json_object *items = NULL, *item = json_object_new_object();

		if (!json_object_object_get_ex(all, ITEMS[i].name, &items)) {
			items = json_object_new_object();
			json_add(all, ITEMS[i].name, items);
		}
		json_add_text(item, "code", ITEMS[i].code);
		json_add_text(item, "label", ITEMS[i].label);
		json_add(items, ITEMS[i].code, item);
	}
	return all;
}

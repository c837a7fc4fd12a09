/* The rules of an RA profile in one table: how each is named, checked, kept and shown. */
#include "enroll/profiles/profile_rules.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "crypto/csr.h"
#include "crypto/der.h"
#include "crypto/text.h"

#define ALLOWED_EKUS \
	"1.3.6.1.5.5.7.3.2,1.3.6.1.5.5.7.3.1,1.3.6.1.5.5.7.3.4,1.3.6.1.4.1.311.20.2.2," \
	"1.3.6.1.5.5.7.3.17"

#define KEY_USAGES "digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement"
#define EKUS_EXPECTED \
	"clientAuth, serverAuth, codeSigning, emailProtection, timeStamping, smartcardLogon, " \
	"ipsecIKE or dotted OIDs, by comma; not OCSPSigning, not anyExtendedKeyUsage"

#define MEMBER(member) offsetof(struct ra_profile, member), sizeof(((struct ra_profile *)0)->member)

static const struct rule_field fields[] = {
	{ "Description", RULE_TEXT, "at most 1024 bytes of text without control characters", NULL,
	    MEMBER(description), 0, 0 },
	{ "Enabled", RULE_BOOLEAN, "true or false", NULL, MEMBER(enabled), 0, 0 },
	{ "KeyTypes", RULE_LIST, "rsa, p256, p384, ed25519, by comma", "rsa,p256,p384,ed25519",
	    MEMBER(key_types), 1, 4 },
	{ "MinRsaBits", RULE_NUMBER, "a number from 2048 to 8192", NULL, MEMBER(min_rsa_bits), 2048,
	    8192 },
	{ "MaxRsaBits", RULE_NUMBER, "a number from 2048 to 8192", NULL, MEMBER(max_rsa_bits), 2048,
	    8192 },
	{ "ValidityDays", RULE_NUMBER, "a number from 1 to 36500", NULL, MEMBER(validity_days), 1,
	    36500 },
	{ "MinRemainingDays", RULE_NUMBER, "a number from 0 to 36500", NULL,
	    MEMBER(min_remaining_days), 0, 36500 },
	{ "KeyUsages", RULE_LIST,
	    "digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement, "
	    "by comma",
	    KEY_USAGES, MEMBER(key_usages), 1, 5 },
	{ "AllowedEkus", RULE_EKUS, EKUS_EXPECTED, NULL, MEMBER(allowed_ekus), 1, RULE_MAX_EKUS },
	{ "DefaultEkus", RULE_EKUS, EKUS_EXPECTED, NULL, MEMBER(default_ekus), 0, RULE_MAX_EKUS },
	{ "SanTypes", RULE_LIST, "dns, email, uri, ip, upn, other, by comma, or nothing",
	    "dns,email,uri,ip,upn,other", MEMBER(san_types), 0, 6 },
	{ "MaxSans", RULE_NUMBER, "a number from 1 to 1000", NULL, MEMBER(max_sans), 1, 1000 },
	{ "SubjectRule", RULE_CHOICE, "any or required", "any,required", MEMBER(subject_rule), 1,
	    1 },
	{ "Protocols", RULE_LIST, "rest, est, scep, by comma, or nothing", "rest,est,scep",
	    MEMBER(protocols), 0, 3 },
	{ "RenewableTypes", RULE_LIST, "Static, IntuneUser, IntuneDevice, by comma, or nothing",
	    "Static,IntuneUser,IntuneDevice", MEMBER(renewable_types), 0, 3 },
	{ "AddCdp", RULE_BOOLEAN, "true or false", NULL, MEMBER(add_cdp), 0, 0 },
};

static const struct {
	const char *name;
	const char *oid;
} eku_names[] = {
	{ "clientAuth", "1.3.6.1.5.5.7.3.2" },
	{ "serverAuth", "1.3.6.1.5.5.7.3.1" },
	{ "codeSigning", "1.3.6.1.5.5.7.3.3" },
	{ "emailProtection", "1.3.6.1.5.5.7.3.4" },
	{ "timeStamping", "1.3.6.1.5.5.7.3.8" },
	{ "smartcardLogon", "1.3.6.1.4.1.311.20.2.2" },
	{ "ipsecIKE", "1.3.6.1.5.5.7.3.17" },
};

/* Rights of a CA's own helpers and the wildcard (RFC 6960, 4.2.2.2; RFC 5280, 4.2.1.12). */
static const char *const refused_ekus[] = { "1.3.6.1.5.5.7.3.9", "2.5.29.37.0" };

static const struct {
	const char *name;
	unsigned bit;
} usage_bits[] = {
	{ "digitalSignature", KU_DIGITAL_SIGNATURE },
	{ "nonRepudiation", KU_NON_REPUDIATION },
	{ "keyEncipherment", KU_KEY_ENCIPHERMENT },
	{ "dataEncipherment", KU_DATA_ENCIPHERMENT },
	{ "keyAgreement", KU_KEY_AGREEMENT },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct rule_field *
profile_rules_fields(size_t *count)
{
	*count = COUNT(fields);
	return fields;
}

const struct rule_field *
profile_rules_field(const char *name)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

const char *
eku_name_to_oid(const char *name)
{
	for (size_t i = 0; i < COUNT(eku_names); i++)
		if (strcmp(eku_names[i].name, name) == 0)
			return eku_names[i].oid;
	return NULL;
}

const char *
eku_oid_to_name(const char *oid)
{
	for (size_t i = 0; i < COUNT(eku_names); i++)
		if (strcmp(eku_names[i].oid, oid) == 0)
			return eku_names[i].name;
	return NULL;
}

/* Takes the next item of a list, without the spaces round it; false at the end. */
static bool
next_item(const char **list, struct bytes *item)
{
	const char *start = *list;
	size_t len;

	if (start == NULL)
		return false;
	len = strcspn(start, ",");
	*list = start[len] == ',' ? start + len + 1 : NULL;
	while (len > 0 && *start == ' ') {
		start++;
		len--;
	}
	while (len > 0 && start[len - 1] == ' ')
		len--;
	*item = bytes_of(start, len);
	return true;
}

static bool
list_has(const char *list, struct bytes wanted)
{
	struct bytes item;

	while (next_item(&list, &item))
		if (item.len > 0 && bytes_equal(item, wanted))
			return true;
	return false;
}

bool
rule_list_has(const char *list, const char *item)
{
	return list_has(list, bytes_text(item));
}

unsigned
rule_key_usages(const char *list)
{
	unsigned usages = 0;

	for (size_t i = 0; i < COUNT(usage_bits); i++)
		if (rule_list_has(list, usage_bits[i].name))
			usages |= usage_bits[i].bit;
	return usages;
}

/* Where the stored form is gathered; nothing reaches the profile before all is good. */
struct list_writer {
	struct buf *text;
	size_t count;
};

static bool
append_item(struct list_writer *writer, struct bytes item)
{
	if (list_has(buf_text(writer->text), item))
		return false;
	if (writer->count > 0)
		buf_add_byte(writer->text, ',');
	buf_add(writer->text, item);
	writer->count++;
	return true;
}

static bool
is_oid(const char *text)
{
	cleanup(buf_release) struct buf der = BUF_INIT(RULE_OID_MAX + 8);
	struct error err = { 0 };

	return der_add_oid(&der, text, &err) == 0 && !buf_failed(&der);
}

static bool
append_eku(struct list_writer *writer, struct bytes item)
{
	char text[RULE_OID_MAX];
	const char *oid;

	if (item.len >= sizeof(text))
		return false;
	memcpy(text, item.ptr, item.len);
	text[item.len] = '\0';
	oid = eku_name_to_oid(text);
	if (oid == NULL)
		oid = text;
	for (size_t i = 0; i < COUNT(refused_ekus); i++)
		if (strcmp(oid, refused_ekus[i]) == 0)
			return false;
	return is_oid(oid) && append_item(writer, bytes_text(oid));
}

static bool
append_field_item(const struct rule_field *field, struct list_writer *writer, struct bytes item)
{
	if (item.len == 0)
		return false;
	if (field->kind == RULE_EKUS)
		return append_eku(writer, item);
	return list_has(field->words, item) && append_item(writer, item);
}

static bool
set_list(const struct rule_field *field, const char *value, void *member)
{
	cleanup(buf_release) struct buf text = BUF_INIT(field->size);
	struct list_writer writer = { .text = &text, .count = 0 };
	struct bytes item;

	if (*value != '\0')
		while (next_item(&value, &item))
			if (!append_field_item(field, &writer, item))
				return false;
	if (writer.count < field->min || writer.count > field->max || buf_failed(&text) ||
	    text.len >= field->size)
		return false;
	memcpy(member, buf_text(&text), text.len + 1);
	return true;
}

static bool
set_text(const struct rule_field *field, const char *value, void *member)
{
	size_t len = strlen(value);

	if (len >= field->size || !text_is_clean(bytes_text(value)))
		return false;
	memcpy(member, value, len + 1);
	return true;
}

static bool
set_boolean(const char *value, void *member)
{
	bool is_true = strcmp(value, "true") == 0;

	if (!is_true && strcmp(value, "false") != 0)
		return false;
	*(bool *)member = is_true;
	return true;
}

static bool
set_number(const struct rule_field *field, const char *value, void *member)
{
	size_t len = strspn(value, "0123456789");
	unsigned number = 0;

	if (len == 0 || len > 9 || value[len] != '\0')
		return false;
	for (; *value != '\0'; value++)
		number = number * 10 + (unsigned)(*value - '0');
	if (number < field->min || number > field->max)
		return false;
	*(unsigned *)member = number;
	return true;
}

static bool
set_field(const struct rule_field *field, const char *value, void *member)
{
	switch (field->kind) {
	case RULE_TEXT:
		return set_text(field, value, member);
	case RULE_BOOLEAN:
		return set_boolean(value, member);
	case RULE_NUMBER:
		return set_number(field, value, member);
	case RULE_CHOICE:
	case RULE_LIST:
	case RULE_EKUS:
		return set_list(field, value, member);
	}
	return false;
}

int
profile_rules_set(
    struct ra_profile *profile, const char *name, const char *value, struct error *err)
{
	const struct rule_field *field = profile_rules_field(name);

	if (field == NULL)
		return error_set(err, ERR_CONFIG,
		    "an RA profile has no rule \"%.40s\"; certwright profile set --help lists them",
		    name);
	if (!set_field(field, value, (char *)profile + field->offset))
		return error_set(err, ERR_CONFIG, "%s: expected %s", field->name, field->expected);
	return 0;
}

int
profile_rules_check(const struct ra_profile *profile, struct error *err)
{
	const char *ekus = profile->default_ekus;
	struct bytes item;

	if (profile->min_rsa_bits > profile->max_rsa_bits)
		return error_set(err, ERR_CONFIG,
		    "MinRsaBits: expected at most MaxRsaBits (%u), it is %u", profile->max_rsa_bits,
		    profile->min_rsa_bits);
	if (*ekus != '\0')
		while (next_item(&ekus, &item))
			if (!list_has(profile->allowed_ekus, item))
				return error_set(err, ERR_CONFIG,
				    "DefaultEkus: expected only those of AllowedEkus, %.*s is not "
				    "there",
				    (int)item.len, (const char *)item.ptr);
	return 0;
}

/* An EKU's name where it has one. */
static void
print_item(const struct rule_field *field, struct bytes item, struct buf *out)
{
	char text[RULE_OID_MAX];
	const char *name = NULL;

	if (field->kind == RULE_EKUS && item.len < sizeof(text)) {
		memcpy(text, item.ptr, item.len);
		text[item.len] = '\0';
		name = eku_oid_to_name(text);
	}
	buf_add(out, name != NULL ? bytes_text(name) : item);
}

static void
print_list(const struct rule_field *field, const char *list, struct buf *out)
{
	struct bytes item;

	if (*list == '\0')
		return;
	while (next_item(&list, &item)) {
		print_item(field, item, out);
		if (list != NULL)
			buf_add_byte(out, ',');
	}
}

void
profile_rules_print(
    const struct ra_profile *profile, const struct rule_field *field, struct buf *out)
{
	const void *member = (const char *)profile + field->offset;

	switch (field->kind) {
	case RULE_BOOLEAN:
		buf_add_text(out, *(const bool *)member ? "true" : "false");
		break;
	case RULE_NUMBER:
		buf_printf(out, "%u", *(const unsigned *)member);
		break;
	case RULE_TEXT:
	case RULE_CHOICE:
		buf_add_text(out, member);
		break;
	case RULE_LIST:
	case RULE_EKUS:
		print_list(field, member, out);
		break;
	}
}

static struct json_object *
list_json(const struct rule_field *field, const char *list)
{
	struct json_object *array = json_object_new_array();
	struct bytes item;

	if (array == NULL || *list == '\0')
		return array;
	while (next_item(&list, &item)) {
		cleanup(buf_release) struct buf text = BUF_INIT(RULE_OID_MAX);

		print_item(field, item, &text);
		json_object_array_add(array, json_object_new_string(buf_text(&text)));
	}
	return array;
}

struct json_object *
profile_rules_json(const struct ra_profile *profile, const struct rule_field *field)
{
	const void *member = (const char *)profile + field->offset;

	switch (field->kind) {
	case RULE_BOOLEAN:
		return json_object_new_boolean(*(const bool *)member);
	case RULE_NUMBER:
		return json_object_new_int64(*(const unsigned *)member);
	case RULE_TEXT:
	case RULE_CHOICE:
		return json_object_new_string(member);
	case RULE_LIST:
	case RULE_EKUS:
		return list_json(field, member);
	}
	return NULL;
}

void
profile_rules_defaults(struct ra_profile *profile)
{
	/* Every value stands in the form that profile_rules_set would keep. */
	profile->enabled = true;
	profile->archived = false;
	profile->description[0] = '\0';
	(void)snprintf(profile->key_types, sizeof(profile->key_types), "rsa,p256,p384,ed25519");
	profile->min_rsa_bits = 2048;
	profile->max_rsa_bits = 4096;
	profile->validity_days = 730;
	profile->min_remaining_days = 1;
	(void)snprintf(
	    profile->key_usages, sizeof(profile->key_usages), "digitalSignature,keyEncipherment");
	(void)snprintf(profile->allowed_ekus, sizeof(profile->allowed_ekus), ALLOWED_EKUS);
	profile->default_ekus[0] = '\0';
	(void)snprintf(profile->san_types, sizeof(profile->san_types), "dns,email,uri,ip,upn");
	profile->max_sans = 100;
	(void)snprintf(profile->subject_rule, sizeof(profile->subject_rule), "any");
	(void)snprintf(profile->protocols, sizeof(profile->protocols), "rest,est");
	(void)snprintf(profile->renewable_types, sizeof(profile->renewable_types), "Static");
	profile->add_cdp = false;
}

int
profile_rules_check_name(const char *name, struct error *err)
{
	size_t len =
	    strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	if (len == 0 || len > 64 || name[len] != '\0' || strchr("._-", name[0]) != NULL)
		return error_set(err, ERR_CONFIG,
		    "a profile's name is 1 to 64 letters, digits, '.', '_' and '-', a letter or "
		    "digit first");
	return 0;
}

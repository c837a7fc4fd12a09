/* enroll/attributes/attributes: values against definitions, secrets among them, and changes that
 * collide. */
#include "base/json.h"
#include "crypto/keyring.h"
#include "enroll/attributes/attribute_change.h"
#include "enroll/attributes/attribute_content.h"
#include "enroll/attributes/attributes.h"
#include "fixture_store.h"
#include "store/custom_attribute_values.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Keys of 32 octets 1 and 2. */
#define KEY_1 "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_2 "75877bb41d393b5f AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="

static const struct audit_actor ACTOR = { "tester", "192.0.2.1", NULL };
static const struct uuid OBJECT = { { 'p' } };

struct definition {
	const char *name;
	const char *content_type;
	const char *resources;
	const char *content; /* NULL: none */
	bool is_required, is_read_only, is_list, is_multi_select, is_disabled;
};

static struct uuid
define(const struct definition *definition)
{
	struct custom_attribute *attribute = custom_attribute_new();
	struct uuid id;

	ck_assert_ptr_nonnull(attribute);
	(void)snprintf(attribute->name, sizeof(attribute->name), "%s", definition->name);
	(void)snprintf(attribute->label, sizeof(attribute->label), "label");
	(void)snprintf(attribute->content_type, sizeof(attribute->content_type), "%s",
	    definition->content_type);
	(void)snprintf(attribute->resources, sizeof(attribute->resources), "%s",
	    definition->resources != NULL ? definition->resources : "raProfiles");
	if (definition->content != NULL)
		buf_add_text(&attribute->content, definition->content);
	attribute->is_required = definition->is_required;
	attribute->is_read_only = definition->is_read_only;
	attribute->is_list = definition->is_list;
	attribute->is_multi_select = definition->is_multi_select;
	attribute->enabled = !definition->is_disabled;
	with_db_ok(attribute_change_create(with_db, &ACTOR, attribute, &with_db_err));
	id = attribute->id;
	custom_attribute_free(attribute);
	return id;
}

static struct json_object *
json(const char *text)
{
	struct json_object *value = json_tokener_parse(text);

	ck_assert_msg(value != NULL, "%s", text);
	return value;
}

static const struct definition DEFINITIONS[] = {
	{ .name = "plain", .content_type = "string" },
	{ .name = "other", .content_type = "integer", .resources = "certificates,raProfiles" },
	{ .name = "several", .content_type = "string", .is_multi_select = true },
	{ .name = "elsewhere", .content_type = "string", .resources = "certificates" },
	{ .name = "off", .content_type = "string", .is_disabled = true },
	{ .name = "hidden", .content_type = "secret" },
	{ .name = "fixed",
	    .content_type = "string",
	    .content = "[{\"data\":\"a\"}]",
	    .is_read_only = true },
	{ .name = "chosen",
	    .content_type = "integer",
	    .content = "[{\"data\":1},{\"data\":2}]",
	    .is_list = true },
};

/* wanted: what of the outcome is looked for, in the stored array or in the error. */
static const struct {
	const char *values;
	const char *wanted;
	bool is_refused;
} CASES[] = {
	{ "[]", "[]", false },
	{ "[{\"name\":\"plain\",\"content\":[{\"data\":\"x\"}]}]",
	    "\"content\":[{\"data\":\"x\"}],", false },
	{ "[{\"name\":\"plain\",\"content\":[]}]", "[]", false },
	{ "[{\"name\":\"plain\"}]", "[]", false },
	{ "[{\"name\":\"plain\",\"contentType\":\"string\",\"content\":[{\"data\":\"\"}]}]",
	    "\"contentType\":\"string\"", false },
	{ "[{\"name\":\"plain\",\"contentType\":\"text\",\"content\":[{\"data\":\"\"}]}]",
	    "Custom attribute plain: its contentType is string", true },
	{ "[{\"name\":\"other\",\"content\":[{\"data\":\"7\"}]}]", "{\"data\":7}", false },
	{ "[{\"name\":\"nobody\"}]",
	    "Custom attribute nobody: there is none of this resource that is enabled", true },
	{ "[{\"name\":\"Plain\"}]", "Custom attribute Plain: there is none", true },
	{ "[{\"name\":\"elsewhere\"}]", "Custom attribute elsewhere: there is none", true },
	{ "[{\"name\":\"off\"}]", "Custom attribute off: there is none", true },
	{ "[{\"uuid\":\"01900000-0000-7000-8000-000000000000\"}]",
	    "Custom attribute 01900000-0000-7000-8000-000000000000: there is none", true },
	{ "[{\"uuid\":\"x\",\"name\":\"plain\"}]", "The uuid of a custom attribute is not a UUID",
	    true },
	{ "[{\"uuid\":\"\",\"name\":\"plain\"}]", "[]", false },
	{ "[{\"uuid\":7}]", "The uuid of a custom attribute is not a text", true },
	{ "[{}]", "A custom attribute has no uuid and no name", true },
	{ "[7]", "A custom attribute is not an object", true },
	{ "{}", "The custom attributes are not an array", true },
	{ "[{\"name\":\"plain\",\"content\":{}}]",
	    "Custom attribute plain: the content is not an array", true },
	{ "[{\"name\":\"plain\",\"content\":[{\"data\":\"x\"}]},"
	  "{\"name\":\"plain\",\"content\":[{\"data\":\"y\"}]}]",
	    "Custom attribute plain: it is given twice", true },
	{ "[{\"name\":\"plain\",\"content\":[{\"data\":\"x\"},{\"data\":\"y\"}]}]",
	    "Custom attribute plain: it takes one value, not several", true },
	{ "[{\"name\":\"several\",\"content\":[{\"data\":\"x\"},{\"data\":\"y\"}]}]",
	    "[{\"data\":\"x\"},{\"data\":\"y\"}]", false },
	{ "[{\"name\":\"fixed\",\"content\":[{\"data\":\"a\",\"reference\":\"A\"}]}]",
	    "\"data\":\"a\"", false },
	{ "[{\"name\":\"fixed\",\"content\":[{\"data\":\"b\"}]}]",
	    "Custom attribute fixed: it is read only", true },
	{ "[{\"name\":\"chosen\",\"content\":[{\"data\":\"2\"}]}]", "{\"data\":2}", false },
	{ "[{\"name\":\"chosen\",\"content\":[{\"data\":3}]}]",
	    "Custom attribute chosen: item 1 is not a value of its list", true },
	{ "[{\"name\":\"hidden\",\"content\":[{\"data\":{\"secret\":\"x\"}}]}]",
	    "Custom attribute hidden: secret content cannot be stored here", true },
};

static void
check_case(int i)
{
	struct json_object *values = json(CASES[i].values), *stored = NULL;
	struct error err = { .code = ERR_NONE };
	int result = attributes_check(with_db, "raProfiles", values, &stored, &err);
	const char *found =
	    result < 0 ? err.text : json_object_to_json_string_ext(stored, JSON_C_TO_STRING_PLAIN);

	ck_assert_msg(result == (CASES[i].is_refused ? -1 : 0) &&
			  err.code == (CASES[i].is_refused ? ERR_VALIDATION : ERR_NONE),
	    "%s: %s", CASES[i].values, found);
	ck_assert_msg(strstr(found, CASES[i].wanted) != NULL, "%s: %s", CASES[i].values, found);
	json_object_put(values);
	json_object_put(stored);
}

/* One schema for all: making it takes longer than they do. */
START_TEST(values_are_checked_against_their_definitions)
	{
		for (int i = 0; i < COUNT(DEFINITIONS); i++)
			(void)define(&DEFINITIONS[i]);
		for (int i = 0; i < COUNT(CASES); i++)
			check_case(i);
	}
END_TEST

START_TEST(uuid_and_name_must_be_the_same_one_s)
	{
		struct uuid plain = define(&DEFINITIONS[0]);
		char id[UUID_TEXT_MAX], text[256];
		struct json_object *values, *stored = NULL;

		(void)define(&DEFINITIONS[1]);
		uuid_text(&plain, id);
		(void)snprintf(text, sizeof(text), "[{\"uuid\":\"%s\",\"name\":\"other\"}]", id);
		values = json(text);
		with_db_fails(
		    attributes_check(with_db, "raProfiles", values, &stored, &with_db_err),
		    ERR_VALIDATION);
		json_object_put(values);
		(void)snprintf(text, sizeof(text), "[{\"uuid\":\"%s\",\"name\":\"plain\"}]", id);
		values = json(text);
		with_db_ok(attributes_check(with_db, "raProfiles", values, &stored, &with_db_err));
		json_object_put(values);
		json_object_put(stored);
	}
END_TEST

START_TEST(what_is_required_must_be_there_for_its_resource_alone)
	{
		const struct definition needed = {
			.name = "needed", .content_type = "string", .is_required = true
		};
		struct json_object *values = json("[{\"name\":\"needed\",\"content\":[]}]");
		struct json_object *stored = NULL;

		(void)define(&needed);
		with_db_fails(attributes_check(with_db, "raProfiles", NULL, &stored, &with_db_err),
		    ERR_VALIDATION);
		with_db_fails(
		    attributes_check(with_db, "raProfiles", values, &stored, &with_db_err),
		    ERR_VALIDATION);
		with_db_ok(attributes_check(with_db, "scepProfiles", NULL, &stored, &with_db_err));
		ck_assert_uint_eq(json_object_array_length(stored), 0);
		json_object_put(values);
		json_object_put(stored);
	}
END_TEST

static struct keyring *
ring(const char *text)
{
	struct keyring *keyring = NULL;

	with_db_ok(keyring_parse(bytes_text(text), &keyring, &with_db_err));
	return keyring;
}

static struct json_object *
seal(const struct attributes_object *object)
{
	struct json_object *values =
	    json("[{\"name\":\"hidden\",\"content\":[{\"data\":{\"secret\":\"in clear\"}}]}]");
	struct json_object *stored = NULL;

	with_db_ok(attributes_check_object(with_db, object, values, &stored, &with_db_err));
	ck_assert_ptr_null(strstr(json_object_to_json_string(stored), "clear"));
	json_object_put(values);
	return stored;
}

START_TEST(a_secret_opens_at_its_own_place_alone)
	{
		struct keyring *old = ring(KEY_1 "\n"), *both = ring(KEY_2 "\n" KEY_1 "\n");
		struct keyring *new = ring(KEY_2 "\n");
		const struct uuid another = { { 'q' } };
		struct attributes_object object = {
			.resource = "raProfiles", .id = &OBJECT, .keyring = old
		};
		struct json_object *stored;
		bool changed = false;

		(void)define(&DEFINITIONS[5]);
		stored = seal(&object);
		object.id = &another;
		with_db_fails(
		    attributes_reseal(&object, stored, &changed, &with_db_err), ERR_CA_KEY);
		object.id = &OBJECT;
		object.resource = "scepProfiles";
		with_db_fails(
		    attributes_reseal(&object, stored, &changed, &with_db_err), ERR_CA_KEY);
		object.resource = "raProfiles";
		object.keyring = new;
		with_db_fails(
		    attributes_reseal(&object, stored, &changed, &with_db_err), ERR_CA_KEY);
		object.keyring = both;
		with_db_ok(attributes_reseal(&object, stored, &changed, &with_db_err));
		ck_assert(changed);
		/* It is under the new key now, and another attribute's it is not. */
		object.keyring = new;
		with_db_ok(attributes_reseal(&object, stored, &changed, &with_db_err));
		json_object_object_add(json_object_array_get_idx(stored, 0), "uuid",
		    json_object_new_string("01900000-0000-7000-8000-000000000000"));
		with_db_fails(
		    attributes_reseal(&object, stored, &changed, &with_db_err), ERR_CA_KEY);
		json_object_put(stored);
		keyring_free(old);
		keyring_free(both);
		keyring_free(new);
	}
END_TEST

START_TEST(a_secret_without_data_keeps_what_is_stored)
	{
		struct keyring *keyring = ring(KEY_1 "\n");
		struct attributes_object object = {
			.resource = "raProfiles", .id = &OBJECT, .keyring = keyring
		};
		struct json_object *values = json("[{\"name\":\"hidden\",\"content\":[{}]}]");
		struct json_object *stored = NULL, *kept = NULL;

		(void)define(&DEFINITIONS[5]);
		with_db_fails(
		    attributes_check_object(with_db, &object, values, &kept, &with_db_err),
		    ERR_VALIDATION);
		stored = seal(&object);
		object.before = stored;
		with_db_ok(attributes_check_object(with_db, &object, values, &kept, &with_db_err));
		ck_assert(json_object_equal(stored, kept));
		json_object_put(values);
		json_object_put(stored);
		json_object_put(kept);
		keyring_free(keyring);
	}
END_TEST

/* Changes the row behind the edit's back, the first `left` times. */
struct rival {
	int left;
	int calls;
};

static int
edit(struct custom_attribute *attribute, void *arg, struct error *err)
{
	struct rival *rival = arg;

	(void)err;
	rival->calls++;
	if (rival->left-- > 0)
		with_db_sql("UPDATE custom_attribute SET revision = revision + 1,"
			    " description = 'rival'");
	(void)snprintf(attribute->label, sizeof(attribute->label), "mine");
	return 0;
}

START_TEST(an_edit_that_lost_is_done_again_on_what_is_there)
	{
		struct uuid id = define(&DEFINITIONS[0]);
		struct rival rival = { .left = 2 };
		const struct attribute_edit change = { &ACTOR, "custom_attribute.update", edit,
			&rival };
		struct custom_attribute *now = NULL;

		with_db_ok(attribute_change_edit(with_db, &id, &change, &now, &with_db_err));
		ck_assert_int_eq(rival.calls, 3);
		ck_assert_str_eq(now->label, "mine");
		ck_assert_str_eq(now->description, "rival");
		ck_assert_uint_eq(now->revision, 4);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit"), 2);
		custom_attribute_free(now);
		rival = (struct rival){ .left = 100 };
		with_db_fails(
		    attribute_change_edit(with_db, &id, &change, NULL, &with_db_err), ERR_DATABASE);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit"), 2);
	}
END_TEST

START_TEST(there_is_a_limit_to_the_definitions)
	{
		struct custom_attribute *attribute = custom_attribute_new();

		with_db_sql("INSERT INTO custom_attribute SELECT UNHEX(LPAD(HEX(seq), 32, '0')),"
			    " CONCAT('a', seq), 'l', NULL, 'string', '', NULL, 0, 0, 0, 0, 0, 1,"
			    " NULL, 1, UTC_TIMESTAMP() FROM seq_1_to_255");
		(void)define(&DEFINITIONS[0]);
		(void)snprintf(attribute->name, sizeof(attribute->name), "one more");
		(void)snprintf(attribute->label, sizeof(attribute->label), "l");
		(void)snprintf(attribute->content_type, sizeof(attribute->content_type), "string");
		with_db_fails(attribute_change_create(with_db, &ACTOR, attribute, &with_db_err),
		    ERR_VALIDATION);
		custom_attribute_free(attribute);
	}
END_TEST

START_TEST(a_long_name_is_cut_between_its_characters)
	{
		struct error err = { .code = ERR_NONE };
		char name[512] = "";

		for (int i = 0; i < 100; i++)
			memcpy(name + 3 * (size_t)i, "\xe2\x82\xac", 4);
		(void)error_set(&err, ERR_VALIDATION, "x");
		ck_assert_int_eq(attribute_content_error(&err, name), -1);
		/* 42 characters of 3 octets are 126; 128 octets would end in the 43rd. */
		ck_assert_uint_eq(strlen(err.text), strlen("Custom attribute : x") + 126);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("attributes");
	TCase *tc = tcase_create("attributes");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, fixture_store_setup, with_db_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, values_are_checked_against_their_definitions);
	tcase_add_test(tc, uuid_and_name_must_be_the_same_one_s);
	tcase_add_test(tc, what_is_required_must_be_there_for_its_resource_alone);
	tcase_add_test(tc, a_secret_opens_at_its_own_place_alone);
	tcase_add_test(tc, a_secret_without_data_keeps_what_is_stored);
	tcase_add_test(tc, an_edit_that_lost_is_done_again_on_what_is_there);
	tcase_add_test(tc, there_is_a_limit_to_the_definitions);
	tcase_add_test(tc, a_long_name_is_cut_between_its_characters);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}

/* What audit rows say of RA profiles. */
#include "enroll/profiles/profile_audit.h"

#include "base/json.h"
#include "base/json_add.h"
#include "enroll/audit_change.h"
#include "enroll/profiles/profile_rules.h"

enum { ENROLLER_TEXT_MAX = 256 };

struct json_object *
profile_audit_enrollers(const struct ra_profile *profile)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array != NULL && i < profile->enroller_count; i++) {
		cleanup(buf_release) struct buf text = BUF_INIT(ENROLLER_TEXT_MAX);

		buf_printf(&text, "%s:%s", enroller_kind_name(profile->enrollers[i].kind),
		    profile->enrollers[i].value);
		(void)json_object_array_add(array, json_object_new_string(buf_text(&text)));
	}
	return array;
}

static int
add_attributes(struct json_object *to, const char *text, struct error *err)
{
	struct json_object *array = NULL;

	if (text == NULL || text[0] == '\0')
		return 0;
	if (audit_change_attributes(bytes_text(text), &array, err) < 0)
		return error_prefix(err, "custom_attributes");
	json_add(to, "customAttributes", array);
	return 0;
}

int
profile_audit_json(const struct ra_profile *profile, const char *attributes,
    struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = json_object_new_object();
	size_t count;
	const struct rule_field *fields = profile_rules_fields(&count);

	if (json == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	(void)json_object_object_add(json, "Name", json_object_new_string(profile->name));
	for (size_t i = 0; i < count; i++)
		(void)json_object_object_add(
		    json, fields[i].name, profile_rules_json(profile, &fields[i]));
	(void)json_object_object_add(json, "Enroller", profile_audit_enrollers(profile));
	if (add_attributes(json, attributes, err) < 0)
		return -1;
	*out = take(json);
	return 0;
}

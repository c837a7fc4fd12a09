/* Adds members to JSON objects. */
#include "base/json_add.h"

void
json_add(struct json_object *to, const char *name, struct json_object *value)
{
	if (value != NULL)
		(void)json_object_object_add(to, name, value);
}

void
json_add_text(struct json_object *to, const char *name, const char *value)
{
	if (value != NULL)
		json_add(to, name, json_object_new_string(value));
}

void
json_add_filled(struct json_object *to, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_add_text(to, name, value);
}

void
json_add_uuid(struct json_object *to, const char *name, const struct uuid *value)
{
	char text[UUID_TEXT_MAX];

	uuid_text(value, text);
	json_add_text(to, name, text);
}

void
json_add_bool(struct json_object *to, const char *name, bool value)
{
	json_add(to, name, json_object_new_boolean(value));
}

void
json_add_int(struct json_object *to, const char *name, int64_t value)
{
	json_add(to, name, json_object_new_int64(value));
}

/* Audit rows of changes: which members differ, before and after. */
#include "enroll/audit_change.h"

#include "base/json.h"

static struct json_object *
member(struct json_object *obj, const char *name)
{
	struct json_object *value = NULL;

	return obj != NULL && json_object_object_get_ex(obj, name, &value) ? value : NULL;
}

static void
add_side(struct json_object *to, const char *name, struct json_object *value)
{
	if (value != NULL)
		(void)json_object_object_add(to, name, json_object_get(value));
}

/* Enters the member unless both sides are equal, or it was entered from the other side. */
static void
add_difference(struct json_object *changes, const struct audit_change *change, const char *name)
{
	struct json_object *before = member(change->before, name);
	struct json_object *after = member(change->after, name);
	struct json_object *entry;

	if (json_object_equal(before, after) || member(changes, name) != NULL)
		return;
	entry = json_object_new_object();
	add_side(entry, "before", before);
	add_side(entry, "after", after);
	(void)json_object_object_add(changes, name, entry);
}

static void
add_differences(
    struct json_object *changes, const struct audit_change *change, struct json_object *side)
{
	if (side == NULL)
		return;
	json_object_object_foreach(side, name, value)
	{
		(void)value;
		add_difference(changes, change, name);
	}
}

/* The names alone, for a reader of the log. */
static void
write_names(struct json_object *changes, struct buf *out)
{
	json_object_object_foreach(changes, name, value)
	{
		(void)value;
		buf_printf(out, "%s%s", out->len > 0 ? ", " : "", name);
	}
}

int
audit_change_insert(struct db *db, const struct audit_actor *actor,
    const struct audit_change *change, struct error *err)
{
	cleanup(json_object_putp) struct json_object *changes = json_object_new_object();
	cleanup(buf_release) struct buf names = BUF_INIT(65536);
	struct audit_event event = {
		.actor = actor->name,
		.remote_address = actor->remote_address,
		.request_id = actor->request_id,
		.action = change->action,
		.object_type = change->object_type,
		.object_name = change->object_name,
		.outcome = "done",
	};

	if (changes == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	add_differences(changes, change, change->before);
	add_differences(changes, change, change->after);
	write_names(changes, &names);
	event.detail = buf_text(&names);
	event.changes = json_object_to_json_string_ext(changes, JSON_C_TO_STRING_PLAIN);
	return audit_insert(db, &event, err);
}

/* Secret content is kept sealed; not even the blob belongs into the audit. */
static void
drop_sealed(struct json_object *attribute)
{
	struct json_object *content = NULL;

	if (!json_get_array(attribute, "content", &content))
		return;
	for (size_t i = 0; i < json_object_array_length(content); i++) {
		struct json_object *item = json_object_array_get_idx(content, i);

		if (json_object_is_type(item, json_type_object))
			json_object_object_del(item, "sealed");
	}
}

int
audit_change_attributes(struct bytes stored, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *array = NULL;

	if (json_parse_stored(stored, &array, err) < 0)
		return -1;
	if (array == NULL)
		array = json_object_new_array();
	if (!json_object_is_type(array, json_type_array))
		return error_set(err, ERR_DATABASE, "the attributes are no array");
	for (size_t i = 0; i < json_object_array_length(array); i++)
		drop_sealed(json_object_array_get_idx(array, i));
	*out = take(array);
	return 0;
}

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

/* The members that differ, as they are found. */
struct differences {
	struct json_object *changes;
	const struct audit_change *change;
};

/* Enters the member unless both sides are equal, or it was entered from the other side. */
static void
add_difference(const char *name, struct json_object *value, void *arg)
{
	const struct differences *found = arg;
	struct json_object *before = member(found->change->before, name);
	struct json_object *after = member(found->change->after, name);
	struct json_object *entry;

	(void)value;
	if (json_object_equal(before, after) || member(found->changes, name) != NULL)
		return;
	entry = json_object_new_object();
	add_side(entry, "before", before);
	add_side(entry, "after", after);
	(void)json_object_object_add(found->changes, name, entry);
}

static void
add_differences(struct json_object *changes, const struct audit_change *change)
{
	struct differences found = { changes, change };

	if (change->before != NULL)
		json_each_member(change->before, add_difference, &found);
	if (change->after != NULL)
		json_each_member(change->after, add_difference, &found);
}

/* The names alone, for a reader of the log. */
static void
write_name(const char *name, struct json_object *value, void *arg)
{
	struct buf *out = arg;

	(void)value;
	buf_printf(out, "%s%s", out->len > 0 ? ", " : "", name);
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
	add_differences(changes, change);
	json_each_member(changes, write_name, &names);
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

/* Writes definitions of custom attributes, each change with its audit row. */
#include "enroll/attributes/attribute_change.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"
#include "enroll/attributes/attribute_change_rules.h"
#include "enroll/attributes/attribute_definitions.h"
#include "enroll/audit_change.h"
#include "enroll/transaction_retry.h"

/* As the audit shows it; NULL gives NULL. */
static struct json_object *
describe(struct custom_attribute *attribute)
{
	struct json_object *made = attribute != NULL ? json_object_new_object() : NULL;

	if (made == NULL)
		return NULL;
	json_add_filled(made, "name", attribute->name);
	json_add_filled(made, "label", attribute->label);
	json_add_filled(made, "description", attribute->description);
	json_add_filled(made, "contentType", attribute->content_type);
	json_add_filled(made, "resources", attribute->resources);
	json_add_filled(made, "group", attribute->group);
	json_add_bool(made, "required", attribute->is_required);
	json_add_bool(made, "readOnly", attribute->is_read_only);
	json_add_bool(made, "visible", attribute->is_visible);
	json_add_bool(made, "list", attribute->is_list);
	json_add_bool(made, "multiSelect", attribute->is_multi_select);
	json_add_bool(made, "enabled", attribute->enabled);
	json_add_filled(made, "content", buf_text(&attribute->content));
	return made;
}

/* One of the two may be NULL. */
struct change {
	const struct audit_actor *actor;
	const char *action;
	struct custom_attribute *before;
	struct custom_attribute *after;
};

static int
audit(struct db *db, const struct change *change, struct error *err)
{
	cleanup(json_object_putp) struct json_object *before = describe(change->before);
	cleanup(json_object_putp) struct json_object *after = describe(change->after);
	const struct audit_change row = {
		.action = change->action,
		.object_type = "custom_attribute",
		.object_name = change->after != NULL ? change->after->name : change->before->name,
		.before = before,
		.after = after,
	};

	return audit_change_insert(db, change->actor, &row, err);
}

/* Not exact under parallel creation, which it need not be: it bounds what is read. */
static int
check_count(struct db *db, struct error *err)
{
	int64_t count = 0;

	if (custom_attributes_count(db, &count, err) < 0)
		return -1;
	if (count >= ATTRIBUTE_DEFINITIONS_MAX / 2)
		return error_set(err, ERR_VALIDATION, "There are %d custom attributes already",
		    ATTRIBUTE_DEFINITIONS_MAX / 2);
	return 0;
}

/* After the write. All of a resource are one answer, and are read whenever an object is written. */
static int
check_octets(struct db *db, const struct change *change, struct error *err)
{
	size_t before = change->before != NULL ? change->before->content.len : 0;
	int64_t octets = 0;

	if (change->after->content.len <= before)
		return 0;
	if (custom_attributes_octets(db, &octets, err) < 0)
		return -1;
	if (octets > ATTRIBUTE_DEFINITIONS_OCTETS_MAX)
		return error_set(err, ERR_VALIDATION,
		    "The contents of all custom attributes have more than %d octets together",
		    ATTRIBUTE_DEFINITIONS_OCTETS_MAX);
	return 0;
}

static int
run_create(struct db *db, void *arg, struct error *err)
{
	const struct change *change = arg;

	if (check_count(db, err) < 0 || custom_attributes_insert(db, change->after, err) < 0 ||
	    check_octets(db, change, err) < 0)
		return -1;
	return audit(db, change, err);
}

int
attribute_change_create(struct db *db, const struct audit_actor *actor,
    struct custom_attribute *attribute, struct error *err)
{
	struct change change = { actor, "custom_attribute.create", NULL, attribute };

	if (attribute_change_check(attribute, err) < 0)
		return -1;
	attribute->id = uuid_new();
	attribute->revision = 1;
	attribute->created_at = clock_now();
	if (db_transaction(db, run_create, &change, err) == 0)
		return 0;
	return error_replace(
	    err, ERR_CONFLICT, ERR_BAD_REQUEST, "Custom Attribute with same name already exists");
}

struct attempt {
	const struct uuid *id;
	const struct attribute_edit *edit; /* NULL: a deletion */
	const struct audit_actor *actor;
	struct custom_attribute *done; /* belongs to the attempt's maker */
};

static int
run_edit(struct db *db, void *arg, struct error *err)
{
	struct attempt *attempt = arg;
	cleanup(custom_attribute_freep) struct custom_attribute *before = NULL;
	cleanup(custom_attribute_freep) struct custom_attribute *after = NULL;
	struct change change = { attempt->actor, attempt->edit->action, NULL, NULL };

	if (custom_attributes_find(db, attempt->id, &before, err) < 0 ||
	    custom_attributes_find(db, attempt->id, &after, err) < 0 ||
	    attempt->edit->edit(after, attempt->edit->arg, err) < 0 ||
	    attribute_change_check(after, err) < 0 || custom_attributes_update(db, after, err) < 0)
		return -1;
	after->revision++;
	change.before = before;
	change.after = after;
	if (check_octets(db, &change, err) < 0 || audit(db, &change, err) < 0)
		return -1;
	custom_attribute_free(attempt->done);
	attempt->done = take(after);
	return 0;
}

static int
run_delete(struct db *db, void *arg, struct error *err)
{
	const struct attempt *attempt = arg;
	cleanup(custom_attribute_freep) struct custom_attribute *before = NULL;
	struct change change = { attempt->actor, "custom_attribute.delete", NULL, NULL };

	if (custom_attributes_find(db, attempt->id, &before, err) < 0 ||
	    custom_attributes_delete(db, before, err) < 0)
		return -1;
	change.before = before;
	return audit(db, &change, err);
}

int
attribute_change_edit(struct db *db, const struct uuid *id, const struct attribute_edit *edit,
    struct custom_attribute **out, struct error *err)
{
	struct attempt attempt = { .id = id, .edit = edit, .actor = edit->actor };
	int result = transaction_retry(db, run_edit, &attempt, err);

	if (result == 0 && out != NULL)
		*out = take(attempt.done);
	custom_attribute_free(attempt.done);
	return result;
}

int
attribute_change_delete(
    struct db *db, const struct audit_actor *actor, const struct uuid *id, struct error *err)
{
	struct attempt attempt = { .id = id, .actor = actor };

	return transaction_retry(db, run_delete, &attempt, err);
}

/* Changes the value of one custom attribute of an object, with its audit row. */
#include <string.h>

#include "base/json.h"
#include "enroll/attributes/attribute_change.h"
#include "enroll/attributes/attribute_content.h"
#include "enroll/attributes/attributes.h"
#include "enroll/audit_change.h"
#include "enroll/transaction_retry.h"
#include "store/custom_attribute_values.h"

struct attempt {
	const struct attribute_values_change *change;
	struct json_object *stored; /* belongs to the attempt's maker */
};

/* What is read and made on the way. */
struct work {
	struct custom_attribute *definition;
	struct custom_attribute_values values;
	struct json_object *before;
	struct json_object *after;
};

static void
work_release(struct work *work)
{
	custom_attribute_free(work->definition);
	buf_release(&work->values.stored);
	json_object_put(work->before);
	json_object_put(work->after);
}

static int
read_definition(struct db *db, const struct attribute_values_change *change, struct work *work,
    struct error *err)
{
	if (custom_attributes_find(db, change->attribute, &work->definition, err) < 0) {
		if (error_is(err, ERR_NOT_FOUND))
			err->number = ATTRIBUTE_MISSING;
		return -1;
	}
	if (work->definition->enabled &&
	    custom_attribute_is_for(work->definition, change->resource))
		return 0;
	(void)error_set(err, ERR_NOT_FOUND, "no such custom attribute of %s", change->resource);
	err->number = ATTRIBUTE_MISSING;
	return -1;
}

static int
read_values(struct db *db, const struct attribute_values_change *change, struct work *work,
    struct error *err)
{
	work->values.where = custom_attribute_column_of(change->resource);
	work->values.id = *change->object;
	if (custom_attribute_values_find(db, &work->values, err) < 0)
		return -1;
	if (json_parse_stored(buf_bytes(&work->values.stored), &work->before, err) < 0)
		return error_prefix(
		    err, "%s.%s", work->values.where->table, work->values.where->column);
	return 0;
}

static int
make_values(const struct attribute_values_change *change, struct work *work, struct error *err)
{
	const struct attributes_object object = {
		.resource = change->resource,
		.id = change->object,
		.keyring = change->keyring,
		.before = work->before,
	};

	return attributes_set_one(&object, work->definition, change->content, &work->after, err);
}

/* The attribute's content in a stored array as the audit shows it; owned, or NULL. */
static struct json_object *
describe(struct json_object *stored, const struct custom_attribute *definition)
{
	struct json_object *made = json_object_new_object();
	const char *uuid;
	char id[UUID_TEXT_MAX];

	uuid_text(&definition->id, id);
	for (size_t i = 0; stored != NULL && i < json_object_array_length(stored); i++) {
		struct json_object *entry = json_object_array_get_idx(stored, i);

		if (json_get_text(entry, "uuid", &uuid) && strcmp(uuid, id) == 0)
			(void)json_object_object_add(made, definition->name,
			    json_object_get(json_object_object_get(entry, "content")));
	}
	return made;
}

static int
audit(struct db *db, const struct attribute_values_change *change, const struct work *work,
    struct error *err)
{
	bool is_secret = attribute_content_is_secret(work->definition->content_type);
	cleanup(json_object_putp) struct json_object *before =
	    is_secret ? NULL : describe(work->before, work->definition);
	cleanup(json_object_putp) struct json_object *after =
	    is_secret ? json_object_new_object() : describe(work->after, work->definition);
	const struct audit_change row = {
		.action = "custom_attribute.set",
		.object_type = work->values.where->audited,
		.object_name = work->values.name,
		.before = before,
		.after = after,
	};

	if (is_secret)
		(void)json_object_object_add(
		    after, work->definition->name, json_object_new_string("changed"));
	return audit_change_insert(db, change->actor, &row, err);
}

/* MariaDB counts no row that is written as it was: that would look like a lost race. */
static int
write_values(struct db *db, const struct attribute_values_change *change, const struct work *work,
    struct error *err)
{
	const char *text = json_object_to_json_string_ext(work->after, JSON_C_TO_STRING_PLAIN);

	if (bytes_equal_text(buf_bytes(&work->values.stored), text))
		return 0;
	if (custom_attribute_values_update(db, &work->values, text, err) < 0)
		return -1;
	return audit(db, change, work, err);
}

static int
run(struct db *db, void *arg, struct error *err)
{
	struct attempt *attempt = arg;
	const struct attribute_values_change *change = attempt->change;
	cleanup(work_release) struct work work = { .definition = NULL };

	if (read_definition(db, change, &work, err) < 0 ||
	    read_values(db, change, &work, err) < 0 || make_values(change, &work, err) < 0 ||
	    write_values(db, change, &work, err) < 0)
		return -1;
	json_object_put(attempt->stored);
	attempt->stored = take(work.after);
	return 0;
}

int
attribute_change_values(struct db *db, const struct attribute_values_change *change,
    struct json_object **stored, struct error *err)
{
	struct attempt attempt = { .change = change };
	int result = transaction_retry(db, run, &attempt, err);

	if (result == 0)
		*stored = take(attempt.stored);
	json_object_put(attempt.stored);
	return result;
}

/* The attributes of a new certificate. */
struct issued {
	const struct audit_actor *actor;
	const struct uuid *certificate;
	struct json_object *values;
};

/* By their names; owned. Those of a new object hold no secrets. */
static struct json_object *
describe_all(struct json_object *values)
{
	struct json_object *made = json_object_new_object();
	const char *name;

	for (size_t i = 0; made != NULL && i < json_object_array_length(values); i++) {
		struct json_object *entry = json_object_array_get_idx(values, i);

		if (json_get_text(entry, "name", &name))
			(void)json_object_object_add(
			    made, name, json_object_get(json_object_object_get(entry, "content")));
	}
	return made;
}

static int
write_issued(struct db *db, const struct issued *issued, struct work *work, struct error *err)
{
	struct audit_change row = { .action = "custom_attribute.set" };

	work->values.where = custom_attribute_column_of("certificates");
	work->values.id = *issued->certificate;
	if (custom_attribute_values_find(db, &work->values, err) < 0)
		return -1;
	if (!work->values.is_null)
		return 0;
	work->after = describe_all(issued->values);
	row.object_type = work->values.where->audited;
	row.object_name = work->values.name;
	row.after = work->after;
	if (custom_attribute_values_update(db, &work->values,
		json_object_to_json_string_ext(issued->values, JSON_C_TO_STRING_PLAIN), err) < 0)
		return -1;
	return audit_change_insert(db, issued->actor, &row, err);
}

static int
run_issued(struct db *db, void *arg, struct error *err)
{
	cleanup(work_release) struct work work = { .definition = NULL };

	return write_issued(db, arg, &work, err);
}

int
attribute_change_issued(struct db *db, const struct audit_actor *actor,
    const struct uuid *certificate, struct json_object *values, struct error *err)
{
	struct issued issued = { actor, certificate, values };

	return json_object_array_length(values) > 0
		   ? transaction_retry(db, run_issued, &issued, err)
		   : 0;
}

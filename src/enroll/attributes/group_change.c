/* Changes of groups of certificates, with their audit. */
#include "enroll/attributes/group_change.h"

#include <string.h>

#include "base/json.h"
#include "base/json_add.h"
#include "crypto/text.h"
#include "enroll/audit_change.h"
#include "enroll/attributes/object_id.h"

struct transaction {
	const struct certificate_group *group; /* of a deletion only the id */
	const struct audit_actor *actor;
};

static struct json_object *
picture(const struct certificate_group *group)
{
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		return NULL;
	json_add_filled(object, "name", group->name);
	json_add_filled(object, "description", group->description);
	json_add_filled(object, "email", group->email);
	return object;
}

/* before and after: NULL where there is none. */
static int
insert_audit(struct db *db, const struct audit_actor *actor, const struct certificate_group *before,
    const struct certificate_group *after, struct error *err)
{
	cleanup(json_object_putp) struct json_object *was = before != NULL ? picture(before) : NULL;
	cleanup(json_object_putp) struct json_object *is = after != NULL ? picture(after) : NULL;
	const struct certificate_group *named = after != NULL ? after : before;
	const struct audit_change change = {
		.action = before == NULL  ? "group.create"
			  : after == NULL ? "group.delete"
					  : "group.update",
		.object_type = "group",
		.object_name = named->name,
		.before = was,
		.after = is,
	};

	if (was != NULL && is != NULL && json_object_equal(was, is))
		return 0;
	return audit_change_insert(db, actor, &change, err);
}

static int
name_taken(const struct certificate_group *group, struct error *err)
{
	return error_replace(err, ERR_CONFLICT, ERR_BAD_REQUEST,
	    "Object of type 'Group' identified by %.200s already exists.", group->name);
}

static int
find(struct db *db, const struct uuid *id, struct certificate_group *out, struct error *err)
{
	return certificate_groups_find(db, id, out, err) < 0 ? object_id_not_found(err, "Group", id)
							     : 0;
}

static int
check_texts(const struct certificate_group *group, struct error *err)
{
	if (text_is_clean(bytes_text(group->name)) && text_is_clean(bytes_text(group->email)))
		return 0;
	return error_set(
	    err, ERR_VALIDATION, "Name and email can contain only characters that can be shown");
}

static int
run_create(struct db *db, void *arg, struct error *err)
{
	const struct transaction *transaction = arg;

	if (certificate_groups_insert(db, transaction->group, err) < 0)
		return name_taken(transaction->group, err);
	return insert_audit(db, transaction->actor, NULL, transaction->group, err);
}

int
group_change_create(struct db *db, const struct certificate_group *group,
    const struct audit_actor *actor, struct error *err)
{
	struct transaction transaction = { .group = group, .actor = actor };

	if (check_texts(group, err) < 0)
		return -1;
	return db_transaction(db, run_create, &transaction, err);
}

static int
run_update(struct db *db, void *arg, struct error *err)
{
	const struct transaction *transaction = arg;
	struct certificate_group before, after = *transaction->group;

	if (find(db, &after.id, &before, err) < 0)
		return -1;
	if (after.name[0] == '\0')
		memcpy(after.name, before.name, sizeof(after.name));
	if (certificate_groups_update(db, &after, err) < 0)
		return name_taken(&after, err);
	return insert_audit(db, transaction->actor, &before, &after, err);
}

int
group_change_update(struct db *db, const struct certificate_group *group,
    const struct audit_actor *actor, struct error *err)
{
	struct transaction transaction = { .group = group, .actor = actor };

	if (check_texts(group, err) < 0)
		return -1;
	return db_transaction(db, run_update, &transaction, err);
}

static int
run_delete(struct db *db, void *arg, struct error *err)
{
	const struct transaction *transaction = arg;
	struct certificate_group before;

	if (find(db, &transaction->group->id, &before, err) < 0)
		return -1;
	if (certificate_groups_delete(db, &before.id, err) < 0)
		return -1;
	return insert_audit(db, transaction->actor, &before, NULL, err);
}

int
group_change_delete(
    struct db *db, const struct uuid *id, const struct audit_actor *actor, struct error *err)
{
	struct certificate_group named = { .id = *id };
	struct transaction transaction = { .group = &named, .actor = actor };

	return db_transaction(db, run_delete, &transaction, err);
}

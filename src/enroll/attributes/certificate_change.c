/* Changes of a certificate's owner and groups, with their audit. */
#include "enroll/attributes/certificate_change.h"

#include "base/enc.h"
#include "base/json.h"
#include "crypto/text.h"
#include "enroll/audit_change.h"
#include "enroll/attributes/object_id.h"
#include "store/certificate_groups.h"
#include "store/certificate_owners.h"
#include "store/certificates_find.h"

struct transaction {
	const struct certificate_change *change;
	const struct audit_actor *actor;
};

static int
add_name(const struct certificate_membership *membership, void *arg, struct error *err)
{
	return json_object_array_add(arg, json_object_new_string(membership->group->name)) < 0
		   ? error_set(err, ERR_INTERNAL, "out of memory")
		   : 0;
}

/* What the audit says of the certificate; the serial number is its name there. */
struct picture {
	struct json_object *state;
	struct buf serial;
};

static void
picture_release(struct picture *picture)
{
	json_object_put(picture->state);
	buf_release(&picture->serial);
}

static int
take_picture(struct db *db, const struct uuid *id, struct picture *picture, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	cleanup(json_object_putp) struct json_object *groups = json_object_new_array();
	const struct certificate_membership_visit visit = { .each = add_name, .arg = groups };

	if (certificates_find_id(db, id, &row, err) < 0)
		return object_id_not_found(err, "Certificate", id);
	picture->state = json_object_new_object();
	if (groups == NULL || picture->state == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (certificate_groups_of(db, id, 1, visit, err) < 0)
		return -1;
	hex_encode_upper(bytes_of(row->serial, row->serial_len), &picture->serial);
	if (row->owner[0] != '\0')
		json_object_object_add(picture->state, "owner", json_object_new_string(row->owner));
	json_object_object_add(picture->state, "groups", take(groups));
	return 0;
}

static int
set_owner(struct db *db, const struct uuid *id, const char *owner, struct error *err)
{
	if (owner == NULL)
		return 0;
	return owner[0] == '\0' ? certificate_owners_clear(db, id, err)
				: certificate_owners_set(db, id, owner, err);
}

static int
apply(
    struct db *db, const struct transaction *transaction, const struct uuid *id, struct error *err)
{
	cleanup(picture_release) struct picture before = { NULL, BUF_INIT(64) };
	cleanup(picture_release) struct picture after = { NULL, BUF_INIT(64) };
	const struct certificate_change *change = transaction->change;
	struct audit_change audited = { .action = "certificate.update",
		.object_type = "certificate" };

	if (take_picture(db, id, &before, err) < 0 || set_owner(db, id, change->owner, err) < 0 ||
	    (change->has_groups &&
		certificate_groups_set(db, id, change->groups, change->group_count, err) < 0) ||
	    take_picture(db, id, &after, err) < 0)
		return -1;
	if (json_object_equal(before.state, after.state))
		return 0;
	audited.object_name = buf_text(&before.serial);
	audited.before = before.state;
	audited.after = after.state;
	return audit_change_insert(db, transaction->actor, &audited, err);
}

static int
run(struct db *db, void *arg, struct error *err)
{
	const struct transaction *transaction = arg;
	const struct certificate_change *change = transaction->change;
	struct certificate_group group;

	for (size_t i = 0; i < change->group_count; i++)
		if (certificate_groups_find(db, &change->groups[i], &group, err) < 0)
			return object_id_not_found(err, "Group", &change->groups[i]);
	for (size_t i = 0; i < change->certificate_count; i++)
		if (apply(db, transaction, &change->certificates[i], err) < 0)
			return -1;
	return 0;
}

int
certificate_change(struct db *db, const struct certificate_change *change,
    const struct audit_actor *actor, struct error *err)
{
	struct transaction transaction = { .change = change, .actor = actor };

	if (change->owner != NULL && !text_is_clean(bytes_text(change->owner)))
		return error_set(
		    err, ERR_VALIDATION, "Owner can contain only characters that can be shown");
	return db_transaction(db, run, &transaction, err);
}

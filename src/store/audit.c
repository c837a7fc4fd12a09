/* The audit table: append-only. */
#include "store/audit.h"

#include "base/utf8.h"

enum { DETAIL_CHARACTERS_MAX = 4096 };

static const char SQL_INSERT[] =
    "INSERT INTO audit (id, at, actor, remote_address, request_id, action, object_type,"
    " object_name, outcome, detail, changes) VALUES (?, UTC_TIMESTAMP(3), ?, ?, ?, ?, ?, ?, ?, ?, "
    "?)";

int
audit_insert(struct db *db, const struct audit_event *event, struct error *err)
{
	struct uuid id = uuid_new();
	struct db_arg detail = db_text("");

	/* as much as the column takes */
	detail.bytes = utf8_cut(bytes_text(event->detail), DETAIL_CHARACTERS_MAX);
	return db_exec(db, SQL_INSERT,
	    db_args(db_uuid(&id), db_text(event->actor), db_text(event->remote_address),
		db_uuid(event->request_id), db_text(event->action), db_text(event->object_type),
		db_text(event->object_name), db_text(event->outcome), detail,
		db_text(event->changes)),
	    NULL, err);
}

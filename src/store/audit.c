/* The audit table: append-only. */
#include "store/audit.h"

enum { DETAIL_CHARACTERS_MAX = 4096 };

static const char SQL_INSERT[] =
    "INSERT INTO audit (id, at, actor, remote_address, request_id, action, object_type,"
    " object_name, outcome, detail) VALUES (?, UTC_TIMESTAMP(3), ?, ?, ?, ?, ?, ?, ?, ?)";

/* The text's first characters, as many as the column takes; never half of one. */
static struct bytes
cut(const char *text)
{
	struct bytes bytes = bytes_text(text);
	size_t characters = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		/* Every octet but 10xxxxxx starts a character (RFC 3629, 3). */
		characters += (bytes.ptr[i] & 0xc0) != 0x80;
		if (characters > DETAIL_CHARACTERS_MAX)
			return bytes_of(text, i);
	}
	return bytes;
}

int
audit_insert(struct db *db, const struct audit_event *event, struct error *err)
{
	struct uuid id = uuid_new();
	struct db_arg detail = db_text("");

	detail.bytes = cut(event->detail);
	return db_exec(db, SQL_INSERT,
	    db_args(db_uuid(&id), db_text(event->actor), db_text(event->remote_address),
		db_uuid(event->request_id), db_text(event->action), db_text(event->object_type),
		db_text(event->object_name), db_text(event->outcome), detail),
	    NULL, err);
}

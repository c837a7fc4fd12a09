/* Rows that have outlived their use: read whole, as lines of JSON. */
#include <json-c/json.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_add.h"
#include "store/db_rows.h"
#include "store/purge.h"
#include "store/purge_sql.h"

/* How a column is written. */
enum format { ID, TEXT, NUMBER, TIME, TIME_MS, HEX, BASE64 };

struct column {
	const char *name;
	enum format format;
};

/* Every column, in the order of the lists below. */
#define CERTIFICATES \
	"SELECT id, generation_id, serial, fingerprint, type, source, subject, common_name, sans," \
	" not_before, not_after, key_type, key_bits, spki_hash, csr_hash, der, ra_profile_id," \
	" requester_kind, requester_tenant, requester_object, requester_application," \
	" requester_upn, token_id, remote_address, request_id, dropped, renewed_from, lineage," \
	" issued_at, status, revoked_at, revocation_reason, owner, attributes, renewals," \
	" lineage_compromised, requester_certificate FROM certificate FORCE INDEX (PRIMARY)" \
	" WHERE id IN " PURGE_SQL_BATCH " ORDER BY id"
#define EVENTS \
	"SELECT id, certificate_id, action, reason, at, actor, remote_address, request_id," \
	" comment, crl_number, generation_id" \
	" FROM revocation_event FORCE INDEX (revocation_event_certificate)" \
	" WHERE certificate_id IN " PURGE_SQL_BATCH " ORDER BY certificate_id, id"
#define MEMBERS \
	"SELECT group_id, certificate_id" \
	" FROM certificate_group_member FORCE INDEX (certificate_group_member_of)" \
	" WHERE certificate_id IN " PURGE_SQL_BATCH " ORDER BY certificate_id, group_id"
#define OWNERS \
	"SELECT certificate_id, owner FROM certificate_owner FORCE INDEX (PRIMARY)" \
	" WHERE certificate_id IN " PURGE_SQL_BATCH " ORDER BY certificate_id"
#define AUDIT \
	"SELECT id, CAST(UNIX_TIMESTAMP(at) * 1000 AS SIGNED), actor, remote_address, request_id," \
	" action, object_type, object_name, outcome, detail, changes" \
	" FROM audit FORCE INDEX (PRIMARY) WHERE id IN " PURGE_SQL_BATCH " ORDER BY id"

static const char SQL_CERTIFICATES[] = CERTIFICATES;
static const char SQL_CERTIFICATES_LOCKED[] = CERTIFICATES " FOR UPDATE";
static const char SQL_EVENTS[] = EVENTS;
static const char SQL_EVENTS_LOCKED[] = EVENTS " FOR UPDATE";
static const char SQL_MEMBERS[] = MEMBERS;
static const char SQL_MEMBERS_LOCKED[] = MEMBERS " FOR UPDATE";
static const char SQL_OWNERS[] = OWNERS;
static const char SQL_OWNERS_LOCKED[] = OWNERS " FOR UPDATE";
static const char SQL_AUDIT[] = AUDIT;
static const char SQL_AUDIT_LOCKED[] = AUDIT " FOR UPDATE";

static const struct column CERTIFICATE[] = {
	{ "id", ID },
	{ "generation_id", ID },
	{ "serial", HEX },
	{ "fingerprint", HEX },
	{ "type", TEXT },
	{ "source", TEXT },
	{ "subject", TEXT },
	{ "common_name", TEXT },
	{ "sans", TEXT },
	{ "not_before", TIME },
	{ "not_after", TIME },
	{ "key_type", TEXT },
	{ "key_bits", NUMBER },
	{ "spki_hash", HEX },
	{ "csr_hash", HEX },
	{ "der", BASE64 },
	{ "ra_profile_id", ID },
	{ "requester_kind", TEXT },
	{ "requester_tenant", ID },
	{ "requester_object", ID },
	{ "requester_application", ID },
	{ "requester_upn", TEXT },
	{ "token_id", TEXT },
	{ "remote_address", TEXT },
	{ "request_id", ID },
	{ "dropped", TEXT },
	{ "renewed_from", ID },
	{ "lineage", ID },
	{ "issued_at", TIME },
	{ "status", TEXT },
	{ "revoked_at", TIME },
	{ "revocation_reason", NUMBER },
	{ "owner", TEXT },
	{ "attributes", TEXT },
	{ "renewals", NUMBER },
	{ "lineage_compromised", NUMBER },
	{ "requester_certificate", ID },
	{ .name = NULL },
};
static const struct column EVENT[] = {
	{ "id", ID },
	{ "certificate_id", ID },
	{ "action", TEXT },
	{ "reason", NUMBER },
	{ "at", TIME },
	{ "actor", TEXT },
	{ "remote_address", TEXT },
	{ "request_id", ID },
	{ "comment", TEXT },
	{ "crl_number", NUMBER },
	{ "generation_id", ID },
	{ .name = NULL },
};
static const struct column MEMBER[] = {
	{ "group_id", ID },
	{ "certificate_id", ID },
	{ .name = NULL },
};
static const struct column OWNER[] = {
	{ "certificate_id", ID },
	{ "owner", TEXT },
	{ .name = NULL },
};
static const struct column AUDIT_ROW[] = {
	{ "id", ID },
	{ "at", TIME_MS },
	{ "actor", TEXT },
	{ "remote_address", TEXT },
	{ "request_id", ID },
	{ "action", TEXT },
	{ "object_type", TEXT },
	{ "object_name", TEXT },
	{ "outcome", TEXT },
	{ "detail", TEXT },
	{ "changes", TEXT },
	{ .name = NULL },
};

/* A table whose rows go with those of a piece. */
struct part {
	const char *name;
	const struct column *columns;
	const char *sql[PURGE_LOCKED + 1];
};

static const struct part CERTIFICATE_PARTS[] = {
	{ "certificate", CERTIFICATE, { SQL_CERTIFICATES, SQL_CERTIFICATES_LOCKED } },
	{ "revocation_event", EVENT, { SQL_EVENTS, SQL_EVENTS_LOCKED } },
	{ "certificate_group_member", MEMBER, { SQL_MEMBERS, SQL_MEMBERS_LOCKED } },
	{ "certificate_owner", OWNER, { SQL_OWNERS, SQL_OWNERS_LOCKED } },
	{ .name = NULL },
};
static const struct part AUDIT_PARTS[] = {
	{ "audit", AUDIT_ROW, { SQL_AUDIT, SQL_AUDIT_LOCKED } },
	{ .name = NULL },
};

/* A batch of a piece. */
struct reading {
	enum purge_read how;
	struct db_arg args[PURGE_SQL_IDS];
	struct buf *lines;
};

static struct json_object *
text_of(struct bytes text)
{
	return json_object_new_string_len(
	    text.len > 0 ? (const char *)text.ptr : "", (int)text.len);
}

static struct json_object *
encoded(struct bytes octets, void (*encode)(struct bytes data, struct buf *out))
{
	cleanup(buf_release) struct buf text = BUF_INIT(2 * octets.len + 8);

	encode(octets, &text);
	return buf_failed(&text) ? NULL : text_of(buf_bytes(&text));
}

static struct json_object *
id_of(const struct db_rows *rows, unsigned column)
{
	struct uuid id = db_rows_uuid(rows, column);
	char text[UUID_TEXT_MAX];

	uuid_text(&id, text);
	return json_object_new_string(text);
}

static struct json_object *
time_of(int64_t time, void (*write)(int64_t time, char out[static CLOCK_TEXT_MAX]))
{
	char text[CLOCK_TEXT_MAX];

	write(time, text);
	return json_object_new_string(text);
}

static struct json_object *
value_of(const struct db_rows *rows, unsigned column, enum format format)
{
	switch (format) {
	case ID:
		return id_of(rows, column);
	case TEXT:
		return text_of(db_rows_bytes(rows, column));
	case NUMBER:
		return json_object_new_int64(db_rows_int(rows, column));
	case TIME:
		return time_of(db_rows_time(rows, column), clock_text);
	case TIME_MS:
		return time_of(db_rows_int(rows, column), clock_text_ms);
	case HEX:
		return encoded(db_rows_bytes(rows, column), hex_encode);
	case BASE64:
		break;
	}
	return encoded(db_rows_bytes(rows, column), base64_encode);
}

/* A row that is not written whole counts as not written. */
static int
add_line(const struct part *part, const struct db_rows *rows, struct buf *lines, struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = json_object_new_object();

	json_add_text(object, "table", part->name);
	for (unsigned i = 0; part->columns[i].name != NULL; i++) {
		struct json_object *value = NULL;

		if (!db_rows_is_null(rows, i)) {
			value = value_of(rows, i, part->columns[i].format);
			if (value == NULL)
				return error_set(err, ERR_INTERNAL, "out of memory for a row");
		}
		if (json_object_object_add(object, part->columns[i].name, value) < 0)
			return error_set(err, ERR_INTERNAL, "out of memory for a row");
	}
	buf_add_text(lines, json_object_to_json_string_ext(
				object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	buf_add_byte(lines, '\n');
	return buf_failed(lines)
		   ? error_set(err, ERR_INTERNAL, "no memory for %zu bytes of rows", lines->len)
		   : 0;
}

static int
read_part(struct db *db, const struct part *part, const struct reading *reading, struct error *err)
{
	cleanup(db_rows_freep) struct db_rows *rows = NULL;

	if (db_query(db, part->sql[reading->how], (struct db_args){ reading->args, PURGE_SQL_IDS },
		&rows, err) < 0)
		return -1;
	while (db_rows_next(rows))
		if (add_line(part, rows, reading->lines, err) < 0)
			return -1;
	return 0;
}

int
purge_read(struct db *db, const struct purge_piece *piece, enum purge_read how, struct buf *lines,
    struct error *err)
{
	const struct part *parts = piece->table == PURGE_AUDIT ? AUDIT_PARTS : CERTIFICATE_PARTS;
	struct reading reading = { .how = how, .lines = lines };
	size_t done = 0;

	for (size_t from = 0; from < piece->count; from += done) {
		done = purge_sql_batch(piece, from, reading.args);
		for (const struct part *part = parts; part->name != NULL; part++)
			if (read_part(db, part, &reading, err) < 0)
				return -1;
	}
	return 0;
}

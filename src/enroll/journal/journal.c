/* Writes the issuance journal: certificates and changes of their state, a line of JSON each. */
#include "enroll/journal/journal.h"

#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_add.h"
#include "base/log.h"
#include "crypto/key.h"
#include "enroll/journal/journal_file.h"
#include "enroll/journal/journal_record.h"
#include "store/certificate_history.h"
#include "store/certificate_record.h"

/* NULL: none is written. */
static const char *
path_of(const struct settings *settings)
{
	const char *path = settings->server.issued_log;

	return path != NULL && path[0] != '\0' ? path : NULL;
}

bool
journal_is_kept(const struct settings *settings)
{
	return path_of(settings) != NULL;
}

int
journal_check(const struct settings *settings, struct error *err)
{
	const char *path = path_of(settings);

	return path != NULL ? journal_file_check(path, err) : 0;
}

/* Whatever the fault, nothing was wrong with the request, and it may be made again. */
static int
fail(struct bytes serial, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(64);

	hex_encode_upper(serial, &text);
	log_event(LOG_LEVEL_ERROR, "journal_failed", log_text("serial", buf_text(&text)),
	    log_text("reason", err->text));
	err->code = ERR_DATABASE;
	err->number = 0;
	return -1;
}

static void
add_encoded(struct json_object *to, const char *name, struct bytes value,
    void (*encode)(struct bytes data, struct buf *out))
{
	cleanup(buf_release) struct buf text = BUF_INIT(JOURNAL_FILE_LINE_MAX);

	encode(value, &text);
	json_add_text(to, name, buf_text(&text));
}

static void
add_id(struct json_object *to, const char *name, const struct uuid *id)
{
	if (id != NULL)
		json_add_uuid(to, name, id);
}

static struct json_object *
begin(const char *kind)
{
	struct json_object *json = json_object_new_object();

	if (json == NULL)
		return NULL;
	json_add_int(json, JOURNAL_VERSION_NAME, JOURNAL_VERSION);
	json_add_text(json, JOURNAL_KIND_NAME, kind);
	return json;
}

static void
add_requester(struct json_object *json, const struct certificate_record *r)
{
	json_add_text(json, "requesterKind", r->requester_kind);
	add_id(json, "requesterTenant", r->requester_tenant);
	add_id(json, "requesterObject", r->requester_object);
	add_id(json, "requesterApplication", r->requester_application);
	json_add_text(json, "requesterUpn", r->requester_upn);
	json_add_text(json, "tokenId", r->token_id);
	add_id(json, "requesterCertificate", r->requester_certificate);
	json_add_text(json, "remoteAddress", r->remote_address);
	add_id(json, "requestId", &r->request_id);
}

/* Every issuing column of the row. */
static struct json_object *
issued_json(const struct certificate_record *r)
{
	struct json_object *json = begin(JOURNAL_KIND_ISSUED);

	if (json == NULL)
		return NULL;
	json_add_int(json, "issuedAt", r->issued_at);
	add_id(json, "id", &r->id);
	add_id(json, "generationId", &r->generation_id);
	add_encoded(json, "serial", r->serial, hex_encode_upper);
	add_encoded(json, "fingerprint", r->fingerprint, hex_encode);
	json_add_text(json, "type", r->type);
	json_add_text(json, "source", r->source);
	json_add_text(json, "subject", r->subject);
	json_add_text(json, "commonName", r->common_name);
	json_add_text(json, "sans", r->sans);
	json_add_int(json, "notBefore", r->not_before);
	json_add_int(json, "notAfter", r->not_after);
	json_add_text(json, "keyType", r->key_type);
	json_add_int(json, "keyBits", r->key_bits);
	add_encoded(json, "spkiHash", r->spki_hash, hex_encode);
	add_encoded(json, "csrHash", r->csr_hash, hex_encode);
	add_id(json, "raProfileId", &r->ra_profile_id);
	add_requester(json, r);
	json_add_text(json, "dropped", r->dropped);
	add_id(json, "renewedFrom", r->renewed_from);
	add_id(json, "lineage", &r->lineage);
	add_encoded(json, "der", r->der, base64_encode);
	return json;
}

static int
append(const char *path, struct json_object *json, struct error *err)
{
	const char *text = json != NULL
			       ? json_object_to_json_string_ext(
				     json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
			       : NULL;

	if (text == NULL)
		return error_set(err, ERR_INTERNAL, "journal: out of memory");
	return journal_file_append(path, bytes_text(text), err);
}

int
journal_issued(struct db *db, const struct certificate_record *record, struct error *err)
{
	const char *path = path_of(db_settings(db));
	cleanup(json_object_putp) struct json_object *json = NULL;

	if (path == NULL)
		return 0;
	json = issued_json(record);
	if (append(path, json, err) < 0 || journal_file_sync(err) < 0)
		return fail(record->serial, err);
	return 0;
}

static int
write_again(const struct certificate_record *record, void *arg, struct error *err)
{
	struct db *db = arg;

	return journal_issued(db, record, err);
}

int
journal_issued_again(struct db *db, struct bytes der, struct error *err)
{
	const struct certificate_record_visit visit = { write_again, db };
	uint8_t fingerprint[SHA256_SIZE];

	if (path_of(db_settings(db)) == NULL)
		return 0;
	if (sha256(der, fingerprint, err) < 0)
		return -1;
	return certificate_record_find(db, bytes_of(fingerprint, SHA256_SIZE), &visit, err);
}

void
journal_events_release(struct journal_events *events)
{
	buf_release(&events->items);
}

void
journal_events_reset(struct journal_events *events)
{
	buf_reset(&events->items);
}

int
journal_events_add(struct journal_events *events, struct db *db,
    const struct revocation_event *event, struct error *err)
{
	struct certificate_history history;
	struct journal_event item = { .id = event->id, .certificate_id = event->certificate_id };

	if (path_of(db_settings(db)) == NULL)
		return 0;
	if (certificate_history_find(db, &event->certificate_id, &history, err) < 0)
		return -1;
	item.generation_id = history.generation_id;
	item.not_after = history.not_after;
	item.sequence = history.events;
	item.whole_lineage = events->whole_lineage;
	item.serial_len = (uint8_t)history.serial_len;
	memcpy(item.serial, history.serial, sizeof(item.serial));
	buf_add(&events->items, bytes_of(&item, sizeof(item)));
	if (buf_failed(&events->items))
		return error_set(
		    err, ERR_INTERNAL, "more events than the journal can take at once");
	return journal_outbox_add(db, &item.id, item.sequence, item.whole_lineage, err);
}

static struct json_object *
event_json(const struct journal_event *event, const struct revocation_event *like)
{
	struct json_object *json = begin(JOURNAL_KIND_EVENT);

	if (json == NULL)
		return NULL;
	json_add_int(json, "at", like->at);
	json_add_text(json, "action", revocation_action_name(like->action));
	add_id(json, "id", &event->id);
	add_id(json, "certificateId", &event->certificate_id);
	add_id(json, "generationId", &event->generation_id);
	add_encoded(json, "serial", bytes_of(event->serial, event->serial_len), hex_encode_upper);
	json_add_int(json, "notAfter", event->not_after);
	json_add_int(json, "sequence", event->sequence);
	json_add_int(json, "reason", like->reason);
	json_add_bool(json, "wholeLineage", event->whole_lineage);
	json_add_text(json, "actor", like->actor);
	json_add_text(json, "remoteAddress", like->remote_address);
	add_id(json, "requestId", like->request_id);
	json_add_text(json, "comment", like->comment);
	return json;
}

static int
append_event(const char *path, const struct journal_event *event,
    const struct revocation_event *like, struct error *err)
{
	cleanup(json_object_putp) struct json_object *json = event_json(event, like);

	return append(path, json, err);
}

static struct journal_event
event_at(const struct journal_events *events, size_t at)
{
	struct journal_event event;

	memcpy(&event, events->items.data + at, sizeof(event));
	return event;
}

static int
empty_outbox(struct db *db, void *arg, struct error *err)
{
	const struct journal_events *events = arg;

	for (size_t at = 0; at < events->items.len; at += sizeof(struct journal_event)) {
		const struct journal_event event = event_at(events, at);

		if (journal_outbox_remove(db, &event.id, err) < 0)
			return -1;
	}
	return 0;
}

/* Where they stay in the outbox although they are on the disk, they come into a journal twice. */
int
journal_events_write(struct db *db, const struct journal_events *events,
    const struct journal_change *change, struct error *err)
{
	const char *path = path_of(db_settings(db));
	struct journal_events written = *events;
	struct journal_event event = { .sequence = 0 };
	struct error ignored = { .code = ERR_NONE };

	if (path == NULL || events->items.len == 0)
		return 0;
	for (size_t at = 0; at < events->items.len; at += sizeof(event)) {
		event = event_at(events, at);
		if (append_event(path, &event, change->like, err) < 0)
			return fail(bytes_of(event.serial, event.serial_len), err);
	}
	if (journal_file_sync(err) < 0)
		return fail(bytes_of(event.serial, event.serial_len), err);
	(void)db_transaction(db, empty_outbox, &written, &ignored);
	return 0;
}

int
journal_append_late(
    const struct settings *settings, const struct journal_outbox_row *row, struct error *err)
{
	struct journal_event event = {
		.id = row->event.id,
		.certificate_id = row->event.certificate_id,
		.generation_id = row->generation_id,
		.not_after = row->not_after,
		.sequence = row->sequence,
		.whole_lineage = row->whole_lineage,
		.serial_len = (uint8_t)row->serial.len,
	};

	if (row->serial.len > sizeof(event.serial))
		return error_set(
		    err, ERR_DATABASE, "a serial number of %zu octets", row->serial.len);
	memcpy(event.serial, row->serial.ptr, row->serial.len);
	return append_event(path_of(settings), &event, &row->event, err);
}

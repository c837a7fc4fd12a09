/* A certificate's record as JSON, which all ways of showing it start from. */
#include <string.h>

#include "base/enc.h"
#include "base/json_add.h"
#include "cmd/ca_json.h"
#include "cmd/cert.h"
#include "enroll/status/revoke.h"

enum { HEX_MAX = 64 };

static void
add_hex(struct json_object *object, const char *name, struct bytes bytes)
{
	cleanup(buf_release) struct buf text = BUF_INIT(HEX_MAX);

	hex_encode(bytes, &text);
	json_add_text(object, name, buf_text(&text));
}

static void
add_serial(struct json_object *object, const struct certificate_row *row)
{
	cleanup(buf_release) struct buf text = BUF_INIT(HEX_MAX);

	hex_encode_upper(bytes_of(row->serial, row->serial_len), &text);
	json_add_text(object, "serial", buf_text(&text));
}

static struct json_object *
text_json(struct bytes text)
{
	return text.len > 0 ? json_object_new_string_len((const char *)text.ptr, (int)text.len)
			    : json_object_new_string("");
}

static struct json_object *
sans_json(const struct certificate_row *row)
{
	struct json_object *array = json_object_new_array();
	struct bytes rest = buf_bytes(&row->sans);

	while (array != NULL && rest.len > 0) {
		const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
		size_t skip = end != NULL ? len + 1 : len;

		json_object_array_add(array, text_json(bytes_of(rest.ptr, len)));
		rest = bytes_of(rest.ptr + skip, rest.len - skip);
	}
	return array;
}

static void
add_requester(struct json_object *object, const struct certificate_row *row)
{
	json_add_filled(object, "requesterKind", row->requester_kind);
	if (row->has_requester) {
		json_add_uuid(object, "tenant", &row->requester_tenant);
		json_add_uuid(object, "object", &row->requester_object);
	}
	if (row->has_application)
		json_add_uuid(object, "application", &row->requester_application);
	json_add_filled(object, "upn", row->requester_upn);
	if (row->has_requester_certificate)
		json_add_uuid(object, "requesterCertificate", &row->requester_certificate);
	json_add_filled(object, "remoteAddress", row->remote_address);
}

static void
add_state(struct json_object *object, const struct certificate_row *row)
{
	json_add_text(object, "status", certificate_status_name(row->status));
	if (row->status != CERTIFICATE_GOOD) {
		json_add(object, "revokedAt", ca_json_time(row->revoked_at));
		json_add_text(
		    object, "revocationReason", revoke_reason_name(row->revocation_reason));
	}
	if (row->lineage_compromised)
		json_add_bool(object, "lineageCompromised", true);
}

static void
add_lineage(struct json_object *object, const struct certificate_row *row)
{
	if (row->has_renewed_from)
		json_add_uuid(object, "renewedFrom", &row->renewed_from);
	json_add_uuid(object, "lineage", &row->lineage);
	json_add_int(object, "renewals", row->renewals);
}

struct json_object *
cert_json(const struct certificate_row *row)
{
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		return NULL;
	json_add_uuid(object, "id", &row->id);
	add_serial(object, row);
	add_hex(object, "fingerprint", bytes_of(row->fingerprint, sizeof(row->fingerprint)));
	add_state(object, row);
	json_add(object, "subject", text_json(buf_bytes(&row->subject)));
	json_add(object, "sans", sans_json(row));
	json_add(object, "notBefore", ca_json_time(row->not_before));
	json_add(object, "notAfter", ca_json_time(row->not_after));
	json_add_filled(object, "generation", row->generation);
	json_add_filled(object, "raProfile", row->ra_profile);
	json_add_filled(object, "type", row->type);
	json_add_filled(object, "source", row->source);
	json_add_filled(object, "keyType", row->key_type);
	json_add_int(object, "keyBits", row->key_bits);
	json_add(object, "issuedAt", ca_json_time(row->issued_at));
	add_requester(object, row);
	add_lineage(object, row);
	json_add_filled(object, "dropped", row->dropped);
	return object;
}

static int
add_event(const struct revocation_event *event, void *arg, struct error *err)
{
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add(object, "at", ca_json_time(event->at));
	json_add_filled(object, "action", revocation_action_name(event->action));
	json_add_filled(object, "reason", revoke_reason_name(event->reason));
	json_add_filled(object, "actor", event->actor);
	json_add_filled(object, "remoteAddress", event->remote_address);
	json_add_filled(object, "comment", event->comment);
	json_object_array_add(arg, object);
	return 0;
}

int
cert_json_events(
    struct db *db, const struct certificate_row *row, struct json_object *object, struct error *err)
{
	cleanup(json_object_putp) struct json_object *events = json_object_new_array();

	if (events == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (revocations_each(db, &row->id, add_event, events, err) < 0)
		return -1;
	json_add(object, "events", take(events));
	return 0;
}

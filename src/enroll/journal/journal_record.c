/* Reads lines of the issuance journal. */
#include "enroll/journal/journal_record.h"

#include <string.h>

#include "base/enc.h"
#include "base/utf8.h"
#include "crypto/text.h"
#include "enroll/journal/journal_file.h"
#include "store/certificate_row.h"

enum { MEMBERS_MAX = 64, DEPTH_MAX = 2, HASH_SIZE = 32 };
enum { SUBJECT_MAX = 4096, NAME_MAX_CHARACTERS = 256, ACTOR_MAX = 128, COMMENT_MAX = 1024 };
static const int64_t TIME_MAX = 253402300799; /* the end of the year 9999 */

/* A record in the making. */
struct parsing {
	struct journal_record *record;
	size_t ids;
	size_t octets;
	struct error *err;
};

void
journal_record_release(struct journal_record *record)
{
	json_object_put(record->json);
	for (size_t i = 0; i < JOURNAL_RECORD_OCTETS; i++)
		buf_release(&record->octets[i]);
	record->json = NULL;
}

static int
refuse(struct parsing *parsing, const char *name)
{
	return error_set(
	    parsing->err, ERR_BAD_REQUEST, "\"%s\" is missing, or not what it should be", name);
}

/* A text of at most so many characters, as its column takes them. */
static int
get_text(struct parsing *parsing, const char *name, size_t max, const char **out)
{
	const char *text = NULL;

	if (!json_get_text(parsing->record->json, name, &text) ||
	    utf8_count(bytes_text(text)) > max)
		return refuse(parsing, name);
	*out = text;
	return 0;
}

static int
get_ascii(struct parsing *parsing, const char *name, size_t max, const char **out)
{
	if (get_text(parsing, name, max, out) < 0)
		return -1;
	return text_is_ascii(bytes_text(*out)) ? 0 : refuse(parsing, name);
}

static int
get_optional_text(struct parsing *parsing, const char *name, size_t max, const char **out)
{
	return json_has(parsing->record->json, name) ? get_text(parsing, name, max, out) : 0;
}

static int
get_optional_ascii(struct parsing *parsing, const char *name, size_t max, const char **out)
{
	return json_has(parsing->record->json, name) ? get_ascii(parsing, name, max, out) : 0;
}

static int
get_number(struct parsing *parsing, const char *name, int64_t max, int64_t *out)
{
	int64_t value = 0;

	if (!json_get_int(parsing->record->json, name, &value) || value < 0 || value > max)
		return refuse(parsing, name);
	*out = value;
	return 0;
}

static int
get_id(struct parsing *parsing, const char *name, struct uuid *out)
{
	struct error ignored = { .code = ERR_NONE };
	const char *text = NULL;

	if (!json_get_text(parsing->record->json, name, &text) ||
	    uuid_parse(text, out, &ignored) < 0)
		return refuse(parsing, name);
	return 0;
}

static int
get_optional_id(struct parsing *parsing, const char *name, const struct uuid **out)
{
	struct uuid *id = &parsing->record->ids[parsing->ids];

	if (!json_has(parsing->record->json, name))
		return 0;
	if (get_id(parsing, name, id) < 0)
		return -1;
	parsing->ids++;
	*out = id;
	return 0;
}

static int
decode(struct parsing *parsing, const char *name,
    int (*decoder)(struct bytes text, struct buf *out, struct error *err), size_t max,
    struct bytes *out)
{
	struct buf *octets = &parsing->record->octets[parsing->octets++];
	struct error ignored = { .code = ERR_NONE };
	const char *text = NULL;

	*octets = (struct buf)BUF_INIT(max);
	if (!json_get_text(parsing->record->json, name, &text) ||
	    decoder(bytes_text(text), octets, &ignored) < 0 || buf_failed(octets) ||
	    octets->len == 0)
		return refuse(parsing, name);
	*out = buf_bytes(octets);
	return 0;
}

static int
get_hash(struct parsing *parsing, const char *name, struct bytes *out)
{
	if (decode(parsing, name, hex_decode, HASH_SIZE, out) < 0)
		return -1;
	return out->len == HASH_SIZE ? 0 : refuse(parsing, name);
}

static int
read_names(struct parsing *parsing, struct certificate_record *r)
{
	if (get_text(parsing, "subject", SUBJECT_MAX, &r->subject) < 0 ||
	    get_optional_text(parsing, "commonName", NAME_MAX_CHARACTERS, &r->common_name) < 0 ||
	    get_text(parsing, "sans", CERTIFICATE_ROW_SANS_MAX, &r->sans) < 0)
		return -1;
	return strlen(r->sans) <= CERTIFICATE_ROW_SANS_MAX ? 0 : refuse(parsing, "sans");
}

static int
read_key(struct parsing *parsing, struct certificate_record *r)
{
	int64_t bits = 0;

	if (get_ascii(parsing, "keyType", 16, &r->key_type) < 0 ||
	    get_number(parsing, "keyBits", UINT16_MAX, &bits) < 0 ||
	    get_hash(parsing, "spkiHash", &r->spki_hash) < 0)
		return -1;
	r->key_bits = (unsigned)bits;
	return get_hash(parsing, "csrHash", &r->csr_hash);
}

static int
read_requester(struct parsing *parsing, struct certificate_record *r)
{
	if (get_ascii(parsing, "requesterKind", 16, &r->requester_kind) < 0 ||
	    get_optional_id(parsing, "requesterTenant", &r->requester_tenant) < 0 ||
	    get_optional_id(parsing, "requesterObject", &r->requester_object) < 0 ||
	    get_optional_id(parsing, "requesterApplication", &r->requester_application) < 0 ||
	    get_optional_text(parsing, "requesterUpn", NAME_MAX_CHARACTERS, &r->requester_upn) <
		0 ||
	    get_optional_ascii(parsing, "tokenId", 64, &r->token_id) < 0 ||
	    get_optional_id(parsing, "requesterCertificate", &r->requester_certificate) < 0 ||
	    get_ascii(parsing, "remoteAddress", 45, &r->remote_address) < 0)
		return -1;
	return get_id(parsing, "requestId", &r->request_id);
}

static int
read_times(struct parsing *parsing, struct certificate_record *r)
{
	if (get_number(parsing, "issuedAt", TIME_MAX, &r->issued_at) < 0 ||
	    get_number(parsing, "notBefore", TIME_MAX, &r->not_before) < 0)
		return -1;
	return get_number(parsing, "notAfter", TIME_MAX, &r->not_after);
}

static int
read_issued(struct parsing *parsing)
{
	struct certificate_record *r = &parsing->record->certificate;

	if (get_id(parsing, "id", &r->id) < 0 ||
	    get_id(parsing, "generationId", &r->generation_id) < 0 ||
	    decode(parsing, "serial", hex_decode, CERTIFICATE_ROW_SERIAL_MAX, &r->serial) < 0 ||
	    get_hash(parsing, "fingerprint", &r->fingerprint) < 0 ||
	    decode(parsing, "der", base64_decode, CERTIFICATE_ROW_DER_MAX, &r->der) < 0 ||
	    get_ascii(parsing, "type", 32, &r->type) < 0 ||
	    get_ascii(parsing, "source", 16, &r->source) < 0 || read_names(parsing, r) < 0 ||
	    read_times(parsing, r) < 0 || read_key(parsing, r) < 0 ||
	    get_id(parsing, "raProfileId", &r->ra_profile_id) < 0 ||
	    read_requester(parsing, r) < 0 ||
	    get_ascii(parsing, "dropped", 1024, &r->dropped) < 0 ||
	    get_optional_id(parsing, "renewedFrom", &r->renewed_from) < 0)
		return -1;
	return get_id(parsing, "lineage", &r->lineage);
}

static int
read_action(struct parsing *parsing, struct revocation_event *row)
{
	const char *name = "";
	int64_t reason = 0;

	if (get_number(parsing, "reason", 10, &reason) < 0 ||
	    get_text(parsing, "action", 16, &name) < 0)
		return -1;
	row->reason = (int)reason;
	return revocation_action_find(bytes_text(name), &row->action) ? 0
								      : refuse(parsing, "action");
}

static int
read_actor(struct parsing *parsing, struct revocation_event *row)
{
	if (get_text(parsing, "actor", ACTOR_MAX, &row->actor) < 0 ||
	    get_ascii(parsing, "remoteAddress", 45, &row->remote_address) < 0 ||
	    get_optional_id(parsing, "requestId", &row->request_id) < 0)
		return -1;
	return get_optional_text(parsing, "comment", COMMENT_MAX, &row->comment);
}

static int
read_event(struct parsing *parsing)
{
	struct journal_record_event *event = &parsing->record->event;
	int64_t sequence = 0;

	if (get_id(parsing, "id", &event->row.id) < 0 ||
	    get_id(parsing, "certificateId", &event->row.certificate_id) < 0 ||
	    get_id(parsing, "generationId", &event->generation_id) < 0 ||
	    decode(parsing, "serial", hex_decode, CERTIFICATE_ROW_SERIAL_MAX, &event->serial) < 0 ||
	    get_number(parsing, "sequence", UINT32_MAX, &sequence) < 0 ||
	    get_number(parsing, "at", TIME_MAX, &event->row.at) < 0 ||
	    get_number(parsing, "notAfter", TIME_MAX, &event->not_after) < 0 ||
	    read_action(parsing, &event->row) < 0 || read_actor(parsing, &event->row) < 0)
		return -1;
	event->sequence = (uint32_t)sequence;
	return json_get_boolean(parsing->record->json, "wholeLineage", &event->whole_lineage)
		   ? 0
		   : refuse(parsing, "wholeLineage");
}

static int
read_kind(struct parsing *parsing)
{
	const char *kind = "";
	int64_t version = 0;

	if (get_number(parsing, JOURNAL_VERSION_NAME, INT64_MAX, &version) < 0 ||
	    get_text(parsing, JOURNAL_KIND_NAME, 32, &kind) < 0)
		return -1;
	if (version != JOURNAL_VERSION)
		return error_set(parsing->err, ERR_BAD_REQUEST,
		    "it is of version %lld, this program knows %d", (long long)version,
		    JOURNAL_VERSION);
	if (strcmp(kind, JOURNAL_KIND_ISSUED) == 0) {
		parsing->record->kind = JOURNAL_ISSUED;
		return read_issued(parsing);
	}
	parsing->record->kind = JOURNAL_EVENT;
	return strcmp(kind, JOURNAL_KIND_EVENT) == 0 ? read_event(parsing)
						     : refuse(parsing, JOURNAL_KIND_NAME);
}

int
journal_record_parse(struct bytes line, struct journal_record *out, struct error *err)
{
	static const struct json_limits limits = {
		.max_bytes = JOURNAL_FILE_LINE_MAX,
		.max_depth = DEPTH_MAX,
		.max_members = MEMBERS_MAX,
	};
	struct parsing parsing = { .record = out, .err = err };

	*out = (struct journal_record){ .json = NULL };
	return json_parse(line, &limits, &out->json, err) < 0 ? -1 : read_kind(&parsing);
}

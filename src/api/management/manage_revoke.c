/* PATCH /api/manage/revoke/{serial}: SCEPman's revocation by serial number. */
#include <stdio.h>
#include <string.h>

#include "api/access/access.h"
#include "api/context.h"
#include "api/management/manage.h"
#include "api/member.h"
#include "base/clock.h"
#include "base/enc.h"
#include "crypto/text.h"
#include "enroll/status/revoke.h"
#include "http/query.h"
#include "store/authorities.h"
#include "store/certificates_find.h"
#include "store/certificates_search.h"

enum {
	REASON_HOLD = 6,
	REASON_RELEASE = 8,
	REVOKER_MAX = 256,
	SERIAL_DIGITS_MAX = 2 * CERTIFICATE_ROW_SERIAL_MAX,
	COMMENT_SIZE = REVOKE_COMMENT_MAX + 1,
	GENERATION_MAX = 64
};

/* The body as it was read. */
struct asked {
	struct json_object *body;
	int32_t reason;
	const char *revoker; /* NULL: none */
};

static void
asked_release(struct asked *asked)
{
	json_object_put(asked->body);
}

static int
read_asked(const struct request *request, struct asked *asked, struct error *err)
{
	static const struct member_limit revoker = { "revoker", REVOKER_MAX };
	bool is_there = false;

	if (body_read_object(request, &asked->body, err) < 0 ||
	    member_int32(asked->body, "revocationReason", &is_there, &asked->reason, err) < 0)
		return -1;
	if (!is_there || revoke_reason_name(asked->reason) == NULL)
		return error_set(
		    err, ERR_BAD_REQUEST, "revocationReason is one of 0 to 6, 8, 9 and 10");
	if (member_text_max(asked->body, &revoker, &asked->revoker, err) < 0) {
		if (error_is(err, ERR_VALIDATION))
			err->code = ERR_BAD_REQUEST;
		return -1;
	}
	if (asked->revoker != NULL && !text_is_clean(bytes_text(asked->revoker)))
		return error_set(err, ERR_BAD_REQUEST, "revoker has control characters");
	return 0;
}

static int
read_serial(const struct params *params, struct buf *out, struct error *err)
{
	cleanup(buf_release) struct buf digits = BUF_INIT(SERIAL_DIGITS_MAX);
	const char *text = params_get(params, "serial");
	struct error why = { .code = ERR_NONE };

	if (strlen(text) % 2 != 0)
		buf_add_byte(&digits, '0');
	buf_add_text(&digits, text);
	if (text[0] == '\0' || buf_failed(&digits) || hex_decode(buf_bytes(&digits), out, &why) < 0)
		return error_set(err, ERR_BAD_REQUEST,
		    "a serial number is 1 to %d hexadecimal digits", SERIAL_DIGITS_MAX);
	return 0;
}

static int
no_certificate(struct error *err)
{
	error_clear(err);
	return error_set(err, ERR_NO_CERTIFICATE, "Certificate not found.");
}

static int
find_alone(struct db *db, struct bytes serial, struct uuid *id, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;

	if (certificates_find_serial(db, serial, &row, err) == 0) {
		*id = row->id;
		return 0;
	}
	if (error_is(err, ERR_NOT_FOUND))
		return no_certificate(err);
	return error_replace(err, ERR_CONFLICT, ERR_STATE,
	    "Several CAs have issued a certificate with this serial number; name the CA by "
	    "?generation=LABEL.");
}

static int
keep_id(const struct certificate_row *row, void *arg, struct error *err)
{
	(void)err;
	*(struct uuid *)arg = row->id;
	return 0;
}

static int
find_of_generation(
    struct db *db, struct bytes serial, const char *label, struct uuid *id, struct error *err)
{
	cleanup(generation_release) struct generation generation = { 0 };
	cleanup(buf_release) struct buf digits = BUF_INIT(SERIAL_DIGITS_MAX);
	char generation_id[UUID_TEXT_MAX];
	const char *serials[] = { NULL }, *generations[] = { generation_id };
	const struct search_condition conditions[] = {
		{ .field = SEARCH_SERIAL,
		    .op = SEARCH_EQUALS,
		    .values = serials,
		    .value_count = 1 },
		{ .field = SEARCH_GENERATION_ID,
		    .op = SEARCH_EQUALS,
		    .values = generations,
		    .value_count = 1 },
	};
	const struct certificates_search search = {
		.conditions = conditions, .condition_count = 2, .page_size = 1, .now = clock_now()
	};
	const struct certificates_visit visit = { .each = keep_id, .arg = id };
	struct certificates_found found = { .hits = 0 };

	if (generations_find(db, label, &generation, err) < 0)
		return error_is(err, ERR_NOT_FOUND) ? no_certificate(err) : -1;
	uuid_text(&generation.id, generation_id);
	hex_encode(serial, &digits);
	serials[0] = buf_text(&digits);
	if (certificates_search(db, &search, visit, &found, err) < 0)
		return -1;
	return found.hits > 0 ? 0 : no_certificate(err);
}

static int
find(struct app *app, const struct request *request, const struct params *params, struct uuid *id,
    struct error *err)
{
	cleanup(buf_release) struct buf serial = BUF_INIT(CERTIFICATE_ROW_SERIAL_MAX);
	char label[GENERATION_MAX];

	if (read_serial(params, &serial, err) < 0 ||
	    query_get(request->query, "generation", label, sizeof(label), err) < 0)
		return -1;
	return label[0] == '\0' ? find_alone(app->db, buf_bytes(&serial), id, err)
				: find_of_generation(app->db, buf_bytes(&serial), label, id, err);
}

static enum revocation_action
action_of(int32_t reason)
{
	switch (reason) {
	case REASON_HOLD:
		return REVOCATION_HOLD;
	case REASON_RELEASE:
		return REVOCATION_RELEASE;
	default:
		return REVOCATION_REVOKE;
	}
}

/* Each refusal of a state has its own words; what is final comes first. */
static int
refuse_state(struct db *db, const struct uuid *id, enum revocation_action action, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;

	error_clear(err);
	if (certificates_find_id(db, id, &row, err) < 0)
		return -1;
	if (row->status == CERTIFICATE_REVOKED || action == REVOCATION_REVOKE)
		return error_set(err, ERR_REVOKED, "The certificate is already revoked.");
	return error_set(err, ERR_STATE, "%s",
	    action == REVOCATION_HOLD ? "The certificate is already on hold."
				      : "The certificate is not on hold.");
}

/* Who is behind the call, beside the actor that every event has. */
static int
write_comment(const struct app *app, const struct asked *asked, char *out, struct error *err)
{
	const char *upn = app->principal.upn;
	const char *user = upn[0] != '\0' ? upn : app->actor;
	bool has_revoker = asked->revoker != NULL && asked->revoker[0] != '\0';
	int len = snprintf(out, COMMENT_SIZE, "%s%s %s", has_revoker ? asked->revoker : "",
	    has_revoker ? " through API user" : "API user", user);

	if (len < 0 || len >= COMMENT_SIZE)
		return error_set(err, ERR_BAD_REQUEST, "revoker is too long");
	return 0;
}

int
manage_patch_revoke(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(asked_release) struct asked asked = { .body = NULL };
	const struct audit_actor actor = access_actor(app, request);
	struct revoke_outcome outcome = { .changed = 0 };
	char comment[COMMENT_SIZE];
	struct revoke_request revocation = {
		.actor = actor.name,
		.remote_address = actor.remote_address,
		.request_id = actor.request_id,
		.comment = comment,
	};
	struct uuid id;

	if (read_asked(request, &asked, err) < 0 || write_comment(app, &asked, comment, err) < 0 ||
	    find(app, request, params, &id, err) < 0)
		return -1;
	revocation.action = action_of(asked.reason);
	revocation.reason = asked.reason;
	if (revoke_certificate(app->db, &id, &revocation, &outcome, err) < 0)
		return error_is(err, ERR_CONFLICT)
			   ? refuse_state(app->db, &id, revocation.action, err)
			   : -1;
	app_note_revocation(app);
	response->status = 200;
	return 0;
}

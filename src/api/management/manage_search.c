/* GET /api/manage/search: certificates as SCEPman's management API lists them. */
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/context.h"
#include "api/management/manage.h"
#include "api/management/manage_names.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/json_add.h"
#include "http/query.h"
#include "store/certificates_search.h"
#include "store/revocations.h"

enum { PAGE_DEFAULT = 50, WORD_MAX = 32, SANS_MAX = CERTIFICATE_ROW_SANS_MAX * 2, WHO_MAX = 8192 };
enum { CONDITIONS = 4, SERIAL_DIGITS_MAX = 2 * CERTIFICATE_ROW_SERIAL_MAX };

/* The parameters as they were read. */
struct asked {
	char text[SEARCH_VALUE_OCTETS_MAX + 1];
	char token[SEARCH_TOKEN_MAX];
	const char *text_value;
	struct search_condition conditions[CONDITIONS];
	const char *sources[SEARCH_VALUES_MAX / 2];
	size_t source_count;
	struct certificates_search search;
};

static void
add_condition(struct asked *asked, struct search_condition condition)
{
	if (condition.value_count > 0)
		asked->conditions[asked->search.condition_count++] = condition;
}

static size_t
count_of(const char *const *names)
{
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	return count;
}

static int
read_page(const struct request *request, struct asked *asked, struct error *err)
{
	char word[WORD_MAX];
	long size = PAGE_DEFAULT;

	if (query_get(request->query, "pageSize", word, sizeof(word), err) < 0 ||
	    query_get(
		request->query, "continuationToken", asked->token, sizeof(asked->token), err) < 0)
		return -1;
	if (word[0] != '\0') {
		char *end = NULL;

		size = strtol(word, &end, 10);
		if (*end != '\0' || word[0] < '0' || word[0] > '9')
			size = 0;
	}
	if (size < 1 || size > SEARCH_PAGE_MAX)
		return error_set(
		    err, ERR_BAD_REQUEST, "pageSize is a number from 1 to %d", SEARCH_PAGE_MAX);
	asked->search.page_size = (size_t)size;
	asked->search.token = asked->token[0] != '\0' ? asked->token : NULL;
	return 0;
}

static int
read_text(const struct request *request, struct asked *asked, struct error *err)
{
	if (query_get(request->query, "searchText", asked->text, sizeof(asked->text), err) < 0)
		return -1;
	asked->text_value = asked->text;
	add_condition(asked, (struct search_condition){ .field = SEARCH_TEXT,
				 .op = SEARCH_CONTAINS,
				 .values = &asked->text_value,
				 .value_count = asked->text[0] != '\0' });
	return 0;
}

/* A parameter that is one word of a list. */
struct choice {
	const char *name;
	const char *words;
	const char *const *(*find)(const char *value);
	enum search_field field;
};

static int
read_choice(const struct request *request, const struct choice *choice, struct asked *asked,
    struct error *err)
{
	char word[WORD_MAX];
	const char *const *names;

	if (query_get(request->query, choice->name, word, sizeof(word), err) < 0)
		return -1;
	names = choice->find(word[0] != '\0' ? word : "Any");
	if (names == NULL)
		return error_set(err, ERR_BAD_REQUEST, "%s is one of %s, not \"%s\"", choice->name,
		    choice->words, word);
	add_condition(asked, (struct search_condition){ .field = choice->field,
				 .op = SEARCH_EQUALS,
				 .values = names,
				 .value_count = count_of(names) });
	return 0;
}

static bool
has_source(const struct asked *asked, const char *name)
{
	for (size_t i = 0; i < asked->source_count; i++)
		if (strcmp(asked->sources[i], name) == 0)
			return true;
	return false;
}

static int
add_source(const char *value, void *arg, struct error *err)
{
	struct asked *asked = arg;
	const char *const *names = manage_names_source(value);

	if (names == NULL)
		return error_set(
		    err, ERR_BAD_REQUEST, "Sources are %s, not \"%.32s\"", MANAGE_SOURCES, value);
	/* Each name is taken once, of which there are fewer than places. */
	for (; *names != NULL; names++)
		if (!has_source(asked, *names))
			asked->sources[asked->source_count++] = *names;
	return 0;
}

static int
read_sources(const struct request *request, struct asked *asked, struct error *err)
{
	if (query_each(request->query, "Sources", add_source, asked, err) < 0)
		return -1;
	add_condition(asked, (struct search_condition){ .field = SEARCH_SOURCE,
				 .op = SEARCH_EQUALS,
				 .values = asked->sources,
				 .value_count = asked->source_count });
	return 0;
}

static int
read_asked(const struct request *request, struct asked *asked, struct error *err)
{
	static const struct choice validity = { "certValidity", MANAGE_VALIDITIES,
		manage_names_validity, SEARCH_STATUS };
	static const struct choice type = { "certType", MANAGE_TYPES, manage_names_type,
		SEARCH_TYPE };

	if (read_page(request, asked, err) < 0 || read_text(request, asked, err) < 0 ||
	    read_choice(request, &validity, asked, err) < 0 ||
	    read_choice(request, &type, asked, err) < 0 || read_sources(request, asked, err) < 0)
		return -1;
	asked->search.conditions = asked->conditions;
	asked->search.now = clock_now();
	return 0;
}

/* Empty is null here, as this API's clients have it. */
static void
add_text(struct json_object *item, const char *name, const char *text)
{
	(void)json_object_object_add(
	    item, name, text != NULL && text[0] != '\0' ? json_object_new_string(text) : NULL);
}

static void
add_time(struct json_object *item, const char *name, int64_t seconds)
{
	char text[CLOCK_TEXT_MAX] = "";

	if (seconds != 0)
		clock_text(seconds, text);
	add_text(item, name, text);
}

static void
add_names(struct json_object *item, const struct certificate_row *row)
{
	cleanup(buf_release) struct buf subject = BUF_INIT(CERTIFICATE_ROW_SUBJECT_MAX);
	cleanup(buf_release) struct buf sans = BUF_INIT(SANS_MAX);
	struct bytes lines = buf_bytes(&row->sans);

	buf_add(&subject, buf_bytes(&row->subject));
	for (size_t i = 0; i < lines.len; i++) {
		if (lines.ptr[i] == '\n')
			buf_add_text(&sans, ", ");
		else
			buf_add_byte(&sans, lines.ptr[i]);
	}
	add_text(item, "subject", buf_text(&subject));
	add_text(item, "sans", buf_text(&sans));
}

/* The UPN that the certificate names, else that of whoever asked for it. */
static void
add_upn(struct json_object *item, const struct certificate_row *row)
{
	static const char prefix[] = "UPN:";
	cleanup(buf_release) struct buf upn = BUF_INIT(CERTIFICATE_ROW_SANS_MAX);
	struct bytes rest = buf_bytes(&row->sans);

	while (rest.len > 0) {
		const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
		size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;

		if (len > strlen(prefix) && memcmp(rest.ptr, prefix, strlen(prefix)) == 0) {
			buf_add(&upn, bytes_of(rest.ptr + strlen(prefix), len - strlen(prefix)));
			break;
		}
		len += end != NULL;
		rest = bytes_of(rest.ptr + len, rest.len - len);
	}
	add_text(item, "upn", upn.len > 0 ? buf_text(&upn) : row->requester_upn);
}

static void
add_requester(struct json_object *item, const struct certificate_row *row)
{
	char who[2 * UUID_TEXT_MAX] = "";

	if (row->has_requester) {
		uuid_text(&row->requester_tenant, who);
		who[UUID_TEXT_MAX - 1] = '/';
		uuid_text(&row->requester_object, who + UUID_TEXT_MAX);
	}
	add_text(item, "requester", row->requester_upn[0] != '\0' ? row->requester_upn : who);
}

/* Who revoked it: as the management API wrote it into the comment, else the event's actor. */
static int
keep_actor(const struct revocation_event *event, void *arg, struct error *err)
{
	static const char through[] = " through API user ", alone[] = "API user ";
	const char *comment = event->comment != NULL ? event->comment : "";
	struct buf *who = arg;

	(void)err;
	buf_reset(who);
	if (strstr(comment, through) != NULL)
		buf_add_text(who, comment);
	else if (strncmp(comment, alone, strlen(alone)) == 0)
		buf_add_text(who, comment + strlen(alone));
	else
		buf_add_text(who, event->actor);
	return 0;
}

static int
add_revocation(
    struct db *db, struct json_object *item, const struct certificate_row *row, struct error *err)
{
	cleanup(buf_release) struct buf who = BUF_INIT(WHO_MAX);
	bool is_revoked = row->status != CERTIFICATE_GOOD;

	if (is_revoked && revocations_each(db, &row->id, keep_actor, &who, err) < 0)
		return -1;
	add_time(item, "revocationDate", is_revoked ? row->revoked_at : 0);
	(void)json_object_object_add(item, "revocationReason",
	    is_revoked ? json_object_new_int(row->revocation_reason) : NULL);
	add_text(item, "revokedBy", buf_text(&who));
	return 0;
}

/* What an answer may grow to; one item, whose names fill a request, is far below. */
enum { ANSWER_MAX = RESPONSE_MAX_BODY / 2 };

/* A page being filled. */
struct page {
	struct db *db;
	struct json_object *items;
	size_t octets;
	bool is_full; /* the answer takes no more, and the search ended early */
};

/* Takes the item over, if there is room for it. */
static int
append(struct page *page, struct json_object *item, struct error *err)
{
	size_t octets = strlen(json_object_to_json_string_ext(
	    item, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

	page->is_full =
	    json_object_array_length(page->items) > 0 && page->octets + octets > ANSWER_MAX;
	if (!page->is_full && json_object_array_add(page->items, item) == 0) {
		page->octets += octets;
		return 0;
	}
	json_object_put(item);
	return error_set(err, ERR_INTERNAL, "the page has no room for another item");
}

static int
add_row(const struct certificate_row *row, void *arg, struct error *err)
{
	cleanup(json_object_putp) struct json_object *item = json_object_new_object();
	cleanup(buf_release) struct buf serial = BUF_INIT(SERIAL_DIGITS_MAX);
	struct page *page = arg;

	if (item == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	hex_encode_upper(bytes_of(row->serial, row->serial_len), &serial);
	add_text(item, "serialNumber", buf_text(&serial));
	add_names(item, row);
	add_upn(item, row);
	add_time(item, "issuanceDate", row->issued_at);
	add_time(item, "expirationDate", row->not_after);
	if (add_revocation(page->db, item, row, err) < 0)
		return -1;
	add_requester(item, row);
	add_text(item, "source", row->source);
	add_text(item, "certificateType", row->type);
	return append(page, take(item), err);
}

/* In place of one that had no room for all. */
static int
start_page(struct page *page, struct json_object *answer, struct error *err)
{
	*page = (struct page){ .db = page->db, .items = json_object_new_array() };
	if (page->items == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add(answer, "items", page->items);
	return 0;
}

/* A page that would be too large an answer is a shorter one, whose token goes on behind it. */
static int
search(struct db *db, struct asked *asked, struct json_object *answer, struct error *err)
{
	struct page page = { .db = db };
	const struct certificates_visit visit = { .each = add_row, .arg = &page };
	struct certificates_found found = { .token = "" };

	if (start_page(&page, answer, err) < 0)
		return -1;
	while (certificates_search(db, &asked->search, visit, &found, err) < 0) {
		if (!page.is_full)
			return -1;
		error_clear(err);
		asked->search.page_size = json_object_array_length(page.items);
		if (start_page(&page, answer, err) < 0)
			return -1;
	}
	add_text(answer, "continuationToken", found.token);
	return 0;
}

int
manage_get_search(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *answer = json_object_new_object();
	struct asked asked = { .text = "" };

	(void)params;
	if (answer == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (read_asked(request, &asked, err) < 0 || search(app->db, &asked, answer, err) < 0) {
		/* Here a wrong value is a bad request, whoever finds it. */
		if (error_is(err, ERR_VALIDATION))
			err->code = ERR_BAD_REQUEST;
		return -1;
	}
	return answer_json(response, 200, take(answer), err);
}
